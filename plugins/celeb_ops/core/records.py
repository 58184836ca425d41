"""The JSON records of the store: what one step writes for the next. Boxes and rows are in page pixels."""

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
from celeb_ops.core.validation import first_problem

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
            field, _, message = first_problem(error)
            raise RecordError(
                f"{store.url(key)} is not a {cls.__name__} record ({field or 'the file'}: {message}). "
                "Delete it and clear the task that writes it."
            ) from None


class SiteRecord(Record):
    """A record of one site in one run."""

    site: str
    time: AwareDatetime

    @classmethod
    def load_of(cls: type[S], store: Store, key: str, site: str, when: datetime) -> S:
        """:meth:`load`; RecordError also where it is of another site or run time."""
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
    """What covered the page, and what was done about it."""

    found: list[str] = []
    done: list[str] = []


class Screenshot(SiteRecord):
    """The sidecar of a screenshot, written last: where it is, the screenshot is whole."""

    url: str
    final_url: str
    title: str
    http_status: int
    captured_at: AwareDatetime
    """When the page looked so: of an archived one the archive's own time, not that of the visit there."""
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
    """Pictures of an archived page that the archive lacks, has only from another time, or did not give in time."""
    missing: list[str] = []
    """What the page was still waiting for when its load time was over."""
    consent: Consent
    timings: dict[str, float]
    """Seconds by step."""
    blurred: list[Box] = []
    """Areas that ``make forget`` made unrecognisable."""
    browser: str

    @property
    def digest(self) -> str:
        """The SHA-256 of all that its slices depend on: another one for another capture, or after a blur.

        The page's words are not in it: they may be emptied later, and the picture stays what it was.
        """
        used = {"time", "captured_at", "source", "memento", "page_width", "captured_height", "parts", "blurred"}
        # How long it took is the one thing in which two captures of an archived page are sure to differ.
        used |= {"images_loaded", "images_total", "timings"}
        boxes = [picture.box for picture in self.pictures]
        return hashlib.sha256(f"{self.model_dump_json(include=used)}{boxes}".encode()).hexdigest()


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
        """The parts of a page area that are in this slice, in the slice's pixels."""
        parts = (
            area.moved(-self.columns.start, -band.start).clipped(self.columns.size, band.size).moved(0, top)
            for top, band in self._bands()
        )
        return [part for part in parts if part.area]

    def cuts(self, box: Box) -> bool:
        """Whether a box in the slice's pixels touches an edge of its band: what it shows may go on beyond."""
        top, band = self._band(box.centre[1])
        return box.top <= top or box.bottom >= top + band.size or box.left <= 0 or box.right >= self.columns.size

    def _bands(self) -> list[tuple[int, Span]]:
        """The bands, each with the row of the slice at which it begins."""
        return list(zip(stacked(self.bands)[0], self.bands, strict=True))

    def _band(self, row: float) -> tuple[int, Span]:
        """The band at a row of the slice; half of a gutter belongs to each of its neighbours."""
        first, *others = self._bands()
        return next((one for one in reversed(others) if row >= one[0] - GUTTER_PX / 2), first)


class LeftOut(Record):
    """Rows in no slice, and why."""

    rows: Span
    reason: str


class Plan(Record):
    """How a screenshot was cut."""

    screenshot: str
    screenshot_digest: str = ""
    """:attr:`Screenshot.digest` of the screenshot that was cut; empty in plans of earlier versions."""
    slices: list[Slice]
    areas: list[Box] = []
    """Where a face may be: pictures of the DOM, and what looks like one elsewhere."""
    areas_left_out: int = 0
    """The smallest, beyond the number that is looked at."""
    left_out: list[LeftOut] = []
    seconds: float = 0


class RecognizerInfo(Record):
    """A recogniser, and the gallery it knows."""

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
    """How much nearer than the runner-up, in embedding distance; only of the local recogniser."""
    basis: str
    """What the name rests on: ``face``, or ``face+text`` where the page's words beside the picture have it too."""
    reference: str | None = None
    """The nearest photo of the gallery, ``<Name>/<file>``; only of the local recogniser."""
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
    """Paid calls in this run, those of an earlier try of the step included."""
    calls_saved: Count = 0
    """Calls that stored answers and contact sheets saved, against one a slice."""
    cost_usd: Number
    """Estimated, by the price of a call."""
    faces: Count
    unrecognised: Count
    sightings: list[Sighting]
    not_looked_at: list[str] = []
    """Parts of the page that would take too long, for people to read."""
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
    """None in files of earlier versions."""
    source: Literal["live", "archive"] | None = None
    """Which page was tried; None: none, or it is unknown."""
    missed_live: Annotated[str, AfterValidator(cleaned)] | None = None
    """Why the live page failed, of a site whose page can't be seen any more; ``reason_code`` is that failure's."""

    @classmethod
    def find(cls, store: Store, site: str, when: datetime) -> Outcome | None:
        """The outcome of the latest try; None: there is none that can be read."""
        try:
            return cls.load_of(store, keys.outcome(keys.stem(site, when)), site, when)
        except (NotStoredError, RecordError):
            return None
