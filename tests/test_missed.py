from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from celeb_ops import keys
from celeb_ops.dataset.tables import update_captures
from celeb_ops.missed import STAYS_MISSED, missed
from celeb_ops.records import Outcome
from tests.factories import RUN_TIME, a_result

if TYPE_CHECKING:
    from celeb_ops.store import FolderStore, Store

WORD = keys.outcome(keys.stem("TMZ", RUN_TIME))


def failed(
    reason: str, source: Literal["live", "archive"] | None = "live", outcome: Literal["failed", "skipped"] = "failed"
) -> Outcome:
    return Outcome(site="TMZ", time=RUN_TIME, outcome=outcome, task="screenshot", reason=reason, source=source)


def merged(store: Store, *outcomes: Outcome) -> None:
    for outcome in outcomes:
        update_captures(store, RUN_TIME, [], [outcome])


def test_a_site_that_nobody_tried_was_not_missed(store: Store) -> None:
    merged(store, failed("HTTP 503").model_copy(update={"site": "PEOPLE"}))
    assert missed(store, "TMZ", RUN_TIME) is None


def test_the_latest_try_says_why(folder_store: FolderStore) -> None:
    merged(folder_store, failed("HTTP 503"))
    failed("HTTP 403").save(folder_store, WORD)
    assert missed(folder_store, "TMZ", RUN_TIME) == "HTTP 403"


@pytest.mark.parametrize(
    "later",
    [failed("No capture is near enough.", None, "skipped"), failed("The archive is down.", "archive")],
    ids=["skipped", "the archive failed"],
)
def test_a_later_try_that_came_too_late_changes_nothing(folder_store: FolderStore, later: Outcome) -> None:
    merged(folder_store, failed("HTTP 503"), later)
    later.save(folder_store, WORD)
    assert missed(folder_store, "TMZ", RUN_TIME) == "HTTP 503"


@pytest.mark.parametrize("kept", ["word", "row"])
def test_the_same_reason_comes_back_however_often_it_is_tried(folder_store: FolderStore, kept: str) -> None:
    for why in ("There is no capture.", "The nearest capture is of 24 Nov."):
        told = failed(f"{missed(folder_store, 'TMZ', RUN_TIME) or 'HTTP 503'}{STAYS_MISSED}{why}")
        if kept == "word":
            told.save(folder_store, WORD)
        else:
            merged(folder_store, told)
        assert missed(folder_store, "TMZ", RUN_TIME) == "HTTP 503"


@pytest.mark.parametrize(
    "one",
    [failed("It was too late.", None, "skipped"), failed("The archive is down.", "archive"), failed("Killed.", None)],
    ids=["skipped", "archive", "unknown"],
)
def test_what_did_not_fail_at_its_time_was_not_missed(folder_store: FolderStore, one: Outcome) -> None:
    merged(folder_store, one)
    one.save(folder_store, WORD)
    assert missed(folder_store, "TMZ", RUN_TIME) is None


def test_nor_was_what_has_been_seen_since(folder_store: FolderStore) -> None:
    """Its reason may be that of somebody who asked the recogniser anew."""
    merged(folder_store, failed("HTTP 503"))
    update_captures(folder_store, RUN_TIME, [a_result("TMZ")], [])
    failed("The recogniser gave no answer.").save(folder_store, WORD)
    assert missed(folder_store, "TMZ", RUN_TIME) is None


def test_a_reason_that_is_gone_is_still_a_failure(folder_store: FolderStore) -> None:
    failed("").save(folder_store, WORD)
    assert missed(folder_store, "TMZ", RUN_TIME) == "It failed at its time; the reason is no longer known."


def test_damaged_files_are_no_knowledge(folder_store: FolderStore, caplog: pytest.LogCaptureFixture) -> None:
    folder_store.write(keys.captures(RUN_TIME), b"no table")
    folder_store.write(WORD, b"{")
    assert missed(folder_store, "TMZ", RUN_TIME) is None
    assert "Whether TMZ was missed before is not known: " in caplog.text
