"""The newest pictures of each person, the evidence for their name, and the newest texts that name them.

A picture, or a text, on two pages or in two runs is one.
"""

from __future__ import annotations

import io
from typing import Any

import polars as pl

from celeb_ops.dataset.tables import conformed
from celeb_ops.trends.schema import SCHEMAS

PER_PERSON = 24
"""Pictures of a person that are kept."""
TEXTS = 12
"""Headlines and alt texts of a person that are kept."""

_PAGE = (pl.col("time").dt.epoch("s"), pl.col("site").cast(pl.String))
# Of a picture that stands in the page itself only `data:` is kept, of an address that names somebody who asked not to
# be in the dataset nothing: those are not one and the same picture.
_ADDRESS = pl.coalesce(
    pl.col("picture_url").replace(["", "data:"], None), pl.format("{} {} {}", *_PAGE, pl.col("picture"))
)
PICTURE = pl.when(_ADDRESS.is_not_null()).then(_ADDRESS.hash()).alias("which")
"""A digest (64 bits) of the picture's address, or of its place on this page where it has none; null: no picture."""
_FACE = pl.format("{} {} {} {}", *_PAGE, pl.col("left"), pl.col("top")).hash()
"""It stands for the picture of a face that is on none."""

_SCHEMA = {**SCHEMAS["evidence"], "id": pl.String}
_NEWEST_AND_SUREST = {"time": True, "confidence": True, "site": False, "left": False, "top": False}
"""The order of somebody's pictures: by column, whether it descends."""


def pictures() -> Newest:
    """``evidence``, with ``id`` beside its columns."""
    return Newest(_SCHEMA, pl.coalesce(PICTURE, _FACE), _NEWEST_AND_SUREST, PER_PERSON)


def texts() -> Newest:
    """``headlines``."""
    order = {"time": True, "shown": True, "site": False, "text": False}
    # A text that named somebody else, who asked to be removed, was emptied.
    which = pl.when(pl.col("text") != "").then(pl.col("text").hash()).alias("which")
    return Newest(SCHEMAS["headlines"], which, order, TEXTS)


class Newest:
    """Gathers them from months that come newest first: who has enough of them takes no more of older ones."""

    def __init__(self, schema: dict[str, Any], which: pl.Expr, order: dict[str, bool], most: int) -> None:
        """:param which: a digest of what counts once; null: nothing. :param order: by column, whether it descends."""
        self._schema, self._which, self._order, self._most = schema, which, order, most
        self._packed: list[bytes] = []
        """Parquet: a row of a table keeps the texts of its whole month in memory."""
        self._known = pl.DataFrame(schema={"name": pl.Categorical(), "which": pl.UInt64})

    def add(self, rows: pl.DataFrame) -> None:
        """Take what is new and needed of a month that is older than all before it."""
        have = self._known.group_by("name").len("have")
        news = (
            rows.join(have.filter(pl.col("have") >= self._most), on="name", how="anti")
            .with_columns(self._which)
            .filter(pl.col("which").is_not_null())
            .join(self._known, on=["name", "which"], how="anti")
            # The newest row stands for a picture; of several in one capture the surest.
            .sort(*self._order, descending=[*self._order.values()])
            .unique(["name", "which"], keep="first", maintain_order=True)
            .join(have, on="name", how="left", maintain_order="left")
            .filter(pl.int_range(pl.len()).over("name") + pl.col("have").fill_null(0) < self._most)
        )
        packed = io.BytesIO()
        conformed(news, self._schema).write_parquet(packed, compression="lz4")
        self._packed.append(packed.getvalue())
        self._known = pl.concat([self._known, news.select("name", "which")])

    def table(self) -> pl.DataFrame:
        parts = [pl.DataFrame(schema=self._schema), *(pl.read_parquet(io.BytesIO(one)) for one in self._packed)]
        return pl.concat(parts).sort("name", *self._order, descending=[False, *self._order.values()])
