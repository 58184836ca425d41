"""A page that tries every way to an internal address, and what listens there: a port for each way, TCP and UDP."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTS = {
    "an address": "127.0.0.1",
    "localhost": "localhost",
    "a name below localhost": "any.localhost",
    "a name": "inside.test",
    "a name with a public address, too": "mixed.test",
    "IPv6": "[::1]",
    "IPv4 as IPv6": "[::ffff:127.0.0.1]",
    "a decimal address": "2130706433",
    "a hexadecimal address": "0x7f.1",
    "an octal address": "0177.0.0.1",
    "a short address": "127.1",
    "the unspecified address": "0.0.0.0",
    "a name with a dot at its end": "inside.test.",
}
"""Hosts that are this machine; each is fetched from."""

IN_PAGE = {
    "img": "<img src='FAR'>",
    "img srcset": "<img srcset='FAR 1x'>",
    "picture": "<picture><source srcset='FAR'><img></picture>",
    "input": "<input type=image src='FAR'>",
    "script": "<script src='FAR'></script>",
    "module script": "<script type=module src='FAR'></script>",
    "import()": "<script>import('FAR').catch(() => 0)</script>",
    "stylesheet": "<link rel=stylesheet href='FAR'>",
    "@import": "<style>@import 'FAR';</style>",
    "background": "<style>#background { background: url('FAR') }</style><p id=background>news</p>",
    "font": "<style>@font-face { font-family: f; src: url('FAR') } #far { font-family: f }</style><p id=far>news</p>",
    "svg": "<svg width=9 height=9><image width=9 height=9 href='FAR'/></svg>",
    "video": "<video src='FAR' preload=auto></video>",
    "poster": "<video poster='FAR'></video>",
    "audio": "<audio src='FAR' preload=auto></audio>",
    "track": "<video src='/none.webm' crossorigin><track default kind=subtitles src='FAR'></video>"
    "<script>document.querySelector('track').track.mode = 'showing'</script>",
    "iframe": "<iframe src='FAR'></iframe>",
    "iframe's script": "<iframe srcdoc=\"<script>location = 'FAR'</script>\"></iframe>",
    "iframe's meta refresh": "<iframe srcdoc=\"<meta http-equiv=refresh content='0;FAR'>\"></iframe>",
    "frame": "<iframe srcdoc=\"<frameset><frame src='FAR'></frameset>\"></iframe>",
    "object": "<object data='FAR' type='text/html'></object>",
    "embed": "<embed src='FAR' type='text/html'>",
    "form": "<form action='FAR' target=f1 id=f1><input name=a></form><iframe name=f1></iframe>"
    "<script>document.forms.f1.submit()</script>",
    "form post": "<form action='FAR' method=post target=f2 id=f2><input name=a></form><iframe name=f2></iframe>"
    "<script>document.forms.f2.submit()</script>",
    "ping": "<a id=ping href='#here' ping='FAR'>news</a><script>document.getElementById('ping').click()</script>",
    "preload": "<link rel=preload as=image href='FAR'>",
    "modulepreload": "<link rel=modulepreload href='FAR'>",
    "prefetch": "<link rel=prefetch href='FAR'>",
    "preconnect": "<link rel=preconnect href='https://PLACE/'>",
    "fetch": "<script>fetch('FAR').catch(() => 0)</script>",
    "fetch, opaque": "<script>fetch('FAR', {mode: 'no-cors'}).catch(() => 0)</script>",
    "fetch, kept alive": "<script>fetch('FAR', {method: 'POST', keepalive: true, body: 'a'}).catch(() => 0)</script>",
    "XMLHttpRequest": "<script>(x => { x.open('POST', 'FAR'); x.send('a') })(new XMLHttpRequest)</script>",
    "beacon": "<script>navigator.sendBeacon('FAR', 'a')</script>",
    "EventSource": "<script>new EventSource('FAR')</script>",
    "WebSocket": "<script>new WebSocket('FAR'.replace('http', 'ws'))</script>",
    "worker": "<script>new Worker(URL.createObjectURL(new Blob([`fetch('FAR')`])))</script>",
    "worker's import": "<script>new Worker(URL.createObjectURL(new Blob([`importScripts('FAR')`])))</script>",
    "shared worker": "<script>new SharedWorker(URL.createObjectURL(new Blob([`fetch('FAR')`])))</script>",
    "service worker": "<script>navigator.serviceWorker.register('/service.js?FAR')</script>",
    "worklet": "<script>CSS.paintWorklet.addModule('FAR')</script>",
    "img redirect": "<img src='/redirect/302?FAR'>",
    "fetch redirect": "<script>fetch('/redirect/307?FAR', {method: 'POST', body: 'a'}).catch(() => 0)</script>",
    "iframe redirect": "<iframe src='/redirect/301?FAR'></iframe>",
    "report": "<iframe src=\"/with/Content-Security-Policy?img-src 'none'; report-uri FAR\"></iframe>",
    "speculation": "<script type=speculationrules>"
    '{"prefetch": [{"source": "list", "urls": ["FAR"], "eagerness": "immediate"}]}</script>',
    "TURN over TCP": "<script>calls({urls: 'turn:PLACE?transport=tcp', username: 'a', credential: 'a'})</script>",
    "TURN over UDP": "<script>calls({urls: 'turn:PLACE?transport=udp', username: 'a', credential: 'a'})</script>",
    "STUN": "<script>calls({urls: 'stun:PLACE'})</script>",
    "WebTransport": "<script>new WebTransport('FAR'.replace('http', 'https')).ready.catch(() => 0)</script>",
}
"""Ways that leave the page where it is."""

AWAY = {
    "location": "<script>location = 'FAR'</script>",
    "location.replace": "<script>location.replace('FAR')</script>",
    "a click": "<a id=away href='FAR'>news</a><script>document.getElementById('away').click()</script>",
    "meta refresh": "<meta http-equiv=refresh content='0;FAR'>",
    "form away": "<form action='FAR'><input name=a></form><script>document.forms[0].submit()</script>",
    "form post away": "<form action='FAR' method=post><input name=a></form><script>document.forms[0].submit()</script>",
    "window.open": "<script>open('FAR', '_self')</script>",
    **{f"HTTP {status}": f"/redirect/{status}?FAR" for status in (301, 302, 303, 307, 308)},
    "Refresh header": "/with/Refresh?0;FAR",
}
"""Ways on which the page itself goes there: a document, or an address on the page's own site."""

