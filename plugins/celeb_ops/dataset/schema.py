"""The columns of the dataset's tables, defined once for the code, ``docs/dataset.md`` and ``datapackage.json``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from celeb_ops.core.exceptions import ReasonCode, RecordError

VERSION = 7
"""The version of the Parquet tables. 1 had no ``prominence`` and ``picture``, and no version in its files; 2 no
``memento`` and ``images_missing``, and no ``source`` of captures that failed: all were live; 3 no ``qid``; 4 no
``reason_code``; 5 no ``adverts_counted`` and ``placement``; 6 no ``Mentions``."""
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
    "The outcome of each site in each run, seen or not: the denominator of every share.",
    _columns(f"""
time | time | the run's time
site | text | the site's name
outcome | text | `seen`; `failed`: capture or recognition failed; `skipped`: the page was not photographed,
    because the run time was too far from now for the live page and no archived copy was near enough (or you did not
    ask for copies), or because robots.txt disallows the page (`robots`)
reason_code | text | why it failed or was skipped, a code:
    {", ".join(f"`{code}`" for code in ReasonCode)}.
    Empty where it was seen, and in rows of schema 1 to 4
reason | text | the same as a sentence; empty where it was seen
captured_at | time | when the page was seen; of an archived page, when the archive took it. Unless the page was
    seen, this column and every column below it, except `source`, are empty
source | text | `live` or `archive`, as in `Celebs.csv`; for a failed page, which one was tried, if known.
    Empty: skipped. Schema 1 and 2 left it empty for failed pages: all were `live`
memento | text | address of the archived page; empty where the page was seen `live`
images_missing | integer | pictures of the page that did not load; for an archived page, those that the
    archive lacks, has only from another time, or sent too late. Empty in rows of schema 1 and 2
recognizer | text | who named the faces: `local` or `rekognition`
recognizer_version | text | its model or API version: compare counts only within one version
gallery | text | a hash of the photos in the local recogniser's gallery; it changes when they change. Empty: no
    photos, or `rekognition`
faces | integer | faces found on the page, each once
unrecognised | integer | those of them without a name
celebrities | list of text | the names, each once, sorted
slices | integer | pictures that the page was cut into for the recogniser
calls | integer | paid calls behind this row in this run, including earlier tries
calls_saved | integer | how many calls were saved by cached responses and contact sheets, compared with one call
    per slice
adverts_counted | yes or no | whether people shown only in adverts are among `celebrities`
    (`CELEBS_COUNT_ADVERTS`). Empty: adverts were not detected, so they count, as in all rows of schema 1 to 5
cost_usd | number | `calls` at list price, in US dollars: an estimate, not a bill
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
name | text | the name: a recogniser's guess, not proof
id | text | the recogniser's identifier of the person, where it has one (`rekognition`)
qid | text | the person's item in Wikidata, `Q7259`. Empty: not known, or a row of schema 1 to 3
urls | list of text | web pages about the person that `rekognition` returns
confidence | number | 0–100, how sure. `rekognition`: its MatchConfidence. `local`: a probability: about nine in
    ten names with 90 are right (until November 2026 it was only a ranking). Do not
    compare values of `local` with values of `rekognition`
margin | number | `local`: how much further away the second-nearest gallery person is than this one, as an embedding
    distance (at least 0.03). Empty: no other person, or `rekognition`
basis | text | `face`: the face alone; `face+text`: the words beside the picture have the name too
left | integer | left edge of the face's box, px
top | integer | its upper edge, px
width | integer | its width, px
height | integer | its height, px
above_fold | yes or no | its upper edge is on the first screen (`viewport`)
page_share | number | box area ÷ area of the screenshot, 0–1
prominence | number | how large and how high on the page the face is: the box's area in percent of the first screen,
    divided by (1 + the number of screens above the box). One screen down it counts half. Empty in rows of schema 1
placement | text | `editorial`: the site's own; `advert`: in a marked advertisement, counted
    in `Celebs.csv` and trends only if `adverts_counted`; `embed`: in another site's post or player. Empty: not
    known, as in rows of schema 1 to 5
picture | integer | 0-based index into `pictures` of the capture's JSON: the smallest picture around the face's
    centre. This column and the four below are empty if the page's markup has no picture at that place. This column
    is also empty in rows of schema 1
headline | text | the headline beside that picture
link | text | the picture's link
alt | text | its alternative text
picture_url | text | its address
screenshot | text | storage key of the JSON file about the screenshot, `Images/<stem>.json`; the image
    itself lies beside it
crop | text | storage key of the cropped face, at most 256 px, which is kept as evidence
"""),
)
MENTIONS = Table(
    "Mentions",
    "Each headline or alt text that names somebody of the gallery, whether or not a face was recognised there.",
    _columns("""
time | time | the run's time
site | text | the site's name
captured_at | time | when the page was seen; of an archived page, when the archive took it
source | text | `live` or `archive`, as in `Celebs.csv`
memento | text | address of the archived page; empty where the page was seen `live`
name | text | the gallery person whom the text names
qid | text | the person's item in Wikidata, `Q7259`. Empty: not known
part | text | which words: `headline`, or `alt`, a picture's alternative text
text | text | the words. Empty if they also name another person, who asked to be removed
link | text | the link of the story or picture
picture | integer | the picture beside the words: its 0-based index in `pictures` of the capture's JSON.
    This and the one below are empty if there is no picture
picture_url | text | its address
placement | text | that picture's, as in `Sightings`. Empty: no picture, or not known
shown | yes or no | the person's face was recognised on that picture, or on another one of the same story
screenshot | text | storage key of the JSON file about the screenshot, `Images/<stem>.json`; the image
    itself lies beside it
"""),
)
MONTHLY = (CAPTURES, SIGHTINGS, MENTIONS)
"""Tables with one file per month."""
TABLES = (CELEBS, *MONTHLY)
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
