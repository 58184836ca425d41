"""The faces behind the names that a gallery's file gave, for whoever looks at a run."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from celeb_ops.gallery import photo_analysis
from celeb_ops.recognition.local import gallery_file

if TYPE_CHECKING:
    from pathlib import Path


class References:
    """Reference faces by a sighting's ``reference``, ``<Name>/File:…``."""

    def __init__(self, folder: Path, cache: Path) -> None:
        """:param folder: the gallery's. :param cache: ``CELEBS_CACHE``, where the faces were left by `make gallery`."""
        self._path = folder / gallery_file.FILE
        self._cache = cache / "gallery"

    def face(self, reference: str | None) -> bytes:
        """A JPEG of 160 px at most; empty where the reference is none of the file, or was looked at elsewhere."""
        sha1 = self._sha1.get((reference or "").rpartition("/File:")[2])
        return photo_analysis.crop_of(self._cache, sha1) if sha1 else b""

    @cached_property
    def _sha1(self) -> dict[str, str]:
        """The photo's content by its title, without ``File:``."""
        if not self._path.is_file():
            return {}
        table = pl.read_parquet(self._path, columns=["file", "sha1"], glob=False).explode("file", "sha1").drop_nulls()
        return dict(zip(table["file"].str.strip_prefix("File:").to_list(), table["sha1"].to_list(), strict=True))
