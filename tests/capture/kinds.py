"""Small pages, each hard in one way, and what their picture must show: so many blue pictures of 120x100 px.

The first of each kind is in ``make test``, the others are in ``make test-pages``. ``FOREIGN`` stands for another host.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.capture.shots import html
from tests.capture.site import WORDS

FOREIGN = "http://foreign.invalid"
BLUE = "/picture/0000ff/120x100.png"
SIZE = "width=120 height=100 style='display:block'"
DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="


def img(name: str, attributes: str = "") -> str:
    return f"<img src='{BLUE}?{name}' {SIZE} {attributes}>"


def stories(number: int = 4, gap: int = 700, attributes: str = "", start: int = 0) -> str:
    """Pictures, each with nothing below it for more than a window's height."""
    return "".join(
        f"<article {attributes} style='height:{gap}px'>{img(f's{n}')}<h2>Story {n}</h2></article>"
        for n in range(start, start + number)
    )


def late(number: int = 4) -> str:
    return "".join(
        f"<article style='height:700px'><img src='{DOT}' data-src='{BLUE}?l{n}' {SIZE}></article>"
        for n in range(number)
    )


SHELL = (
    "<nav>"
    + "".join(f"<a href=/{n}>Section {n}</a> " for n in range(40))
    + "</nav><main>"
    + ("<div style='height:120px;margin:20px;background:#eee'></div>" * 6)
    + "</main>"
)
FILL = "document.querySelector('main').innerHTML = `" + stories(4) + "`"
MORE = "document.querySelector('main').insertAdjacentHTML('beforeend', `" + stories(2, start=4) + "`)"
AT_BOTTOM = """let asked = false; addEventListener('scroll', () => {
  if (asked || innerHeight + scrollY < document.documentElement.scrollHeight - 100) return;
  asked = true; %s })"""
BEGIN = """const begin = () => { if (begin.done) return; begin.done = true;
  document.querySelectorAll('img[data-src]').forEach(one => { one.src = one.dataset.src }) };
for (const kind of %s) addEventListener(kind, begin, { passive: true });"""
TOGGLE = """const watch = new IntersectionObserver(all => all.forEach(one => %s));
document.querySelectorAll('article').forEach(one => watch.observe(one))"""
IN_VIEW = """const look = () => document.querySelectorAll('article').forEach(one => {
  const box = one.getBoundingClientRect(), seen = box.bottom > 0 && box.top < innerHeight; %s });
addEventListener('scroll', look); look()"""
VIRTUAL = f"""const main = document.querySelector('main'); main.style.cssText = 'position:relative;height:5600px';
const show = () => {{ const first = Math.floor(scrollY / 700); main.innerHTML = '';
  for (let n = Math.max(first - 1, 0); n <= Math.min(first + 1, 7); n++) main.insertAdjacentHTML('beforeend',
    `<div style="position:absolute;top:${{n * 700}}px"><img src="{BLUE}?v${{n}}" width=120 height=100></div>`) }};
addEventListener('scroll', show); show()"""
SLIDES = ".show {{ position: relative; height: 100px }} .show img {{ position: absolute; opacity: 0; {0} }}"
WHITE = "left:0;top:0;width:100%;background:white"
LAYER = f"<h2>Get our letter</h2><p>{'Every morning, all the gossip. ' * 3}</p><button>No</button>"
PANES = (
    "<div style='display:grid;grid-template-columns:30% 40% 30%;height:100vh;overflow:hidden'>"
    f"<nav style='overflow:auto'>{'<p>Section</p>' * 60}</nav>"
    f"<main style='overflow-y:auto'>{stories(4)}</main><aside style='overflow-y:auto'>{stories(3, 400)}</aside></div>"
)
PICTURE_IN_FRAME = "/frame-picture"
FEED, WALLED = "/frame-feed", "/frame-walled"
PAGES_FOR_FRAMES = {
    PICTURE_IN_FRAME: f"<body style='margin:0'>{img('framed')}",
    FEED: f"<!doctype html><body style='margin:0'>{stories(4)}",
    WALLED: f"<!doctype html><body style='margin:0;height:100vh;overflow:hidden'>{stories(4)}"
    f"<div style='position:fixed;inset:0;background:red;z-index:9'>{LAYER}</div>",
    "/frame-slow": f"<body style='margin:0'><img src='{BLUE}?delay=1&slow' {SIZE}>",
    "/frame-moving": "<style>img { animation: out 1s infinite alternate } @keyframes out { 0% { opacity: 0 } }</style>"
    f"<body style='margin:0'>{img('moving')}",
}


