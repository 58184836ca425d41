"""What `make gallery` can be asked for, and what it can't."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from rdflib.plugins.sparql import prepareQuery

from celeb_ops.core.exceptions import GalleryError
from celeb_ops.gallery.query import Query
from celeb_ops.gallery.wikidata import query

if TYPE_CHECKING:
    from pathlib import Path

TODAY = datetime(2026, 11, 24, tzinfo=UTC)


def test_words_and_qids() -> None:
    wish = Query.of(50, "singers, Q33999; rapper", "us,Q145", "", 10)
    assert wish.occupations == ("Q177220", "Q488205", "Q33999", "Q2252262")
    assert wish.countries == ("US", "Q145")


def test_people_from_a_list_or_a_file(tmp_path: Path) -> None:
    assert Query.of(9, "", "", "Grace Hopper, Q42", 10).people == ("Grace Hopper", "Q42")
    (tmp_path / "names.txt").write_text("\ufeff# who\nGrace Hopper\n\nQ42  # D. Adams\nGrace Hopper\n", "utf-8")
    assert Query.of(9, "", "", str(tmp_path / "names.txt"), 10).people == ("Grace Hopper", "Q42")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((0, "", "", "", 10), "COUNT=0"),
        ((200_000, "", "", "", 10), "COUNT=200000"),
        ((9, "astronaut", "", "", 10), "'astronaut' is not known; known are actor"),
        ((9, "", "America", "", 10), "'AMERICA' is no country's code"),
        ((9, "", "", "missing.txt", 10), "can't be read"),
        ((9, "", "", ",;", 10), "nobody is on this list"),
        ((9, "", "", "", 11), "from 1 to 10"),
    ],
)
def test_bad_wishes_are_refused_before_any_work(asked: tuple[int, str, str, str, int], said: str) -> None:
    with pytest.raises(GalleryError, match=said):
        Query.of(*asked)


@pytest.mark.parametrize(
    "wish", [Query(), Query(9, ("Q33999",), ("US", "GB")), Query(9, (), ("Q145",)), Query(9, (), ("US", "Q145"))]
)
@pytest.mark.parametrize("below", [None, 100])
def test_queries_are_sparql(wish: Query, below: int | None) -> None:
    text = query(wish, 40, below, TODAY)
    prepared = prepareQuery(text)
    assert [str(name) for name in prepared.algebra["PV"]] == ["person", "sitelinks"]
    assert f"LIMIT {wish.count}" in text
    assert '"2016-11-24T00:00:00Z"' in text
