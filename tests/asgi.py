"""Asks an app without a server, and with the path as it is written: a client of HTTP would tidy it first."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import httpx
from starlette.types import ASGIApp, Message


def get(app: ASGIApp, address: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """What the app answers to a GET of a path, with or without a query."""
    path, _, query = address.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
    }
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        said.append(message)

    asyncio.run(app(scope, receive, send))
    start, *bodies = said
    return httpx.Response(
        start["status"], headers=start["headers"], content=b"".join(body.get("body", b"") for body in bodies)
    )
