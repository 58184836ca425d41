"""From a wish to the file: each person's photos fetched, looked at and judged, several people at a time."""

from __future__ import annotations

from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from celeb_ops.core.exceptions import GalleryError, NotAtWikimediaError, RecognitionError
from celeb_ops.gallery import commons, photo_analysis, wikidata
from celeb_ops.gallery.checkpoint import Build
from celeb_ops.gallery.growing import Growing
from celeb_ops.gallery.photo_selection import judge
from celeb_ops.gallery.wikimedia import Wikimedia
from celeb_ops.recognition.local import face_model, gallery_file
from celeb_ops.recognition.local.gallery_file import Entry, Reference
from celeb_ops.recognition.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.core.settings import Settings
    from celeb_ops.gallery.commons import Picture
    from celeb_ops.gallery.photo_analysis import PhotoAnalysis, Why
    from celeb_ops.gallery.query import Query
    from celeb_ops.gallery.wikidata import Candidate
    from celeb_ops.gallery.wikimedia import Services
    from celeb_ops.recognition.local.face_model import FaceModel
    from celeb_ops.recognition.local.gallery_file import Whole

GROWS_BY = 100
"""People after which the file is written, so that it is of use long before it is whole."""
PEOPLE_AT_ONCE = 4
"""Whose photos are under way; connections are bounded by :data:`wikimedia.CONNECTIONS`."""
_LOOKED_AHEAD = 16
_HEARING_S = 0.3
_UNDECODABLE_TRIES = 5
"""A file that can't be decoded was damaged on its way, mostly."""


@dataclass(frozen=True)
class Step:
    """A person who is done."""

    done: int
    of: int
    name: str
    photos: int
    """How many of theirs count; 0: they are left out."""
    usable: int
    """People whom the file has for runs meanwhile; 0: this build has not written it yet."""


@dataclass(frozen=True)
class Built:
    """What a build came to."""

    whole: Whole
    changed: bool
    """False: the file was like that already."""
    added: tuple[str, ...]
    gone: tuple[str, ...]
    resumed: bool
    photos_why: Counter[Why]
    """Why photos do not count, and how often."""


def build(
    wish: Query,
    settings: Settings,
    removed: RemovalList,
    told: Callable[[Step], None] = lambda step: None,
    unit_s: float = 1.0,
    services: Services | None = None,
) -> Built:
    """Make the gallery's file, or bring it up to date: what did not change upstream is not fetched again.

    What Wikimedia answers is kept until the file is written, and what was seen on a photo for good, so that a second
    call goes on where the first one ended, and makes the same file. Until then the file grows, the best known people
    first.

    :param told: is called for each person who is done. :param unit_s: the shortest wait after an error.
    :raises OfflineError: Wikimedia can't be reached; the gallery is as it was, or as it grew.
    :raises WikimediaError: it refused, or does not answer any more.
    """
    cache = settings.path(settings.cache) / "gallery"
    path = settings.path(settings.gallery) / gallery_file.FILE
    model = face_model.chosen(settings)
    under_way = Build.begin(cache, wish)
    wikimedia = Wikimedia(settings.contact, under_way.answers, unit_s, services)
    sitelinks, left_out = wikidata.candidates(wish, wikimedia, under_way.began)
    if not sitelinks:
        raise GalleryError("Wikidata knows nobody of this wish: ask for other occupations, countries or people.")
    growing = Growing(path, f"{under_way.began:%Y-%m-%d}", len(sitelinks), left_out, removed, model)
    usable = 0
    why: Counter[Why] = Counter()
    people = wikidata.described(sitelinks, sitelinks, wikimedia)
    # Wikimedia is closed first: threads that wait for it would else be waited for.
    with ThreadPoolExecutor(PEOPLE_AT_ONCE, "gallery") as threads, closing(wikimedia):
        done = _in_order(people, lambda one: _person(one, wish, wikimedia, cache, removed, model), threads)
        for number, (asked, one) in enumerate(zip(sitelinks, done, strict=True), start=1):
            why.update(one.why)
            growing.add(asked, one.qid, one.entry, (one.qid, one.name, one.left_out) if one.left_out else None)
            if number % GROWS_BY == 0 and number < len(sitelinks):
                usable = growing.write_part()
            told(Step(number, len(sitelinks), one.name, len(one.entry.references) if one.entry else 0, usable))
    whole, changed = growing.finish()
    under_way.done()
    old = {entry.person.name for entry in growing.before.entries} if growing.before else set()
    new = {entry.person.name for entry in whole.entries}
    return Built(whole, changed, tuple(sorted(new - old)), tuple(sorted(old - new)), under_way.resumed, why)


@dataclass(frozen=True)
class _Outcome:
    """What came of a person."""

    qid: str
    name: str
    entry: Entry | None = None
    why: tuple[Why, ...] = ()
    """Why photos of theirs do not count."""
    left_out: str = ""
    """Why they are not in the gallery; empty also where nobody is to learn that."""


def _in_order(
    people: Iterable[Candidate | str], work: Callable[[Candidate | str], _Outcome], threads: ThreadPoolExecutor
) -> Iterator[_Outcome]:
    """What came of each, in their order, a few under way at a time; the first error ends it."""
    todo = iter(people)
    under_way = deque(threads.submit(work, one) for one in islice(todo, _LOOKED_AHEAD))
    while under_way:
        one = under_way.popleft()
        # Not for long at once: with polars in the process a main thread that waits for a lock does not hear of Ctrl-C
        # (its handler has the system call go on).
        while not wait([one], _HEARING_S).done:
            pass
        done = one.result()
        under_way.extend(threads.submit(work, one) for one in islice(todo, 1))
        yield done


def _person(
    person: Candidate | str, wish: Query, wikimedia: Wikimedia, cache: Path, removed: RemovalList, model: FaceModel
) -> _Outcome:
    if isinstance(person, str):
        return _Outcome(person, person, left_out="no human at Wikidata any more")
    identity = Person(person.name, person.qid, person.aliases)
    if removed.holds(*identity.names):
        return _Outcome(person.qid, person.name)
    pictures, main = commons.pictures(person, wikimedia)
    looks = [None if picture.no_photo else _look_at(picture, wikimedia, cache, model) for picture in pictures]
    verdict = judge(pictures, looks, main, wish.photos, model)
    why = tuple(verdict.why.values())
    if not verdict.chosen:
        return _Outcome(person.qid, person.name, None, why, verdict.left_out)
    chosen = [(pictures[number], looks[number]) for number in verdict.chosen]
    embeddings = np.stack([seen.embedding for _, seen in chosen if seen and seen.embedding is not None])
    references = tuple(Reference(one.title, one.sha1, one.author, one.licence, one.licence_url) for one, _ in chosen)
    entry = Entry(identity, person.description, person.sitelinks, embeddings.astype(np.float32), references)
    return _Outcome(person.qid, person.name, entry, why)


def _look_at(picture: Picture, wikimedia: Wikimedia, cache: Path, model: FaceModel) -> PhotoAnalysis | None:
    """What the picture shows; None where it could not be had."""
    if seen := photo_analysis.kept(cache, picture.sha1, model):
        return seen
    for _ in range(_UNDECODABLE_TRIES):
        try:
            seen = photo_analysis.analyse(wikimedia.file(picture.url), model)
        except NotAtWikimediaError:
            # Deleted since. Anything else ends the build: without its photos a person would be left out.
            return None
        except RecognitionError:
            continue
        photo_analysis.keep_look(cache, picture.sha1, seen, model)
        return seen
    return None
