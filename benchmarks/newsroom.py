"""Made-up news sites, each with one trait that fights a screenshot, served on loopback."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.cast import Cast, Photo

_LINES = (
    "The harbour was quiet on Tuesday, and nobody could say when the ferry would come.",
    "Readers wrote in with recipes, complaints and one very long poem about a lighthouse.",
    "The committee met, adjourned, and met again; minutes were taken at both ends.",
    "A spokesperson had no comment, then several, and finally asked for the first one back.",
)
_STYLE = """
body { margin: 0; font: 18px/1.5 sans-serif; color: #222; background: #fdfcf9 }
main { width: 1160px; margin: 0 auto; padding: 40px 0 }
article { margin: 0 0 60px; overflow: hidden; border-top: 3px double #bbb; padding-top: 24px }
article img, .bg { float: left; margin: 0 36px 20px 0; background-color: #ddd; background-size: cover }
h2 { margin: 0 0 12px }
"""


@dataclass(frozen=True)
class Page:
    """A homepage and whom it shows."""

    trait: str
    path: str
    people: frozenset[str]
    photos: tuple[Photo, ...]


@dataclass
class Newsroom:
    """Pages by path and pictures by number; ``address`` is set while it is served."""

    pages: list[Page] = field(default_factory=list)
    html: dict[str, str] = field(default_factory=dict)
    pictures: list[bytes] = field(default_factory=list)
    address: str = ""

    def url(self, page: Page) -> str:
        return self.address + page.path

    def add(self, trait: str, photos: Sequence[Photo], html: str) -> Page:
        page = Page(trait, f"/{trait}", frozenset(name for one in photos for name in one.people), tuple(photos))
        self.html[page.path] = html
        self.pages.append(page)
        return page

    def src(self, photo: Photo, delay_s: float = 0) -> str:
        if photo.jpeg not in self.pictures:
            self.pictures.append(photo.jpeg)
        return f"/picture/{self.pictures.index(photo.jpeg)}.jpeg?delay={delay_s}"


def build(cast: Cast, seed: int = 1) -> Newsroom:
    """One site for each trait; every photo of the cast is on some site, with strangers between them."""
    room = Newsroom()
    dice = random.Random(seed)
    # Every trait gets its own six photos of the round: no trait is easier by chance of its cast alone.
    photos, strangers = itertools.cycle(cast.photos), itertools.cycle(cast.strangers)
    for trait, make in TRAITS.items():
        chosen = [*itertools.islice(photos, 6), *itertools.islice(strangers, 2)]
        dice.shuffle(chosen)
        room.add(trait, chosen, make(room, chosen))
    return room


def plain(room: Newsroom, photos: Sequence[Photo], height: int) -> Page:
    """A page of about ``height`` px, half text, without any trait: for timings."""
    return room.add(f"plain-{height}", photos, of_height(room, photos, height))


def of_height(room: Newsroom, photos: Sequence[Photo], height: int) -> str:
    """A page of about ``height`` px that shows these photos one below the other, with text between them."""
    gap = max(height - 80 - sum(photo.height + 110 for photo in photos), 0) // max(len(photos), 1)
    return _html("".join(_article(room, photo) + _text(gap) for photo in photos))


def _html(body: str, head: str = "", after: str = "", attributes: str = "") -> str:
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>News</title><style>{_STYLE}</style>{head}"
        f"</head><body {attributes}><main>{body}</main>{after}</body></html>"
    )


def _article(room: Newsroom, photo: Photo, attributes: str = "", delay_s: float = 0, lazy: bool = False) -> str:
    src = room.src(photo, delay_s)
    source = f'data-src="{src}"' if lazy else f'src="{src}"'
    picture = f'<img {source} width={photo.width} height={photo.height} alt="" {attributes}>'
    return f"<article>{picture}<h2>Seen in town</h2><p>{'<p>'.join(_LINES)}</article>"


def _text(height: int) -> str:
    """Rows of text of about this height."""
    lines = "<br>".join(itertools.islice(itertools.cycle(_LINES), max(height // 27, 0)))
    return f'<div style="height:{height}px;overflow:hidden">{lines}</div>'


def _lazy(room: Newsroom, photos: Sequence[Photo]) -> str:
    body = "".join(
        _article(room, photo, "loading=lazy" if number % 2 else "", lazy=not number % 2) + _text(1_200)
        for number, photo in enumerate(photos)
    )
    return _html(
        body,
        after="""<script>
const near = new IntersectionObserver(all => all.forEach(one => {
  if (one.isIntersecting) { one.target.src = one.target.dataset.src; near.unobserve(one.target) } }));
document.querySelectorAll('img[data-src]').forEach(one => near.observe(one))</script>""",
    )


def _consent(room: Newsroom, photos: Sequence[Photo]) -> str:
    wall = """<div id=wall role=dialog style="position:fixed;inset:0;z-index:999;background:#123;color:#fff">
<h2>We value your privacy</h2><button>Accept all</button><button>More options</button></div>"""
    return _html("".join(_article(room, photo) for photo in photos), after=wall, attributes='style="overflow:hidden"')


def _sticky(room: Newsroom, photos: Sequence[Photo]) -> str:
    head = """<style>#top{position:sticky;top:0;height:140px;background:#822;z-index:9}
#low{position:fixed;bottom:0;left:0;right:0;height:260px;background:#228;z-index:9}
#side{position:fixed;top:200px;left:0;width:500px;height:400px;background:#282;z-index:9}</style>"""
    body = "".join(_article(room, photo) for photo in photos)
    return _html(f"<div id=top></div>{body}", head, after="<div id=low>Subscribe!</div><div id=side>Chat with us</div>")


def _endless(room: Newsroom, photos: Sequence[Photo]) -> str:
    cards = [_article(room, photo).replace("`", "") for photo in photos]
    script = """<script>
const cards = %s; let next = 2; const filler = '<article style="height:700px"><h2>More</h2></article>';
const main = document.querySelector('main');
const more = () => main.insertAdjacentHTML('beforeend', (cards[next++] || filler) + filler);
addEventListener('scroll', () => {
  if (innerHeight + scrollY > document.documentElement.scrollHeight - 400) setTimeout(more, 60); });
</script>"""
    filler = '<article style="height:700px"><h2>More</h2></article>'
    return _html("".join(cards[:2]) + filler, after=script % json.dumps(cards).replace("</", "<\\/"))


def _ticker(room: Newsroom, photos: Sequence[Photo]) -> str:
    strip = "".join(f'<img src="{room.src(one)}" width={one.width} height={one.height}>' for one in photos[:3])
    head = """<style>.belt{overflow:hidden;white-space:nowrap;width:1160px}
.belt div{animation:run 4s linear infinite} .belt img{display:inline-block;vertical-align:top}
@keyframes run{from{transform:translateX(0)}to{transform:translateX(-60%)}}
#ad{background:#fd8}</style>"""
    script = """<script>
let tall = false; setInterval(() => { tall = !tall;
  document.getElementById('ad').style.height = tall ? '500px' : '40px' }, 350);
let at = 0; setInterval(() => { at = (at + 60) % 800;
  document.getElementById('slide').style.transform = `translateX(${-at}px)` }, 100);
</script>"""
    rest = "".join(_article(room, photo) for photo in photos[3:])
    return _html(
        f'<div id=ad>Advertisement</div><div class=belt style="height:820px"><div id=slide>{strip}</div></div>{rest}',
        head,
        after=script,
    )


def _popup(room: Newsroom, photos: Sequence[Photo]) -> str:
    script = """<script>
addEventListener('beforeunload', event => { event.preventDefault(); event.returnValue = 'Stay!' });
setTimeout(() => {
  const layer = document.createElement('div');
  layer.style = 'position:fixed;inset:0;z-index:99;background:rgba(0,0,0,.9);color:#fff';
  layer.innerHTML = '<dialog open style="width:70%;height:70%">Our newsletter</dialog>';
  document.body.append(layer); document.documentElement.style.overflow = 'hidden';
  window.open('about:blank'); alert('Subscribe!'); print();
}, 600);
Notification.requestPermission?.(); navigator.geolocation?.getCurrentPosition(() => {});
</script>"""
    return _html("".join(_article(room, photo) + _text(300) for photo in photos), after=script)


def _slow(room: Newsroom, photos: Sequence[Photo]) -> str:
    return _html("".join(_article(room, photo, delay_s=2.5) for photo in photos))


def _tall(room: Newsroom, photos: Sequence[Photo]) -> str:
    gap = (100_000 - 80 - sum(photo.height + 110 for photo in photos)) // len(photos)
    return _html("".join(_text(gap) + _article(room, photo) for photo in photos))


def _viewport(room: Newsroom, photos: Sequence[Photo]) -> str:
    head = "<style>section{height:100vh;overflow:hidden;border-bottom:1px solid #999}</style>"
    body = "".join(
        f'<section><div class=bg style="width:{one.width}px;height:{one.height}px;'
        f"background-image:url('{room.src(one)}')\"></div><h2>Full screen</h2></section>"
        for one in photos
    )
    return _html(body, head)


TRAITS: dict[str, Callable[[Newsroom, Sequence[Photo]], str]] = {
    "lazy": _lazy,
    "consent": _consent,
    "sticky": _sticky,
    "endless": _endless,
    "ticker": _ticker,
    "popup": _popup,
    "slow": _slow,
    "tall": _tall,
    "viewport": _viewport,
}


@contextmanager
def served(room: Newsroom) -> Iterator[Newsroom]:
    """The newsroom on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path.startswith("/picture/"):
                time.sleep(float(parse_qs(parts.query).get("delay", ["0"])[0]))
                self._answer("image/jpeg", room.pictures[int(parts.path[9:].removesuffix(".jpeg"))])
            elif parts.path in room.html:
                self._answer("text/html; charset=utf-8", room.html[parts.path].encode())
            else:
                self.send_error(404)

        def _answer(self, kind: str, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    room.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield room
    finally:
        server.shutdown()
        server.server_close()
