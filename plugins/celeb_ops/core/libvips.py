"""Functions that all code with libvips shares."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyvips

# It reports each thread and buffer, dozens of lines for a screenshot.
logging.getLogger("pyvips").setLevel(logging.WARNING)


def reason(error: pyvips.Error) -> str:
    """Why libvips failed, without a full stop: the line below the name of the operation."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[min(1, len(lines) - 1)].rstrip(".")


def opaque(image: pyvips.Image) -> pyvips.Image:
    """Without an alpha band. Where a picture is see-through, a browser shows white."""
    return image.flatten(background=255) if image.hasalpha() else image
