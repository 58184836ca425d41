import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.core import keys
from celeb_ops.core.exceptions import RunTimeError
from celeb_ops.core.store import checked
from tests.factories import RUN_TIME

STEM = "TMZ_Nov_23_2026_08H_00M_00S"
BERLIN = timezone(timedelta(hours=1))

moments = st.datetimes(timezones=st.just(UTC))


class TestKeys:
    """As DESIGN.md and the README show them: users and scripts rely on these names."""

    @pytest.mark.parametrize(
        ("key", "expected"),
        [
            (keys.image(STEM, 1, "jpeg"), f"Images/{STEM}.jpeg"),
            (keys.image(STEM, 2, "jpeg"), f"Images/{STEM}.2.jpeg"),
            (keys.sidecar(STEM), f"Images/{STEM}.json"),
            (keys.slice_(STEM, (0, 1900), (0, 1440)), f"Slices/{STEM}/y000000-001900_x0000-1440.jpeg"),
            (keys.plan(STEM), f"Slices/{STEM}/plan.json"),
            (keys.result(STEM), f"Results/{STEM}.json"),
            (keys.crop(STEM, 3), f"Faces/{STEM}/3.jpeg"),
            (keys.captures(RUN_TIME), "Captures/2026-11.parquet"),
            (keys.sightings(RUN_TIME), "Sightings/2026-11.parquet"),
            (keys.outcome(STEM), f"Outcomes/{STEM}.json"),
        ],
    )
    def test_each_file_has_its_place(self, key: str, expected: str) -> None:
        assert key == expected
        assert checked(key) == key


class TestTimes:
    """Every name and row is in UTC, whatever zone a time comes in, this machine's included."""

    LATE = datetime(2026, 12, 1, 0, 30, tzinfo=BERLIN)

    def test_another_zone_s_time_is_turned_into_utc(self) -> None:
        assert keys.v1_time(self.LATE) == "Nov_30_2026_23H_30M_00S"
        assert keys.iso(self.LATE) == "2026-11-30T23:30:00Z"
        assert keys.stem("TMZ", self.LATE) == "TMZ_Nov_30_2026_23H_30M_00S"
        assert keys.captures(self.LATE) == "Captures/2026-11.parquet"
        assert keys.sightings(self.LATE) == "Sightings/2026-11.parquet"

    @given(moments)
    def test_the_first_version_s_time_comes_back_as_it_was(self, when: datetime) -> None:
        assert keys.parse_v1_time(keys.v1_time(when)) == when.replace(microsecond=0)

    @given(moments)
    def test_iso_times_sort_as_the_moments_do(self, when: datetime) -> None:
        assert datetime.fromisoformat(keys.iso(when)) == when.replace(microsecond=0)
        assert keys.iso(when) < keys.iso(when + timedelta(seconds=1))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "2026-11-23T08:00:00Z",
            "Feb_30_2026_08H_00M_00S",
            "Nov_23_2026_24H_00M_00S",
            "Now_23_2026_08H_00M_00S",
            "Nov_23_2026_08H_00M_00S.jpeg",
            "TMZ_Nov_23_2026_08H_00M_00S",
            "Nov_3_2026_08H_00M_00S",
        ],
    )
    def test_no_other_text_is_a_time(self, text: str) -> None:
        assert keys.parse_v1_time(text) is None

    @pytest.mark.parametrize(
        ("logical_date", "run_after", "expected"),
        [
            (RUN_TIME, RUN_TIME + timedelta(hours=5), RUN_TIME),
            (None, RUN_TIME, RUN_TIME),
            (RUN_TIME.replace(microsecond=999_999), None, RUN_TIME),
            (datetime(2026, 11, 23, 9, tzinfo=BERLIN), None, RUN_TIME),
        ],
        ids=["logical date first", "a manual run has none", "whole seconds", "in UTC"],
    )
    def test_the_run_time(self, logical_date: datetime | None, run_after: datetime | None, expected: datetime) -> None:
        when = keys.run_time(logical_date, run_after)
        assert when == expected
        assert when.tzinfo is UTC

    @pytest.mark.parametrize("when", [datetime.min, datetime(1989, 12, 31), datetime(2200, 1, 1, 1), datetime.max])
    def test_a_run_at_the_ends_of_time_is_an_error(self, when: datetime) -> None:
        with pytest.raises(RunTimeError, match=r"is no run time: give one from 1990 to 2199\."):
            keys.run_time(when.replace(tzinfo=BERLIN), None)

    def test_a_run_without_any_time_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="neither"):
            keys.run_time(None, None)


class TestSafe:
    """A name from outside becomes one part of a path, and no more."""

    @given(st.text() | st.text("./\\~ \0aé"))
    def test_any_name_is_one_part_of_a_path_that_a_store_takes(self, name: str) -> None:
        safe = keys.safe(name)
        assert re.fullmatch(r"[A-Za-z0-9._-]+", safe)
        assert PurePosixPath(safe).name == safe
        assert checked(keys.sidecar(keys.stem(name, RUN_TIME))).count("/") == 1
        assert checked(f"Faces/{safe}") == f"Faces/{safe}"
