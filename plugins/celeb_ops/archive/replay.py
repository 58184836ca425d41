"""A page as an archive holds it, in a browser that reaches nothing else.

The browser has one way out: a proxy in this process, on loopback unless the browser is on another machine. Whatever the
page asks for, under whatever address, is looked up in the archive at the page's time. So the page is opened under its
own address, its scripts find the web they were written for, and none of today's web can come in.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import ssl
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urlsplit

from requests.utils import requote_uri

from celeb_ops.exceptions import ArchiveBusyError, ArchiveError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from celeb_ops.archive.memento import Answer, Archive, Memento

logger = logging.getLogger(__name__)

_PICTURES = {"image"}
_BUILDS = {"style", "script", "font", "xslt"}
"""What a page is built with. Its copies may be older or newer than what the page shows, which the archive keeps under
the same address for as long as it did not change."""
_BUILDS_WITHIN = timedelta(days=30)
_NEVER = {"audio", "video", "track", "report", "websocket", "serviceworker", "sharedworker", "manifest", "object"}
"""What adds nothing to a picture of the page, and would cost the archive much."""
_MOST_SAID = 1_000_000
_NOT_ASKED = "not asked for"
_RANKS = {"document": 0, "iframe": 2, "frame": 2, "style": 1, "script": 1, "font": 3, "image": 2}
_LAST = 3
_FAILURES = 3
"""Files in a row that the archive does not answer, after which it is not asked any more."""
_NOT_HAD = "not had from the archive in time"


class Replay:
    """
    The proxy, while it is entered; and what the archive lacked.

    :param memento: the copy of the page to show. :param when: the run time.
    :param window: how far from it what is shown (documents, pictures, data) may have been archived.
    :param patience_s: after so long nothing more is asked of the archive, and what was not there yet is missing.
    :param host: the address to listen on; for a browser on another machine, one that it can reach.
    """

    def __init__(
        self,
        archive: Archive,
        memento: Memento,
        when: datetime,
        window: timedelta,
        patience_s: float,
        host: str = "127.0.0.1",
    ) -> None:
        self._archive = archive
        self._memento = memento
        self._when = when
        self._window = window
        self._deadline = time.monotonic() + patience_s
        self._lock = threading.Lock()
        self.lacking: dict[str, str] = {}
        """Pictures that were asked for and not shown, and why not: ``not archived``, ``of another time``, …"""
        self.trouble: ArchiveError | None = None
        """Why the archive could not be asked any further: what came up is not what it has."""
        self._failures = 0
        self.shown = memento
        """The copy that came up: where the site had sent its visitors on, another one than was opened."""
        self._way = {memento.url.rstrip("/")}
        """The page's address, and those it was sent on to."""
        self._begun = False
        self._refused: dict[str, str] = {}
        self._server = _Server((host, 0), _Handler)
        self._server.replay = self

    @property
    def address(self) -> str:
        """For ``--proxy-server``."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="replay").start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Those who still wait for the archive are told at once.
        self._deadline = 0.0
        self._server.shutdown()
        self._server.server_close()

    def answer(self, url: str, kind: str) -> Answer | None:
        """What the archive has of an address from the page's time; None: nothing that may be shown.

        :param kind: what it is for, as in ``Sec-Fetch-Dest``: ``document``, ``image``, …; empty: data.
        """
        url = urldefrag(url).url
        why = self._refused.get(url)
        found = None
        if why is None:
            found, why = self._found(url, kind)
            logger.debug("%s %s: %s", kind or "data", url, why or "shown")
        if why:
            with self._lock:
                self._refused[url] = why
                if kind in _PICTURES and why != _NOT_ASKED:
                    self.lacking[url] = why
        return found

    def _found(self, url: str, kind: str) -> tuple[Answer | None, str]:
        self._begun = self._begun or (kind == "document" and self._is_page(url))
        # What comes before the page is the browser's own: its start page, its clock.
        if not self._begun or kind in _NEVER or urlsplit(url).path.endswith(".ico"):
            return None, _NOT_ASKED
        if not self._goes_on():
            return None, _NOT_HAD
        try:
            found = self._archive.read(url, self._memento.when, self._deadline, _RANKS.get(kind, _LAST), self._goes_on)
        except ArchiveError as error:
            logger.info("%s: %s", url, error)
            self._failed(error, kind == "document" and self._is_page(url))
            return None, _NOT_HAD
        self._failures = 0
        if found is None:
            return None, "not archived"
        within = _BUILDS_WITHIN if kind in _BUILDS else self._window
        if abs(found.when - self._when) > within:
            return None, f"archived at another time ({found.when:%Y-%m-%d %H:%M})"
        if kind == "document" and self._is_page(url):
            if found.location:
                self._way.add(found.location.rstrip("/"))
            else:
                self.shown = self._archive.memento(url, found.when)
        return found, ""

    def _goes_on(self) -> bool:
        """Whether more is asked of the archive."""
        return self.trouble is None and time.monotonic() < self._deadline

    def _failed(self, error: ArchiveError, page: bool) -> None:
        """Take note that the archive gave no answer. One file of many may be broken there; several in a row are not."""
        with self._lock:
            if time.monotonic() >= self._deadline:
                return
            self._failures += 1
            if page or isinstance(error, ArchiveBusyError) or self._failures == _FAILURES:
                self.trouble = self.trouble or error

    def _is_page(self, url: str) -> bool:
        """Whether it is the page itself, and no frame on it."""
        return url.rstrip("/") in self._way


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    replay: Replay

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser that ends leaves its connections as they are.
        logger.debug("A connection of the browser ended early.", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """One connection of the browser's."""

    protocol_version = "HTTP/1.1"
    server: _Server
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
        found = self.server.replay.answer(f"{self._origin}{self.path}", self._kind())
        body = found.body if found else b""
        self.send_response(found.status if found else 404)
        if found and found.content_type:
            self.send_header("Content-Type", found.content_type)
        if found and found.content_encoding:
            self.send_header("Content-Encoding", found.content_encoding)
        if found and found.location:
            self.send_header("Location", requote_uri(found.location))
        self._allow()
        self.send_header("Cache-Control", "max-age=86400")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

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
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

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
        if told := self.headers.get("Sec-Fetch-Dest"):
            return "" if told == "empty" else told
        if self.headers.get("Range"):
            return "video"
        accepts = self.headers.get("Accept", "")
        kinds = {"image/": "image", "text/html": "document", "text/css": "style"}
        by_accept = next((kind for start, kind in kinds.items() if accepts.startswith(start)), "")
        path = urlsplit(self.path).path
        return by_accept or ("script" if path.endswith((".js", ".mjs")) else "")


@cache
def _tls() -> ssl.SSLContext:
    """A certificate that no browser trusts: ours is told not to look at certificates, for it reaches nobody else."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "replay of an archived page")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=7))
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Python reads a certificate from a file only.
    handle, path = tempfile.mkstemp(prefix="celebs-replay-", suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(path)
    finally:
        os.unlink(path)
    return context


def own_address(browser_url: str) -> str:
    """The address by which a remote browser can reach this machine: the one it is reached from."""
    place = urlsplit(browser_url)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Nothing is sent: the system only says which way it would go.
        probe.connect((place.hostname or "127.0.0.1", place.port or 80))
        address: str = probe.getsockname()[0]
    return address
