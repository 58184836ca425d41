"""The newest pictures of each person, as a page shows them for proof."""

from __future__ import annotations

import io

import polars as pl

from celeb_ops.trends.pictures import FACE, PICTURE
from celeb_ops.trends.tables import SCHEMAS, in_form

A_PERSON = 24
"""Pictures of a person that are kept."""

_SCHEMA = {**SCHEMAS["evidence"], "id": pl.String}


class Evidence:
    """Gathers them from months that come newest first: who has enough of them takes no more of older ones."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        """Parquet: a row of a table keeps the texts of its whole month in memory."""
        self._known = pl.DataFrame(schema={"name": pl.Categorical(), "which": pl.UInt64})

    def add(self, sightings: pl.DataFrame) -> None:
        """Take what is new and needed of a month that is older than all before it."""
        have = self._known.group_by("name").len("have")
        full = have.filter(pl.col("have") >= A_PERSON)
        news = (
            sightings.join(full, on="name", how="anti")
            .with_columns(pl.coalesce(PICTURE, FACE))
            .join(self._known, on=["name", "which"], how="anti")
            # The newest sighting on a picture stands for it; of several in one capture the surest.
            .sort("time", "confidence", "site", "left", "top", descending=[True, True, False, False, False])
            .unique(["name", "which"], keep="first", maintain_order=True)
            .join(have, on="name", how="left", maintain_order="left")
            .filter(pl.int_range(pl.len()).over("name") + pl.col("have").fill_null(0) < A_PERSON)
        )
        packed = io.BytesIO()
        in_form(news, _SCHEMA).write_parquet(packed, compression="lz4")
        self._kept.append(packed.getvalue())
        self._known = pl.concat([self._known, news.select("name", "which")])

    def table(self) -> pl.DataFrame:
        """``evidence``, with ``id`` beside its columns."""
        table = pl.concat([pl.DataFrame(schema=_SCHEMA), *(pl.read_parquet(io.BytesIO(one)) for one in self._kept)])
        return table.sort(
            "name", "time", "confidence", "site", "left", "top", descending=[False, True, True, False, False, False]
        )
