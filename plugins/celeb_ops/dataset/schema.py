"""What the dataset's tables hold: each column once, for the code, ``docs/dataset.md`` and ``datapackage.json``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from celeb_ops.core.exceptions import ReasonCode

VERSION = 5
"""Of the Parquet tables. 1 had no ``prominence`` and ``picture``, and no version in its files; 2 no ``memento`` and
``images_missing``, and no ``source`` of captures that failed: all were live; 3 no ``qid``; 4 no ``reason_code``."""
VERSION_KEY = "celebs_schema"
"""The entry of a Parquet file's own metadata that holds its version."""

UTC_MS = pl.Datetime("ms", "UTC")

# polars' type → the word for people, and the one of Frictionless' Table Schema.
WORDS: dict[Any, tuple[str, str]] = {
    UTC_MS: ("time", "datetime"),
    pl.String: ("text", "string"),
    pl.Int32: ("integer", "integer"),
    pl.Float64: ("number", "number"),
    pl.Boolean: ("yes or no", "boolean"),
    pl.List(pl.String): ("list of text", "array"),
}


@dataclass(frozen=True)
class Column:
    """A column. ``meaning`` is a sentence in Markdown, with unit and what an empty cell says."""

    name: str
    dtype: Any
    meaning: str

    @property
    def word(self) -> str:
        """The type for people."""
        return WORDS[self.dtype][0]


@dataclass(frozen=True)
class Table:
    """A table: ``name`` is the file's, or that of the folder of its months. ``key`` finds a row again."""

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def dtypes(self) -> dict[str, Any]:
        """Polars' type by column, in order: what ``pl.DataFrame(schema=…)`` takes."""
        return {column.name: column.dtype for column in self.columns}


_TIME = Column("time", UTC_MS, "the run's time")
_SITE = Column("site", pl.String, "the site's name")
_SEEN_AT = Column("captured_at", UTC_MS, "when the page was seen; of an archived page, when the archive took it")
_SOURCE = Column("source", pl.String, "`live` or `archive`, as in `Celebs.csv`")
_MEMENTO = Column("memento", pl.String, "address of the archived page; empty where the page was seen `live`")

CELEBS = Table(
    "Celebs.csv",
    "Who was seen: one row per site and run that was seen.",
    (
        _TIME,
        Column("site", pl.String, "the site's name in the sites file, `TMZ`"),
        Column("celebrities", pl.String, "the names, each once, sorted, joined by `; `. Empty: nobody was named"),
        _SEEN_AT,
        Column("source", pl.String, "`live`: the site itself was photographed; `archive`: a web archive's copy of it"),
    ),
    key=("time", "site"),
)

CAPTURES = Table(
    "Captures",
    "What came of each site in each run, seen or not: the denominator of every share.",
    (
        _TIME,
        _SITE,
        Column(
            "outcome",
            pl.String,
            "`seen`; `failed`: the page, or who is on it, could not be had; `skipped`: the run time was too far from "
            "now for the live page, and no archived one was near enough, or none was asked for",
        ),
        Column(
            "reason_code",
            pl.String,
            f"why it failed or was skipped, a word: {', '.join(f'`{code}`' for code in ReasonCode)}. Empty where it "
            "was seen, and in rows of schema 1 to 4",
        ),
        Column("reason", pl.String, "the same as a sentence; empty where it was seen"),
        Column(
            "captured_at",
            UTC_MS,
            "when the page was seen; of an archived page, when the archive took it. This and all below but `source` "
            "are empty unless it was seen",
        ),
        Column(
            "source",
            pl.String,
            "`live` or `archive`, as in `Celebs.csv`; of a page that failed, which of them was tried, where that is "
            "known. Empty: it was skipped. A file of schema 1 or 2 has it empty where a page failed: all were `live`",
        ),
        _MEMENTO,
        Column(
            "images_missing",
            pl.Int32,
            "pictures that the page wanted and that did not come; of an archived page, those that the archive lacks, "
            "has only from another time, or did not give in time. Empty in rows of schema 1 and 2",
        ),
        Column("recognizer", pl.String, "who named the faces: `local` or `rekognition`"),
        Column("recognizer_version", pl.String, "its model, or the version of its API: compare counts only within one"),
        Column("gallery", pl.String, "a digest of the local recogniser's photos. Empty: no photos, or `rekognition`"),
        Column("faces", pl.Int32, "faces found on the page, each once"),
        Column("unrecognised", pl.Int32, "those of them without a name"),
        Column("celebrities", pl.List(pl.String), "the names, each once, sorted"),
        Column("slices", pl.Int32, "pictures that the page was cut into for the recogniser"),
        Column("calls", pl.Int32, "paid calls of this run that the row rests on, those of earlier tries too"),
        Column(
            "calls_saved",
            pl.Int32,
            "by how much one call a slice would have been more: answers kept from before, contact sheets",
        ),
        Column("cost_usd", pl.Float64, "`calls` at the list price, in US dollars: an estimate, no bill"),
        Column("seconds", pl.Float64, "for capture, slicing and recognition together"),
    ),
    key=("time", "site"),
)

