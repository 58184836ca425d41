"""The one way out of a browser that shows an archived page: a proxy that answers everything itself.

It listens on loopback, or for a browser on another machine on the address by which that reaches this one, while the
page is shown. TLS ends here too, so that nothing is hidden from it.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
from email.utils import format_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import trustme
from requests.utils import requote_uri

from celeb_ops.capture.forwarding import bracketed

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from celeb_ops.archive.memento import ArchiveResponse

logger = logging.getLogger(__name__)

_LONGEST_ADDRESS = 8_192
_MOST_SAID = 1_000_000
"""Bytes of what a page wants to tell a site, which are read and forgotten."""
_MEDIA = (".mp4", ".m4v", ".m4s", ".webm", ".mov", ".m3u8", ".mpd", ".ts", ".mp3", ".m4a", ".ogg", ".wav")


class Wanted(NamedTuple):
    """What the browser asks for."""

    url: str
    kind: str
    """What for, as in ``Sec-Fetch-Dest``: ``document``, ``image``, …; empty: data that a script fetches."""


class Proxy(ThreadingHTTPServer):
    """
    The proxy, while it is entered.

    :param answer: what is answered, from several threads at once; None: HTTP 404.
    :param host: the address to listen on.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, answer: Callable[[Wanted], ArchiveResponse | None], host: str = "127.0.0.1") -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), _Handler)
        self.answer = answer
        self.address = f"http://{bracketed(host)}:{self.server_port}"
        """For ``--proxy-server``."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True, name="replay").start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser that ends leaves its connections as they are.
        logger.debug("A connection of the browser ended early.", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """One connection of the browser's."""

    protocol_version = "HTTP/1.1"
    server: Proxy
    _origin = ""

    def do_CONNECT(self) -> None:
        """The browser wants to speak TLS with a site: it does with us."""
        self.send_response_only(200)
        self.end_headers()
        self._origin = f"https://{self.path.removesuffix(':443')}"
        self.connection = _tls().wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb", -1), self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        url = f"{self._origin}{self.path}"
        found = self.server.answer(Wanted(url, self._kind())) if len(url) <= _LONGEST_ADDRESS else None
        if found is None:
            self._nothing()
            return
        self.send_response_only(found.status)
        for name, value in (
            ("Content-Type", found.content_type),
            ("Content-Encoding", found.content_encoding),
            ("Location", requote_uri(found.location)),
            # The page's own clock.
            ("Date", format_datetime(found.when, usegmt=True)),
            ("Last-Modified", format_datetime(found.when, usegmt=True)),
        ):
            if value:
                self.send_header(name, value)
        self._allow()
        self.send_header("Cache-Control", "max-age=86400")
        self.send_header("Content-Length", str(len(found.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(found.body)

    def _nothing(self) -> None:
        self.send_response_only(404)
        self._allow()
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def do_OPTIONS(self) -> None:
        """A script asks whether it may ask another site: the archive has no answers to that."""
        self.send_response(204)
        self._allow()
        self.send_header("Access-Control-Allow-Methods", "GET, HEAD")
        self.send_header("Access-Control-Allow-Headers", self.headers.get("Access-Control-Request-Headers", "*"))
        self.end_headers()

    def do_POST(self) -> None:
        """Nothing is told to a site that is shown from an archive."""
        # Read, or the connection's end would overtake the answer; it ends, for there may be more of it.
        self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _MOST_SAID))
        self.close_connection = True
        self._nothing()

    do_PUT = do_DELETE = do_PATCH = do_POST

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()
        if isinstance(self.connection, ssl.SSLSocket):
            # The server closes the socket that it opened, and TLS has taken that over.
            with contextlib.suppress(OSError):
                self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: each answer is logged where it is looked up."""

    def _allow(self) -> None:
        # Sites allowed each other's scripts what they needed; archives do not keep it in a form that still holds.
        self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin", "*"))
        self.send_header("Access-Control-Allow-Credentials", "true")

    def _kind(self) -> str:
        """What the browser wants it for. On ``http:`` pages it tells by what it accepts alone."""
        path = urlsplit(self.path).path.lower()
        if "prefetch" in self.headers.get("Sec-Purpose", self.headers.get("Purpose", "")):
            return "prefetch"
        if self.headers.get("Range") or path.endswith(_MEDIA):
            return "video"
        if told := self.headers.get("Sec-Fetch-Dest"):
            return "" if told == "empty" else told
        accepts = self.headers.get("Accept", "")
        kinds = {"image/": "image", "text/html": "document", "text/css": "style"}
        by_accept = next((kind for start, kind in kinds.items() if accepts.startswith(start)), "")
        return by_accept or ("script" if path.endswith((".js", ".mjs")) else "")


@cache
def _tls() -> ssl.SSLContext:
    """A certificate that no browser trusts: ours is told not to look at certificates, for it reaches nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("replay.invalid").configure_cert(context)
    return context
