"""The JSON records of the store: what one step leaves for the next. Boxes and rows are page pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError, field_serializer

from celeb_ops.exceptions import RecordError
from celeb_ops.geometry import Box
from celeb_ops.keys import iso

if TYPE_CHECKING:
    from datetime import datetime

    from celeb_ops.store import Store

R = TypeVar("R", bound="Record")


class Span(NamedTuple):
    """Half-open ``[start, stop)`` rows or columns."""

    start: int
    stop: int


class Record(BaseModel):
    """A frozen record. Fields of a newer version are passed over, so that an older one can read on."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @field_serializer("time", "captured_at", when_used="json", check_fields=False)
    def _iso(self, when: datetime) -> str:
        return iso(when)

    def save(self, store: Store, key: str) -> str:
        store.write(key, self.model_dump_json(indent=1).encode())
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


class Screenshot(Record):
    """The sidecar of a screenshot: it is there = the screenshot is whole."""

    site: str
    time: AwareDatetime
    url: str
    final_url: str
    title: str
    http_status: int
    captured_at: AwareDatetime
    source: Literal["live", "archive"]
    memento: str | None = None
    viewport: tuple[int, int]
    page_width: int
    page_height: int
    captured_height: int
    truncated: bool
    parts: list[Part]
    pictures: list[Picture]
    images_loaded: int
    images_total: int
    missing: list[str] = []
    """What the page was still waiting for when its load time was spent."""
    consent: Consent
    timings: dict[str, float]
    """Seconds by step."""
    browser: str


class Slice(Record):
    """A piece of a screenshot that the recogniser gets."""

    key: str
    rows: Span
    columns: Span


class LeftOut(Record):
    """Rows in no slice, and why."""

    rows: Span
    reason: str


class Plan(Record):
    """How a screenshot was cut."""

    screenshot: str
    slices: list[Slice]
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

    name: str
    id: str | None = None
    """The recogniser's or Wikidata's identifier, where there is one."""
    confidence: float
    """0–100."""
    margin: float | None = None
    """How much nearer than the runner-up, in embedding distance; None where the recogniser tells none."""
    basis: str
    """What the name rests on: ``face``."""
    box: Box
    picture: int | None = None
    """Index into the screenshot's ``pictures``."""
    above_fold: bool
    page_share: float
    """Area of the box by area of the page, 0–1."""
    crop: str
    """Key of the evidence: a small picture of this face."""


class Result(Record):
    """Who was seen on a site in a run."""

    site: str
    time: AwareDatetime
    captured_at: AwareDatetime
    source: Literal["live", "archive"]
    screenshot: str
    recognizer: RecognizerInfo
    slices: int
    calls: int
    calls_saved: int = 0
    cost_usd: float
    faces: int
    unrecognised: int
    sightings: list[Sighting]
    seconds: float
    """Capture, slicing and recognition together."""

    @property
    def celebrities(self) -> list[str]:
        """The names, unique and sorted."""
        return sorted({sighting.name for sighting in self.sightings})


class Outcome(Record):
    """Why a site has no result in a run."""

    site: str
    time: AwareDatetime
    outcome: Literal["skipped", "failed"]
    task: str
    reason: str
