"""What a web archive has recorded: WARC files whose pages and times a test makes up."""

import gzip
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Self

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

CHALLENGE = (
    "<!doctype html><title>Just a moment...</title><h1>example.com</h1>"
    "<p>Verify you are human by completing the action below.</p>"
)
"""What crawlers are given by sites that keep robots out; archives are full of it, with status 403 and with 200."""


class Recording:
    """A WARC file that is written for as long as the context lasts, compressed if ``path`` ends in ``.gz``.

    ``when`` is a time with its zone, in whole seconds: WARC and Memento know no finer ones.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        self._file = self.path.open("wb")
        self._writer = WARCWriter(self._file, gzip=self.path.suffix == ".gz")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def page(
        self,
        url: str,
        when: datetime,
        body: str | bytes,
        content_type: str = "text/html; charset=utf-8",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        gzipped: bool = False,
    ) -> None:
        """A page, picture, style sheet, …; ``gzipped``: the site sent it with ``Content-Encoding: gzip``."""
        content = body.encode() if isinstance(body, str) else body
        said = {"Content-Type": content_type, **(headers or {})}
        if gzipped:
            content, said = gzip.compress(content, mtime=0), {"Content-Encoding": "gzip", **said}
        said["Content-Length"] = str(len(content))
        self._writer.write_record(
            self._writer.create_warc_record(
                url,
                "response",
                payload=io.BytesIO(content),
                http_headers=StatusAndHeaders(f"{status} {HTTPStatus(status).phrase}", list(said.items()), "HTTP/1.1"),
                warc_headers_dict={"WARC-Date": f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"},
            )
        )

    def redirect(self, url: str, when: datetime, to: str, status: int = 302) -> None:
        self.page(url, when, "", status=status, headers={"Location": to})
