from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from celeb_ops.core import keys
from celeb_ops.core.exceptions import ReasonCode
from celeb_ops.core.records import Outcome
from celeb_ops.dataset.missed_captures import missed, missed_reason
from celeb_ops.dataset.tables import update_captures
from tests.factories import RUN_TIME, a_result

if TYPE_CHECKING:
    from celeb_ops.core.store import FolderStore, Store

OUTCOME = keys.outcome(keys.stem("TMZ", RUN_TIME))
Source = Literal["live", "archive"] | None


def failed(reason: str, source: Source = "live", outcome: Literal["failed", "skipped"] = "failed") -> Outcome:
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
    failed("HTTP 403").save(folder_store, OUTCOME)
    assert reason(folder_store) == "HTTP 403"


TOO_LATE = [failed("No capture is near enough.", None, "skipped"), failed("The archive is down.", "archive")]


@pytest.mark.parametrize("later", TOO_LATE, ids=["skipped", "the archive failed"])
def test_a_later_try_that_came_too_late_changes_nothing(folder_store: FolderStore, later: Outcome) -> None:
    merged(folder_store, failed("HTTP 503"), later)
    later.save(folder_store, OUTCOME)
    assert reason(folder_store) == "HTTP 503"


@pytest.mark.parametrize("stored", ["outcome", "row"])
def test_retries_keep_the_first_reason(folder_store: FolderStore, stored: str) -> None:
    first = failed("HTTP 503").model_copy(update={"reason_code": ReasonCode.SERVER_FAILED})
    for why in ("There is no capture.", "The nearest capture is of 24 Nov."):
        before = missed(folder_store, "TMZ", RUN_TIME) or first
        assert (before.reason, before.reason_code) == ("HTTP 503", "server_failed")
        later = before.model_copy(update={"reason": missed_reason(before, why), "missed_live": before.reason})
        later.save(folder_store, OUTCOME) if stored == "outcome" else merged(folder_store, later)
    assert reason(folder_store) == "HTTP 503"


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        # Files from before the fields `reason_code` and `missed_live`.
        (failed("HTTP 503").model_dump_json(exclude={"reason_code", "missed_live"}), failed("HTTP 503")),
        (
            failed(
                "HTTP 503 Since then its page can't be seen any more, so it stays missed: no copy."
            ).model_dump_json(),
            failed("HTTP 503"),
        ),
        # One of a newer version.
        (
            failed("It rained.").model_dump_json().replace('"reason_code":null', '"reason_code":"rain"'),
            failed("It rained.").model_copy(update={"reason_code": ReasonCode.OTHER}),
        ),
        (failed("").model_dump_json(), failed("It failed at its time; the reason is no longer known.")),
    ],
    ids=["before codes", "both sentences in one", "a newer code", "no reason"],
)
def test_a_file_of_another_version_is_read(folder_store: FolderStore, stored: str, expected: Outcome) -> None:
    folder_store.write(OUTCOME, stored.encode())
    assert missed(folder_store, "TMZ", RUN_TIME) == expected


@pytest.mark.parametrize("outcome", [*TOO_LATE, failed("Killed.", None)], ids=["skipped", "archive", "unknown"])
def test_only_a_live_failure_was_missed(folder_store: FolderStore, outcome: Outcome) -> None:
    merged(folder_store, outcome)
    outcome.save(folder_store, OUTCOME)
    assert missed(folder_store, "TMZ", RUN_TIME) is None


def test_a_site_seen_since_is_not_missed(folder_store: FolderStore) -> None:
    """Its reason may be that of a later recognition."""
    merged(folder_store, failed("HTTP 503"))
    update_captures(folder_store, RUN_TIME, [a_result("TMZ")], [])
    failed("The recogniser gave no answer.").save(folder_store, OUTCOME)
    assert missed(folder_store, "TMZ", RUN_TIME) is None


def test_damaged_files_are_ignored(folder_store: FolderStore, caplog: pytest.LogCaptureFixture) -> None:
    folder_store.write(keys.captures(RUN_TIME), b"no table")
    folder_store.write(OUTCOME, b"{")
    assert missed(folder_store, "TMZ", RUN_TIME) is None
    assert "Whether TMZ was missed before is not known: " in caplog.text
