"""The gallery as one file, ``wikidata.parquet``: a row a person, with the embeddings of their photos.

What a run needs (names, embeddings) and what only people ask for (authors, licences, who was left out) are columns
apart, so that a run reads no more than it needs: 10,000 people with five photos each in under 0.3 s.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from celeb_ops.exceptions import GalleryError
from celeb_ops.parts import written
from celeb_ops.recognition import models
from celeb_ops.recognition.people import People, Person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from celeb_ops.recognition.embedders import Embedding32
    from celeb_ops.removed import Removed

FILE = "wikidata.parquet"
FORMAT = 2
_READ = {1, FORMAT}
_STEPS = 2**14
_SCHEMA: dict[str, Any] = {
    "qid": pl.String,
    "name": pl.String,
    "aliases": pl.List(pl.String),
    "description": pl.String,
    "sitelinks": pl.Int32,
    # Photos × numbers as little-endian 16-bit numbers of 2⁻¹⁴: rounding moves a distance by 0.0007 at most.
    "embeddings": pl.Binary,
    "file": pl.List(pl.String),
    "sha1": pl.List(pl.String),
    "author": pl.List(pl.String),
    "licence": pl.List(pl.String),
    "licence_url": pl.List(pl.String),
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

    model: str = models.DLIB.name
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
    counts: np.ndarray[Any, np.dtype[np.int64]]
    """Photos of each person."""
    embeddings: Embedding32
    files: list[str]
    """Title of each photo."""
    about: About
    digest: str


@dataclass(frozen=True)
class Whole:
    """All of the file."""

    entries: list[Entry]
    about: About
    left_out: list[tuple[str, str, str]] = field(default_factory=list)
    """QID, name and reason of people who are not in it."""


def write(path: Path, whole: Whole) -> None:
    """Write the file; the same gallery gives the same bytes. An old file is there until the new one is whole."""
    rows = [_row(entry) for entry in whole.entries]
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    about = {"format": FORMAT, **whole.about.__dict__}
    told = {_ABOUT: json.dumps(about), _LEFT_OUT: json.dumps(whole.left_out)}
    try:
        with written(path) as file:
            table.write_parquet(file, compression="zstd", metadata=told)
    except OSError as error:
        raise GalleryError(f"{path} can't be written: {error.strerror or error}.") from None


def load(path: Path, removed: Removed) -> Loaded:
    """The people of the file, without those who asked not to be in the dataset.

    Its embeddings are those of ``about.model``.

    :raises GalleryError: it is no such file.
    """
    file = _content(path)
    about = _about(path, file)
    table = _read(path, file, ["qid", "name", "aliases", "embeddings", "file"])
    people = _people(table)
    if out := [number for number, one in enumerate(people) if removed.holds(*one.names)]:
        table = table.with_row_index("row").filter(~pl.col("row").is_in(out))
        people = _people(table)
    counts = table["file"].list.len().to_numpy().astype(np.int64)
    packed_rows = b"".join(table["embeddings"].to_list())
    numbers = unpacked(packed_rows)
    photos = int(counts.sum())
    if numbers.size % max(photos, 1):
        raise GalleryError(f"{path} is damaged: it has not as many embeddings as photos. {MEND}")
    files = table["file"].explode().drop_nulls().to_list()
    # What decides who is named, and as whom: that an article more was written of somebody is no other gallery.
    digest = hashlib.sha256(packed_rows)
    digest.update(repr((people, about.model, about.counted_score)).encode())
    return Loaded(
        people, counts, numbers.reshape(photos, numbers.size // max(photos, 1)), files, about, digest.hexdigest()[:16]
    )


def read(path: Path) -> Whole:
    """All of the file, for people to look at and for the next build. GalleryError as in :func:`load`."""
    file = _content(path)
    about = _about(path, file)
    entries = [_entry(row) for row in _read(path, file, list(_SCHEMA)).iter_rows(named=True)]
    left_out = json.loads(_metadata(path, file).get(_LEFT_OUT, "[]"))
    return Whole(entries, about, [(qid, name, why) for qid, name, why in left_out])


def people_of(folder: Path) -> People:
    """Who is who by the file of this gallery's folder; nobody where it has none. GalleryError: it is damaged."""
    path = folder / FILE
    return People(_people(_read(path, _content(path), ["qid", "name", "aliases"]))) if path.is_file() else People()


def packed(embeddings: Embedding32) -> bytes:
    """Embeddings as the file has them."""
    return np.clip(np.rint(embeddings * _STEPS), -(2**15), 2**15 - 1).astype("<i2").tobytes()


def unpacked(content: bytes) -> Embedding32:
    """The numbers of :func:`packed`, in a row. numpy reads them five times as fast as float16."""
    numbers = np.frombuffer(content, "<i2").astype(np.float32)
    numbers *= np.float32(1 / _STEPS)
    return numbers


MEND = "Make it anew with `make gallery`, or get it again from whoever shared it."


def _row(entry: Entry) -> tuple[Any, ...]:
    references = entry.references
    person = entry.person
    return (
        person.qid,
        person.name,
        list(person.aliases),
        entry.description,
        entry.sitelinks,
        packed(entry.embeddings),
        *([getattr(one, name) for one in references] for name in ("file", "sha1", "author", "licence", "licence_url")),
    )


def _entry(row: dict[str, Any]) -> Entry:
    columns = (row[name] for name in ("file", "sha1", "author", "licence", "licence_url"))
    return Entry(
        Person(row["name"], row["qid"], tuple(row["aliases"])),
        row["description"],
        row["sitelinks"],
        unpacked(row["embeddings"]).reshape(len(row["file"]), -1),
        tuple(Reference(*fields) for fields in zip(*columns, strict=True)),
    )


def _people(table: pl.DataFrame) -> list[Person]:
    names, qids, aliases = (table[column].to_list() for column in ("name", "qid", "aliases"))
    return [Person(name, qid, tuple(also)) for name, qid, also in zip(names, qids, aliases, strict=True)]


def _content(path: Path) -> bytes:
    # Once: a build may put another file in its place between two looks.
    try:
        return path.read_bytes()
    except OSError as error:
        raise GalleryError(f"{path} can't be read ({error.strerror or error}). {MEND}") from None


def _about(path: Path, content: bytes) -> About:
    told = _metadata(path, content).get(_ABOUT)
    if not told:
        raise GalleryError(f"{path} is no gallery of this project. {MEND}")
    about: dict[str, Any] = json.loads(told)
    if about.pop("format") not in _READ:
        raise GalleryError(f"{path} is of a newer version of this project. {MEND}")
    about["confusable"] = tuple((one, other, float(distance)) for one, other, distance in about["confusable"])
    # Format 1 had a distance where today's has a score.
    return About(**{name: value for name, value in about.items() if name in About.__dataclass_fields__})


def _metadata(path: Path, content: bytes) -> dict[str, str]:
    try:
        return pl.read_parquet_metadata(io.BytesIO(content))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise GalleryError(f"{path} can't be read ({str(error).splitlines()[0]}). {MEND}") from None


def _read(path: Path, content: bytes, columns: Sequence[str]) -> pl.DataFrame:
    try:
        return pl.read_parquet(content, columns=list(columns))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise GalleryError(f"{path} can't be read ({str(error).splitlines()[0]}). {MEND}") from None