SIGHTINGS = Table(
    "Sightings",
    "Each face that got a name: who, how sure, where on the page, beside which words. A name is a recogniser's guess.",
    (
        _TIME,
        _SITE,
        _SEEN_AT,
        _SOURCE,
        _MEMENTO,
        Column("name", pl.String, "the name. A recogniser's guess from a picture, no proof"),
        Column("id", pl.String, "the recogniser's identifier of the person, where it has one (`rekognition`)"),
        Column("qid", pl.String, "the person's item in Wikidata, `Q7259`. Empty: not known, or a row of schema 1 to 3"),
        Column("urls", pl.List(pl.String), "pages about the person, as `rekognition` names them"),
        Column(
            "confidence",
            pl.Float64,
            "0–100, how sure. `rekognition`: its MatchConfidence. `local`: a probability, of names with 90 about nine "
            "in ten are right (until November 2026 it told near from far, no more). Not comparable between the two",
        ),
        Column(
            "margin",
            pl.Float64,
            "`local`: by how much the next person of the gallery is further away, as an embedding distance (0.03 at "
            "least). Empty: no other person there, or `rekognition`",
        ),
        Column(
            "basis", pl.String, "`face`: the face alone; `face+text`: the words beside the picture have the name too"
        ),
        Column("left", pl.Int32, "left edge of the face's box, px"),
        Column("top", pl.Int32, "its upper edge, px"),
        Column("width", pl.Int32, "its width, px"),
        Column("height", pl.Int32, "its height, px"),
        Column("above_fold", pl.Boolean, "its upper edge is in the first view of the window (`viewport`)"),
        Column("page_share", pl.Float64, "area of the box by area of the page's picture, 0–1"),
        Column(
            "prominence",
            pl.Float64,
            "area of the box in percent of the first view of the window, divided by 1 + how many views of the window "
            "its upper edge lies down the page: halved one screen down. Empty in rows of schema 1",
        ),
        Column(
            "picture",
            pl.Int32,
            "which picture of the page the face is on: its place in `pictures` of the capture's facts, from 0, the "
            "smallest around the face's centre. This and the four below are empty where the page's markup has no "
            "picture there. In rows of schema 1 it is empty too",
        ),
        Column("headline", pl.String, "the headline beside that picture"),
        Column("link", pl.String, "where the picture leads"),
        Column("alt", pl.String, "its alternative text"),
        Column("picture_url", pl.String, "its address"),
        Column("screenshot", pl.String, "key of the capture's facts, `Images/<stem>.json`, beside the page's picture"),
        Column("crop", pl.String, "key of the evidence, a picture of the face of 256 px at most"),
    ),
)

TABLES = (CELEBS, CAPTURES, SIGHTINGS)
