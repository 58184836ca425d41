from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from celeb_ops.dataset.far_fewer import far_fewer
from celeb_ops.dataset.tables import update_captures
from tests.factories import a_result

if TYPE_CHECKING:
    from celeb_ops.core.store import FolderStore

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


def faces(store: FolderStore, *numbers: int, source: str = "live") -> None:
    """Captures every twelve hours; the last one is of now."""
    for back, number in enumerate(reversed(numbers)):
        when = NOW - timedelta(hours=12 * back)
        result = a_result("TMZ", time=when, faces=number, unrecognised=number, source=source)
        update_captures(store, when, [result], [])


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([30, 31, 29, 90, 30, 9], "TMZ shows 9 faces; the median of its last 5 captures was 30."),
        ([30, 31, 29, 30, 30, 10], ""),
        ([30, 30, 30, 30, 0], ""),
        ([5, 5, 5, 5, 5, 5, 0], ""),
        ([], ""),
    ],
    ids=["far fewer", "a third", "too few captures", "few faces ever", "nothing stored"],
)
def test_a_site_that_shows_far_fewer_faces_than_usual_is_told(
    numbers: list[int], said: str, folder_store: FolderStore
) -> None:
    faces(folder_store, *numbers)
    told = list(far_fewer(folder_store, NOW))
    assert len(told) == bool(said)
    assert "".join(told).startswith(said)


def test_archived_pages_are_no_measure_of_live_ones(folder_store: FolderStore) -> None:
    faces(folder_store, 30, 30, 30, 30, 30, 30, source="archive")
    faces(folder_store, 1)
    assert list(far_fewer(folder_store, NOW)) == []
