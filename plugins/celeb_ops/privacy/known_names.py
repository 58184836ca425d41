"""The names in the tables and the gallery: people ask under one name and may be there under others."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from celeb_ops.core import keys
from celeb_ops.core.names import is_qid
from celeb_ops.core.removal_list import RemovalList, RemovedPerson
from celeb_ops.dataset.schema import CAPTURES, MENTIONS, SIGHTINGS
from celeb_ops.privacy.removal import csv_rows, months_of
from celeb_ops.recognition.local import gallery_file
from celeb_ops.recognition.local.gallery_photos import photos_in

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.core.store import Store
    from celeb_ops.recognition.people import People


@dataclass(frozen=True)
class KnownNames:
    """Everybody of a store and a gallery."""

    pairs: frozenset[tuple[str, str | None]]
    """Name and QID of each row of ``Sightings`` and ``Mentions``."""
    people: People
    """The people in the gallery's file."""
    folders: frozenset[str]
    """Names of the gallery's folders."""

    @classmethod
    def load(cls, store: Store, gallery: Path) -> KnownNames:
        """
        :raises RecordError: ``Sightings`` can't be read.
        :raises GalleryError: the gallery's file can't.
        """
        folders = frozenset(name for name, _ in photos_in(gallery)) if gallery.is_dir() else frozenset()
        pairs: set[tuple[str, str | None]] = set()
        for table in chain(months_of(store, SIGHTINGS), months_of(store, MENTIONS)):
            pairs.update(table.select("name", "qid").drop_nulls("name").unique().iter_rows())
        return cls(frozenset(pairs), gallery_file.people_of(gallery), folders)

    def names(self, store: Store) -> set[str]:
        """All names and QIDs, those of the other tables too.

        :raises RecordError: a table can't be read.
        """
        found = {one for pair in self.pairs for one in pair if one}
        found.update(self.people.names, self.people.qids, self.folders)
        for table in months_of(store, CAPTURES):
            found.update(table["celebrities"].explode().drop_nulls())
        for key in (keys.CSV, keys.CSV_V1):
            found.update(name for row in csv_rows(store, key).values() for name in row[2].split("; ") if name)
        return found

    def also(self, person: RemovedPerson) -> tuple[str, ...]:
        """The QIDs of a person who asked, and the other names that these have."""
        asked = RemovalList((person,))
        # A QID among the names says who is meant: a name may be another person's too.
        own_qids = [name.upper() for name in person.names if is_qid(name.upper())]
        found = [self.people.find(qid=qid) for qid in own_qids] or [self.people.find(name) for name in person.names]
        entries = [one for one in found if one]
        qids = {*own_qids, *(one.qid for one in entries if one.qid)}
        if not own_qids:
            qids |= {qid for name, qid in self.pairs if qid and asked.holds(name)}
        names = {one.name for one in entries} | {name for name, qid in self.pairs if qid in qids}
        return tuple(sorted(name for name in names | qids if not asked.holds(name)))
