"""What the dataset's tables hold: each column once, for the code, ``docs/dataset.md`` and ``datapackage.json``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from celeb_ops.core.exceptions import ReasonCode, RecordError

VERSION = 5
"""Of the Parquet tables. 1 had no ``prominence`` and ``picture``, and no version in its files; 2 no ``memento`` and
``images_missing``, and no ``source`` of captures that failed: all were live; 3 no ``qid``; 4 no ``reason_code``."""
VERSION_KEY = "celebs_schema"
"""The entry of a Parquet file's own metadata that holds its version."""

UTC_MS = pl.Datetime("ms", "UTC")

# By polars' type: the name for people, and that of Frictionless' Table Schema.
TYPE_NAMES: dict[Any, tuple[str, str]] = {
    UTC_MS: ("time", "datetime"),
    pl.String: ("text", "string"),
    pl.Int32: ("integer", "integer"),
    pl.Float64: ("number", "number"),
    pl.Boolean: ("yes or no", "boolean"),
    pl.List(pl.String): ("list of text", "array"),
}


class Column(NamedTuple):
    """A column. ``meaning`` is a sentence in Markdown, with unit and what an empty cell says."""

    name: str
    dtype: Any
    meaning: str


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


def _columns(text: str) -> tuple[Column, ...]:
    """A column a line, ``name | type | meaning``; a line that is indented goes on with the one above it."""
    types = {for_people: dtype for dtype, (for_people, _) in TYPE_NAMES.items()}
    lines = (line.split(" | ", 2) for line in text.strip().replace("\n    ", " ").splitlines())
    return tuple(Column(name, types[type_name], meaning) for name, type_name, meaning in lines)


CELEBS = Table(
    "Celebs.csv",
    "Who was seen: one row per site and run that was seen.",
    _columns("""
time | time | the run's time
site | text | the site's name in the sites file, `TMZ`
celebrities | text | the names, each once, sorted, joined by `; `. Empty: nobody was named
captured_at | time | when the page was seen; of an archived page, when the archive took it
source | text | `live`: the site itself was photographed; `archive`: a web archive's copy of it
"""),
    key=("time", "site"),
)
CAPTURES = Table(
    "Captures",
    "What came of each site in each run, seen or not: the denominator of every share.",
    _columns(f"""
time | time | the run's time
site | text | the site's name
outcome | text | `seen`; `failed`: the page, or who is on it, could not be had; `skipped`: the run time was too far
    from now for the live page, and no archived one was near enough, or none was asked for
reason_code | text | why it failed or was skipped, a word:
    {", ".join(f"`{code}`" for code in ReasonCode)}.
    Empty where it was seen, and in rows of schema 1 to 4
reason | text | the same as a sentence; empty where it was seen
captured_at | time | when the page was seen; of an archived page, when the archive took it. This and all below but
    `source` are empty unless it was seen
source | text | `live` or `archive`, as in `Celebs.csv`; of a page that failed, which of them was tried, where that is
    known. Empty: it was skipped. A file of schema 1 or 2 has it empty where a page failed: all were `live`
memento | text | address of the archived page; empty where the page was seen `live`
images_missing | integer | pictures that the page wanted and that did not come; of an archived page, those that the
    archive lacks, has only from another time, or did not give in time. Empty in rows of schema 1 and 2
recognizer | text | who named the faces: `local` or `rekognition`
recognizer_version | text | its model, or the version of its API: compare counts only within one
gallery | text | a digest of the local recogniser's photos. Empty: no photos, or `rekognition`
faces | integer | faces found on the page, each once
unrecognised | integer | those of them without a name
celebrities | list of text | the names, each once, sorted
slices | integer | pictures that the page was cut into for the recogniser
calls | integer | paid calls of this run that the row rests on, those of earlier tries too
calls_saved | integer | by how much one call a slice would have been more: answers kept from before, contact sheets
cost_usd | number | `calls` at the list price, in US dollars: an estimate, no bill
seconds | number | for capture, slicing and recognition together
"""),
    key=("time", "site"),
)
SIGHTINGS = Table(
    "Sightings",
    "Each face that got a name: who, how sure, where on the page, beside which words. A name is a recogniser's guess.",
    _columns("""
time | time | the run's time
site | text | the site's name
captured_at | time | when the page was seen; of an archived page, when the archive took it
source | text | `live` or `archive`, as in `Celebs.csv`
memento | text | address of the archived page; empty where the page was seen `live`
name | text | the name. A recogniser's guess from a picture, no proof
id | text | the recogniser's identifier of the person, where it has one (`rekognition`)
qid | text | the person's item in Wikidata, `Q7259`. Empty: not known, or a row of schema 1 to 3
urls | list of text | pages about the person, as `rekognition` names them
confidence | number | 0–100, how sure. `rekognition`: its MatchConfidence. `local`: a probability, of names with 90
    about nine in ten are right (until November 2026 it told near from far, no more). Not comparable between the two
margin | number | `local`: by how much the next person of the gallery is further away, as an embedding distance (0.03
    at least). Empty: no other person there, or `rekognition`
basis | text | `face`: the face alone; `face+text`: the words beside the picture have the name too
left | integer | left edge of the face's box, px
top | integer | its upper edge, px
width | integer | its width, px
height | integer | its height, px
above_fold | yes or no | its upper edge is in the first view of the window (`viewport`)
page_share | number | area of the box by area of the page's picture, 0–1
prominence | number | area of the box in percent of the first view of the window, divided by 1 + how many views of the
    window its upper edge lies down the page: halved one screen down. Empty in rows of schema 1
picture | integer | which picture of the page the face is on: its place in `pictures` of the capture's facts, from 0,
    the smallest around the face's centre. This and the four below are empty where the page's markup has no picture
    there. In rows of schema 1 it is empty too
headline | text | the headline beside that picture
link | text | where the picture leads
alt | text | its alternative text
picture_url | text | its address
screenshot | text | key of the capture's facts, `Images/<stem>.json`, beside the page's picture
crop | text | key of the evidence, a picture of the face of 256 px at most
"""),
)
TABLES = (CELEBS, CAPTURES, SIGHTINGS)
END_MARK = "<!-- end of columns -->"


def with_columns(page: str, tables: tuple[Table, ...] = TABLES) -> str:
    """``docs/dataset.md`` with each table's columns between its two marks. RecordError where they are not there."""
    for table in tables:
        begin = f"<!-- columns of {table.name}: made by make docs -->"
        before, begin_found, rest = page.partition(begin)
        _, end_found, after = rest.partition(END_MARK)
        if not begin_found or not end_found:
            raise RecordError(f"The page has no place for the columns of {table.name}: add {begin} and {END_MARK}.")
        columns = "| column | type | meaning |\n|---|---|---|"
        for column in table.columns:
            meaning = column.meaning.replace("|", r"\|")
            columns += f"\n| `{column.name}` | {TYPE_NAMES[column.dtype][0]} | {meaning} |"
        page = f"{before}{begin}\n\n{columns}\n\n{END_MARK}{after}"
    return page
