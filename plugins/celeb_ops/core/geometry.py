"""Boxes in pixels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle ``[left, top, width, height]`` in pixels; in JSON a list of four integers."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def area(self) -> int:
        return max(self.width, 0) * max(self.height, 0)

    @property
    def centre(self) -> tuple[float, float]:
        return self.left + self.width / 2, self.top + self.height / 2

    def moved(self, dx: int, dy: int) -> Box:
        return Box(self.left + dx, self.top + dy, self.width, self.height)

    def scaled(self, factor: float) -> Box:
        """The box on a picture enlarged by ``factor``."""
        return Box(*(round(side * factor) for side in self))

    def grown(self, margin: float) -> Box:
        """The box with ``margin`` × its size added on every side; it may reach past the picture."""
        dx, dy = round(self.width * margin), round(self.height * margin)
        return Box(self.left - dx, self.top - dy, self.width + 2 * dx, self.height + 2 * dy)

    def clipped(self, width: int, height: int) -> Box:
        """The part of the box inside a picture of ``width`` × ``height``."""
        left, top = max(self.left, 0), max(self.top, 0)
        return Box(left, top, max(min(self.right, width) - left, 0), max(min(self.bottom, height) - top, 0))

    def around(self, other: Box) -> Box:
        """The smallest box that holds both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        return Box(left, top, max(self.right, other.right) - left, max(self.bottom, other.bottom) - top)

    def contains(self, point: tuple[float, float]) -> bool:
        return self.left <= point[0] < self.right and self.top <= point[1] < self.bottom

    def intersection(self, other: Box) -> int:
        """Shared area in px²."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0) * max(height, 0)

    def ios(self, other: Box) -> float:
        """Intersection over the smaller box, 0–1 (SAHI's measure for findings of overlapping slices)."""
        smaller = min(self.area, other.area)
        return self.intersection(other) / smaller if smaller else 0.0


def united(boxes: Iterable[Box]) -> list[Box]:
    """The boxes, those that overlap as one that holds them all."""
    apart: list[Box] = []
    for box in boxes:
        while touching := [other for other in apart if other.intersection(box)]:
            for other in touching:
                apart.remove(other)
                box = box.around(other)
        apart.append(box)
    return apart
