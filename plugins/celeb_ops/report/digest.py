"""The digest of the day or week that has ended: ``Report/digest.html``, and a mail of the same template."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.core import keys
from celeb_ops.report.crops import small_crop
from celeb_ops.report.leaderboard import lead
from celeb_ops.report.movement import sentence
from celeb_ops.report.rendering import render

if TYPE_CHECKING:
    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.core.store import Store
    from celeb_ops.report.table_cache import Load

MOVERS = 2
"""Times as many as the page has."""
ROWS = 10
"""Rows for the people shown most, and for sites that failed."""
CROP_PX = 144
"""Twice the size at which it is shown."""


@dataclass(frozen=True)
class Digest:
    """A day or a week (Monday to Sunday, in UTC) that has ended."""

    kind: str
    """``daily`` or ``weekly``."""
    first: date
    last: date
    run: datetime
    """The newest run, up to which movements are counted."""
    seen: int
    tried: int
    moving: Sequence[dict[str, Any]]
    """Rows of :func:`lead`, with their ``sentence``."""
    shown: Sequence[dict[str, Any]]
    """``name, captures, share, sites, crop``."""
    failed: Sequence[dict[str, Any]]
    """``site, failed, tried, reason``."""

    @property
    def days(self) -> str:
        """``23 to 29 Nov 2026``, ``30 Nov to 6 Dec 2026``."""
        if self.first == self.last:
            return f"{self.last:%-d %b %Y}"
        month = "" if self.first.month == self.last.month else f" {self.first:%b}"
        return f"{self.first:%-d}{month} to {self.last:%-d %b %Y}"

    @property
    def newest(self) -> str:
        return f"{self.run:%-d %b, %H:%M} UTC"


def digest(load: Load, removed: RemovalList, kind: str) -> Digest | None:
    """The digest of the last day or week before the newest run's; None: it had no run, or ``kind`` is ``off``.

    People who asked to be removed are not in it.
    """
    newest = load("runs")["time"].max()
    if kind == "off" or not isinstance(newest, datetime):
        return None
    today, period = newest.date(), {"daily": "day", "weekly": "week"}[kind]
    last = today - timedelta(days=1 if kind == "daily" else today.weekday() + 1)
    first = last if kind == "daily" else last - timedelta(days=6)
    captures = load("periods").filter(pl.col("period") == first, kind=period).to_dicts()
    if not captures:
        return None
    people = load("people").select("name", "crop")
    rows = load(f"{period}s").filter(pl.col("period") == first, pl.col("captures") > 0).join(people, on="name")
    shown = [
        row for row in rows.sort("captures", "name", descending=[True, False]).to_dicts() if not _out(row, removed)
    ]
    moving = [
        row | {"sentence": sentence(row)} | {what: _said(row[what], removed) for what in ("headline", "link")}
        for row in lead(load, MOVERS)
        if not _out(row, removed)
    ]
    seen, failed = captures[0]["seen"], captures[0]["failed"]
    return Digest(
        kind, first, last, newest, seen, seen + failed, moving, shown[:ROWS], _failed(load, removed, first, last)
    )


def _failed(load: Load, removed: RemovalList, first: date, last: date) -> list[dict[str, Any]]:
    failed = (
        load("site_days")
        .filter(pl.col("day").is_between(first, last))
        .group_by("site")
        .agg(pl.col("failed").sum(), tried=(pl.col("seen") + pl.col("failed")).sum())
        .filter(pl.col("failed") > 0)
        .join(load("sites").select("site", "last_reason"), on="site", how="left")
        .sort("failed", "site", descending=[True, False])
        .head(ROWS)
    )
    return [row | {"reason": _said(row["last_reason"], removed)} for row in failed.to_dicts()]


def _out(row: dict[str, Any], removed: RemovalList) -> bool:
    return removed.holds(row["name"])


def _said(text: str | None, removed: RemovalList) -> str:
    return "" if not text or removed.mentioned(text) else text


def page(one: Digest, picture: Callable[[str | None], str], home: str) -> str:
    """:param picture: the address of the picture at a key; empty: there is none. :param home: of the report."""
    return render("digest.html", one=one, picture=picture, home=home)


def write(store: Store, load: Load, removed: RemovalList, kind: str) -> None:
    """Write the page, or delete the one that is stale."""
    one = digest(load, removed, kind)

    def picture(key: str | None) -> str:
        jpeg = small_crop(store, key, CROP_PX) if key else b""
        return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}" if jpeg else ""

    if one:
        content = page(one, picture, "index.html").encode()
        store.update(keys.DIGEST, lambda _: content)
    else:
        store.delete(keys.DIGEST)