WITHIN_CHROMIUM = {"TURN over UDP", "STUN", "WebTransport"}
"""UDP: with a proxy Chromium does not even try."""
UNSEEN = WITHIN_CHROMIUM | {"speculation", "a name with a public address, too"}
"""What no proxy needs to refuse: Chromium does not speculate on other sites over HTTP, and a name that has a public
address is connected to there."""

_PAGE = """<!doctype html><title>News</title><script>
function calls(server) {
  const call = new RTCPeerConnection({iceServers: [server]});
  call.createDataChannel('a');
  call.createOffer().then(offer => call.setLocalDescription(offer));
}
</script><body>"""
SERVICE = "oninstall = event => event.waitUntil(fetch(decodeURIComponent(location.search.slice(1)), {mode: 'no-cors'}))"


class Inside:
    """Listeners on loopback. :attr:`reached` counts connections and packets by way."""

    def __init__(self) -> None:
        self.reached: Counter[str] = Counter()
        self.ports: dict[str, int] = {}
        self._selector = selectors.DefaultSelector()

    def port(self, way: str) -> int:
        """Of a way: on both of loopback's addresses, of both protocols."""
        if way not in self.ports:
            first = self._listen(way, socket.AF_INET, socket.SOCK_STREAM, 0)
            self.ports[way] = port = int(first.getsockname()[1])
            for family, kind in (
                (socket.AF_INET, socket.SOCK_DGRAM),
                (socket.AF_INET6, socket.SOCK_STREAM),
                (socket.AF_INET6, socket.SOCK_DGRAM),
            ):
                self._listen(way, family, kind, port)
        return self.ports[way]

    def _listen(self, way: str, family: int, kind: int, port: int) -> socket.socket:
        listener = socket.socket(family, kind)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            listener.listen()
        self._selector.register(listener, selectors.EVENT_READ, way)
        return listener

    def answer(self, ended: threading.Event) -> None:
        while not ended.is_set():
            for key, _ in self._selector.select(0.1):
                self.reached[key.data] += 1
                listener: socket.socket = key.fileobj  # type: ignore[assignment]
                with contextlib.suppress(OSError):
                    if listener.type == socket.SOCK_DGRAM:
                        listener.recv(9_999)
                        continue
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(0.2)
                        connection.recv(99_999)
                        connection.sendall(
                            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\ninside"
                        )
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]


@contextlib.contextmanager
def inside() -> Iterator[Inside]:
    listeners, ended = Inside(), threading.Event()
    thread = threading.Thread(target=listeners.answer, args=(ended,))
    thread.start()
    try:
        yield listeners
    finally:
        ended.set()
        thread.join()


def page(listeners: Inside) -> str:
    """One page that tries all that leaves it where it is."""
    parts = [_PAGE]
    for way, html in IN_PAGE.items():
        place = f"127.0.0.1:{listeners.port(way)}"
        parts.append(html.replace("FAR", f"http://{place}/").replace("PLACE", place))
    for way, host in HOSTS.items():
        parts.append(
            f"<script>fetch('http://{host}:{listeners.port(way)}/', {{mode: 'no-cors'}}).catch(() => 0)</script>"
        )
    return "".join(parts)


def away(way: str, listeners: Inside) -> tuple[str, str]:
    """A document or an address that leads away, and where to."""
    url = f"http://127.0.0.1:{listeners.port(way)}/"
    html = AWAY[way].replace("FAR", url)
    return html if html.startswith("/") else _PAGE + html, url
