"""Who is shown more or less than before, and how sure that is. Method, sources and an example: docs/trends.md."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from celeb_ops.dataset.tables import conformed
from celeb_ops.trends.history import SEEN, newest
from celeb_ops.trends.periods import across_break
from celeb_ops.trends.schema import SCHEMAS

if TYPE_CHECKING:
    from datetime import datetime

Z_95 = 1.96
"""Standard errors on either side of an estimate that are its 95 % interval."""
PRIOR_SHOWN = 2
"""The prior's weight: site-days that show the person, at the share of both windows, that are added to each of them."""
HEAD_Q = 0.1
"""The greatest share of reported movers that may be there by chance (``q``, docs/trends.md)."""
MIN_SITE_DAYS = 3
"""In both windows, for a trend; on at least MIN_DAYS days."""
MIN_DAYS = 2
MIN_NEW_SITE_DAYS = 2
"""In the window, for a newcomer or returner: a person seen once is no trend."""
ALIKE = 51
"""People of about as many site-days who are put together to see how their news come: evenly, or in stories."""
MIN_COVERED = 0.5
"""The least share of days before that have a seen capture: while nothing was seen, nobody can have been new."""


class Window(NamedTuple):
    """Two stretches of days that are compared: ``now`` up to the newest run, and those ``before`` it."""

    kind: str
    now: int
    before: int

    @property
    def days(self) -> int:
        return self.now + self.before


WINDOWS = (Window("week", 7, 28), Window("month", 28, 112))


def movers(captures: pl.DataFrame, showings: pl.DataFrame, window: Window) -> pl.DataFrame:
    """``movers`` of one kind; none where no site was seen in both stretches of days."""
    last = newest(captures)
    recent = _in_days(captures.filter(SEEN), last, window).filter(pl.col("day") < window.days)
    weights, now_days, before_days = _weights(recent)
    if weights.is_empty():
        return pl.DataFrame(schema=SCHEMAS["movers"])
    recent = recent.join(weights, on="site")
    seen_before, seen_now = recent.height - recent["is_now"].sum(), recent["is_now"].sum()
    by_day = _in_days(showings, last, window)
    compared = by_day.filter(pl.col("day") < window.days).join(weights, on="site")
    site_days = compared.group_by("name", "site", "day", "is_now", "weight").len("captures")
    covered = recent.filter(~pl.col("is_now"))["day"].n_unique() >= MIN_COVERED * window.before
    last_before = pl.col("day").filter(~pl.col("is_now")).min().alias("last_before")
    return (
        _counts(site_days)
        .join(by_day.group_by("name").agg(last_before), on="name")
        .with_columns((pl.col("site_days") - pl.col("y_now")).cast(pl.Int64).alias("all"))
        .sort("all")
        .join_asof(_dispersions(recent, site_days, window), on="all", strategy="nearest")
        .with_columns(pl.col("dispersion").fill_null(1.0))
        .with_columns(_change(now_days, before_days))
        .with_columns(
            kind=pl.lit(window.kind),
            period=pl.lit(last.date() - timedelta(days=window.now - 1)),
            seen_now=pl.lit(seen_now),
            seen_before=pl.lit(seen_before),
            share_now=pl.col("captures_now") / seen_now,
            share_before=pl.col("captures_before") / seen_before,
            across_break=pl.lit(across_break(recent)),
            low=pl.col("change") - Z_95 * pl.col("error"),
            high=pl.col("change") + Z_95 * pl.col("error"),
            z=pl.col("change") / pl.col("error"),
        )
        .with_columns(mover=_mover(window, covered))
        .pipe(_with_q)
        .sort("name")
        .pipe(conformed, SCHEMAS["movers"])
    )


def _in_days(rows: pl.DataFrame, last: datetime, window: Window) -> pl.DataFrame:
    """The rows with their ``day``: 0 is the 24 h up to the newest run, so that no half day stands at an end."""
    day = (pl.lit(last) - pl.col("time")).dt.total_seconds() // 86_400
    return rows.with_columns(day.alias("day"), (day < window.now).alias("is_now"))


def _weights(recent: pl.DataFrame) -> tuple[pl.DataFrame, float, float]:
    """``weight`` of a site-day before, by site; and how many site-days there are now and, in effect, before.

    Sites that were seen in only one of the windows are left out. The others' days before are weighted to have the
    sites in the proportions of now: a site that failed for a week would look like a change of the people it shows.
    Their number in effect is Kish's: (Σ n)² / Σ (n² / m), for n site-days now and m before. It is their plain number
    where the proportions are the same, and each weight is 1.
    """
    site_days = recent.select("site", "day", "is_now").unique().group_by("site")
    counts = site_days.agg(n=pl.col("is_now").sum(), m=(~pl.col("is_now")).sum())
    sites = counts.filter(pl.col("n") > 0, pl.col("m") > 0)
    if sites.is_empty():
        return sites, 0, 0
    now = float(sites["n"].sum())
    before = now**2 / float((sites["n"] ** 2 / sites["m"]).sum())
    return sites.select("site", (pl.col("n") / pl.col("m") * before / now).alias("weight")), now, before


