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
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import urlsplit

import trustme
from requests.utils import requote_uri

from celeb_ops.capture.forwarding import bracketed

if TYPE_CHECKING:
    from collections.abc import Callable

    from celeb_ops.archive.memento import ArchiveResponse

logger = logging.getLogger(__name__)

_MAX_URL_CHARS = 8_192
_MAX_UPLOAD_BYTES = 1_000_000
"""The limit for a page's upload, which is read and dropped."""
_MEDIA = (".mp4", ".m4v", ".m4s", ".webm", ".mov", ".m3u8", ".mpd", ".ts", ".mp3", ".m4a", ".ogg", ".wav")
_KINDS = {"image/": "image", "text/html": "document", "text/css": "style"}
"""By the beginning of what the browser accepts."""


class ProxyRequest(NamedTuple):
    """A request of the browser."""

    url: str
    kind: str
    """Its use, as in ``Sec-Fetch-Dest``: ``document``, ``image``, …; empty: data that a script fetches."""


class Proxy(ThreadingHTTPServer):
    """The proxy, while it is entered.

    :param answer: gives the answers, to several threads at once; None: HTTP 404.
    :param host: the address to listen on.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, answer: Callable[[ProxyRequest], ArchiveResponse | None], host: str = "127.0.0.1") -> None:
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

    def handle_error(self, request: object, client_address: object) -> None:
        # A browser that ends drops its connections.
        logger.debug("A connection of the browser ended early.", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """One connection of the browser."""

    protocol_version = "HTTP/1.1"
    server: Proxy
    _origin = ""

    def do_CONNECT(self) -> None:
        """The browser wants to speak TLS with a site: it speaks it with us."""
        self.send_response_only(200)
        self.end_headers()
        self._origin = f"https://{self.path.removesuffix(':443')}"
        self.connection = _tls().wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb", -1), self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        url = f"{self._origin}{self.path}"
        found = self.server.answer(ProxyRequest(url, self._kind())) if len(url) <= _MAX_URL_CHARS else None
        if found is None:
            self._send(404, {})
            return
        # The page's own clock.
        date = format_datetime(found.when, usegmt=True)
        headers = {
            "Content-Type": found.content_type,
            "Content-Encoding": found.content_encoding,
            "Location": requote_uri(found.location),
            "Date": date,
            "Last-Modified": date,
            "Cache-Control": "max-age=86400",
        }
        self._send(found.status, headers, found.body)

    do_HEAD = do_GET

    def do_OPTIONS(self) -> None:
        """A script asks for permission to ask another site (CORS), which no archive can answer."""
        asked = self.headers.get("Access-Control-Request-Headers", "*")
        self._send(204, {"Access-Control-Allow-Methods": "GET, HEAD", "Access-Control-Allow-Headers": asked})

    def do_POST(self) -> None:
        """Nothing is sent to a site that is shown from an archive."""
        # Read some, or the connection's end would overtake the answer; then end it, because there may be more.
        self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _MAX_UPLOAD_BYTES))
        self.close_connection = True
        self._send(404, {})

    do_PUT = do_DELETE = do_PATCH = do_POST

    def _send(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response_only(status)
        # Sites allowed each other's scripts what they needed; archives do not keep it in a form that still holds.
        headers |= {
            "Access-Control-Allow-Origin": self.headers.get("Origin", "*"),
            "Access-Control-Allow-Credentials": "true",
            "Content-Length": "" if status == 204 else str(len(body)),
        }
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()
        if isinstance(self.connection, ssl.SSLSocket):
            # The server closes the socket that it opened, and TLS has taken that over.
            with contextlib.suppress(OSError):
                self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: each answer is logged where it is looked up."""

    def _kind(self) -> str:
        """The use that the browser has for the file. On ``http:`` pages only the Accept header shows it."""
        path = urlsplit(self.path).path.lower()
        if "prefetch" in self.headers.get("Sec-Purpose", self.headers.get("Purpose", "")):
            return "prefetch"
        if self.headers.get("Range") or path.endswith(_MEDIA):
            return "video"
        if kind := self.headers.get("Sec-Fetch-Dest"):
            return kind.replace("empty", "")
        accepts = self.headers.get("Accept", "")
        by_accept = next((kind for start, kind in _KINDS.items() if accepts.startswith(start)), "")
        return by_accept or ("script" if path.endswith((".js", ".mjs")) else "")


@cache
def _tls() -> ssl.SSLContext:
    """A certificate that no browser trusts: ours does not check certificates, as it reaches nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("replay.invalid").configure_cert(context)
    return context
