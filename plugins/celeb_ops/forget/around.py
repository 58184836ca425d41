"""What lies around the tables: trends and report, which are made anew, and the gallery of the local recogniser."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from celeb_ops import keys
from celeb_ops.dataset.celebs_csv import read_csv
from celeb_ops.dataset.schema import CAPTURES, SIGHTINGS
from celeb_ops.dataset.tables import from_parquet
from celeb_ops.exceptions import NotStoredError
from celeb_ops.names import is_qid
from celeb_ops.recognition import gallery_file
from celeb_ops.recognition.photos import photos_in
from celeb_ops.removed import Removed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from celeb_ops.recognition.people import People
    from celeb_ops.removed import Person
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

    def sweep(self, *, at_once: bool = False, dry: bool = True) -> int:
        """How much would go."""
        return self._store.sweep(at_once=at_once, dry=True)

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
    """Everybody whom the tables or the gallery name, by names and QIDs.

    :raises RecordError: a table can't be read.
    """
    file = gallery_file.people_of(gallery)
    names = {*people_in(gallery), *file.names, *file.qids}
    for key in store.list("Sightings/"):
        table = from_parquet(store.read(key), SIGHTINGS, store.url(key))
        names |= {*table["name"].drop_nulls().to_list(), *table["qid"].drop_nulls().to_list()}
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


def also_known(store: Store, gallery: Path, asked: Sequence[Person]) -> list[tuple[str, ...]]:
    """Of each person the QIDs, by the tables and the gallery's file, and the other names that these have for them.

    :raises RecordError: a table can't be read. :raises GalleryError: the gallery's file can't.
    """
    people = gallery_file.people_of(gallery)
    named: set[tuple[str, str]] = set()
    for key in store.list("Sightings/"):
        table = from_parquet(store.read(key), SIGHTINGS, store.url(key)).select("name", "qid").drop_nulls()
        named |= set(table.unique().iter_rows())
    return [_also(person, named, people) for person in asked]


def _also(person: Person, named: Collection[tuple[str, str]], people: People) -> tuple[str, ...]:
    asked = Removed((person,))
    # Where a QID is given it says who is meant: a name may be another person's too.
    given = [name.upper() for name in person.names if is_qid(name.upper())]
    found = [people.find(qid=qid) for qid in given] if given else [people.find(name) for name in person.names]
    there = [known for known in found if known]
    qids = {*given, *(known.qid for known in there if known.qid)}
    qids |= set() if given else {qid for name, qid in named if asked.holds(name)}
    names = {known.name for known in there} | {name for name, qid in named if qid in qids}
    return tuple(sorted(name for name in names | qids if not asked.holds(name)))


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
    for name, photo in photos_in(gallery) if gallery.is_dir() else ():
        people.setdefault(name, []).append(photo)
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
            for folder in {photo.parent for photo in photos}:
                shutil.rmtree(folder)
    done += _forget_in_file(gallery / gallery_file.FILE, cache / "gallery", removed, delete, dry)
    return done


def _forget_in_file(path: Path, cache: Path, removed: Removed, delete: bool, dry: bool) -> Counter[str]:
    """What was seen on their photos goes; they themselves are no longer loaded, and on demand no longer in the file."""
    done: Counter[str] = Counter()
    if not path.is_file():
        return done
    whole = gallery_file.read(path)
    stay = [entry for entry in whole.entries if not removed.holds(*entry.person.names)]
    for entry in whole.entries:
        if not removed.holds(*entry.person.names):
            continue
        for one in entry.references:
            for seen in (cache / "looks").glob(f"*/{one.sha1[:2]}/{one.sha1}.npz"):
                if not dry:
                    seen.unlink(missing_ok=True)
                done["embeddings of photos"] += 1
        done[f"people of {path.name}" if delete else "photos kept"] += 1 if delete else len(entry.references)
    if delete and not dry and len(stay) < len(whole.entries):
        gone = {entry.person.name for entry in whole.entries} - {entry.person.name for entry in stay}
        pairs = tuple(pair for pair in whole.about.confusable if not gone & set(pair[:2]))
        left_out = [one for one in whole.left_out if not removed.holds(one[1])]
        gallery_file.write(path, gallery_file.Whole(stay, replace(whole.about, confusable=pairs), left_out))
    return done


def _embeddings(photos: list[Path], cache: Path) -> Iterator[Path]:
    for photo in photos:
        digest = hashlib.sha256(photo.read_bytes()).hexdigest()
        yield from (cache / "embeddings").glob(f"*/{digest}.npy")
