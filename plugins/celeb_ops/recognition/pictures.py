"""Pictures as pixels."""

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
            return np.asarray(_eight_bit(ImageOps.exif_transpose(image)).convert("RGB"))
    # Pillow raises nearly anything: SyntaxError for a broken chunk, TypeError for odd EXIF.
    except Exception as error:
        raise RecognitionError(f"This is no picture that can be decoded: {error}.") from None


def _eight_bit(image: Image.Image) -> Image.Image:
    """Convert a grey picture of more than 8 bits to 8 bits. Pillow would turn all values above 255 into white."""
    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    shades = np.asarray(image, np.float64)
    # 16-bit values are often stored in more bits; for other depths nothing says which value is white.
    white = 65_535 if image.mode != "F" and shades.max() <= 65_535 else max(shades.max(), 1e-9)
    return Image.fromarray((shades.clip(0) / white * 255).round().astype(np.uint8))
