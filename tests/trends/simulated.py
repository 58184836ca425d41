"""Made-up news for the statistics: who is shown on which site and day, with fixed seeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from celeb_ops.trends import history
from celeb_ops.trends.tables import in_form

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEWEST = datetime(2026, 11, 30, 20, tzinfo=UTC)
SITES = [f"S{number}" for number in range(9)]

Days = "NDArray[np.bool_]"
"""Whether a person is shown: people × sites × days, the last day the newest."""


@dataclass(frozen=True)
class News:
    """The tables that trends are counted from."""

    captures: pl.DataFrame
    shown: pl.DataFrame


def news(there: NDArray[np.bool_], seen: NDArray[np.bool_] | None = None) -> News:
    """Two runs a day that repeat the day's pictures, on sites that were seen (sites × days) or failed."""
    _, sites, days = there.shape
    seen = np.ones((sites, days), bool) if seen is None else seen
    rows = [
        (NEWEST - timedelta(hours=12 * half) - timedelta(days=days - 1 - day), SITES[site], bool(seen[site, day]))
        for site in range(sites)
        for day in range(days)
        for half in range(2)
    ]
    captures = pl.DataFrame(rows, schema=["time", "site", "seen"], orient="row").select(
        "time",
        "site",
        pl.when("seen").then(pl.lit("seen")).otherwise(pl.lit("failed")).alias("outcome"),
        *(pl.lit("x").alias(column) for column in ("recognizer", "recognizer_version", "gallery", "source")),
    )
    who, where, when = np.nonzero(there & seen[None])
    moments = pl.Series([NEWEST - timedelta(days=days - 1 - day) for day in range(days)])
    once = pl.DataFrame(
        {"name": [f"P{one}" for one in who], "site": [SITES[one] for one in where], "time": moments.gather(when)}
    )
    shown = pl.concat([once, once.with_columns(pl.col("time") - timedelta(hours=12))])
    return News(in_form(captures, history.CAPTURES), in_form(shown, history.SHOWN))


def independent(random: np.random.Generator, share: NDArray[np.float64], days: int) -> NDArray[np.bool_]:
    """Each site decides anew each day. :param share: people × 1 × 1, or × sites × 1, or × sites × days."""
    return random.random((len(share), len(SITES), days)) < share


def lasting(random: np.random.Generator, share: NDArray[np.float64], days: int, stays: float) -> NDArray[np.bool_]:
    """A picture stays for some days, ``stays`` on average (geometric); ``share`` is that of site-days, about."""
    begins = random.random((len(share), len(SITES), days + 40)) < share / stays
    lasts = random.geometric(1 / stays, begins.shape)
    return _spread(begins, lasts)[:, :, 40:]


def stories(random: np.random.Generator, share: NDArray[np.float64], days: int) -> NDArray[np.bool_]:
    """A story is taken up by one to six sites within two days, and stays for one to four days on each."""
    total = days + 40
    begins = np.zeros((len(share), len(SITES), total), bool)
    # 3.5 sites × 2.5 days of 9 sites.
    for person, day in zip(
        *np.nonzero(random.random((len(share), total)) < share[:, 0, :] * 9 / (3.5 * 2.5)), strict=True
    ):
        for site in random.choice(len(SITES), random.integers(1, 7), replace=False):
            begins[person, site, min(day + random.integers(0, 2), total - 1)] = True
    return _spread(begins, random.integers(1, 5, begins.shape))[:, :, 40:]


def _spread(begins: NDArray[np.bool_], lasts: NDArray[np.int64]) -> NDArray[np.bool_]:
    there = np.zeros_like(begins)
    for person, site, day in zip(*np.nonzero(begins), strict=True):
        there[person, site, day : day + lasts[person, site, day]] = True
    return there
