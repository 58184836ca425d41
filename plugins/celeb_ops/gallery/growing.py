"""The gallery of a build: of the people done so far, and until its end of those in the file before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from celeb_ops.core.exceptions import GalleryError
from celeb_ops.core.names import letters, nfc
from celeb_ops.gallery.thresholds import measured
from celeb_ops.recognition.local import gallery_file
from celeb_ops.recognition.local.gallery_file import Entry, GalleryContent, LeftOut

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.gallery.photo_analysis import Rejection
    from celeb_ops.recognition.local.face_model import FaceModel
    from celeb_ops.recognition.people import Person


@dataclass(frozen=True)
class Outcome:
    """The result for a person: an entry, which has photos or else the reason why there are none.

    Without an entry the person is on the removal list, or no human any more.
    """

    asked_qid: str
    person: Person
    """A merged item has another QID than the one that was asked for."""
    entry: Entry | None = None
    rejected: tuple[Rejection, ...] = ()
    """The rejected photos."""
    left_out: str = ""


def gallery_of(
    done: Sequence[Outcome],
    missing: Iterable[LeftOut],
    before: GalleryContent | None,
    waiting: Iterable[Entry],
    removed: RemovalList,
    made: str,
    model: FaceModel,
) -> GalleryContent:
    """The people done, best known first, and those whom the build has not reached yet.

    :param before: the file, which may have photos of these. :param waiting: all of the build, without photos: they can
        be named in a page's words meanwhile.
    """
    entries = [one.entry for one in done if one.entry]
    left_out = {*missing, *((one.person.qid or "", one.person.name, one.left_out) for one in done if one.left_out)}
    if before:
        reached = {qid for one in done for qid in (one.asked_qid, one.person.qid)}
        others = (one for one in before.entries if one.person.qid not in reached)
        entries += [one for one in others if not removed.holds(*one.person.names)]
        left_out |= {one for one in before.left_out if one[0] and one[0] not in reached}
    there = {qid for one in done for qid in (one.asked_qid, one.person.qid)} | {one.person.qid for one in entries}
    entries += [one for one in waiting if one.person.qid not in there]
    # Of people with one name the best known keeps it; the others have their QID added to it.
    taken: set[str] = set()
    for number, entry in enumerate(entries):
        person = entry.person
        name = nfc(" ".join(person.name.replace("/", " ").split()))
        if letters(name) in taken:
            name = f"{name} ({person.qid})"
            person = replace(person, aliases=tuple(sorted({*person.aliases, person.name})))
        taken.add(letters(name))
        entries[number] = replace(entry, person=replace(person, name=name))
    return GalleryContent(entries, measured([one for one in entries if one.references], made, model), sorted(left_out))


def stored(path: Path) -> GalleryContent | None:
    """The gallery in this file, if there is one that can be read."""
    try:
        return gallery_file.read(path)
    except GalleryError:
        return None


def same(one: GalleryContent | None, other: GalleryContent) -> bool:
    """Whether they differ at most in the day on which Wikidata was asked."""
    return one is not None and _content(one) == _content(other)


def _content(whole: GalleryContent) -> bytes:
    return gallery_file.encoded(replace(whole, about=replace(whole.about, made="", growing_to=None)))
