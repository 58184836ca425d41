from __future__ import annotations

from datetime import UTC, datetime

import pytest

from celeb_ops.alerts.run import Run

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "sources", "told"),
    [
        ("scheduled", (), True),
        ("manual", (), False),
        ("backfill", (), False),
        ("operator_triggered", (), False),
        ("", (), False),
        ("asset_triggered", ("scheduled",), True),
        ("asset_triggered", ("backfill", "scheduled"), True),
        ("asset_triggered", ("backfill", "manual"), False),
        ("asset_triggered", (), True),
    ],
)
def test_people_hear_of_what_the_schedule_has_started(kind: str, sources: tuple[str, ...], told: bool) -> None:
    assert Run("trending_celebrities", "x", kind, NOW, sources).is_told is told


def test_has_a_name_for_people() -> None:
    run = Run("trending_celebrities", "x", "scheduled", NOW)
    assert run.name == "the run of 2026-11-02 08:00 UTC"
    assert run.start_of_sentence == "The run of 2026-11-02 08:00 UTC"
    assert Run("celebrity_trends", "x", "scheduled", NOW).name == "the run of celebrity_trends of 2026-11-02 08:00 UTC"
