"""Small pictures of faces, for pages and messages that carry their pictures with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celeb_ops.core.exceptions import InvalidKeyError, NotStoredError

if TYPE_CHECKING:
    from celeb_ops.core.store import Store


def small_crop(store: Store, key: str, side_px: int) -> bytes:
    """The picture at a key as a small JPEG; empty if it is gone or is not a picture."""
    import pyvips

    from celeb_ops.core.libvips import opaque

    try:
        image = pyvips.Image.thumbnail_buffer(store.read(key), side_px, height=side_px, size="down")
        return bytes(opaque(image).jpegsave_buffer(Q=60, strip=True))
    except (NotStoredError, InvalidKeyError, pyvips.Error):
        # Deleted, a key that somebody else wrote into a table, or no picture.
        return b""
