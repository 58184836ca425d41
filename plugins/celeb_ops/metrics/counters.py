"""The project's counters, sent through Airflow to StatsD or OpenTelemetry (``[metrics]``; ``docs/alerts.md``).

The step that did the work sends its counters at once: a paid call counts also where its step fails later. A page's
outcome counts when a merge first records it. The site is a tag, which plain StatsD leaves out.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from celeb_ops.core import keys
from celeb_ops.hooks.airflow_names import VERSION, conf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from celeb_ops.core.records import Result
    from celeb_ops.core.store import Store
    from celeb_ops.recognition.recognizer import Face, Recognizer

logger = logging.getLogger(__name__)

PREFIX = "celebs"


def are_on() -> bool:
    """Whether any metrics backend is configured."""
    ways = ("statsd_on", "otel_on", "statsd_datadog_enabled")
    return any(conf.getboolean("metrics", way, fallback=False) for way in ways)


def count(name: str, by: float, site: str) -> None:
    """Add to a counter of a site; never fails."""
    if not by:
        return
    with _never_failing(name):
        # The clients also take fractions, such as dollars.
        _client().incr(f"{PREFIX}.{name}", by, tags=_tags(site))


def result(done: Result) -> None:
    """Count what was found on a page."""
    count("faces", done.faces, done.site)
    count("unrecognised", done.unrecognised, done.site)
    count("sightings", len(done.sightings), done.site)
    count("calls_saved", done.calls_saved, done.site)


class CountedCalls:
    """A recogniser that counts this try's answers; a result adds up those of all tries."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self._calls = 0
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._recognizer, name)

    def recognize(self, *args: Any, **kwargs: Any) -> list[Face]:
        faces = self._recognizer.recognize(*args, **kwargs)
        # Calls are under way at the same time.
        with self._lock:
            self._calls += 1
        return faces

    def send(self, site: str) -> None:
        """Send calls and cost, if calls cost anything."""
        if self._recognizer.cost_usd:
            count("calls", self._calls, site)
            count("cost_usd", round(self._calls * self._recognizer.cost_usd, 6), site)


@contextmanager
def pages(store: Store, when: datetime) -> Iterator[None]:
    """Count each site whose outcome this merge adds or changes."""
    before = _outcomes(store, when)
    yield
    if before is None:
        return
    for site, outcome in (_outcomes(store, when) or {}).items():
        if before.get(site) != outcome:
            count(f"pages.{outcome}", 1, site)


def _outcomes(store: Store, when: datetime) -> dict[str, str] | None:
    """Outcomes by site; None without a metrics backend, or if they can't be read, which merge reports."""
    with _never_failing("pages"):
        if are_on():
            from celeb_ops.dataset import captures_of

            return {row["site"]: row["outcome"] for row in captures_of(store, when)}
    return None


@contextmanager
def timed(step: str, site: str | None = None) -> Iterator[None]:
    """Send a step's duration, if it succeeds."""
    start = time.monotonic()
    yield
    took = timedelta(seconds=time.monotonic() - start)
    with _never_failing(step):
        _client().timing(f"{PREFIX}.duration.{step}", took, tags=_tags(site) if site else None)


def _client() -> Any:
    if VERSION >= (3, 3):
        from airflow.sdk.observability import stats

        return stats
    from airflow.stats import Stats

    return Stats


def _tags(site: str) -> dict[str, str]:
    # A name from an old run's XCom may be unsafe.
    return {"site": keys.safe(site)}


@contextmanager
def _never_failing(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # A counter must not fail a step.
        logger.warning("The counter %s.%s could not be sent: %s", PREFIX, what, error)
