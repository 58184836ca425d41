from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from celeb_ops.core import keys
from celeb_ops.core.exceptions import ReasonCode
from celeb_ops.core.records import Outcome
from celeb_ops.dataset.missed_captures import missed, stays_missed
from celeb_ops.dataset.tables import update_captures
from tests.factories import RUN_TIME, a_result

if TYPE_CHECKING:
    from celeb_ops.core.store import FolderStore, Store

WORD = keys.outcome(keys.stem("TMZ", RUN_TIME))


def failed(
    reason: str, source: Literal["live", "archive"] | None = "live", outcome: Literal["failed", "skipped"] = "failed"
) -> Outcome:
    return Outcome(site="TMZ", time=RUN_TIME, outcome=outcome, task="screenshot", reason=reason, source=source)


def reason(store: Store) -> str | None:
    found = missed(store, "TMZ", RUN_TIME)
    return found and found.reason


def merged(store: Store, *outcomes: Outcome) -> None:
    for outcome in outcomes:
        update_captures(store, RUN_TIME, [], [outcome])


def test_a_site_that_nobody_tried_was_not_missed(store: Store) -> None:
    merged(store, failed("HTTP 503").model_copy(update={"site": "PEOPLE"}))
    assert missed(store, "TMZ", RUN_TIME) is None


def test_the_latest_try_says_why(folder_store: FolderStore) -> None:
    merged(folder_store, failed("HTTP 503"))
    failed("HTTP 403").save(folder_store, WORD)
    assert reason(folder_store) == "HTTP 403"


@pytest.mark.parametrize(
    "later",
    [failed("No capture is near enough.", None, "skipped"), failed("The archive is down.", "archive")],
    ids=["skipped", "the archive failed"],
)
def test_a_later_try_that_came_too_late_changes_nothing(folder_store: FolderStore, later: Outcome) -> None:
    merged(folder_store, failed("HTTP 503"), later)
    later.save(folder_store, WORD)
    assert reason(folder_store) == "HTTP 503"


@pytest.mark.parametrize("kept", ["word", "row"])
def test_the_same_reason_comes_back_however_often_it_is_tried(folder_store: FolderStore, kept: str) -> None:
    first = failed("HTTP 503").model_copy(update={"reason_code": ReasonCode.SERVER_FAILED})
    for why in ("There is no capture.", "The nearest capture is of 24 Nov."):
        before = missed(folder_store, "TMZ", RUN_TIME) or first
        assert (before.reason, before.reason_code) == ("HTTP 503", "server_failed")
        update = {"reason": stays_missed(before, why), "missed_live": before.reason}
        later = before.model_copy(update=update)
        if kept == "word":
            later.save(folder_store, WORD)
        else:
            merged(folder_store, later)
    assert reason(folder_store) == "HTTP 503"


def test_of_a_file_from_before_codes_were_kept_the_reason_is_known(folder_store: FolderStore) -> None:
    of_then = failed("HTTP 503").model_dump_json(exclude={"reason_code", "missed_live"})
    folder_store.write(WORD, of_then.encode())
    assert missed(folder_store, "TMZ", RUN_TIME) == failed("HTTP 503")


def test_a_code_of_a_newer_version_is_read(folder_store: FolderStore) -> None:
    word = failed("It rained.").model_dump_json().replace('"reason_code":null', '"reason_code":"rain"')
    folder_store.write(WORD, word.encode())
    found = missed(folder_store, "TMZ", RUN_TIME)
    assert found
    assert found.reason_code == ReasonCode.OTHER


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
    assert reason(folder_store) == "It failed at its time; the reason is no longer known."


def test_damaged_files_are_no_knowledge(folder_store: FolderStore, caplog: pytest.LogCaptureFixture) -> None:
    folder_store.write(keys.captures(RUN_TIME), b"no table")
    folder_store.write(WORD, b"{")
    assert missed(folder_store, "TMZ", RUN_TIME) is None
    assert "Whether TMZ was missed before is not known: " in caplog.text


def test_an_outcome_of_before_says_its_end_once(folder_store: FolderStore) -> None:
    failed("HTTP 503 Since then its page can't be seen any more, so it stays missed: no copy.").save(folder_store, WORD)
    assert reason(folder_store) == "HTTP 503"
