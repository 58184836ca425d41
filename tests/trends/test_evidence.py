from __future__ import annotations

from typing import Any

import pytest

from celeb_ops.trends.evidence import PER_PERSON
from tests.trends.rows import Built, Rows, on


def on_picture(url: str | None, **given: Any) -> dict[str, Any]:
    return {"name": "Cher", "picture_url": url, **given}


@pytest.mark.parametrize("days", [range(5), range(0, 90, 10)], ids=["one month", "over months"])
def test_a_picture_that_stays_is_one_piece_of_evidence(rows: Rows, built: Built, days: range) -> None:
    for number in days:
        rows.seen("A", on(number), on_picture("p"))
    rows.seen("B", on(2), on_picture("q"))
    assert built("evidence").select("time", "picture_url").rows() == [(on(days[-1]), "p"), (on(2), "q")]


def test_the_newest_of_each_person(rows: Rows, built: Built) -> None:
    for number in range(40):
        rows.seen("A", on(number), on_picture(f"p{number}"), *(["Adele"] if number == 0 else []))
    table = built("evidence")
    assert table["name"].to_list() == ["Adele", *["Cher"] * PER_PERSON]
    assert table["time"].to_list() == [on(0), *(on(39 - number) for number in range(PER_PERSON))]


def test_in_one_capture_the_surest_first(rows: Rows, built: Built) -> None:
    rows.seen(
        "A", on(0), on_picture("p", confidence=60.0), on_picture("q", confidence=80.0), on_picture("p", confidence=70.0)
    )
    assert built("evidence").select("picture_url", "confidence").rows() == [("q", 80.0), ("p", 70.0)]


def test_faces_on_no_picture_stand_for_themselves(rows: Rows, built: Built) -> None:
    for number in range(3):
        rows.seen("A", on(number), on_picture(None))
    assert built("evidence").height == 3


def test_a_row_tells_where_the_proof_is(rows: Rows, built: Built) -> None:
    rows.seen("A", on(0), on_picture("p", headline="H", link="L", alt="T", crop="C", screenshot="S", left=1, top=2))
    row = ("Cher", on(0), "A", "live", 90.0, "face", "H", "L", "T", "p", "C", "S", 1, 2, 10, 10)
    assert built("evidence").rows() == [row]
