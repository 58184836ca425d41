"""The JSON records of the store: what one step writes for the next. Boxes and rows are in page pixels."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeVar

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

# What the dataset's tables can hold: a single larger number would stop the merge of all sites.
Count = Annotated[int, Field(ge=0, lt=2**31)]
Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _on_page(box: Box) -> Box:
    if not all(0 <= side < 2**31 for side in box):
        raise ValueError("a box needs sides from 0 to 2**31 - 1")
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
    """A frozen record. It ignores unknown fields, so that older versions can read newer files."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @field_serializer("time", "captured_at", "asked_at", when_used="json", check_fields=False)
    def _iso(self, when: datetime) -> str:
        return iso(when)

    def save(self, store: Store, key: str) -> str:
        store.write(key, removal_filter.filtered(self, RemovalList.load(store)).model_dump_json(indent=1).encode())
        return key

    @classmethod
    def load(cls: type[R], store: Store, key: str) -> R:
        """The record at ``key``. NotStoredError: there is none. RecordError: the file is something else."""
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
        """:meth:`load`. RecordError also if the record belongs to another site or run time."""
        record = cls.load(store, key)
        if (record.site, record.time) != (site, when):
            raise RecordError(
                f"{store.url(key)} is for {record.site} at {iso(record.time)}, not {site} at {iso(when)}: clear "
                f"{site}'s task that writes it."
            )
        return record


class Part(Record):
    """One picture file of a screenshot and the page rows it shows."""

    key: str
    rows: Span


Placement = Literal["editorial", "advert", "embed"]
"""Who owns a place on a page: the site, an advertiser, or another site that is embedded there."""


class Slot(Record):
    """A part of a page that is not the site's own."""

    box: PageBox
    placement: Placement


class Picture(Record):
    """A picture on the page, as the DOM knows it."""

    box: Box
    src: str
    alt: str = ""
    link: str = ""
    headline: str = ""
    placement: Placement | None = None
    """None in files of earlier versions."""


class Headline(Record):
    """A headline on the page beside no picture."""

    text: str
    link: str = ""


class Consent(Record):
    """What covered the page, and what was done about it."""

    found: list[str] = []
    done: list[str] = []


class Screenshot(SiteRecord):
    """A screenshot's sidecar, written last: if it exists, the screenshot is complete."""

    url: str
    final_url: str
    title: str
    http_status: int
    captured_at: AwareDatetime
    """When the page looked like this; for an archived page the archive's time, not that of our visit."""
    source: Literal["live", "archive"]
    memento: str | None = None
    """The address of the archived page."""
    options: dict[str, Any] = {}
    """The site's options for this capture (:class:`celeb_ops.core.page_options.PageOptions`)."""
    viewport: tuple[PositiveInt, PositiveInt]
    page_width: int
    page_height: int
    captured_height: int
    truncated: bool
    parts: list[Part]
    pictures: list[Picture]
    slots: list[Slot] | None = None
    """The largest parts of the page that are not the site's own. None in files of earlier versions, which did not
    detect adverts."""
    headlines: list[Headline] = []
    """Headlines without a picture; empty in earlier versions."""
    images_loaded: int
    images_total: int
    images_missing: int = 0
    """Pictures of an archived page that the archive does not have, has only from another time, or did not send in
    time."""
    missing: list[str] = []
    """The things that the page was still waiting for when its load time was over."""
    consent: Consent
    timings: dict[str, float]
    """Seconds by step."""
    blurred: list[Box] = []
    """Areas that ``make forget`` blurred."""
    browser: str

    @property
    def digest(self) -> str:
        """The SHA-256 of all that the slices depend on. Each capture and each blur changes it.

        The page's words are left out: ``make forget`` may empty them, and the picture stays the same.
        """
        used = {"time", "captured_at", "source", "memento", "page_width", "captured_height", "parts", "blurred"}
        # Only timings are sure to differ between two captures of an archived page.
        used |= {"images_loaded", "images_total", "timings"}
        boxes = [picture.box for picture in self.pictures]
        return hashlib.sha256(f"{self.model_dump_json(include=used)}{boxes}".encode()).hexdigest()


GUTTER_PX = 16
"""White rows between bands of a slice, so that two half faces never look like one face."""


