"""A web site on loopback that shows whatever a test makes up, and every way in which a site refuses its page."""

from __future__ import annotations

import contextlib
import io
import itertools
import re
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import trustme
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORIES = "".join(f"<p><a href=/ferry/{n}>The ferry came late again, day {n}</a></p>" for n in range(5))
WORDS = "<p>The harbour was quiet on Tuesday, and nobody could say when the ferry would come.</p>" * 4 + STORIES
"""Enough that a page with it is neither empty nor one that stands in for another."""


@dataclass(frozen=True)
class Request:
    """What the browser asked for."""

    path: str
    headers: dict[str, str]


@dataclass
class LocalSite:
    """A site under ``address``; :meth:`page` adds a page. Built in:

    ``/status/<n>`` an error page, ``/bare/<n>`` one without content,
    ``/loop`` a redirect in a circle, ``/never`` a connection that is not answered,
    ``/trickle/<bytes>`` that many bytes of page and then never its end, ``/flood`` a page without end,
    ``/picture/<rrggbb>/<width>x<height>.png``, ``/moving.gif`` (all with ``?delay=<s>``),
    ``/file`` a download, ``/redirect/<status>?<address>``, ``/with/<header>?<value>`` a page with a header.
    """

    address: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Media type and content by path."""
    answers: dict[str, tuple[dict[str, str], bytes]] = field(default_factory=dict)
    """Headers and body by path, sent as they are; then the connection ends."""
    asked: list[Request] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def page(self, html: str, path: str = "") -> str:
        """Add a page; its address."""
        path = path or f"/page-{next(self._numbers)}"
        self.pages[path] = html
        return self.address + path

    def answer_with(self, headers: dict[str, str], body: bytes) -> str:
        """Add a page that is sent as it is; its address."""
        path = f"/answer-{next(self._numbers)}"
        self.answers[path] = headers, body
        return self.address + path

    def paths(self) -> list[str]:
        return [request.path for request in self.asked]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(Request(request.path, dict(request.headers)))
        parts = urlsplit(request.path)
        kind, _, rest = parts.path.strip("/").partition("/")
        time.sleep(float(parse_qs(parts.query).get("delay", ["0"])[0]))
        if parts.path in self.pages:
            _send(request, 200, "text/html; charset=utf-8", self.pages[parts.path].encode())
        elif parts.path in self.answers:
            headers, content = self.answers[parts.path]
            request.send_response(200)
            for name, value in {"Content-Type": "text/html; charset=utf-8", "Connection": "close", **headers}.items():
                request.send_header(name, value)
            request.end_headers()
            # What comes together with the end of a broken connection is not shown.
            for part in (content[: len(content) // 2], content[len(content) // 2 :]):
                request.wfile.write(part)
                time.sleep(1)
        elif parts.path in self.files:
            _send(request, 200, *self.files[parts.path])
        elif kind == "status":
            body = f"<title>Error</title><h1>{rest}</h1><img src=/picture/cc4444/300x300.png>{WORDS}"
            _send(request, int(rest), "text/html", body.encode())
        elif kind == "bare":
            _send(request, int(rest), "text/html", b"")
        elif kind == "loop":
            _send(request, 302, "text/html", b"", Location="/loop")
        elif kind == "never":
            self.closing.wait()
        elif kind in {"trickle", "flood"}:
            self._without_end(request, int(rest) if rest else None)
        elif kind == "picture":
            _send(request, 200, "image/png", picture(*re.split("[/x.]", rest)[:3]))
        elif kind == "moving.gif":
            _send(request, 200, "image/gif", moving())
        elif kind == "redirect":
            _send(request, int(rest), "text/html", b"", Location=unquote(parts.query))
        elif kind == "with":
            body = b"<title>News</title><img src=/picture/cc4444/30x30.png>"
            _send(request, 200, "text/html", body, **{rest: unquote(parts.query)})
        elif kind == "file":
            _send(request, 200, "application/zip", b"PK", **{"Content-Disposition": "attachment; filename=gift.zip"})
        else:
            _send(request, 404, "text/html", b"<h1>Not here</h1>")

    def _without_end(self, request: BaseHTTPRequestHandler, size: int | None) -> None:
        """``size`` bytes and then nothing more, or a steady stream; the connection stays open in either case."""
        request.send_response(200)
        request.send_header("Content-Type", "text/html; charset=utf-8")
        request.end_headers()
        line = b"<p style='height: 200px'>" + b"All is quiet in the harbour. " * 40
        # The page has gone when the browser closes the connection.
        with contextlib.suppress(OSError):
            request.wfile.write(b"<title>Endless</title>" + (line * ((size or 0) // len(line) + 1))[: size or 0])
            while not self.closing.wait(0.05):
                request.wfile.write(b"" if size is not None else line)


def picture(colour: str, width: str, height: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (int(width), int(height)), f"#{colour}").save(out, "PNG")
    return out.getvalue()


def moving() -> bytes:
    """A GIF that changes its colour ten times a second."""
    first, *others = (Image.new("RGB", (60, 60), colour) for colour in ("blue", "red", "lime", "white"))
    out = io.BytesIO()
    first.save(out, "GIF", save_all=True, append_images=others, duration=100, loop=0)
    return out.getvalue()


def _send(request: BaseHTTPRequestHandler, status: int, kind: str, content: bytes, **headers: str) -> None:
    with contextlib.suppress(OSError):
        request.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(content)


@contextlib.contextmanager
def served(certificate: Path | None = None) -> Iterator[LocalSite]:
    """A site on a free port of 127.0.0.1; with the path of a certificate, over TLS."""
    site = LocalSite()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            site.answer(self)

        def do_GET(self) -> None:
            if urlsplit(self.path).path.split("/")[1] in {"trickle", "flood"}:
                self.protocol_version = "HTTP/1.0"
            site.answer(self)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    site.address = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield site
    finally:
        site.closing.set()
        server.shutdown()
        server.server_close()


def self_signed(folder: Path) -> Path:
    """A certificate for localhost that nobody vouches for, with its key, as one PEM file."""
    path = folder / "self-signed.pem"
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(path))
    return path
