"""What `make gallery` can be asked for, and what it can't."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from rdflib.plugins.sparql import prepareQuery

from celeb_ops.core.exceptions import GalleryError
from celeb_ops.gallery.query import Query
from celeb_ops.gallery.wikidata import sparql_of

TODAY = datetime(2026, 11, 24, tzinfo=UTC)


def test_options_become_a_query(tmp_path: Path) -> None:
    query = Query.parse(50, "singers, Q33999; rapper", "us,Q145", "Grace Hopper, Q42")
    assert query.occupations == ("Q177220", "Q488205", "Q33999", "Q2252262")
    assert (query.countries, query.people) == (("US", "Q145"), ("Grace Hopper", "Q42"))
    (tmp_path / "names.txt").write_text("\ufeff# who\nGrace Hopper\n\nQ42  # D. Adams\nGrace Hopper\n", "utf-8")
    assert Query.parse(9, "", "", str(tmp_path / "names.txt")).people == ("Grace Hopper", "Q42")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((0, "", "", ""), "COUNT=0"),
        ((200_000, "", "", ""), "COUNT=200000"),
        ((9, "astronaut", "", ""), "'astronaut' is not known; known are actor"),
        ((9, "", "America", ""), "'AMERICA' is no country's code"),
        ((9, "", "", "missing.txt"), "can't be read"),
        ((9, "", "", ",;"), "the list is empty"),
    ],
)
def test_bad_options_are_refused_before_any_work(options: tuple[int, str, str, str], message: str) -> None:
    with pytest.raises(GalleryError, match=message):
        Query.parse(*options)


@pytest.mark.parametrize(
    "query", [Query(), Query(9, ("Q33999",), ("US", "GB")), Query(9, (), ("Q145",)), Query(9, (), ("US", "Q145"))]
)
@pytest.mark.parametrize("below", [None, 100])
def test_queries_are_sparql(query: Query, below: int | None) -> None:
    text = sparql_of(query, 40, below, TODAY)
    prepared = prepareQuery(text)
    assert [str(name) for name in prepared.algebra["PV"]] == ["person", "sitelinks"]
    assert f"LIMIT {query.count}" in text
    assert '"2016-11-24T00:00:00Z"' in text
