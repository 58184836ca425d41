"""The pictures of the report: small, each once, as classes of its style."""

from __future__ import annotations

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from celeb_ops.exceptions import InvalidKeyError, NotStoredError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celeb_ops.store import Store

SIDE_PX = 96
QUALITY = 60
ROOM_BYTES = 1_400_000
"""Of all pictures as they are in the style."""
_MOST = ROOM_BYTES // 1_000
"""Crops that are read: one is 2 kB, so more never find room."""
_READERS = 8


class Crops:
    """Crops out of the store, as many as there is room for.

    :param wanted: their keys, those first that matter most. One that is not there is left out.
    """

    def __init__(self, store: Store, wanted: Iterable[str | None], room: int = ROOM_BYTES) -> None:
        self._store = store
        self._pictures: dict[str, str] = {}
        """In base64, by key."""
        todo = [key for key in dict.fromkeys(wanted) if key][:_MOST]
        with ThreadPoolExecutor(_READERS, thread_name_prefix="crops") as pool:
            for key, picture in zip(todo, pool.map(self._small, todo), strict=True):
                if picture and len(picture) <= room:
                    room -= len(picture)
                    self._pictures[key] = picture
        self._names = {key: f"crop-{at}" for at, key in enumerate(self._pictures)}

    def name(self, key: str) -> str:
        """The class of the picture at a key; empty: there is none."""
        return self._names.get(key, "")

    def style(self) -> str:
        return "".join(
            f".{self._names[key]}{{background-image:url(data:image/jpeg;base64,{picture})}}"
            for key, picture in self._pictures.items()
        )

    def _small(self, key: str) -> str:
        import pyvips

        from celeb_ops.vips import opaque

        try:
            content = self._store.read(key)
            image = pyvips.Image.thumbnail_buffer(content, SIDE_PX, height=SIDE_PX, size="down")
            return b64encode(bytes(opaque(image).jpegsave_buffer(Q=QUALITY, strip=True))).decode()
        except (NotStoredError, InvalidKeyError, pyvips.Error):
            # Tidied away, a key that somebody else wrote into a table, or no picture.
            return ""
