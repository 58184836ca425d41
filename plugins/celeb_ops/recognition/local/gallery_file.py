"""The gallery as one file, ``wikidata.parquet``: a row per person, with the embeddings of their photos.

A run reads only the columns that it needs: 10,000 people with five photos each in under 0.3 s.
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
_FORMAT = 2
_READABLE = {1, _FORMAT}
_SCALE = 2**14
_REMEDY = "Make it again with `make gallery`, or ask for a new copy where it came from."
_ABOUT, _LEFT_OUT = "celeb_ops", "celeb_ops.left_out"

LeftOut = tuple[str, str, str]
"""QID, name and reason of a person who is not in the file."""


@dataclass(frozen=True)
class Reference:
    """The source of a reference photo. ``file`` is its title at Commons, ``File:Grace Hopper.jpg``."""

    file: str
    sha1: str
    author: str = ""
    licence: str = ""
    licence_url: str = ""


_REFERENCE = tuple(Reference.__dataclass_fields__)
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


@dataclass(frozen=True)
class Entry:
    """A person of the gallery; embeddings are photos × numbers of the model.

    A person without photos can still be found by name in a page's text.
    """

    person: Person
    description: str
    sitelinks: int
    embeddings: Embedding32
    references: tuple[Reference, ...]


@dataclass(frozen=True)
class About:
    """Facts about the whole gallery."""

    model: str = face_model.DLIB.name
    made: str = ""
    """The day on which Wikidata was asked, ``2026-11-24``."""
    counted_score: float | None = None
    """The score within which 0.5 % of the gallery's people are taken for somebody else in it; None: too few people to
    count."""
    recall: float | None = None
    """The share of the gallery's photos that would be named correctly, by face alone, from the person's other
    photos."""
    confusable: tuple[tuple[str, str, float], ...] = ()
    """Two names, and the distance of their nearest photos."""
    growing_to: int | None = None
    """The number of people that an unfinished build will reach; None: the file is complete."""


@dataclass(frozen=True)
class Loaded:
    """The part of the file that a run needs: people, and for each photo the name, ``<Name>/File:…`` and the
    embedding."""

    people: list[Person]
    names: list[str]
    photos: list[str]
    embeddings: Embedding32
    about: About
    digest: str


@dataclass(frozen=True)
class GalleryContent:
    """The whole content of the file."""

    entries: list[Entry]
    about: About
    left_out: list[LeftOut] = field(default_factory=list)


def encoded(whole: GalleryContent) -> bytes:
    """The content of the file: the same gallery gives the same bytes."""
    rows = [
        (
            one.person.qid,
            one.person.name,
            list(one.person.aliases),
            one.description,
            one.sitelinks,
            packed(one.embeddings),
            *([getattr(reference, name) for reference in one.references] for name in _REFERENCE),
        )
        for one in whole.entries
    ]
    about = {"format": _FORMAT, **whole.about.__dict__}
    metadata = {_ABOUT: json.dumps(about), _LEFT_OUT: json.dumps(whole.left_out)}
    out = io.BytesIO()
    pl.DataFrame(rows, schema=_SCHEMA, orient="row").write_parquet(out, compression="zstd", metadata=metadata)
    return out.getvalue()


def write(path: Path, whole: GalleryContent) -> None:
    """Replace the file. GalleryError if it can't be written."""
    write_file(path, encoded(whole))


def write_file(path: Path, content: bytes) -> None:
    """Write a file of a gallery or of its cache, whole or not at all. GalleryError if it can't be written."""
    try:
        atomic_files.write(path, content)
    except OSError as error:
        raise GalleryError(f"{path} can't be written: {error.strerror or error}.") from None


