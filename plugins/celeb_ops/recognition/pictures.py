"""Pictures as pixels."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from celeb_ops.core.exceptions import RecognitionError

Pixels = npt.NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP")
"""Formats of photos. Pillow knows many more; some of them call other programs."""


def decode(picture: bytes) -> Pixels:
    """Height × width × 3, RGB, turned upright by its EXIF. RecognitionError: it is no picture."""
    try:
        with Image.open(io.BytesIO(picture), formats=FORMATS) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    # Pillow raises nearly anything: SyntaxError for a broken chunk, TypeError for odd EXIF.
    except Exception as error:
        raise RecognitionError(f"This is no picture that can be decoded: {error}.") from None
