"""Headline, link and alt of a picture are those of its story, however its card is built.

Each kind of card has four variants: ``make test`` runs the first of each, ``make test-pages`` the others.
"""

from __future__ import annotations

import time
from string import Template
from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops.capture.browser import open_browser
from celeb_ops.capture.facts import collect, completed
from tests.capture.shots import Studio, html, site_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celeb_ops.core.records import Picture
    from tests.capture.site import LocalSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

STYLE = """
img { display: block; width: 150px; height: 100px } .big { font-size: 22px } .small { font-size: 12px }
.stack { position: relative; width: 150px; height: 100px } .stack > * { position: absolute; left: 0; top: 0 }
.over { position: absolute; inset: 0 } .card { position: relative }
.clipped { position: absolute; width: 1px; height: 1px; overflow: hidden }
"""
TITLES = ["Ann Other sells her house", "Bob Late walks out of court", "Cleo Early is back on tour"]
IMG = "<img src='$src' alt='$alt'>"
LINKED = f"<a href='$link'>{IMG}</a>"
KINDS = {
    "kicker": [
        f"<article>{LINKED}<h3><a href='/film'>Film</a></h3><h2><a href='$link'>$title</a></h2><p>Teaser.</article>",
        f"<a href='$link'>{IMG}<h4>Royal family</h4><h3 class=big>$title</h3></a>",
        f"<li>{IMG}<div><span class=small>Exclusive</span><h3><a href='$link'>$title</a></h3></div></li>",
        f"<div>{LINKED}<h2><a href='/tv'>Television today</a></h2><a class=big href='$link'>$title</a></div>",
    ],
    "credit": [
        f"<div><figure>{LINKED}<figcaption>(A Reporter/The Paper)</figcaption></figure>"
        "<h2><a href='$link'>$title</a></h2></div>",
        f"<div><h3><a href='$link'>$title</a></h3><figure>{IMG}<figcaption>Photo: An Agency of Note</figcaption>"
        "</figure></div>",
        f"<a href='$link'><figure>{IMG}<figcaption class=small>A very long caption of this photo</figcaption></figure>"
        "<p class=big>$title</p></a>",
        f"<div>{LINKED}<p class=small>Picture by <a href='/staff/1'>A Reporter</a></p><h3>$title</h3></div>",
    ],
    "no heading": [
        f"<a href='$link'><div>{IMG}</div><div><div>Celebrity</div><span><span>$title</span></span></div></a>",
        f"<div><div>{IMG}</div><p><a href='$link'><span>$title</span></a></p>"
        "<ul><li>2h ago</li><li><a href='/tv'>TV</a></li></ul></div>",
        f"<table><tr><td>{LINKED}<td><b><a href='$link'>$title</a></b><br>Teaser of the story.</table>",
        f"<div>{LINKED}<a href='$link'>$title</a> <a href='$link#comments'>12 comments</a></div>",
    ],
    "section title": [
        f"<div>{LINKED}<article><a href='$link'>$title</a></article></div>",
        f"<div>{IMG}<p><a href='$link'>$title</a></p></div>",
        f"<a href='$link'>{IMG}<div>$title</div></a>",
        f"<li>{LINKED}<span>Today</span> <a href='$link'>$title</a></li>",
    ],
    "section link": [
        f"<li><h2><a href='/life'>The Life Project</a></h2><div><div>{IMG}</div><div><a href='/work'>Worklife</a>"
        "<h3><a href='$link'>$title</a></h3></div></div></li>",
        f"<article><a href='/by/1'>A Reporter</a>{IMG}<h3><a href='$link'>$title</a></h3></article>",
        f"<li><a href='/tag/1'>Film</a> <a href='/tag/2'>Music</a>{IMG}<a class=big href='$link'>$title</a></li>",
        f"<figure>{IMG}<figcaption><a href='/film'>Film</a><h3><a href='$link'>$title</a></h3></figcaption></figure>",
    ],
    "div card": [
        f"<div><div><div>{IMG}</div></div><div><a href='$link'><h3>$title</h3></a><p>Summary.</p>"
        "<ul><li>14m</li><li><a href='/uk'>UK</a></li></ul></div></div>",
        f"<div class=card>{IMG}<h3>$title</h3><a class=over href='$link'></a></div>",
        "<div style='position:relative;height:200px'><div style='position:absolute;height:0'>"
        f"<h3><a href='$link'>$title</a></h3><p>Summary.</p><div>{IMG}</div></div></div>",
        f"<div class=card><a class=over href='$link'><span class=clipped>Read it</span></a>{IMG}<h2>$title</h2></div>",
    ],
    "twin": [
        f"<div><a class=stack href='$link'><img src='data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA='>{IMG}</a>"
        "<h3><a href='$link'>$title</a></h3></div>",
        f"<p><a class=stack href='$link'>{IMG}<img src='/picture/cccccc/8x6.png'></a><a href='$link'>$title</a></p>",
        f"<div><a class=stack href='$link'><img src='$src' style='filter:blur(9px)'>{IMG}</a><h3>$title</h3></div>",
        f"<div><a href='$link'><div class=stack style='background:url(/picture/dddddd/150x100.png)'>{IMG}</div></a>"
        "<h3><a href='$link'>$title</a></h3></div>",
    ],
}
LOGO = "<img src='/picture/0000ff/150x100.png'>"
NO_STORY = [
    f"<header><a href='/'>{LOGO}</a><h2>The Daily Plain</h2></header>",
    f"<div><ul><li><a href='/film'>Film</a><li><a href='/music'>Music and more</a></ul>{LOGO}</div>",
    f"<div><a href='//ads.example/click?id=1'>{LOGO}</a><span>Advertisement</span></div>",
    f"<p><a href='/author/a-reporter'>{LOGO}</a> <a href='/author/a-reporter'>A Reporter of ours</a></p>",
    f"<footer><a href='javascript:void 0'>{LOGO}</a><h4>Our sections</h4><p>Words about nothing.</p></footer>",
]
FORM = "<form><input name=matches><input name=parentNode><input name=querySelectorAll><input name=localName>{}</form>"


