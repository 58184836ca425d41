"""Whose a place on a page is: told by the marks that networks and sites leave in the markup."""

from __future__ import annotations

import pytest

from tests.capture.shots import Shot, Studio, html
from tests.capture.site import LocalSite, served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

IMAGE = "<img src='/picture/0000ff/60x60.png?{}' width=60 height=60>"
PLACES = {
    "story": ("<article class=adaptive><a href=/story>{}</a></article>", "editorial"),
    "free": ("<div class='ad-free has-ads'>{}</div>", "editorial"),
    "word": ("<div class='header shadow badge'>{}</div>", "editorial"),
    "off": ("<div data-ad=false>{}</div>", "editorial"),
    "gpt": ("<div id=div-gpt-ad-123-0><div>{}</div></div>", "advert"),
    "adsense": ("<ins class=adsbygoogle>{}</ins>", "advert"),
    "class": ("<div class='sidebar-ad-slot'>{}</div>", "advert"),
    "camel": ("<div class=homeAdWrapper>{}</div>", "advert"),
    "data": ("<div data-ad-unit=top>{}</div>", "advert"),
    "label": ("<aside aria-label=Advertisement>{}</aside>", "advert"),
    "rel": ("<a href=https://shop.example/ rel='nofollow sponsored'>{}</a>", "advert"),
    "seller": ("<a href=https://ad.doubleclick.net/click>{}</a>", "advert"),
    "paid": ("<div id=taboola-below><a href=https://shop.example/now>{}</a></div>", "advert"),
    "own": ("<div id=taboola-below><a href=/story-of-ours>{}</a></div>", "editorial"),
    "labelled": ("<section><p><i>Anzeige</i></p><div>{}</div></section>", "advert"),
    "card": ("<article><span>Sponsored</span><a href=/ours>{}</a><h3>Our story</h3></article>", "advert"),
    "menu": ("<div><a href=/sales>Advertising</a><p>{}</p></div>", "editorial"),
    "long": (f"<section><p>Advertisement</p><p>{'We saw her there. ' * 60}</p>{{}}</section>", "editorial"),
    "hash": ("<div id=block-6a9a1ad2-8dde>{}</div>", "editorial"),
    "size": ("<div id=ad300x250>{}</div>", "advert"),
    "revive": ("<ins data-revive-zoneid=2>{}</ins>", "advert"),
    "click": ("<a href=https://b.shop.example/www/delivery/ck.php?b=4>{}</a>", "advert"),
    "paper": ("<a href=https://ad.example/story>{}</a>", "editorial"),
    "post": ("<blockquote class=twitter-tweet>{}</blockquote>", "embed"),
    "shadow": ("<div class=advert><template shadowrootmode=open>{}</template></div>", "advert"),
    "friendly": ('<div class=mpu><iframe srcdoc="{}" width=99 height=99></iframe></div>', "advert"),
}


@pytest.fixture(scope="module")
def shot(site: LocalSite, studio: Studio) -> Shot:
    with served() as other:
        elsewhere = other.address.replace("127.0.0.1", "localhost")
        frame = f"<iframe src='{elsewhere}{{}}' width=200 height=120 style='display:block'></iframe>"
        other.pages["/player"] = IMAGE.format("player")
        other.pages["/bought"] = f"<div class=advert>{IMAGE.format('bought')}</div>"
        frames = frame.format("/player") + frame.format("/bought")
        places = "".join(f"<p>{place.format(IMAGE.format(name))}</p>" for name, (place, _) in PLACES.items())
        canvas = "<div class=ad-slot style='width:300px;height:250px'><canvas width=300 height=250></canvas></div>"
        return studio.shoot(site.page(html(places + frames + canvas)))


@pytest.mark.parametrize("name", [*PLACES, "player", "bought"])
def test_a_picture_s_placement_is_that_of_its_place(name: str, shot: Shot) -> None:
    placed = {one.src.partition("?")[2]: one.placement for one in shot.page.pictures}
    expected = {place: whose for place, (_, whose) in PLACES.items()} | {"player": "embed", "bought": "advert"}
    assert placed[name] == expected[name]


def test_places_without_a_picture_are_known_by_their_boxes(shot: Shot) -> None:
    largest = shot.page.slots[0]
    assert (largest.placement, largest.box.width, largest.box.height) == ("advert", 300, 250)
