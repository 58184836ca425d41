"""The JSON records of the store: what one step leaves for the next. Boxes and rows are page pixels."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    PositiveInt,
    ValidationError,
    field_serializer,
)

from celeb_ops.core import keys, removal_filter
from celeb_ops.core.exceptions import NotStoredError, ReasonCode, RecordError
from celeb_ops.core.geometry import Box
from celeb_ops.core.keys import iso
from celeb_ops.core.names import nfc
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.core.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from celeb_ops.core.store import Store

R = TypeVar("R", bound="Record")
S = TypeVar("S", bound="SiteRecord")

# What the dataset's tables can hold: one number beyond it would stop the merge of all sites.
Count = Annotated[int, Field(ge=0, lt=2**31)]
Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _on_page(box: Box) -> Box:
    if not all(0 <= side < 2**31 for side in box):
        raise ValueError("a box on a page has no negative or huge sides")
    return box


PageBox = Annotated[Box, AfterValidator(_on_page)]


class Span(NamedTuple):
    """Half-open ``[start, stop)`` rows or columns."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start


class Record(BaseModel):
    """A frozen record. Fields of a newer version are passed over, so that an older one can read on."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @field_serializer("time", "captured_at", "asked_at", when_used="json", check_fields=False)
    def _iso(self, when: datetime) -> str:
        return iso(when)

    def save(self, store: Store, key: str) -> str:
        store.write(key, removal_filter.filtered(self, RemovalList.load(store)).model_dump_json(indent=1).encode())
        return key

    @classmethod
    def load(cls: type[R], store: Store, key: str) -> R:
        """The record at ``key``; NotStoredError where there is none, RecordError where it is another thing."""
        try:
            return cls.model_validate_json(store.read(key))
        except ValidationError as error:
            first = error.errors()[0]
            what = ": ".join(filter(None, [".".join(map(str, first["loc"])), first["msg"]]))
            raise RecordError(
                f"{store.url(key)} is not a {cls.__name__} record ({what}). "
                "Delete it and clear the task that writes it."
            ) from None


class SiteRecord(Record):
    """A record of one site in one run."""

    site: str
    time: AwareDatetime

    @classmethod
    def load_of(cls: type[S], store: Store, key: str, site: str, when: datetime) -> S:
        """As :meth:`load`; RecordError also where it is of another site or run time."""
        record = cls.load(store, key)
        if (record.site, record.time) != (site, when):
            raise RecordError(
                f"{store.url(key)} is of {record.site} at {iso(record.time)}, not of {site} at {iso(when)}: clear the "
                f"task of {site} that writes it."
            )
        return record


class Part(Record):
    """One picture file of a screenshot and the page rows it shows."""

    key: str
    rows: Span


class Picture(Record):
    """A picture on the page, as the DOM knows it."""

    box: Box
    src: str
    alt: str = ""
    link: str = ""
    headline: str = ""


class Consent(Record):
    """What stood before the page, and what was done about it."""

    found: list[str] = []
    done: list[str] = []


class Screenshot(SiteRecord):
    """The sidecar of a screenshot: it is there = the screenshot is whole."""

    url: str
    final_url: str
    title: str
    http_status: int
    captured_at: AwareDatetime
    """When the page was as it is shown: of an archived one the archive's own time, not that of the visit there."""
    source: Literal["live", "archive"]
    memento: str | None = None
    """The address of the archived page."""
    viewport: tuple[PositiveInt, PositiveInt]
    page_width: int
    page_height: int
    captured_height: int
    truncated: bool
    parts: list[Part]
    pictures: list[Picture]
    images_loaded: int
    images_total: int
    images_missing: int = 0
    """Pictures that the page wanted and that did not come: of an archived page, those that the archive lacks, has only
    from another time, or did not give in time."""
    missing: list[str] = []
    """What the page was still waiting for when its load time was spent."""
    consent: Consent
    timings: dict[str, float]
    """Seconds by step."""
    blurred: list[Box] = []
    """Areas that were made unrecognisable since, for people who asked not to be in the dataset."""
    browser: str

    @property
    def digest(self) -> str:
        """The SHA-256 of all that its slices depend on: another one for another capture, or where it was blurred since.

        The page's words are not in it: of some people they are emptied later, and the picture stays what it was.
        """
        told = {"time", "captured_at", "source", "memento", "page_width", "captured_height", "parts", "blurred"}
        # How long it took is the one thing in which two captures of an archived page are sure to differ.
        told |= {"images_loaded", "images_total", "timings"}
        boxes = [picture.box for picture in self.pictures]
        return hashlib.sha256(f"{self.model_dump_json(include=told)}{boxes}".encode()).hexdigest()


GUTTER_PX = 16
"""White rows between two bands of a slice, so that no face is made up of two of them."""


def stacked(bands: Sequence[Span]) -> tuple[list[int], int]:
    """Where each band begins in a slice of these bands, and the slice's height, in px."""
    tops, height = [], 0
    for band in bands:
        tops.append(height)
        height += band.size + GUTTER_PX
    return tops, height - GUTTER_PX


