"""Decides where to cut: page areas that may show a face → slices; only geometry.

A slice is a stack of bands of page rows. Cut lines run where no picture is, rows without one are in no slice, and
the rest is stacked until a slice is full, because a slice is what the recogniser is paid for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from celeb_ops.core.records import GUTTER_PX, LeftOut, Span, stack_layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from celeb_ops.core.geometry import Box

LONG_SIDE_PX = 1_920
"""Rekognition finds faces of 40 px and up on a picture of this long side, and only larger ones on a larger one."""
OVERLAP_PX = 400
"""The largest face to expect: it is whole in one of two neighbouring slices of a picture taller than a slice."""
MIN_SIDE_PX = 80
"""Rekognition refuses a picture that is smaller on either side."""
MIN_PICTURE_PX = 40
"""In a picture smaller than this on either side, no face can be recognised."""
_CONTEXT_PX = 16
"""Page around a picture that goes into the slice with it."""

MOST_AREAS = 2_000
"""Areas of a page that are looked at, at most; the largest count. A small one is magnified and takes 20 ms, so these
take 40 s; 20,000 thumbnails took 7 minutes."""
MOST_SLICES = 100
"""The most slices of a page; for a very large page, twice the number that a single picture of its size would need.
Without overlaps there are never so many; pictures a few px below each other gave 5,000 slices, each paid for."""

LEFT_OUT = f"no picture of {MIN_PICTURE_PX} px or more"
BEYOND = f"pictures smaller than the {MOST_AREAS:,} largest"


@dataclass(frozen=True)
class Layout:
    """Page rows, stacked from the top, and for each slice of them its page columns."""

    bands: tuple[Span, ...]
    columns: tuple[Span, ...]


def spans(length: int) -> list[Span]:
    """Half-open spans of at most ``LONG_SIDE_PX`` that cover ``[0, length)`` and overlap by ``OVERLAP_PX``.

    The last one is shifted back to full size, so none is a sliver (the way of SAHI's slicing).
    """
    last = length - LONG_SIDE_PX
    if last <= 0:
        return [Span(0, length)]
    return [Span(start, start + LONG_SIDE_PX) for start in (*range(0, last, LONG_SIDE_PX - OVERLAP_PX), last)]


def lay_out(
    width: int, height: int, areas: Iterable[Box], beyond: Sequence[Box] = ()
) -> tuple[list[Layout], list[LeftOut]]:
    """The slices of a page, from the top, and the rows that are in none of them.

    Every area that is no larger than a slice is whole in one. A page without any still has one slice, its top.
    Where areas overlap so that this takes very many slices, the page is cut like one picture.

    :param areas: boxes in page px where a face may be; smaller than ``MIN_PICTURE_PX`` they are passed over.
    :param beyond: areas that are not looked at, because there are too many.
    """
    useful = useful_areas(areas, width, height)
    bands = bands_of([Span(box.top, box.bottom) for box in useful], height)
    if not bands:
        bands, useful = [Span(0, min(height, LONG_SIDE_PX))], []
    stacks = _stacked(bands, height)
    grid = [Layout((rows,), tuple(spans(width))) for rows in spans(height)]
    most = max(MOST_SLICES, 2 * len(grid) * len(grid[0].columns))
    layouts = [Layout(tuple(stack), tuple(_columns(stack, useful, width))) for stack in stacks[:most]]
    if len(stacks) > most or sum(len(one.columns) for one in layouts) > most:
        layouts = grid
    return layouts, _left_out([band for layout in layouts for band in layout.bands], beyond, height)


def largest(areas: Sequence[Box]) -> tuple[list[Box], list[Box]]:
    """The ``MOST_AREAS`` largest areas, and the others; both in the order given."""
    large = set(sorted(areas, key=lambda box: -box.area)[:MOST_AREAS])
    return [box for box in areas if box in large], [box for box in areas if box not in large]


def useful_areas(areas: Iterable[Box], width: int, height: int) -> list[Box]:
    """The parts of the areas that are on the page, each once, without those too small for a recognisable face."""
    clipped = dict.fromkeys(area.clipped(width, height) for area in areas)
    return [box for box in clipped if min(box.width, box.height) >= MIN_PICTURE_PX]


def bands_of(intervals: Iterable[Span], length: int) -> list[Span]:
    """Bands of at most ``LONG_SIDE_PX`` that hold every interval no longer than that whole, sorted by their starts.

    They touch or overlap only where intervals do: elsewhere a line between two of them cuts nothing.
    """
    pieces = [Span(one.start + piece.start, one.start + piece.stop) for one in intervals for piece in spans(one.size)]
    bands: list[Span] = []
    for one in sorted(pieces):
        last = bands[-1] if bands else None
        if last and one.start < last.stop and max(one.stop, last.stop) - last.start <= LONG_SIDE_PX:
            bands[-1] = Span(last.start, max(one.stop, last.stop))
        elif not last or one.stop > last.stop:
            bands.append(one)
    return _with_context(bands, length)


def _with_context(bands: Sequence[Span], length: int) -> list[Span]:
    """Each band with some page around it, as far as it has room and the page between two of them allows."""
    if not bands:
        return []
    between = [max(below.start - above.stop, 0) // 2 for above, below in pairwise(bands)]
    gaps = [bands[0].start, *between, length - bands[-1].stop]
    grown = []
    for band, above, below in zip(bands, gaps, gaps[1:], strict=False):
        room = (LONG_SIDE_PX - band.size) // 2
        grown.append(Span(band.start - min(_CONTEXT_PX, above, room), band.stop + min(_CONTEXT_PX, below, room)))
    return grown


def _stacked(bands: Sequence[Span], height: int) -> list[list[Span]]:
    """Bands put together, in their order, until a slice is full; those next to each other become one."""
    stacks: list[list[Span]] = []
    for band in bands:
        stack = stacks[-1] if stacks else None
        if stack and stack_layout([*stack, band])[1] <= LONG_SIDE_PX and band.start >= stack[-1].stop:
            if band.start - stack[-1].stop <= GUTTER_PX:
                stack[-1] = Span(stack[-1].start, band.stop)
            else:
                stack.append(band)
        else:
            stacks.append([band])
    for stack in stacks:
        missing = MIN_SIDE_PX - stack_layout(stack)[1]
        if missing > 0:
            start = max(stack[0].start - missing, 0)
            stack[0] = Span(start, min(max(stack[0].stop, start + MIN_SIDE_PX), height))
    return stacks


def _columns(bands: Sequence[Span], areas: Iterable[Box], width: int) -> list[Span]:
    """The columns of a page wider than a slice: bands again, of the areas in these rows, seen from the side."""
    if width <= LONG_SIDE_PX:
        return [Span(0, width)]
    here = [
        Span(box.left, box.right)
        for box in areas
        if any(box.top < band.stop and band.start < box.bottom for band in bands)
    ]
    columns: list[Span] = []
    for one in bands_of(here, width) or spans(width):
        # Several narrow ones side by side are one: page between them costs nothing here.
        if columns and one.stop - columns[-1].start <= LONG_SIDE_PX:
            columns[-1] = Span(columns[-1].start, max(one.stop, columns[-1].stop))
        else:
            columns.append(one)
    starts = [max(min(one.start, width - MIN_SIDE_PX), 0) for one in columns]
    # None is narrower than the recogniser takes.
    return [
        Span(start, min(max(one.stop, start + MIN_SIDE_PX), width)) for start, one in zip(starts, columns, strict=True)
    ]


def _left_out(bands: Iterable[Span], beyond: Sequence[Box], height: int) -> list[LeftOut]:
    gaps, at = [], 0
    for band in sorted([*bands, Span(height, height)]):
        if band.start > at:
            gaps.append(Span(at, band.start))
        at = max(at, band.stop)
    crowded = [any(box.top < gap.stop and gap.start < box.bottom for box in beyond) for gap in gaps]
    return [
        LeftOut(rows=gap, reason=BEYOND if too_many else LEFT_OUT) for gap, too_many in zip(gaps, crowded, strict=True)
    ]