def stack_layout(bands: Sequence[Span]) -> tuple[list[int], int]:
    """The row at which each band begins in a slice of these bands, and the slice's height, in px."""
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
        """Convert a box from slice to page pixels. Across a gutter: only the part in its own band."""
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

    def touches_edge(self, box: Box) -> bool:
        """Whether a box in the slice's pixels touches an edge of its band: the face may continue beyond it."""
        top, band = self._band(box.centre[1])
        return box.top <= top or box.bottom >= top + band.size or box.left <= 0 or box.right >= self.columns.size

    def _bands(self) -> list[tuple[int, Span]]:
        """The bands, each with the row of the slice at which it begins."""
        return list(zip(stack_layout(self.bands)[0], self.bands, strict=True))

    def _band(self, row: float) -> tuple[int, Span]:
        """The band at a row of the slice; half of a gutter belongs to each of its neighbours."""
        first, *others = self._bands()
        return next((one for one in reversed(others) if row >= one[0] - GUTTER_PX / 2), first)


class LeftOut(Record):
    """Rows in no slice, and why."""

    rows: Span
    reason: str


class Plan(Record):
    """The slices of a screenshot."""

    screenshot: str
    screenshot_digest: str = ""
    """:attr:`Screenshot.digest` of the screenshot that was cut; empty in plans of earlier versions."""
    slices: list[Slice]
    areas: list[Box] = []
    """Areas that may show a face: pictures in the DOM, and areas that look like a picture."""
    areas_left_out: int = 0
    """The number of the smallest areas that are skipped."""
    left_out: list[LeftOut] = []
    seconds: float = 0


class RecognizerInfo(Record):
    """A recogniser, and the gallery it knows."""

    name: str
    version: str
    gallery: str | None = None
    """A digest of the gallery: another gallery may name others."""


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
    """How much nearer this person is than the next one, in embedding distance; only from the local recogniser."""
    basis: str
    """The basis of the name: ``face``, or ``face+text`` if the page's words beside the picture have it too."""
    reference: str | None = None
    """The nearest photo of the gallery, ``<Name>/<file>``; only of the local recogniser."""
    box: PageBox
    picture: Count | None = None
    """Index into the screenshot's ``pictures``."""
    placement: Placement | None = None
    """None: it is not known, and the sighting counts."""
    above_fold: bool
    page_share: Number
    """Box area ÷ page area, 0–1."""
    crop: str
    """Key of the evidence: a small picture of this face."""


class Mention(Record):
    """A headline or alt text that names somebody of the gallery."""

    name: Annotated[str, AfterValidator(nfc)]
    qid: str | None = None
    part: Literal["headline", "alt"]
    text: str
    link: str = ""
    """Link of the story or picture."""
    picture: Count | None = None
    """Index into the screenshot's ``pictures``."""
    picture_url: str = ""
    placement: Placement | None = None
    """The picture's."""
    shown: bool
    """The person's face was recognised on that picture, or another of the same story."""


class Result(SiteRecord):
    """The people seen on a site in a run."""

    captured_at: AwareDatetime
    source: Literal["live", "archive"]
    memento: str | None = None
    images_missing: Count = 0
    screenshot: str
    recognizer: RecognizerInfo
    slices: Count
    calls: Count
    """Paid calls in this run, including earlier tries of the step."""
    calls_saved: Count = 0
    """Calls saved by cached responses and contact sheets, compared with one call per slice."""
    cost_usd: Number
    """Estimated from the call price."""
    faces: Count
    unrecognised: Count
    sightings: list[Sighting]
    adverts_counted: bool | None = None
    """None: adverts were not detected, so they count."""
    mentions: list[Mention] = []
    not_looked_at: list[str] = []
    """Parts of the page that were skipped to save time, as sentences."""
    seconds: Number
    """Capture, slicing and recognition together."""

    @property
    def celebrities(self) -> list[str]:
        """The names that count, unique and sorted."""
        advert = "advert" if self.adverts_counted is False else None
        return sorted({one.name for one in self.sightings if not advert or one.placement != advert})


class Outcome(SiteRecord):
    """Why a site has no result in a run."""

    outcome: Literal["skipped", "failed"]
    task: str
    reason: Annotated[str, AfterValidator(cleaned)]
    reason_code: ReasonCode | None = None
    """None in files of earlier versions."""
    source: Literal["live", "archive"] | None = None
    """Which page was tried; None if no page or unknown."""
    missed_live: Annotated[str, AfterValidator(cleaned)] | None = None
    """Why the live page failed, if it is too late to capture it again; ``reason_code`` is for that failure."""

    @classmethod
    def find(cls, store: Store, site: str, when: datetime) -> Outcome | None:
        """The outcome of the latest try; None if missing or unreadable."""
        try:
            return cls.load_of(store, keys.outcome(keys.stem(site, when)), site, when)
        except (NotStoredError, RecordError):
            return None