def page(card: str) -> str:
    """A section with a title and three cards, each of one story; in a form, whose fields stand in for its members."""
    cards = "".join(
        Template(card).substitute(
            title=title, link=f"/story/{number}", alt=f"Somebody {number}", src=f"/picture/00ff00/150x100.png?{number}"
        )
        for number, title in enumerate(TITLES)
    )
    return html(FORM.format(f"<section><h3>More News</h3>{cards}</section>"), style=STYLE)


def variants(kinds: dict[str, list[str]]) -> Iterable[Any]:
    for kind, cards in kinds.items():
        for number, card in enumerate(cards):
            yield pytest.param(card, id=f"{kind} {number}", marks=[pytest.mark.pages] if number else [])


def words(pictures: list[Picture]) -> list[tuple[str, str, str]]:
    return [(one.headline, one.link.rpartition("/")[2], one.alt) for one in pictures]


@pytest.mark.parametrize("card", variants(KINDS))
def test_a_picture_has_the_words_of_its_story(card: str, site: LocalSite, studio: Studio) -> None:
    shot = studio.shoot(site.page(page(card)))
    assert words(shot.page.pictures) == [(title, str(n), f"Somebody {n}") for n, title in enumerate(TITLES)]


@pytest.mark.parametrize("body", variants({"no story": NO_STORY}))
def test_a_picture_without_a_story_has_no_headline(body: str, site: LocalSite, studio: Studio) -> None:
    stories = "".join(f"<p><a href='/story/{n}'>{title}</a></p>" for n, title in enumerate(TITLES))
    shot = studio.shoot(site.page(html(f"{body}<main>{stories}</main>", style=STYLE)))
    assert [one.headline for one in shot.page.pictures] == [""]


OWN_TITLE = "News of Ann Other and her house by the sea"
OWN = [
    "<article><h1>$title</h1>$pictures</article>",
    "<meta property=og:type content=article><main><h1>$title</h1><div>$pictures</div><a href='/'>Home</a></main>",
    "<article>$pictures<h1>$title</h1></article>",
    "<article><header><h1><span>$title</span></h1></header><figure>$pictures<figcaption>Foto</figcaption></article>",
]


