"""The newest pictures of each person: the evidence for their name. A picture on two pages, or in two runs, is one."""

from __future__ import annotations

import io

import polars as pl

from celeb_ops.dataset.tables import conformed
from celeb_ops.trends.schema import SCHEMAS

PER_PERSON = 24
"""Pictures of a person that are kept."""

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


class Evidence:
    """Gathers them from months that come newest first: who has enough of them takes no more of older ones."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        """Parquet: a row of a table keeps the texts of its whole month in memory."""
        self._known = pl.DataFrame(schema={"name": pl.Categorical(), "which": pl.UInt64})

    def add(self, sightings: pl.DataFrame) -> None:
        """Take what is new and needed of a month that is older than all before it."""
        have = self._known.group_by("name").len("have")
        news = (
            sightings.join(have.filter(pl.col("have") >= PER_PERSON), on="name", how="anti")
            .with_columns(pl.coalesce(PICTURE, _FACE))
            .join(self._known, on=["name", "which"], how="anti")
            # The newest sighting on a picture stands for it; of several in one capture the surest.
            .sort(*_NEWEST_AND_SUREST, descending=[*_NEWEST_AND_SUREST.values()])
            .unique(["name", "which"], keep="first", maintain_order=True)
            .join(have, on="name", how="left", maintain_order="left")
            .filter(pl.int_range(pl.len()).over("name") + pl.col("have").fill_null(0) < PER_PERSON)
        )
        packed = io.BytesIO()
        conformed(news, _SCHEMA).write_parquet(packed, compression="lz4")
        self._packed.append(packed.getvalue())
        self._known = pl.concat([self._known, news.select("name", "which")])

    def table(self) -> pl.DataFrame:
        """``evidence``, with ``id`` beside its columns."""
        table = pl.concat([pl.DataFrame(schema=_SCHEMA), *(pl.read_parquet(io.BytesIO(one)) for one in self._packed)])
        return table.sort("name", *_NEWEST_AND_SUREST, descending=[False, *_NEWEST_AND_SUREST.values()])
