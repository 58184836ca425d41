"""A web server on loopback whose pages a test makes up, and changes as it goes."""

import mimetypes
import socket
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

NEVER = object()
"""A page that does not come."""


class Web:
    """Serves ``pages`` by path: content, an HTTP status, or NEVER. ``asked`` are the paths asked for, in order."""

    def __init__(self, pages: Mapping[str, Any], port: int = 0, host: str = "127.0.0.1") -> None:
        self.pages = dict(pages)
        self.asked: list[str] = []
        self._closing = threading.Event()
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web._answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((host, port), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def wait_until_asked(self, paths: set[str], within_s: float) -> None:
        """Wait until one of the paths was asked for."""
        deadline = time.monotonic() + within_s
        while not paths & set(self.asked):
            if time.monotonic() > deadline:
                raise TimeoutError(f"nobody asked for {paths} within {within_s:g} s, only for {self.asked}")
            time.sleep(0.05)

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        page = self.pages.get(request.path, 404)
        if page is NEVER:
            self._closing.wait()
            return
        status, body = (page, b"<h1>No</h1>") if isinstance(page, int) else (200, page)
        request.send_response(status)
        request.send_header("Content-Type", mimetypes.guess_type(request.path)[0] or "text/html; charset=utf-8")
        request.end_headers()
        request.wfile.write(body if isinstance(body, bytes) else body.encode())


def free_port() -> int:
    """A port of 127.0.0.1 where nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
