"""From a query to the gallery's file: photos are fetched, analysed and selected, several people at a time."""

from __future__ import annotations

import json
import shutil
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from celeb_ops.core.exceptions import GalleryError, NotAtWikimediaError, RecognitionError
from celeb_ops.gallery import commons, photo_analysis, wikidata
from celeb_ops.gallery.growing import Outcome, gallery_of, same, stored
from celeb_ops.gallery.photo_selection import select
from celeb_ops.gallery.wikimedia import Services, Wikimedia
from celeb_ops.recognition.local import face_model, gallery_file
from celeb_ops.recognition.local.gallery_file import Entry, GalleryContent, Reference
from celeb_ops.recognition.people import Person
from celeb_ops.recognition.pictures import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.core.settings import Settings
    from celeb_ops.gallery.commons import Picture
    from celeb_ops.gallery.photo_analysis import PhotoAnalysis, Rejection
    from celeb_ops.gallery.query import Query
    from celeb_ops.gallery.wikidata import Candidate
    from celeb_ops.recognition.local.face_model import FaceModel

T = TypeVar("T")

GROWS_BY = 100
"""People after which the file is written again, so that runs can use it before the build ends."""
_PEOPLE_AT_ONCE = 4
_LOOKAHEAD = 16
_INTERRUPTIBLE_S = 0.3
_DOWNLOADS = 5
"""Tries, at most: a file that can't be decoded was mostly damaged in transit."""
_ANSWERS_LAST = timedelta(days=7)
"""The greatest age of Wikimedia's answers with which a build may resume."""


@dataclass(frozen=True)
class BuildProgress:
    """A person is done."""

    done: int
    total: int
    name: str
    usable: int
    """People whom runs can name meanwhile; 0: this build has not written the file yet."""


@dataclass(frozen=True)
class Built:
    """The result of a build."""

    whole: GalleryContent
    changed: bool
    added: tuple[str, ...]
    removed: tuple[str, ...]
    resumed: bool
    rejected: Counter[Rejection]
    """The number of rejected photos by reason."""


def build(
    query: Query,
    settings: Settings,
    removed: RemovalList,
    report: Callable[[BuildProgress], None] = lambda progress: None,
    unit_s: float = 1.0,
    services: Services | None = None,
) -> Built:
    """Make the gallery's file, or update it: what did not change upstream is not fetched again.

    A second call resumes a build that was stopped, and makes the same file. The file has everybody's names after
    seconds, so that a page's words can name them; the photos come in meanwhile, the best known people first.

    :param report: is called for each person who is done.
    :param unit_s: the shortest wait after an error.
    :raises OfflineError: Wikimedia can't be reached.
    :raises WikimediaError: it refused, or stopped answering.
    :raises RecognitionError: a model's file is missing.
    """
    cache = settings.path(settings.cache) / "gallery"
    model = face_model.chosen(settings)
    model.open()
    checkpoint, answers = cache / "build.json", cache / "answers"
    began, resumed = _begin(checkpoint, answers, query)
    wikimedia = Wikimedia(settings.contact, answers, unit_s, services)
    sitelinks, missing = wikidata.candidates(query, wikimedia, began)
    if not sitelinks:
        raise GalleryError("Wikidata knows nobody like that: ask for other occupations, countries or people.")
    path = settings.path(settings.gallery) / gallery_file.FILE
    before = stored(path)
    rejected: Counter[Rejection] = Counter()
    done: list[Outcome] = []
    # One file can't hold embeddings of two models.
    one_model = not before or before.about.model == model.name

    def keep() -> int:
        """Write what there is so far; how many people have photos."""
        part = gallery_of(done, missing, before, named, removed, made, model)
        gallery_file.write(path, replace(part, about=replace(part.about, growing_to=len(sitelinks))))
        return sum(bool(entry.references) for entry in part.entries)

    made = f"{began:%Y-%m-%d}"
    work = partial(_outcome, query=query, wikimedia=wikimedia, cache=cache, removed=removed, model=model)
    # Wikimedia is closed first, because threads may wait for it.
    with ThreadPoolExecutor(_PEOPLE_AT_ONCE, "gallery") as threads, closing(wikimedia):
        described = list(wikidata.described(sitelinks, wikimedia))
        people = [one for _, one in described if one and not removed.holds(*one.person.names)]
        named = [_entry(one, model) for one in people]
        known = {entry.person.name for entry in before.entries} if before else set()
        # Nothing is written where all are named already: if the answers stop, the file stays as it was.
        usable = keep() if one_model and not known.issuperset(one.person.name for one in named) else 0
        for outcome in _in_order(described, work, threads):
            done.append(outcome)
            rejected.update(outcome.rejected)
            if len(done) % GROWS_BY == 0 and len(done) < len(sitelinks) and one_model:
                usable = keep()
            report(BuildProgress(len(done), len(sitelinks), outcome.person.name, usable))
    whole, there = gallery_of(done, missing, None, (), removed, made, model), stored(path)
    if not same(there, whole) or (there and there.about.growing_to):
        gallery_file.write(path, whole)
    checkpoint.unlink(missing_ok=True)
    shutil.rmtree(answers, ignore_errors=True)
    old, new = (
        {entry.person.name for entry in each.entries if entry.references} if each else set() for each in (before, whole)
    )
    changed = not same(before, whole)
    return Built(whole, changed, tuple(sorted(new - old)), tuple(sorted(old - new)), resumed, rejected)


