"""This project's own counters, through Airflow's: they go where ``[metrics]`` says, to statsd or OpenTelemetry.

A counter is sent by the step that did the work, when it did it: a call that was paid for counts, also where its step
failed afterwards or is done again. What comes of a site's page counts when a merge first records it. Names hold no
site: it is a tag, which plain statsd leaves out. ``docs/alerts.md`` lists them.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from celeb_ops.core import keys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from celeb_ops.core.records import Result
    from celeb_ops.core.store import Store
    from celeb_ops.recognition.recognizer import Face, Recognizer

logger = logging.getLogger(__name__)

PREFIX = "celebs"


def are_on() -> bool:
    """Whether anybody listens; where not, what costs time to find out is not."""
    from airflow.sdk.configuration import conf

    ways = ("statsd_on", "otel_on", "statsd_datadog_enabled")
    return any(conf.getboolean("metrics", way, fallback=False) for way in ways)


def count(name: str, by: float, site: str) -> None:
    """Add to a counter of a site; never fails."""
    if not by:
        return
    with _never_failing(name):
        from airflow.sdk.observability import stats

        # Dollars are no whole number. The clients take any; their annotation knows whole ones only.
        stats.incr(f"{PREFIX}.{name}", by, tags=_tags(site))  # type: ignore[arg-type]


def result(done: Result) -> None:
    """Count what was found on a page."""
    count("faces", done.faces, done.site)
    count("unrecognised", done.unrecognised, done.site)
    count("sightings", len(done.sightings), done.site)
    count("calls_saved", done.calls_saved, done.site)


class CountedCalls:
    """A recogniser that counts its answers: those of this try alone, which a result does not tell."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self._calls = 0
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._recognizer, name)

    def recognize(self, *given: Any, **named: Any) -> list[Face]:
        """As the recogniser's own."""
        faces = self._recognizer.recognize(*given, **named)
        # Calls are under way at the same time.
        with self._lock:
            self._calls += 1
        return faces

    def send(self, site: str) -> None:
        """Count the calls, and what they cost; those that cost nothing are none."""
        if self._recognizer.cost_usd:
            count("calls", self._calls, site)
            count("cost_usd", round(self._calls * self._recognizer.cost_usd, 6), site)


@contextmanager
def pages(store: Store, when: datetime) -> Iterator[None]:
    """Count what a merge makes known of the run's pages: each site whose outcome is new, or another than before."""
    before = _outcomes(store, when)
    yield
    if before is None:
        return
    for site, outcome in (_outcomes(store, when) or {}).items():
        if before.get(site) != outcome:
            count(f"pages.{outcome}", 1, site)


def _outcomes(store: Store, when: datetime) -> dict[str, str] | None:
    """The outcome of each site of a run; None where nobody listens, or it can't be read: merge says so itself."""
    with _never_failing("pages"):
        if are_on():
            from celeb_ops.dataset import captures_of

            return {row["site"]: row["outcome"] for row in captures_of(store, when)}
    return None


@contextmanager
def timed(step: str, site: str | None = None) -> Iterator[None]:
    """Send how long a step took, if it came to its end."""
    start = time.monotonic()
    yield
    took = timedelta(seconds=time.monotonic() - start)
    with _never_failing(step):
        from airflow.sdk.observability import stats

        stats.timing(f"{PREFIX}.duration.{step}", took, tags=_tags(site) if site else None)


def _tags(site: str) -> dict[str, str]:
    # A sites file's name is safe; one of an old run's XCom may be any.
    return {"site": keys.safe(site)}


@contextmanager
def _never_failing(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # A counter is not worth a row: whatever the client or its configuration does, the step goes on.
        logger.warning("The counter %s.%s could not be sent: %s", PREFIX, what, error)
