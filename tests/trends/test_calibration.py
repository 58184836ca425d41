"""Whether the uncertainty is honest: on made-up news without a change, and with one. Seeds are fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from celeb_ops.trends.movers import WINDOWS, Z_95, movers
from tests.trends.simulated import News, independent, lasting, news, stories

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

WEEK = WINDOWS[0]
DAYS = 35
PEOPLE = 300
TEN = [f"P{number}" for number in range(10)]


def popularity(random: np.random.Generator, low: float, high: float) -> NDArray[np.float64]:
    """Shares of site-days, as many of each order of magnitude."""
    return np.exp(random.uniform(np.log(low), np.log(high), (PEOPLE, 1, 1)))


def each_day_anew(random: np.random.Generator, low: float, high: float) -> News:
    return news(independent(random, popularity(random, low, high), DAYS))


def pictures_that_stay(random: np.random.Generator, low: float, high: float) -> News:
    return news(lasting(random, popularity(random, low, high), DAYS, stays=3))


def stories_over_sites(random: np.random.Generator, low: float, high: float) -> News:
    return news(stories(random, popularity(random, low, high) * np.ones((1, 1, DAYS + 40)), DAYS))


def unlike_sites_that_fail(random: np.random.Generator, low: float, high: float) -> News:
    """Each site has favourites of its own; a tenth of the days fail, and most of a window on three of them."""
    favour = random.gamma(0.5, 2, (PEOPLE, 9, 1))
    seen = random.random((9, DAYS)) < 0.9
    seen[0, 28:] = seen[1, 28:33] = seen[2, :20] = False
    return news(independent(random, np.minimum(popularity(random, low, high) * favour, 0.95), DAYS), seen)


NULL = [each_day_anew, pictures_that_stay, stories_over_sites, unlike_sites_that_fail]


def compared(make: Callable[[np.random.Generator, float, float], News], low: float, high: float) -> pl.DataFrame:
    """Everybody who is tested, in eight such worlds."""
    tables = []
    for seed in range(8):
        made = make(np.random.default_rng(seed), low, high)
        tables.append(movers(made.captures, made.shown, WEEK).drop_nulls("q"))
    return pl.concat(tables)


def surprising(table: pl.DataFrame) -> float:
    return float((table["z"].abs() >= Z_95).mean())  # type: ignore[arg-type]


@pytest.mark.parametrize("make", NULL)
@pytest.mark.parametrize(("low", "high"), [(0.003, 0.02), (0.02, 0.1), (0.1, 0.5)])
def test_without_a_change_no_more_than_one_in_twenty_seems_to_have_one(
    make: Callable[[np.random.Generator, float, float], News], low: float, high: float
) -> None:
    table = compared(make, low, high)
    assert table.height > 500
    assert surprising(table) <= 0.05
    # Of those that q would keep at a tenth, all are wrong: hardly any may be kept.
    assert (table["q"] < 0.1).mean() <= 0.005


def test_it_is_not_so_sure_that_nothing_could_be_found() -> None:
    assert surprising(compared(each_day_anew, 0.1, 0.5)) >= 0.02


def test_a_true_doubling_is_found() -> None:
    """Of ten people whose share grew, among many for whom it did not; and of the others hardly anybody."""
    found = []
    for seed in range(8):
        share = np.full((PEOPLE, 1, DAYS), 0.05)
        share[:10, :, :-7], share[:10, :, -7:] = 0.2, 0.4
        made = news(independent(np.random.default_rng(seed), share, DAYS))
        table, changed = movers(made.captures, made.shown, WEEK), pl.col("name").is_in(TEN)
        found.append([(part["mover"] == "rising").mean() for part in (table.filter(changed), table.filter(~changed))])
    really, falsely = np.mean(found, axis=0)
    assert really >= 0.8
    assert falsely <= 0.04


def test_a_fall_to_nothing_is_found() -> None:
    share = np.full((PEOPLE, 1, DAYS), 0.05)
    share[:10] = 0.2
    share[:10, :, -7:] = 0
    made = news(independent(np.random.default_rng(1), share, DAYS))
    table = movers(made.captures, made.shown, WEEK)
    assert table.filter(pl.col("name").is_in(TEN))["mover"].to_list() == ["falling"] * 10


def test_little_evidence_is_drawn_to_no_change() -> None:
    # Of who is seen three times, all of them now, the plain log-odds ratio would be infinite. With two site-days at the
    # share of both windows, 3.5/316, in each: ln(5 / 238.6) - ln(2 / 430.6).
    table = compared(each_day_anew, 0.003, 0.02)
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
            made = news(np.concatenate([famous, others]))
            number = pl.col("name").cast(pl.String).str.slice(1).cast(pl.Int32)
            tables.append(movers(made.captures, made.shown, WEEK).filter(number < 60))
        return pl.concat(tables)

    def test_lasting_pictures_are_no_change_where_most_come_evenly(self) -> None:
        table = self.known(
            lambda random, share: lasting(random, share, DAYS, stays=3),
            lambda random, share: independent(random, share, DAYS),
        )
        assert surprising(table) <= 0.06

    def test_a_change_is_found_where_most_come_in_stories(self) -> None:
        def doubling(random: np.random.Generator, share: NDArray[np.float64]) -> NDArray[np.bool_]:
            late = np.arange(DAYS) >= DAYS - WEEK.now
            return independent(random, np.where(late, 0.4, 0.2) * np.ones_like(share), DAYS)

        table = self.known(doubling, lambda random, share: stories(random, share * np.ones((1, 1, DAYS + 40)), DAYS))
        assert (table["mover"] == "rising").mean() >= 0.5