def _begin(checkpoint: Path, answers: Path, query: Query) -> tuple[datetime, bool]:
    """When the build began, and whether it is an earlier one of the same query."""
    now = datetime.now(UTC)
    with suppress(OSError, ValueError, KeyError, TypeError):
        stored = json.loads(checkpoint.read_bytes())
        began = datetime.fromisoformat(stored["began"])
        if stored["wish"] == json.loads(json.dumps(asdict(query))) and now - began < _ANSWERS_LAST:
            return began, True
    shutil.rmtree(answers, ignore_errors=True)
    gallery_file.write_file(checkpoint, json.dumps({"began": now.isoformat(), "wish": asdict(query)}).encode())
    return now, False


def _in_order(people: Iterable[T], work: Callable[[T], Outcome], threads: ThreadPoolExecutor) -> Iterator[Outcome]:
    """The outcome of each person in their order, some ahead of time; the first error ends it."""
    remaining = iter(people)
    under_way = deque(threads.submit(work, one) for one in islice(remaining, _LOOKAHEAD))
    while under_way:
        one = under_way.popleft()
        # With polars in the process the main thread does not notice Ctrl-C while it waits for a lock.
        while not wait([one], _INTERRUPTIBLE_S).done:
            pass
        under_way.extend(threads.submit(work, one) for one in islice(remaining, 1))
        yield one.result()


def _outcome(
    described: tuple[str, Candidate | None],
    query: Query,
    wikimedia: Wikimedia,
    cache: Path,
    removed: RemovalList,
    model: FaceModel,
) -> Outcome:
    qid, candidate = described
    if not candidate:
        return Outcome(qid, Person(qid, qid), left_out="no human at Wikidata any more")
    person = candidate.person
    if removed.holds(*person.names):
        return Outcome(qid, person)
    pictures, own = commons.pictures(candidate, wikimedia)
    analyses = [None if one.no_photo else _analysis(one, wikimedia, cache, model) for one in pictures]
    selection = select(pictures, analyses, own, model)
    rejected = tuple(selection.rejected.values())
    if not selection.chosen:
        return Outcome(qid, person, _entry(candidate, model), rejected, selection.left_out)
    embeddings = np.stack([analyses[number].embedding for number in selection.chosen])  # type: ignore[misc, union-attr]
    chosen = [pictures[number] for number in selection.chosen]
    references = tuple(Reference(one.title, one.sha1, one.author, one.licence, one.licence_url) for one in chosen)
    entry = replace(_entry(candidate, model), embeddings=embeddings.astype(np.float32), references=references)
    return Outcome(qid, person, entry, rejected)


def _entry(candidate: Candidate, model: FaceModel) -> Entry:
    """A person without photos: known by name."""
    nothing = np.empty((0, model.size), np.float32)
    return Entry(candidate.person, candidate.description, candidate.sitelinks, nothing, ())


def _analysis(picture: Picture, wikimedia: Wikimedia, cache: Path, model: FaceModel) -> PhotoAnalysis | None:
    """None: the picture was deleted since, or can't be decoded."""
    if analysis := photo_analysis.load(cache, picture.sha1, model):
        return analysis
    for _ in range(_DOWNLOADS):
        try:
            pixels = decode(wikimedia.file(picture.url))
        except NotAtWikimediaError:
            # Other errors end the build: without its photos the person would be left out.
            return None
        except RecognitionError:
            continue
        analysis = photo_analysis.analyse(pixels, model)
        photo_analysis.save(cache, picture.sha1, analysis, model)
        return analysis
    return None