@pytest.mark.parametrize("body", variants({"own": OWN}))
def test_the_pictures_of_an_article_have_its_own_title(body: str, site: LocalSite, studio: Studio) -> None:
    pictures = "".join(
        f"<p><img src='/picture/00ff00/150x100.png?{n}'>Some words of the article.</p>" for n in range(3)
    )
    text = Template(body).substitute(title=OWN_TITLE, pictures=pictures)
    assert words(studio.shoot(article(site, text)).page.pictures) == [(OWN_TITLE, "", "")] * 3


ARTICLE = "<meta property=og:type content=article>"
PROSE = "<p>The harbour was quiet on Tuesday, and nobody at the counter could say when the ferry would come in.</p>" * 2
PROSE = PROSE.replace("</p><p>", " ")
RELATED = "<a href='/story/9'>Cleo Early is back on tour</a>"
IN_TEXT = {
    "related link": [
        f"<article><h1>$title</h1><figure>{IMG}<aside><ul><li>{RELATED}</ul></aside></figure>{PROSE}</article>",
        f"<article><h1>$title</h1><div>{IMG}{PROSE}<p>{RELATED}</p></div></article>",
        f"{ARTICLE}<h1>$title</h1><div><figure>{IMG}</figure><ul><li><h4>{RELATED}</h4></ul></div>",
        f"{ARTICLE}<nav><h1>$title</h1></nav><div>{PROSE}{IMG}<p>Read on: {RELATED}</p></div>",
    ],
    "title elsewhere": [
        f"{ARTICLE}<div><h1>$title</h1></div><article><header>{IMG}</header>{PROSE}</article>",
        f"{ARTICLE}<div><div><h1>$title</h1></div></div><section><figure>{IMG}</figure>{PROSE}</section>",
        f"{ARTICLE}<div><h1>$title</h1></div><article><a href='/large.jpg'>{IMG}</a>{PROSE}</article>",
        f"<div><h1>$title</h1></div><div>{PROSE}{IMG}</div>",
        f"{ARTICLE}<article><h1>$title</h1></article><aside><figure>{IMG}</figure></aside>{PROSE}",
        f"<h1>The Paper</h1><div><h3>$title</h3><div>{PROSE}{IMG}</div></div>",
    ],
    "author": [
        f"<article><h1>$title</h1><a href='/author/1'>{LOGO}</a><figure>{IMG}</figure>{PROSE}</article>",
        f"<article><header><a href='/author/1'>{LOGO}</a><h1>$title</h1>{IMG}</header>{PROSE}</article>",
        f"{ARTICLE}<h1>$title</h1><article><header><h2>News of Ann Other</h2><a href='/author/1'>{LOGO}</a>"
        f"<figure>{IMG}</figure></header>{PROSE}</article>",
        f"<article><h1>$title</h1>{IMG}<p><a href='/author/1'>{LOGO} By A Reporter of ours</a></p>{PROSE}</article>",
    ],
}


@pytest.mark.parametrize("body", variants(IN_TEXT))
def test_a_picture_in_an_article_is_not_of_the_stories_that_it_leads_to(
    body: str, site: LocalSite, studio: Studio
) -> None:
    text = Template(body).substitute(title=OWN_TITLE, src="/picture/00ff00/150x100.png?1", alt="Somebody")
    (picture,) = [one for one in studio.shoot(article(site, text)).page.pictures if one.alt]
    assert picture.headline in OWN_TITLE
    assert words([picture])[0][1:] == ("", "Somebody")


def test_an_article_without_a_heading_has_the_title_that_it_tells_others(site: LocalSite, studio: Studio) -> None:
    photo = Template(IMG).substitute(src="/picture/00ff00/150x100.png", alt="")
    meta = "<meta property=og:title content='She moves to the seaside'>"
    shot = studio.shoot(article(site, f"{ARTICLE}{meta}<h1>Menu</h1><div>{photo}{PROSE}</div>"))
    assert [one.headline for one in shot.page.pictures] == ["She moves to the seaside"]


