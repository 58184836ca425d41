"""Who appears with whom: in the same picture, on the same page."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from celeb_ops.trends.pictures import PICTURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

A_PERSON = 20
"""Others of a person that are kept."""
MIN_PAGES = 2
"""Once on the same page is chance."""
_COUNT_AFTER = 12
"""Months whose pairs are held one by one: each has some 100,000 of them."""

# A pair is one number, of the two names' codes: millions of them are counted.
_CODE_BITS = 32
_SITE_BITS = 24
_PAGE = (
    pl.col("time").dt.epoch("s").cast(pl.UInt64) * 2**_SITE_BITS + pl.col("site").to_physical().cast(pl.UInt64)
).alias("page")
_WEIGHT = pl.col("pictures").cast(pl.UInt64) * 2**32 + pl.col("pages")
"""By which a person's others are sorted."""


class Together:
    """Gathers pairs month by month: all pairs of ten years at once would be tens of millions of rows."""

    def __init__(self) -> None:
        self._names: list[pl.DataFrame] = [pl.DataFrame(schema={"name": pl.Categorical()})]
        self._pages = [pl.DataFrame(schema={"pair": pl.UInt64})]
        self._counted: list[pl.DataFrame] = []
        self._pictures = [pl.DataFrame(schema={"pair": pl.UInt64, "which": pl.UInt64})]

    def add(self, sightings: pl.DataFrame) -> None:
        """Count a month's pairs."""
        coded = sightings.select(_PAGE, PICTURE, pl.col("name").to_physical().cast(pl.UInt64).alias("code"))
        self._names.append(sightings.select("name").unique())
        self._pages.append(_pairs(coded.select(pl.col("page").alias("where"), "code")).select("pair"))
        pictures = _pairs(coded.select(pl.col("which").alias("where"), "code").drop_nulls())
        self._pictures.append(pictures.select("pair", pl.col("where").alias("which")))
        if len(self._pages) > _COUNT_AFTER:
            self._count()

    def table(self) -> pl.DataFrame:
        """``together``: each pair both ways."""
        self._count()
        pictures = pl.concat(self._pictures).unique().group_by("pair").agg(pl.len().alias("pictures"))
        pairs = (
            pl.concat(self._counted)
            .group_by("pair")
            .agg(pl.col("pages").sum())
            .filter(pl.col("pages") >= MIN_PAGES)
            .join(pictures, on="pair", how="left")
            .with_columns(
                pl.col("pictures").fill_null(0),
                (pl.col("pair") // 2**_CODE_BITS).alias("a"),
                (pl.col("pair") % 2**_CODE_BITS).alias("b"),
            )
        )
        names = self._alphabet()
        number = names.select("code", "number")
        numbered = pairs.join(number, left_on="a", right_on="code").join(
            number, left_on="b", right_on="code", suffix="_b"
        )
        ways = [("number", "number_b"), ("number_b", "number")]
        both = [numbered.select(pl.col(a).alias("one"), pl.col(b).alias("two"), "pictures", "pages") for a, b in ways]
        best = (
            pl.concat(both)
            # First who may be among the best at all: sorting all of the pairs takes seconds.
            .filter(_WEIGHT.top_k(A_PERSON).min().over("one") <= _WEIGHT)
            .sort("one", "pictures", "pages", "two", descending=[False, True, True, False])
            .filter(pl.int_range(pl.len()).over("one") < A_PERSON)
        )
        return best.with_columns(
            names["name"].gather(best["one"]).alias("name"), names["name"].gather(best["two"]).alias("other")
        )

    def _count(self) -> None:
        self._counted.append(pl.concat(self._pages).group_by("pair").agg(pl.len().alias("pages")))
        self._pages = [self._pages[0].clear()]

    def _alphabet(self) -> pl.DataFrame:
        """All names sorted, each with its ``code`` and its ``number`` in that order."""
        names = pl.concat(self._names).unique()
        coded = names.select(pl.col("name").to_physical().cast(pl.UInt64).alias("code"), pl.col("name").cast(pl.String))
        return coded.sort("name").with_row_index("number")


def _pairs(coded: pl.DataFrame) -> pl.DataFrame:
    """Each two different names at the same place once: ``pair`` and ``where``."""
    once = coded.unique().sort("where", "code")
    found = list(_neighbours(once["where"].to_numpy(), once["code"].to_numpy()))
    pair, where = (np.concatenate(column) for column in zip(*found, strict=True)) if found else (_NONE, _NONE)
    return pl.DataFrame({"pair": pair, "where": where})


_NONE: NDArray[np.uint64] = np.empty(0, np.uint64)


def _neighbours(
    where: NDArray[np.uint64], code: NDArray[np.uint64]
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
    """Pairs of rows of the same place, those ``apart`` rows at a time: a join would make each of them twice."""
    first = np.arange(len(where))
    for apart in count(1):
        # Whoever has no neighbour so far away has none further away.
        first = first[first + apart < len(where)]
        first = first[where[first] == where[first + apart]]
        if not first.size:
            return
        yield (code[first] << np.uint64(_CODE_BITS)) | code[first + apart], where[first]
