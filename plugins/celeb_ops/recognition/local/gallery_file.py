"""The gallery as one file, ``wikidata.parquet``: a row a person, with the embeddings of their photos.

What a run needs (names, embeddings) and what only people ask for (authors, licences, who was left out) are columns
apart, so that a run reads no more than it needs: 10,000 people with five photos each in under 0.3 s.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from celeb_ops.core import atomic_files
from celeb_ops.core.exceptions import GalleryError
from celeb_ops.recognition.local import face_model
from celeb_ops.recognition.people import People, Person

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.recognition.local.embedders import Embedding32

FILE = "wikidata.parquet"
FORMAT = 2
_READ = {1, FORMAT}
_STEPS = 2**14
_REFERENCE = ("file", "sha1", "author", "licence", "licence_url")
"""The fields of :class:`Reference`, each a column of lists."""
_SCHEMA: dict[str, Any] = {
    "qid": pl.String,
    "name": pl.String,
    "aliases": pl.List(pl.String),
    "description": pl.String,
    "sitelinks": pl.Int32,
    # Photos × numbers as little-endian 16-bit numbers of 2⁻¹⁴: rounding moves a distance by 0.0007 at most.
    "embeddings": pl.Binary,
    **dict.fromkeys(_REFERENCE, pl.List(pl.String)),
}
_ABOUT, _LEFT_OUT = "celeb_ops", "celeb_ops.left_out"


@dataclass(frozen=True)
class Reference:
    """Where a reference photo is from. ``file`` is its title at Commons, ``File:Grace Hopper.jpg``."""

    file: str
    sha1: str
    author: str = ""
    licence: str = ""
    licence_url: str = ""


@dataclass(frozen=True)
class Entry:
    """A person of the gallery."""

    person: Person
    description: str
    sitelinks: int
    embeddings: Embedding32
    """photos × as many numbers as the model gives."""
    references: tuple[Reference, ...]


@dataclass(frozen=True)
class About:
    """What holds for the gallery as a whole."""

    model: str = face_model.DLIB.name
    made: str = ""
    """The day on which Wikidata was asked, ``2026-11-24``."""
    counted_score: float | None = None
    """The score within which 0.5 % of its own people would be taken for another one; None: too few to count."""
    recall: float | None = None
    """The share of its own photos that their person's other photos name by face alone."""
    confusable: tuple[tuple[str, str, float], ...] = ()
    """Two names, and the distance of their nearest photos."""
    growing_to: int | None = None
    """How many people the build looks at that has not ended yet, or was stopped; None: the file is whole."""


@dataclass(frozen=True)
class Loaded:
    """What a run needs of the file: row by row of ``embeddings``, whose it is."""

    people: list[Person]
    counts: list[int]
    """Photos of each person."""
    embeddings: Embedding32
    files: list[str]
    """Title of each photo."""
    about: About
    digest: str


NOBODY = Loaded([], [], np.empty((0, 0), np.float32), [], About(), "")
"""What there is without a file."""


@dataclass(frozen=True)
class Whole:
    """All of the file."""

    entries: list[Entry]
    about: About
    left_out: list[tuple[str, str, str]] = field(default_factory=list)
    """QID, name and reason of people who are not in it."""


def write(path: Path, whole: Whole) -> None:
    """Write the file; the same gallery gives the same bytes. An old file is there until the new one is whole."""
    table = pl.DataFrame([_row(entry) for entry in whole.entries], schema=_SCHEMA, orient="row")
    about = {"format": FORMAT, **whole.about.__dict__}
    metadata = {_ABOUT: json.dumps(about), _LEFT_OUT: json.dumps(whole.left_out)}
    out = io.BytesIO()
    try:
        table.write_parquet(out, compression="zstd", metadata=metadata)
        atomic_files.write(path, out.getvalue())
    except OSError as error:
        raise GalleryError(f"{path} can't be written: {error.strerror or error}.") from None