def frame(address: str, width: int = 130, height: int = 110) -> str:
    return f"<iframe src='{address}' width={width} height={height} style='border:0;display:block'></iframe>"


def apart(*parts: str, gap: int = 700) -> str:
    return "".join(f"<div style='height:{gap}px'>{part}</div>" for part in parts)


@dataclass(frozen=True)
class Page:
    """A page, and the blue pictures that must be on its picture."""

    html: str
    pictures: int
    options: dict[str, Any] = field(default_factory=dict)
    facts: bool = True
    """Whether each of them is among the facts, where it stands on the picture."""


def first_view(layer: str, style: str = "", script: str = "") -> Page:
    return Page(html(f"<main>{stories(4)}</main>{layer}", style, script), 4)


def fixed_backgrounds(rule: str, inside: str = "") -> str:
    look = f"background: white url({BLUE}) 50% 100px / 120px 100px no-repeat fixed"
    return (
        f"<style>section {{ height: 300px; margin-bottom: 800px; position: relative }} {rule} {{ {look} }} "
        "section::before { content: ''; position: absolute; inset: 0 }</style>" + f"<section>{inside}</section>" * 4
    )


KINDS: dict[str, dict[str, Page]] = {
    "what is under way is waited for": {
        "stories are fetched behind a shell": Page(
            html(SHELL, script=f"fetch('{BLUE}?delay=2').then(() => {{ {FILL} }})"), 4
        ),
        "a script comes late": Page(
            html(
                SHELL,
                script="document.body.append(Object.assign(document.createElement('script'), "
                "{ src: '/fill.js?delay=1.5' }))",
            ),
            4,
        ),
        "a list, then its stories": Page(
            html(
                SHELL,
                script=f"""const ask = (then, n) => {{ const one = new XMLHttpRequest();
              one.open('GET', '{BLUE}?delay=0.8&' + n); one.onload = then; one.send() }};
              ask(() => ask(() => {{ {FILL} }}, 2), 1)""",
            ),
            4,
        ),
        "a lead picture stands, the list comes from another host": Page(
            html(
                f"{img('lead')}<div class=skeleton style='height:300px'></div><main></main>",
                script=f"fetch('{FOREIGN}{BLUE}?delay=2', {{ mode: 'no-cors' }}).then(() => {{ {FILL}; "
                "document.querySelector('.skeleton').remove() })",
            ),
            5,
        ),
        "more is fetched at the bottom": Page(
            html(
                f"<main>{stories(4)}</main>", script=AT_BOTTOM % f"fetch('{BLUE}?delay=1.2').then(() => {{ {MORE} }})"
            ),
            6,
        ),
        "more comes by a timer": Page(
            html(f"<main>{stories(4)}</main>", script=AT_BOTTOM % f"setTimeout(() => {{ {MORE} }}, 1200)"), 6
        ),
        "a timer builds the page": Page(html(SHELL, script=f"setTimeout(() => {{ {FILL} }}, 1700)"), 4),
    },
    "frames of other hosts": {
        "below the first view": Page(html(apart(*[frame(FOREIGN + PICTURE_IN_FRAME)] * 4)), 4),
        "in a shadow tree": Page(
            html(
                "<div style='height:900px'></div><div id=host></div>",
                script="document.getElementById('host')"
                f".attachShadow({{ mode: 'open' }}).innerHTML = `{frame(FOREIGN + PICTURE_IN_FRAME)}`",
            ),
            1,
        ),
        "slow": Page(html(apart(img("own"), frame(FOREIGN + "/frame-slow"), frame(FOREIGN + "/frame-slow"))), 3),
        "whose picture moves": Page(html(apart(img("own"), frame(FOREIGN + "/frame-moving"))), 2),
        "that a script adds when they come near": Page(
            html(
                apart(img("own"), "", "<i id=here></i>"),
                script=f"""new IntersectionObserver((all, watch) => all.forEach(
              one => {{ if (one.isIntersecting) {{ one.target.outerHTML = `{frame(FOREIGN + PICTURE_IN_FRAME)}`;
              watch.disconnect() }} }})).observe(document.getElementById('here'))""",
            ),
            2,
        ),
    },
    "content that is there in the view alone": {
        "shown by an observer": Page(
            html(
                stories(4),
                "article { opacity: 0 } article.in { opacity: 1 }",
                TOGGLE % "one.target.classList.toggle('in', one.isIntersecting)",
            ),
            4,
        ),
        "unloaded by an observer": Page(
            html(stories(4), script=TOGGLE % f"one.target.innerHTML = one.isIntersecting ? `{img('on')}` : ''"), 4
        ),
        "shown by a scroll listener": Page(
            html(
                stories(4),
                "article { visibility: hidden } article.in { visibility: visible }",
                IN_VIEW % "one.classList.toggle('in', seen)",
            ),
            4,
        ),
        "unloaded by a scroll listener": Page(
            html(
                late(5), script=IN_VIEW % f"const p = one.querySelector('img'); p.src = seen ? p.dataset.src : '{DOT}'"
            ),
            5,
        ),
        "a list that keeps only what is in view": Page(html("<main></main>", script=VIRTUAL), 8),
    },
    "scripts that wait for somebody": {
        "for the mouse": Page(html(late(), script=BEGIN % "['mousemove']"), 4),
        "for the wheel": Page(html(late(), script=BEGIN % "['wheel']"), 4),
        "for a key": Page(html(late(), script=BEGIN % "['keydown']"), 4),
        "for a touch": Page(html(late(), script=BEGIN % "['touchstart']"), 4),
        "and then load late": Page(
            html(
                late(),
                script="""addEventListener('mousemove', () => {
              const one = document.createElement('script'); one.src = '/{begin}.js?delay=1'; document.body.append(one)
              }, { once: true })""".replace("{begin}", "begin"),
            ),
            4,
        ),
        "and that came late themselves": Page(html(late() + "<script src='/wait.js?delay=0.7' async></script>"), 4),
    },
    "animations": {
        "a slide show without an end": Page(
            html(
                f"<div class=show>{img('a')}{img('b')}{img('c')}</div>",
                SLIDES.format("animation: turn 6s infinite")
                + "@keyframes turn { 0% { opacity: 0 } 5% { opacity: 1 } 30% { opacity: 1 } 36% { opacity: 0 } }"
                ".show img:nth-child(2) { animation-delay: 2s } .show img:nth-child(3) { animation-delay: 4s }",
            ),
            1,
            facts=False,
        ),
        "driven by the scroll position": Page(
            html(
                stories(4),
                "article { opacity: 0; animation: reveal linear both; animation-timeline: view() }"
                "@keyframes reveal { to { opacity: 1 } }",
            ),
            4,
        ),
        "in and out again with the scroll position": Page(
            html(
                stories(4),
                "article { opacity: 0; animation: pass linear both; animation-timeline: view() }"
                "@keyframes pass { 50% { opacity: 1 } }",
            ),
            4,
        ),
        "begun by a script": Page(
            html(
                stories(2),
                "img { opacity: 0 }",
                "document.querySelectorAll('img').forEach(one => one.animate("
                "[{ opacity: 0 }, { opacity: 1, offset: 0.3 }, { opacity: 1, offset: 0.7 }, { opacity: 0 }],"
                "{ duration: 3000, iterations: Infinity }))",
            ),
            2,
        ),
        "that comes in from outside": Page(
            html(
                f"<div style='overflow:hidden'>{img('belt')}</div>{WORDS}",
                "img { animation: belt 4s linear infinite } @keyframes belt { from { transform: translateX(400px) }"
                " to { transform: translateX(-400px) } }",
            ),
            1,
            facts=False,
        ),
    },
    "backgrounds that keep their place in the view": {
        "of sections": Page(html(fixed_backgrounds("section")), 4, facts=False),
        "before sections": Page(html(fixed_backgrounds("section::before")), 4, facts=False),
        "in frames": Page(
            html(f'<iframe srcdoc="{fixed_backgrounds("section")}" width=400 height=5000></iframe>'), 4, facts=False
        ),
        "a picture behind a window in the page": Page(
            html(
                f"<section style='height:300px;position:relative;clip-path:inset(0)'><div style='position:fixed;top:80px;left:0'>{img('behind')}</div></section>{stories(2)}"
            ),
            3,
        ),
    },
    "what is fixed": {
        "a lead picture that the page moves over": Page(
            html(
                f"<div style='position:fixed;top:0;left:0;width:100%;height:100vh;background:#222'><h2>Lead</h2>{img('lead')}</div>"
                f"<main style='position:relative;z-index:1;margin-top:100vh;background:#fff'>{stories(3)}</main>"
            ),
            4,
        ),
        "a column": Page(
            html(
                f"<aside style='position:fixed;left:0;top:0;bottom:0;width:150px'>{img('a')}{img('b')}</aside>"
                f"<main style='margin-left:160px'>{stories(3)}</main>"
            ),
            5,
        ),
        "a column that scrolls by itself": Page(
            html(
                f"<aside style='position:fixed;right:0;top:0;bottom:0;width:150px;overflow:auto'>{img('a') * 9}</aside>"
                f"<main style='margin-right:160px'>{stories(3)}</main>"
            ),
            12,
        ),
        "a picture behind the page": Page(
            html(f"<div style='position:fixed;top:0;left:200px;z-index:-1'>{img('behind')}</div>{stories(3)}"), 4
        ),
        "a bar over a picture": Page(
            html(
                f"<div style='position:fixed;top:0;left:0;right:0;height:150px;background:red'>{img('logo')}</div>{stories(3)}"
            ),
            3,
        ),
    },
    "what scrolls by itself": {
        "panes": Page(html(PANES), 7),
        "a feed beside a long page": Page(
            html(
                f"<aside style='float:right;width:160px;height:500px;overflow-y:scroll'>{img('f') * 12}</aside>{stories(4)}"
            ),
            16,
        ),
        "panes that are placed": Page(
            html(
                "<div style='position:relative;height:100vh;overflow:hidden'>"
                f"<div style='position:absolute;left:0;top:0;bottom:0;width:190px;overflow:auto'>{stories(3)}</div>"
                f"<div style='position:absolute;right:0;top:50px;bottom:0;width:190px;overflow:auto'>{stories(4)}</div></div>"
            ),
            7,
        ),
        "a frame that fills the window": Page(
            html(f"<iframe src='{FEED}' style='position:fixed;inset:0;width:100%;height:100%;border:0'></iframe>"), 4
        ),
        "a frameset": Page(
            f"<!doctype html><title>News</title><frameset cols='40%,60%'><frame src='{FEED}'><frame src='{FEED}'></frameset>",
            8,
        ),
        "a frame that fills the window, with a wall in it": Page(
            html(f"<iframe src='{WALLED}' style='position:fixed;inset:0;width:100%;height:100%;border:0'></iframe>"), 4
        ),
        "a frame of another host that fills the window, with a wall in it": Page(
            html(
                f"<iframe src='{FOREIGN}{WALLED}' style='position:fixed;inset:0;width:100%;height:100%;border:0'></iframe>"
            ),
            4,
        ),
        "a frame of another host that fills the window": Page(
            html(
                f"<iframe src='{FOREIGN}{FEED}' style='position:fixed;inset:0;width:100%;height:100%;border:0'></iframe>"
            ),
            4,
        ),
    },
    "a page from right to left": {
        "with a drawer": Page(
            html(
                f"<aside style='position:absolute;left:-320px;top:0;width:320px;height:500px;background:red'></aside>{stories(4)}",
                attributes="dir=rtl",
            ),
            4,
        ),
        "by its root, with a wide row": Page(
            html(f"<div style='width:900px;height:20px;background:green'></div>{stories(4)}").replace(
                "<!doctype html>", "<!doctype html><html dir=rtl>"
            ),
            4,
        ),
        "with a drawer that is moved out": Page(
            html(
                f"<aside style='position:absolute;left:0;top:0;width:300px;height:9px;transform:translateX(-300px)'></aside>{stories(9)}"
            ).replace("<!doctype html>", "<!doctype html><html dir=rtl>"),
            9,
        ),
    },
    "a view of one colour": {
        "a transparent picture": Page(
            html(
                f"<div style='height:1200px;overflow:hidden'>{img('a')}</div><img src='/picture/ffffff/300x100.png' style='display:block'>"
            ),
            1,
            facts=False,
        ),
        "a covered picture": Page(
            html(
                f"<div style='height:1200px'>{img('a')}</div><div style='position:relative;height:600px'>{img('b')}"
                "<div style='position:absolute;inset:0;background:white'></div></div>"
            ),
            1,
            facts=False,
        ),
        "a clipped picture": Page(
            html(
                f"<div style='height:1200px'>{img('a')}</div><div style='height:600px;clip-path:inset(0 0 0 390px)'>{img('b')}</div>"
            ),
            1,
            facts=False,
        ),
        "a faint picture": Page(
            html(
                f"<div style='height:1200px'>{img('a')}</div><div style='height:600px;filter:opacity(0)'>{img('b')}</div>"
            ),
            1,
            facts=False,
        ),
    },
    "noscript": {
        "in the flow": Page(
            html(f"{img('a')}<noscript><img src='/picture/ff0000/300x300.png'><p>Please</noscript>{img('b')}"), 2
        ),
        "that a style shows": Page(
            html(
                f"{img('a')}<noscript><p>Please</noscript>{img('b')}",
                "noscript { display: block !important; height: 90px }",
            ),
            2,
        ),
        "in a shadow tree": Page(
            html(
                f"{img('a')}<div id=host></div>{img('b')}",
                script="document.getElementById('host').attachShadow({ mode: 'open' })"
                ".innerHTML = '<noscript><p>Please switch scripts on</p></noscript>'",
            ),
            2,
        ),
    },
    "layers over the page": {
        "absolute, and low": first_view(
            f"<div style='position:absolute;{WHITE};height:100%;min-height:600px;z-index:50'>{LAYER}</div>"
        ),
        "a popover": first_view(
            f"<div popover id=join style='{WHITE};width:95vw;height:95vh'>{LAYER}</div>",
            script="document.getElementById('join').showPopover()",
        ),
        "a dialog that is no modal one": first_view(
            f"<dialog id=join style='{WHITE};height:500px;max-width:none'>{LAYER}</dialog>",
            script="document.getElementById('join').show()",
        ),
        "in a closed shadow tree": first_view(
            "<div id=host></div>",
            script="document.getElementById('host').attachShadow({ mode: 'closed' })"
            f".innerHTML = `<div style='position:fixed;inset:0;z-index:9;background:white'>{LAYER}</div>`",
        ),
        "before the body": first_view(
            "", "body::before { content: 'Join'; position: fixed; inset: 0; background: white; z-index: 9 }"
        ),
        "moved up over the page": Page(
            html(
                f"<div style='height:600px;overflow:visible'>{stories(1)}</div><div style='position:relative;margin-top:-600px;height:600px;background:white;margin-bottom:0'>{LAYER}</div><main>{stories(3)}</main>"
            ),
            4,
        ),
        "that lets the pointer through": first_view(
            f"<div style='position:fixed;inset:0;background:white;z-index:9;pointer-events:none'>{LAYER}</div>"
        ),
        "that a script puts back": first_view(
            "",
            script="const put = () => { if (!document.getElementById('join')) document.body.insertAdjacentHTML('beforeend', "
            f"`<div id=join style='position:absolute;{WHITE};height:700px;z-index:5'>{LAYER}</div>`) }}; put(); new MutationObserver(put).observe(document.body, {{ childList: true }})",
        ),
        "slides on each other are none": Page(
            html(
                "<div style='position:relative;height:500px'>"
                + "".join(
                    f"<div class=slide style='position:absolute;inset:0;background:white'>{img(f'x{n}')}</div>"
                    for n in range(3)
                )
                + f"</div>{stories(3)}"
            ),
            4,
            facts=False,
        ),
    },
    "pictures that are chosen by the viewport": {
        "by its width": Page(
            html(
                "<div style='width:300px'>"
                + "".join(
                    f"<div style='height:900px'></div><picture><source srcset='{BLUE}?w{n}=a 100w, /picture/ff0000/9x9.png?{n} 640w' media='(max-width: 300px)'>"
                    f"{img(f'p{n}')}</picture>"
                    for n in range(4)
                )
                + "</div>"
            ),
            4,
        ),
        "by its height": Page(
            html(
                "".join(
                    f"<picture><source srcset='/picture/ff0000/120x100.png' media='(min-height: 700px)'>{img(f'h{n}')}</picture>"
                    "<div style='height:900px'></div>"
                    for n in range(4)
                )
            ),
            4,
        ),
        "by its shape, and a style too": Page(
            html(stories(4), "@media (min-height: 700px) { img { display: none !important } }"), 4
        ),
    },
}
