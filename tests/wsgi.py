"""Serves WSGI applications on loopback, which can cut their connections."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The application's address, on a free port of 127.0.0.1, as long as the context lasts."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True, name="wsgi")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def half(body: bytes, environ: dict[str, Any]) -> Iterator[bytes]:
    """The first half of a body; then the connection ends."""
    yield body[: len(body) // 2]
    hang_up(environ)


def hang_up(environ: dict[str, Any]) -> None:
    """End the connection. What is sent afterwards is lost."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