def load(path: Path, removed: RemovalList) -> Loaded:
    """The people of the file, without those who asked not to be in the dataset.

    Its embeddings are those of ``about.model``.

    :raises GalleryError: it is no such file.
    """
    table, about, _ = _read(path, "qid", "name", "aliases", "embeddings", "file")
    people = _people(table)
    if removed:
        stay = [not removed.holds(*one.names) for one in people]
        table, people = table.filter(stay), list(compress(people, stay))
    packed_rows = b"".join(table["embeddings"].to_list())
    numbers = unpacked(packed_rows)
    files = table["file"].explode().drop_nulls().to_list()
    if numbers.size % max(len(files), 1):
        raise GalleryError(f"{path} is damaged: it has not as many embeddings as photos. {MEND}")
    # What decides who is named, and as whom: that an article more was written of somebody is no other gallery.
    digest = hashlib.sha256(packed_rows)
    digest.update(repr((people, about.model, about.counted_score)).encode())
    return Loaded(
        people,
        table["file"].list.len().to_list(),
        numbers.reshape(len(files), numbers.size // max(len(files), 1)),
        files,
        about,
        digest.hexdigest()[:16],
    )


def read(path: Path) -> Whole:
    """All of the file, for people to look at and for the next build. GalleryError as in :func:`load`."""
    table, about, left_out = _read(path, *_SCHEMA)
    return Whole([_entry(row) for row in table.iter_rows(named=True)], about, left_out)


def people_of(folder: Path) -> People:
    """Who is who by the file of this gallery's folder; nobody where it has none. GalleryError: it is damaged."""
    path = folder / FILE
    return People(_people(_read(path, "qid", "name", "aliases")[0])) if path.is_file() else People()


def packed(embeddings: Embedding32) -> bytes:
    """Embeddings as the file has them."""
    return np.clip(np.rint(embeddings * _STEPS), -(2**15), 2**15 - 1).astype("<i2").tobytes()


def unpacked(content: bytes) -> Embedding32:
    """The numbers of :func:`packed`, in a row. numpy reads them five times as fast as float16."""
    numbers = np.frombuffer(content, "<i2").astype(np.float32)
    numbers *= np.float32(1 / _STEPS)
    return numbers


MEND = "Make it again with `make gallery`, or get it again from whoever shared it."


def _row(entry: Entry) -> tuple[Any, ...]:
    return (
        entry.person.qid,
        entry.person.name,
        list(entry.person.aliases),
        entry.description,
        entry.sitelinks,
        packed(entry.embeddings),
        *([getattr(one, name) for one in entry.references] for name in _REFERENCE),
    )


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(
        Person(row["name"], row["qid"], tuple(row["aliases"])),
        row["description"],
        row["sitelinks"],
        unpacked(row["embeddings"]).reshape(len(row["file"]), -1),
        tuple(Reference(*values) for values in zip(*(row[name] for name in _REFERENCE), strict=True)),
    )


def _people(table: pl.DataFrame) -> list[Person]:
    rows = table.select("name", "qid", "aliases").iter_rows()
    return [Person(name, qid, tuple(aliases)) for name, qid, aliases in rows]


def _read(path: Path, *columns: str) -> tuple[pl.DataFrame, About, list[tuple[str, str, str]]]:
    """These columns of the file, what holds for all of it, and who was left out."""
    try:
        # Once: a build may put another file in its place between two looks.
        content = path.read_bytes()
        metadata = pl.read_parquet_metadata(io.BytesIO(content))
        if _ABOUT not in metadata:
            raise GalleryError(f"{path} is no gallery of this project. {MEND}")
        about: dict[str, Any] = json.loads(metadata[_ABOUT])
        if about.pop("format") not in _READ:
            raise GalleryError(f"{path} is of a newer version of this project. {MEND}")
        table = pl.read_parquet(content, columns=list(columns))
    except (OSError, pl.exceptions.PolarsError) as error:
        said = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise GalleryError(f"{path} can't be read ({said}). {MEND}") from None
    about["confusable"] = tuple((one, other, float(distance)) for one, other, distance in about["confusable"])
    left_out = [(qid, name, why) for qid, name, why in json.loads(metadata.get(_LEFT_OUT, "[]"))]
    # Format 1 had a distance where today's has a score.
    known = {name: value for name, value in about.items() if name in About.__dataclass_fields__}
    return table, About(**known), left_out
