"""Which picture a face is on: the same one on another page, or in a later run, is the same picture."""

from __future__ import annotations

import polars as pl

_HERE = pl.format("{} {} {}", pl.col("time").dt.epoch("s"), pl.col("site").cast(pl.String), pl.col("picture"))
# Of a picture that stands in the page itself only `data:` is kept, of an address that names somebody who asked not to
# be in the dataset nothing: those are not one and the same picture.
_ADDRESS = pl.coalesce(pl.col("picture_url").replace(["", "data:"], None), _HERE)

PICTURE = pl.when(_ADDRESS.is_not_null()).then(_ADDRESS.hash()).alias("which")
"""A digest (64 bits) of the picture's address, or of its place on this page where it has none; null: no picture."""

FACE = pl.format(
    "{} {} {} {}", pl.col("time").dt.epoch("s"), pl.col("site").cast(pl.String), pl.col("left"), pl.col("top")
).hash()
"""A digest of the face itself: it stands for the picture of a face that is on none."""
