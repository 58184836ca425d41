"""Whether the uncertainty is honest: on made-up news without a change, and with one. Seeds are fixed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from celeb_ops.dataset.tables import conformed
from celeb_ops.trends import history
from celeb_ops.trends.movers import WINDOWS, Z_95, movers

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

WEEK = WINDOWS[0]
DAYS = 35
PEOPLE = 300
TEN = [f"P{number}" for number in range(10)]
NEWEST = datetime(2026, 11, 30, 20, tzinfo=UTC)
SITES = [f"S{number}" for number in range(9)]


def moved(there: NDArray[np.bool_], seen: NDArray[np.bool_] | None = None) -> pl.DataFrame:
    """Who moved, where ``there`` (people × sites × days, the newest last) says who is shown.

    Two runs a day repeat the day's pictures, on sites that were seen (sites × days) or failed.
    """
    _, sites, days = there.shape
    seen = np.ones((sites, days), bool) if seen is None else seen
    rows = [
        (NEWEST - timedelta(days=days - 1 - day + half / 2), SITES[site], "seen" if seen[site, day] else "failed")
        for site in range(sites)
        for day in range(days)
        for half in range(2)
    ]
    captures = pl.DataFrame(rows, schema=["time", "site", "outcome"], orient="row").with_columns(
        pl.lit("x").alias(column) for column in ("recognizer", "recognizer_version", "gallery", "source")
    )
    who, where, when = np.nonzero(there & seen[None])
    moments = pl.Series([NEWEST - timedelta(days=days - 1 - day) for day in range(days)])
    once = pl.DataFrame(
        {"name": [f"P{one}" for one in who], "site": [SITES[one] for one in where], "time": moments.gather(when)}
    )
    shown = pl.concat([once, once.with_columns(pl.col("time") - timedelta(hours=12))])
    return movers(conformed(captures, history.CAPTURES), conformed(shown, history.PRESENCES), WEEK)


def independent(random: np.random.Generator, share: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Each site decides anew each day. :param share: people × 1 × 1, or × sites × 1, or × sites × days."""
    return random.random((len(share), len(SITES), DAYS)) < share


def lasting(random: np.random.Generator, share: NDArray[np.float64]) -> NDArray[np.bool_]:
    """A picture stays for three days on average (geometric); ``share`` is that of site-days, about."""
    begins = random.random((len(share), len(SITES), DAYS + 40)) < share / 3
    return _spread(begins, random.geometric(1 / 3, begins.shape))[:, :, 40:]


def stories(random: np.random.Generator, share: NDArray[np.float64]) -> NDArray[np.bool_]:
    """A story is taken up by one to six sites within two days, and stays for one to four days on each."""
    total = DAYS + 40
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


def popularity(random: np.random.Generator, low: float, high: float) -> NDArray[np.float64]:
    """Shares of site-days, as many of each order of magnitude."""
    return np.exp(random.uniform(np.log(low), np.log(high), (PEOPLE, 1, 1)))


def steady(
    kind: Callable[..., NDArray[np.bool_]], random: np.random.Generator, low: float, high: float
) -> pl.DataFrame:
    return moved(kind(random, popularity(random, low, high)))


def unlike_sites_that_fail(random: np.random.Generator, low: float, high: float) -> pl.DataFrame:
    """Each site has favourites of its own; a tenth of the days fail, and most of a window on three of them."""
    favour = random.gamma(0.5, 2, (PEOPLE, 9, 1))
    seen = random.random((9, DAYS)) < 0.9
    seen[0, 28:] = seen[1, 28:33] = seen[2, :20] = False
    return moved(independent(random, np.minimum(popularity(random, low, high) * favour, 0.95)), seen)


EACH_DAY_ANEW = partial(steady, independent)
NULL = [EACH_DAY_ANEW, partial(steady, lasting), partial(steady, stories), unlike_sites_that_fail]


def compared(
    make: Callable[[np.random.Generator, float, float], pl.DataFrame], low: float, high: float
) -> pl.DataFrame:
    """Everybody who is tested, in eight such worlds."""
    return pl.concat([make(np.random.default_rng(seed), low, high).drop_nulls("q") for seed in range(8)])


