"""What a web archive has recorded: WARC files whose pages and times a test makes up."""

from __future__ import annotations

import gzip
import io
from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Self

    from warcio.recordloader import ArcWarcRecord

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
        self._writer.write_record(self._response(url, when, body, content_type, status, headers or {}, gzipped))

    def redirect(self, url: str, when: datetime, to: str, status: int = 302) -> None:
        self.page(url, when, "", status=status, headers={"Location": to})

    def revisit(self, url: str, when: datetime, body: str | bytes, first: datetime) -> None:
        """A page that had not changed since ``first``, when it was recorded with this ``body``: no second copy."""
        again = self._response(url, when, body, "text/html; charset=utf-8", 200, {}, False)
        revisit = self._writer.create_revisit_record(
            url,
            digest=_digest(self._writer, again),
            refers_to_uri=url,
            refers_to_date=_warc_date(first),
            http_headers=again.http_headers,
            warc_headers_dict={"WARC-Date": _warc_date(when)},
        )
        self._writer.write_record(revisit)

    def _response(
        self,
        url: str,
        when: datetime,
        body: str | bytes,
        content_type: str,
        status: int,
        headers: Mapping[str, str],
        gzipped: bool,
    ) -> ArcWarcRecord:
        content = body.encode() if isinstance(body, str) else body
        if gzipped:
            content = gzip.compress(content, mtime=0)
            headers = {"Content-Encoding": "gzip", **headers}
        said = {"Content-Type": content_type, "Content-Length": str(len(content)), **headers}
        return self._writer.create_warc_record(
            url,
            "response",
            payload=io.BytesIO(content),
            http_headers=StatusAndHeaders(f"{status} {HTTPStatus(status).phrase}", list(said.items()), "HTTP/1.1"),
            warc_headers_dict={"WARC-Date": _warc_date(when)},
        )


def _digest(writer: WARCWriter, record: ArcWarcRecord) -> str:
    writer.ensure_digest(record, block=False, payload=True)
    return record.rec_headers.get_header("WARC-Payload-Digest")


def _warc_date(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
