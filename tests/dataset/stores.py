"""Merged datasets for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from celeb_ops.core import keys
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Outcome, Picture
from celeb_ops.dataset import merge
from tests.factories import RUN_TIME, a_result, a_screenshot, a_sighting, saved

if TYPE_CHECKING:
    from celeb_ops.core.records import Result
    from celeb_ops.core.store import Store

OCTOBER = datetime(2026, 10, 31, 20, tzinfo=UTC)
HEADLINE = "=1+1; Cher, \"again\"\nand 'again'"


def a_run(store: Store, when: datetime, *names: str) -> None:
    """A run in which TMZ shows Cher and these, EONLINE nobody, and PEOPLE was not seen."""
    failed = Outcome(site="PEOPLE", time=when, outcome="failed", task="screenshot", reason="=HTTP 503")
    merge(store, when, [a_seen(store, "TMZ", when, "Cher", *names), a_seen(store, "EONLINE", when)], [failed])


def a_seen(store: Store, site: str, when: datetime, *names: str) -> Result:
    """A result whose screenshot is in the store. The first face is on a picture, the others on none."""
    beside = Picture(box=Box(0, 0, 300, 300), src="https://x/a.jpg", link="https://x/cher", headline=HEADLINE)
    stem = keys.stem(site, when)
    sightings = [
        a_sighting(
            name,
            picture=None if number else 0,
            margin=0.1 if number else None,
            urls=["a", "-b; c"] if number else [],
            crop=keys.crop(stem, number),
        )
        for number, name in enumerate(names)
    ]
    key = saved(store, a_screenshot(site=site, time=when, parts=[], pictures=[beside]))
    return a_result(site, time=when, sightings=sightings, faces=len(names), screenshot=key)


def a_dataset(store: Store) -> None:
    """Three runs in two months: the last of October, and two of 23 November."""
    a_run(store, OCTOBER, "Adele")
    a_run(store, RUN_TIME, "Zendaya", "+Adele")
    a_run(store, RUN_TIME.replace(hour=20), "Adele")