class Slice(Record):
    """A picture that the recogniser gets: bands of page rows, one below the other, of the same columns."""

    key: str
    bands: list[Span]
    columns: Span

    def on_page(self, box: Box) -> Box:
        """A box in the slice's pixels, in the page's; of one that reaches over a gutter, the part in its own band."""
        top, band = self._band(box.centre[1])
        inside = box.moved(0, -top).clipped(self.columns.size, band.size)
        return inside.moved(self.columns.start, band.start)

    def parts_of(self, area: Box) -> list[Box]:
        """Of an area of the page, what is in this slice, in the slice's pixels."""
        tops, _ = stacked(self.bands)
        parts = (
            area.moved(-self.columns.start, -band.start).clipped(self.columns.size, band.size).moved(0, top)
            for top, band in zip(tops, self.bands, strict=True)
        )
        return [part for part in parts if part.area]

    def cuts(self, box: Box) -> bool:
        """Whether a box in the slice's pixels touches an edge of its band: what it shows may go on beyond."""
        top, band = self._band(box.centre[1])
        return box.top <= top or box.bottom >= top + band.size or box.left <= 0 or box.right >= self.columns.size

    def _band(self, row: float) -> tuple[int, Span]:
        """The band at a row of the slice, and where it begins there."""
        tops, _ = stacked(self.bands)
        return next(
            (top, band)
            for top, band in reversed(list(zip(tops, self.bands, strict=True)))
            if row >= top - GUTTER_PX / 2 or not top
        )


class LeftOut(Record):
    """Rows in no slice, and why."""

    rows: Span
    reason: str


class Plan(Record):
    """How a screenshot was cut."""

    screenshot: str
    screenshot_digest: str = ""
    """:attr:`Screenshot.digest` of the screenshot that was cut; empty in plans of before it was kept."""
    slices: list[Slice]
    areas: list[Box] = []
    """Where a face may be, in page px: pictures of the DOM, and what looks like one where the DOM is silent."""
    areas_left_out: int = 0
    """Smaller ones that are not looked at, because there are too many."""
    left_out: list[LeftOut] = []
    seconds: float = 0


class RecognizerInfo(Record):
    """Which recogniser spoke, and whom it could know."""

    name: str
    version: str
    gallery: str | None = None
    """A digest of the gallery: another one may name other people."""


class Sighting(Record):
    """A face that was named."""

    name: Annotated[str, AfterValidator(nfc)]
    id: str | None = None
    """The recogniser's identifier, where it has one."""
    qid: str | None = None
    """The person's item in Wikidata, where it is known."""
    urls: list[str] = []
    """Pages about the person, as the recogniser names them."""
    confidence: Number
    """0–100."""
    margin: FiniteFloat | None = None
    """How much nearer than the runner-up, in embedding distance; None where the recogniser tells none."""
    basis: str
    """What the name rests on: ``face``, or ``face+text`` where the page's words beside the picture have it too."""
    reference: str | None = None
    """The gallery's photo that is nearest, ``<Name>/<file>``; only the local recogniser has one."""
    box: PageBox
    picture: Count | None = None
    """Index into the screenshot's ``pictures``."""
    above_fold: bool
    page_share: Number
    """Area of the box by area of the page, 0–1."""
    crop: str
    """Key of the evidence: a small picture of this face."""


class Result(SiteRecord):
    """Who was seen on a site in a run."""

    captured_at: AwareDatetime
    source: Literal["live", "archive"]
    memento: str | None = None
    images_missing: Count = 0
    screenshot: str
    recognizer: RecognizerInfo
    slices: Count
    calls: Count
    """Calls of a recogniser that costs money, in this run: those of an earlier try of the step are among them."""
    calls_saved: Count = 0
    """Calls that one a slice would have been more: known answers, contact sheets."""
    cost_usd: Number
    """Estimated, by the price of a call."""
    faces: Count
    unrecognised: Count
    sightings: list[Sighting]
    not_looked_at: list[str] = []
    """What of the page is not looked at because it would take too long, for people to read."""
    seconds: Number
    """Capture, slicing and recognition together."""

    @property
    def celebrities(self) -> list[str]:
        """The names, unique and sorted."""
        return sorted({sighting.name for sighting in self.sightings})


class Outcome(SiteRecord):
    """Why a site has no result in a run."""

    outcome: Literal["skipped", "failed"]
    task: str
    reason: Annotated[str, AfterValidator(cleaned)]
    reason_code: ReasonCode | None = None
    """None: it is of before codes were kept."""
    source: Literal["live", "archive"] | None = None
    """Which page was tried, of a site that failed; None: none, or it is unknown."""
    missed_live: Annotated[str, AfterValidator(cleaned)] | None = None
    """Why the live page failed, of a site whose page can't be seen any more: ``reason`` tells that too, and
    ``reason_code`` is that failure's."""

    @classmethod
    def left(cls, store: Store, site: str, when: datetime) -> Outcome | None:
        """What the latest try of a step has left; None: nothing that can be read."""
        try:
            return cls.load_of(store, keys.outcome(keys.stem(site, when)), site, when)
        except (NotStoredError, RecordError):
            return None
