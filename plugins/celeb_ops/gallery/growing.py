"""The gallery's file during a build: written again as it grows, so that it is of use long before it is whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from celeb_ops.core.exceptions import GalleryError
from celeb_ops.core.names import letters, nfc
from celeb_ops.gallery.thresholds import measured
from celeb_ops.recognition.local import gallery_file
from celeb_ops.recognition.local.gallery_file import Entry, Whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.recognition.local.face_model import FaceModel

LeftOut = tuple[str, str, str]
"""QID, name, reason."""


class Growing:
    """What a build came to so far, and the file that it writes.

    A part of it keeps the people of the file that was there whom the build has not reached yet: an update takes nobody
    away by being slow.

    :param made: the day on which Wikidata was asked. :param of: how many people it is to look at.
    :param model: the one that looks at photos.
    """

    def __init__(
        self, path: Path, made: str, of: int, left_out: Iterable[LeftOut], removed: RemovalList, model: FaceModel
    ) -> None:
        self._path, self._made, self._of, self._removed, self._model = path, made, of, removed, model
        self.before = _read(path)
        """The file as the build found it; None where there was none that can be used."""
        self._entries: list[Entry] = []
        self._left_out = set(left_out)
        self._reached: set[str | None] = set()

    def add(self, asked: str, qid: str, entry: Entry | None, left_out: LeftOut | None) -> None:
        """Take in what came of the next person, the best known first; ``qid`` is another one of a merged item."""
        self._reached |= {asked, qid}
        if entry:
            self._entries.append(entry)
        if left_out:
            self._left_out.add(left_out)

    def write_part(self) -> int:
        """Write what there is so far; how many people the file has now. GalleryError where the disk refuses.

        0, and nothing is written, where the file that was there is of another model: the two don't go into one file.
        """
        entries, left_out = list(self._entries), set(self._left_out)
        if self.before:
            if self.before.about.model != self._model.name:
                return 0
            waiting = (one for one in self.before.entries if one.person.qid not in self._reached)
            entries += [one for one in waiting if not self._removed.holds(*one.person.names)]
            left_out |= {one for one in self.before.left_out if one[0] and one[0] not in self._reached}
        whole = self._whole(entries, left_out)
        gallery_file.write(self._path, replace(whole, about=replace(whole.about, growing_to=self._of)))
        return len(entries)

    def finish(self) -> tuple[Whole, bool]:
        """Write the whole file, the same however often it was written before; and whether it is another than before."""
        whole = self._whole(self._entries, self._left_out)
        there = _read(self._path)
        if there is None or there.about.growing_to or _content(there) != _content(whole):
            gallery_file.write(self._path, whole)
        return whole, self.before is None or _content(self.before) != _content(whole)

    def _whole(self, entries: list[Entry], left_out: set[LeftOut]) -> Whole:
        entries = _apart(entries)
        return Whole(entries, measured(entries, self._made, self._model), sorted(left_out))


def _apart(entries: list[Entry]) -> list[Entry]:
    """The people, no two by one name: the better known one has it, the others carry their QID in it."""
    taken: set[str] = set()
    named = []
    for entry in entries:
        person = entry.person
        name = nfc(" ".join(person.name.replace("/", " ").split()))
        if letters(name) in taken:
            name = f"{name} ({person.qid})"
            person = replace(person, aliases=tuple(sorted({*person.aliases, entry.person.name})))
        taken.add(letters(name))
        named.append(replace(entry, person=replace(person, name=name)))
    return named


def _read(path: Path) -> Whole | None:
    try:
        return gallery_file.read(path)
    except GalleryError:
        return None


def _content(whole: Whole) -> tuple[object, ...]:
    """What makes it another gallery; that it was asked for on another day does not."""
    rows = [
        (entry.person, entry.description, entry.sitelinks, entry.references, gallery_file.packed(entry.embeddings))
        for entry in whole.entries
    ]
    return rows, replace(whole.about, made="", growing_to=None), sorted(whole.left_out)
