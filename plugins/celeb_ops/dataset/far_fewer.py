"""Sites that show far fewer faces than they used to: their page was redesigned, or did not load whole."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from celeb_ops.core import keys
from celeb_ops.dataset.schema import CAPTURES
from celeb_ops.dataset.tables import from_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from celeb_ops.core.store import Store

_MIN_CAPTURES, _MAX_CAPTURES = 5, 20
"""The number of earlier captures for the median."""
_MIN_USUAL_FACES = 6
"""A page that usually shows fewer faces may well show none once."""
_FEWER_BY = 3


def far_fewer(store: Store, when: datetime) -> Iterator[str]:
    """A sentence for each site of a merged run that shows less than a third of its usual number of faces.

    Compared with earlier captures of this month and the last one, of the same recogniser and source.
    """
    months = {keys.captures(when), keys.captures(when.replace(day=1) - timedelta(days=1))}
    tables = [from_parquet(store.read(key), CAPTURES, store.url(key)) for key in sorted(months) if store.exists(key)]
    rows = pl.concat(tables or [pl.DataFrame(schema=CAPTURES.dtypes)]).filter(outcome="seen")
    alike = ["site", "source", "recognizer", "recognizer_version", "gallery"]
    earlier = rows.filter(pl.col("time") < when).sort("time").group_by(alike).tail(_MAX_CAPTURES)
    usual = earlier.group_by(alike).agg(pl.len().alias("captures"), pl.col("faces").median().alias("usual"))
    now = rows.filter(time=when).join(usual, on=alike, nulls_equal=True)
    dropped = pl.col("faces") * _FEWER_BY < pl.col("usual")
    few = now.filter(pl.col("captures") >= _MIN_CAPTURES, pl.col("usual") >= _MIN_USUAL_FACES, dropped)
    for site, faces, usually, captures in few.sort("site").select("site", "faces", "usual", "captures").iter_rows():
        yield (
            f"{site} shows {faces} faces; the median of its last {captures} captures was {usually:.0f}. If its "
            "page was not redesigned, it may not have loaded whole: look at the picture."
        )