def _counts(site_days: pl.DataFrame) -> pl.DataFrame:
    """By person: captures, site-days (``y_now`` plain, ``y_before`` weighted, ``site_days`` both plain) and days."""
    is_now = pl.col("is_now")
    return site_days.group_by("name").agg(
        captures_now=pl.col("captures").filter(is_now).sum(),
        captures_before=pl.col("captures").filter(~is_now).sum(),
        days=pl.col("day").n_unique(),
        y_now=is_now.sum(),
        y_before=pl.col("weight").filter(~is_now).sum(),
        site_days=pl.len(),
    )


def _dispersions(recent: pl.DataFrame, site_days: pl.DataFrame, window: Window) -> pl.DataFrame:
    """``dispersion`` by ``all``, site-days before: how many times more they vary from one stretch of days to the next
    than independent ones would.

    Pearson's χ² by its degrees of freedom, over the stretches before that are as long as now; 1 at the least. News come
    in stories of several sites and days, those of little known people more so: the mean is that of people alike.
    """
    stretch = (pl.col("day") // window.now).alias("stretch")
    before = ~pl.col("is_now")
    n = recent.filter(before).select("site", "day", stretch).unique().group_by("stretch").agg(pl.len().alias("n"))
    total, freedom = n["n"].sum(), n.height - 1
    share = pl.col("y").sum() / total
    chi_square = ((pl.col("y") ** 2 / pl.col("n")).sum() - share**2 * total) / (share * (1 - share))
    return (
        site_days.filter(before)
        .group_by("name", stretch)
        .len("y")
        .join(n, on="stretch")
        .group_by("name")
        .agg(pl.col("y").sum().cast(pl.Int64).alias("all"), chi_square.alias("chi_square"))
        .filter((pl.col("all") >= MIN_SITE_DAYS) & (pl.col("all") < total) & (freedom > 0))
        .sort("all", "name")
        .with_columns(pl.col("chi_square").rolling_mean(ALIKE, min_samples=1, center=True) / freedom)
        .group_by("all")
        .agg(pl.max_horizontal(pl.col("chi_square").mean(), 1.0).alias("dispersion"))
        .sort("all")
    )


def _change(n_now: float, n_before: float) -> list[pl.Expr]:
    """``change``, the log-odds ratio of now and before, each with the prior, and its standard ``error``."""
    share = (pl.col("y_now") + pl.col("y_before") + 0.5) / (n_now + n_before + 1)
    # Of those who are nearly always shown, so many that don't show them.
    prior = PRIOR_SHOWN / pl.min_horizontal(share, 1 - share)
    cells = [
        pl.col("y_now") + prior * share,
        n_now - pl.col("y_now") + prior * (1 - share),
        pl.col("y_before") + prior * share,
        n_before - pl.col("y_before") + prior * (1 - share),
    ]
    change = (cells[0] / cells[1]).log() - (cells[2] / cells[3]).log()
    variance = pl.sum_horizontal(1 / cell for cell in cells) * pl.col("dispersion")
    return [change.alias("change"), variance.sqrt().alias("error")]


_TESTED = (pl.col("site_days") >= MIN_SITE_DAYS) & (pl.col("days") >= MIN_DAYS)


def _mover(window: Window, covered: bool) -> pl.Expr:
    never_before = pl.col("last_before").is_null()
    fresh = (never_before | (pl.col("last_before") >= window.days)) & (pl.col("y_now") >= MIN_NEW_SITE_DAYS) & covered
    cases = {
        "newcomer": fresh & never_before,
        "returner": fresh,
        "rising": _TESTED & (pl.col("z") >= Z_95),
        "falling": _TESTED & (pl.col("z") <= -Z_95),
        "absent": pl.col("captures_now") == 0,
    }
    return pl.coalesce(*(pl.when(case).then(pl.lit(mover)) for mover, case in cases.items()), pl.lit("steady"))


def _with_q(people: pl.DataFrame) -> pl.DataFrame:
    """With ``q``: the share of people with no greater q who are expected by chance (Benjamini and Hochberg 1995)."""
    from scipy.stats import false_discovery_control, norm

    tested = people.filter(_TESTED)
    p = 2 * norm.sf(tested["z"].abs().to_numpy())
    q = pl.Series("q", false_discovery_control(p), pl.Float64)
    return people.join(tested.select("name", q), on="name", how="left")