def test_the_first_heading_of_an_article_is_its_title_whatever_the_window_says(site: LocalSite, studio: Studio) -> None:
    photo = Template(IMG).substitute(src="/picture/00ff00/150x100.png", alt="")
    shot = studio.shoot(article(site, f"{ARTICLE}<h1>She moves to the seaside</h1><div>{photo}{PROSE}</div>"))
    assert [one.headline for one in shot.page.pictures] == ["She moves to the seaside"]


def test_a_small_picture_in_an_article_is_a_portrait_or_an_icon(site: LocalSite, studio: Studio) -> None:
    body = f"{ARTICLE}<h1>{OWN_TITLE}</h1><div><img src='/picture/00ff00/90x90.png' style='width:90px'>{PROSE}</div>"
    assert [one.headline for one in studio.shoot(article(site, body)).page.pictures] == [""]


def article(site: LocalSite, body: str) -> str:
    """The address of a page whose title is the article's."""
    return site.page(html(body, style=STYLE).replace("<title>News<", f"<title>{OWN_TITLE} - The Paper<"))


def test_a_picture_on_a_card_whose_story_is_not_sure_is_not_of_the_page_s_article(
    site: LocalSite, studio: Studio
) -> None:
    # Two pictures side by side in it, and a link of the card's own over both.
    card = f"<article class=card>{IMG}{LOGO}<a class=over href='/story/1'></a><h3><a href='/story/1'>$title</a></h3>"
    card = Template(card).substitute(title=TITLES[1], src="/picture/00ff00/150x100.png", alt="")
    text = f"{ARTICLE}<h1>{OWN_TITLE}</h1>{PROSE}{card}"
    assert OWN_TITLE not in [one.headline for one in studio.shoot(article(site, text)).page.pictures]


@pytest.mark.parametrize("footer", ["<footer><section>$cards</section></footer>"])
def test_cards_at_the_foot_of_an_article_are_stories(footer: str, site: LocalSite, studio: Studio) -> None:
    photo = "<header><img src='/picture/00ff00/150x100.png?$n'></header>"
    card = f"<article>{photo}<h4><a href='/story/$n'>$title</a></h4></article>"
    cards = "".join(Template(card).substitute(n=n, title=title) for n, title in enumerate(TITLES))
    body = f"{ARTICLE}<h1>{OWN_TITLE}</h1>{PROSE}{Template(footer).substitute(cards=cards)}"
    shot = studio.shoot(article(site, body))
    assert words(shot.page.pictures) == [(title, str(n), "") for n, title in enumerate(TITLES)]


@pytest.mark.parametrize(
    "late",
    [
        "<a href='/story/1'><img src='$src' alt='Somebody 1'><h3>$title</h3></a>",
        *(
            pytest.param(one, marks=pytest.mark.pages)
            for one in [
                "<div><img src='$src' alt='Somebody 1'><a href='/story/1'><h3>$title</h3></a></div>",
                "<iframe srcdoc='<a href=/story/1><img src=$src alt=&quot;Somebody 1&quot;><h3>$title</h3></a>'>"
                "</iframe>",
                "<picture><img src='$src' alt='Somebody 1'></picture><h3><a href='/story/1'>$title</a></h3>",
            ]
        ),
    ],
)
def test_a_picture_that_comes_after_the_facts_is_one_of_them(late: str, site: LocalSite) -> None:
    body = Template(late).substitute(title=TITLES[0], src="/picture/00ff00/150x100.png?delay=2")
    early = "<p style='height:400px'><a href='/story/0'><img src='/picture/0000ff/150x100.png'></a>"
    url = site.page(html(f"{early}<div>{body}</div>"))
    with open_browser(site_at(url)) as driver:
        # It waits for the document alone.
        driver.get(url)

        deadline = time.monotonic() + 30
        while not (first := collect(driver)).pictures:
            assert time.monotonic() < deadline
        assert len(first.pictures) == 1
        assert completed(driver, first) is first
        while (last := completed(driver, first)) is first:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert [one.headline for one in last.pictures][1:] == [TITLES[0]]
    assert (last.pictures[1].link.rpartition("/")[2], last.pictures[1].alt) == ("1", "Somebody 1")
    assert (last.images_loaded, last.images_total) == (2, 2)
