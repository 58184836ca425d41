"""Who appears with whom: in the same picture, on the same page."""

from __future__ import annotations

import polars as pl

from celeb_ops.trends.evidence import PICTURE

PER_PERSON = 20
"""Others of a person that are kept."""
MIN_PAGES = 2
"""Once on the same page is chance."""
_MONTHS_AT_ONCE = 12
"""Months whose pairs are held one by one: each has some 100,000 of them."""

_CODE = pl.col("name").to_physical().cast(pl.UInt64).alias("code")
# A pair is one number, of the two names' codes: millions of them are counted.
_CODES = 2**32
_WEIGHT = pl.col("pictures").cast(pl.UInt64) * 2**32 + pl.col("pages")
"""The sort key of a person's companions."""


class CoOccurrence:
    """Gathers pairs month by month: all pairs of ten years at once would be tens of millions of rows."""

    def __init__(self) -> None:
        self._names = [pl.DataFrame(schema={"code": pl.UInt64, "name": pl.String})]
        self._pages = [pl.DataFrame(schema={"pair": pl.UInt64})]
        self._counted: list[pl.DataFrame] = []
        self._pictures = [pl.DataFrame(schema={"pair": pl.UInt64, "which": pl.UInt64})]

    def add(self, sightings: pl.DataFrame) -> None:
        """Take a month's pairs."""
        self._names.append(sightings.select(_CODE, pl.col("name").cast(pl.String)).unique())
        self._pages.append(_pairs(sightings.select("time", "site", _CODE)).select("pair"))
        self._pictures.append(_pairs(sightings.select(PICTURE, _CODE).drop_nulls()))
        if len(self._pages) > _MONTHS_AT_ONCE:
            self._count()

    def table(self) -> pl.DataFrame:
        """``together``: each pair both ways."""
        self._count()
        pages = pl.concat(self._counted).group_by("pair").agg(pl.col("pages").sum())
        pictures = pl.concat(self._pictures).unique().group_by("pair").len("pictures")
        pairs = (
            pages.filter(pl.col("pages") >= MIN_PAGES)
            .join(pictures, on="pair", how="left")
            .with_columns(pl.col("pictures").fill_null(0))
        )
        ways = [
            (pl.col("pair") // _CODES, pl.col("pair") % _CODES),
            (pl.col("pair") % _CODES, pl.col("pair") // _CODES),
        ]
        names = pl.concat(self._names).unique()
        return (
            pl.concat([pairs.select(one.alias("one"), two.alias("two"), "pictures", "pages") for one, two in ways])
            # First who may be among the best at all: sorting all of the pairs takes seconds.
            .filter(_WEIGHT.top_k(PER_PERSON).min().over("one") <= _WEIGHT)
            .join(names, left_on="one", right_on="code")
            .join(names.rename({"name": "other"}), left_on="two", right_on="code")
            .sort("name", "pictures", "pages", "other", descending=[False, True, True, False])
            .filter(pl.int_range(pl.len()).over("name") < PER_PERSON)
        )

    def _count(self) -> None:
        self._counted.append(pl.concat(self._pages).group_by("pair").len("pages"))
        self._pages = [self._pages[0].clear()]


def _pairs(coded: pl.DataFrame) -> pl.DataFrame:
    """Each ``pair`` of two different codes at the same place once. :param coded: ``code``, and the place."""
    once = coded.unique()
    place = [column for column in coded.columns if column != "code"]
    both = once.join(once, on=place, suffix="_b").filter(pl.col("code") < pl.col("code_b"))
    return both.select((pl.col("code") * _CODES + pl.col("code_b")).alias("pair"), *place)