def surprising(table: pl.DataFrame) -> float:
    return float((table["z"].abs() >= Z_95).mean())  # type: ignore[arg-type]


@pytest.mark.parametrize("make", NULL, ids=["each day anew", "pictures stay", "stories", "unlike sites that fail"])
@pytest.mark.parametrize(("low", "high"), [(0.003, 0.02), (0.02, 0.1), (0.1, 0.5)])
def test_without_a_change_no_more_than_one_in_twenty_seems_to_have_one(
    make: Callable[[np.random.Generator, float, float], pl.DataFrame], low: float, high: float
) -> None:
    table = compared(make, low, high)
    assert table.height > 500
    assert surprising(table) <= 0.05
    # Of those that q would keep at a tenth, all are wrong: hardly any may be kept.
    assert (table["q"] < 0.1).mean() <= 0.005


def test_it_is_not_so_sure_that_nothing_could_be_found() -> None:
    assert surprising(compared(EACH_DAY_ANEW, 0.1, 0.5)) >= 0.02


def test_a_true_doubling_is_found() -> None:
    """Of ten people whose share grew, among many for whom it did not; and of the others hardly anybody."""
    found = []
    for seed in range(8):
        share = np.full((PEOPLE, 1, DAYS), 0.05)
        share[:10, :, :-7], share[:10, :, -7:] = 0.2, 0.4
        table = moved(independent(np.random.default_rng(seed), share))
        changed = pl.col("name").is_in(TEN)
        found.append([(part["mover"] == "rising").mean() for part in (table.filter(changed), table.filter(~changed))])
    really, falsely = np.mean(found, axis=0)
    assert really >= 0.8
    assert falsely <= 0.04


def test_a_fall_to_nothing_is_found() -> None:
    share = np.full((PEOPLE, 1, DAYS), 0.05)
    share[:10] = 0.2
    share[:10, :, -7:] = 0
    table = moved(independent(np.random.default_rng(1), share))
    assert table.filter(pl.col("name").is_in(TEN))["mover"].to_list() == ["falling"] * 10


def test_little_evidence_is_drawn_to_no_change() -> None:
    # Of who is seen three times, all of them now, the plain log-odds ratio would be infinite. With two site-days at the
    # share of both windows, 3.5/316, in each: ln(5 / 238.6) - ln(2 / 430.6).
    table = compared(EACH_DAY_ANEW, 0.003, 0.02)
    few = table.filter((pl.col("captures_now") == 6) & (pl.col("captures_before") == 0))
    assert few.height
    assert few["change"].to_list() == pytest.approx([1.507] * few.height, abs=1e-3)
    assert few["mover"].unique().to_list() == ["newcomer"]


class TestPeopleWhoseNewsComeInAnotherWayThanThoseOfMost:
    """Sixty well-known people among eight hundred who are rarely shown."""

    def known(self, many: Callable[..., NDArray[np.bool_]], rare: Callable[..., NDArray[np.bool_]]) -> pl.DataFrame:
        tables = []
        for seed in range(4):
            random = np.random.default_rng(seed)
            famous = many(random, np.exp(random.uniform(np.log(0.15), np.log(0.5), (60, 1, 1))))
            others = rare(random, np.exp(random.uniform(np.log(0.003), np.log(0.02), (800, 1, 1))))
            number = pl.col("name").cast(pl.String).str.slice(1).cast(pl.Int32)
            tables.append(moved(np.concatenate([famous, others])).filter(number < 60))
        return pl.concat(tables)

    def test_lasting_pictures_are_no_change_where_most_come_evenly(self) -> None:
        table = self.known(lasting, independent)
        assert surprising(table) <= 0.06

    def test_a_change_is_found_where_most_come_in_stories(self) -> None:
        def doubling(random: np.random.Generator, share: NDArray[np.float64]) -> NDArray[np.bool_]:
            late = np.arange(DAYS) >= DAYS - WEEK.now
            return independent(random, np.where(late, 0.4, 0.2) * np.ones_like(share))

        table = self.known(doubling, stories)
        assert (table["mover"] == "rising").mean() >= 0.5