def load(path: Path, removed: RemovalList) -> Loaded:
    """The people of the file without those on the removal list; nobody without a file. GalleryError: it is damaged."""
    if not path.is_file():
        return Loaded([], [], [], np.empty((0, 0), np.float32), About(), "")
    table, about, _ = _read(path, "qid", "name", "aliases", "embeddings", "file")
    people = _people(table)
    if removed:
        stay = [not removed.holds(*one.names) for one in people]
        table, people = table.filter(stay), list(compress(people, stay))
    content = b"".join(table["embeddings"].to_list())
    embeddings = unpacked(content)
    photos = [(name, f"{name}/{file}") for name, files in table.select("name", "file").iter_rows() for file in files]
    if embeddings.size % max(len(photos), 1):
        raise GalleryError(f"{path} is damaged: embeddings are missing. {_REMEDY}")
    # The digest covers only what decides which faces get a name: a person's new sitelink count does not change it.
    digest = hashlib.sha256(content)
    faces = [person for person, files in zip(people, table["file"], strict=True) if len(files)]
    digest.update(repr((faces, about.model, about.counted_score)).encode())
    return Loaded(
        people,
        [name for name, _ in photos],
        [photo for _, photo in photos],
        embeddings.reshape(len(photos), embeddings.size // max(len(photos), 1)),
        about,
        digest.hexdigest()[:16],
    )


def read(path: Path) -> GalleryContent:
    """The whole content of the file. GalleryError: it is damaged, or not there."""
    table, about, left_out = _read(path, *_SCHEMA)
    entries = [
        Entry(
            person,
            row["description"],
            row["sitelinks"],
            unpacked(row["embeddings"]).reshape(len(row["file"]), -1 if row["file"] else 0),
            tuple(Reference(*values) for values in zip(*(row[name] for name in _REFERENCE), strict=True)),
        )
        for person, row in zip(_people(table), table.iter_rows(named=True), strict=True)
    ]
    return GalleryContent(entries, about, left_out)


def people_of(folder: Path) -> People:
    """The people of this gallery's file; nobody without a file. GalleryError: it is damaged."""
    path = folder / FILE
    return People(_people(_read(path, "qid", "name", "aliases")[0])) if path.is_file() else People()


def sha1_of(folder: Path) -> dict[str, str]:
    """The SHA-1 of each photo in this gallery's file by its title; nothing without a file."""
    path = folder / FILE
    if not path.is_file():
        return {}
    return dict(_read(path, "file", "sha1")[0].explode("file", "sha1").drop_nulls().iter_rows())


def packed(embeddings: Embedding32) -> bytes:
    """The embeddings as bytes of the file."""
    return np.clip(np.rint(embeddings * _SCALE), -(2**15), 2**15 - 1).astype("<i2").tobytes()


def unpacked(content: bytes) -> Embedding32:
    """The numbers of :func:`packed`, in one dimension. numpy reads them five times as fast as float16."""
    numbers = np.frombuffer(content, "<i2").astype(np.float32)
    numbers *= np.float32(1 / _SCALE)
    return numbers


def _people(table: pl.DataFrame) -> list[Person]:
    rows = table.select("name", "qid", "aliases").iter_rows()
    return [Person(name, qid, tuple(aliases)) for name, qid, aliases in rows]


def _read(path: Path, *columns: str) -> tuple[pl.DataFrame, About, list[LeftOut]]:
    try:
        # Read once: a build may replace the file at any time.
        content = path.read_bytes()
        metadata = pl.read_parquet_metadata(io.BytesIO(content))
        if _ABOUT not in metadata:
            raise GalleryError(f"{path} is not a gallery file of this project. {_REMEDY}")
        about: dict[str, Any] = json.loads(metadata[_ABOUT])
        if about["format"] not in _READABLE:
            raise GalleryError(f"{path} was written by a newer version of this project. {_REMEDY}")
        table = pl.read_parquet(content, columns=list(columns))
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise GalleryError(f"{path} can't be read ({reason}). {_REMEDY}") from None
    about["confusable"] = tuple((one, other, float(distance)) for one, other, distance in about["confusable"])
    left_out = [(qid, name, reason) for qid, name, reason in json.loads(metadata.get(_LEFT_OUT, "[]"))]
    # Format 1 has a distance instead of the score.
    known = {name: value for name, value in about.items() if name in About.__dataclass_fields__}
    return table, About(**known), left_out
