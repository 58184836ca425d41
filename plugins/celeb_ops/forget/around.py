"""What lies around the tables: trends and report, which are made anew, and the gallery of the local recogniser."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from typing import TYPE_CHECKING

from celeb_ops import keys
from celeb_ops.dataset.celebs_csv import read_csv
from celeb_ops.dataset.schema import CAPTURES, SIGHTINGS
from celeb_ops.dataset.tables import from_parquet
from celeb_ops.exceptions import NotStoredError
from celeb_ops.recognition.gallery import photos_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celeb_ops.removed import Removed
    from celeb_ops.store import Change, Store


class Untouched:
    """Another store, of which everything can be read and nothing is changed: what a dry run works on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.url = store.url
        self.read = store.read
        self.exists = store.exists
        self.list = store.list
        self.files = store.files
        self.versions = store.versions

    def write(self, key: str, content: bytes) -> None:
        """Nothing."""

    def delete(self, key: str) -> None:
        """Nothing."""

    def update(self, key: str, change: Change) -> bool:
        """Whether it would be changed."""
        try:
            old = self._store.read(key)
        except NotStoredError:
            old = None
        new = change(old)
        return new is not None and new != old


def known_names(store: Store, gallery: Path) -> set[str]:
    """Everybody whom the tables or the gallery name.

    :raises RecordError: a table can't be read.
    """
    names = set(people_in(gallery))
    for key in store.list("Sightings/"):
        names |= set(from_parquet(store.read(key), SIGHTINGS, store.url(key))["name"].drop_nulls().to_list())
    for key in store.list("Captures/"):
        listed = from_parquet(store.read(key), CAPTURES, store.url(key))["celebrities"]
        names |= set(listed.explode().drop_nulls().to_list())
    for key in (keys.CSV, keys.CSV_V1):
        try:
            rows = read_csv(store.read(key), store.url(key))
        except NotStoredError:
            continue
        names |= {name for row in rows.values() for name in row[2].split("; ") if name}
    return names


def made_anew(store: Store) -> Counter[str]:
    """Trends and report: away at once, for they name people, and then made of the tables as they are now."""
    done: Counter[str] = Counter()
    for prefix in ("Report/", "Trends/"):
        for key in list(store.list(prefix)):
            store.delete(key)
            done[f"files of {prefix}, made anew"] += 1
    if isinstance(store, Untouched):
        return done
    from celeb_ops.report.static import write
    from celeb_ops.trends import build

    build(store)
    write(store)
    return done


def people_in(gallery: Path) -> dict[str, list[Path]]:
    """The photos of a gallery by person; none where there is no gallery."""
    people: dict[str, list[Path]] = {}
    for photo in photos_in(gallery) if gallery.is_dir() else ():
        people.setdefault(photo.parent.name, []).append(photo)
    return people


def forget_photos(gallery: Path, cache: Path, removed: Removed, delete: bool, dry: bool) -> Counter[str]:
    """Delete what the recogniser has made of their photos; the photos themselves, a user's own, only on demand."""
    done: Counter[str] = Counter()
    for person, photos in people_in(gallery).items():
        if not removed.holds(person):
            continue
        for embedding in _embeddings(photos, cache):
            if not dry:
                embedding.unlink(missing_ok=True)
            done["embeddings of photos"] += 1
        done["photos" if delete else "photos kept"] += len(photos)
        if delete and not dry:
            shutil.rmtree(photos[0].parent)
    return done


def _embeddings(photos: list[Path], cache: Path) -> Iterator[Path]:
    for photo in photos:
        digest = hashlib.sha256(photo.read_bytes()).hexdigest()
        yield from (cache / "embeddings").glob(f"*/{digest}.npy")
