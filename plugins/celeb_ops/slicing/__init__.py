"""Picture and facts → slices that a face recogniser can read well, at the least cost."""

from celeb_ops.slicing.cut import MAX_BYTES, cut, encoded
from celeb_ops.slicing.layout import LONG_SIDE_PX, MIN_PICTURE_PX, MIN_SIDE_PX, OVERLAP_PX, lay_out, spans
from celeb_ops.slicing.row_reader import RowReader

__all__ = [
    "LONG_SIDE_PX",
    "MAX_BYTES",
    "MIN_PICTURE_PX",
    "MIN_SIDE_PX",
    "OVERLAP_PX",
    "RowReader",
    "cut",
    "encoded",
    "lay_out",
    "spans",
]
