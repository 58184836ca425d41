from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from celeb_ops.report import charts
from celeb_ops.report.person_page import SPANS, name_of, person
from celeb_ops.report.sanitizing import slug
from celeb_ops.report.table_cache import Tables
from tests.asgi import get
from tests.report import history
from tests.report.conftest import app_of

if TYPE_CHECKING:
    from celeb_ops.core.store import FolderStore
    from celeb_ops.report.table_cache import Load


def test_a_name_is_found_by_its_address(folder_store: FolderStore) -> None:
    names = ["Grace Hopper", "a/b?c#d", "L" * 500]
    history.fill(folder_store, [history.Figure(name, 1.0) for name in names], days=3)
    load = Tables(folder_store).now()
    assert [name_of(load, slug(name)) for name in names] == names
    assert name_of(load, "Nobody") is None
    assert name_of(load, "~0123") is None


@pytest.mark.parametrize("span", SPANS)
def test_days_without_a_seen_page_are_gaps_and_never_zero(load: Load, span: str) -> None:
    one = person(load, "Grace Hopper", span)
    assert one.points
    for point in one.points:
        assert (point.share is None) is (point.period.seen == 0)
    assert len({point.line for point in one.points if point.share is not None}) >= (1 if span == "quarter" else 2)


def test_sites_beside_whom_and_proofs(load: Load) -> None:
    one = person(load, "Eileen Collins")
    assert {site for site, _ in one.sites} == {"LAZY-POST", "WALLED-TIMES"}
    assert [(row["other"], row["pages"] > 1) for row in one.together] == [("Grace Hopper", True)]
    assert len({proof["picture_url"] for proof in one.evidence}) == len(one.evidence) == 24
    times = [proof["time"] for proof in one.evidence]
    assert times == sorted(times, reverse=True)


def test_the_share_chart_marks_gaps_and_breaks(load: Load) -> None:
    one = person(load, "Grace Hopper", "quarter")
    data = json.loads(charts.share_chart(one))
    assert len(data["rows"]["gaps"]) == 1
    assert len(data["rows"]["rows"]) == len([point for point in one.points if point.share is not None])
    data = json.loads(charts.share_chart(person(load, "Grace Hopper", "year")))
    assert len(data["rows"]["breaks"]) == 1


def test_the_sites_chart_leaves_out_what_was_not_seen(load: Load) -> None:
    data = json.loads(charts.sites_chart(person(load, "Eileen Collins")))
    seen = data["columns"]["rows"].index("seen")
    assert data["rows"]["rows"]
    assert all(row[seen] > 0 for row in data["rows"]["rows"])


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--", "a & b \u2028", '"quoted"'])
def test_what_a_site_said_stays_inside_its_script_element(text: str) -> None:
    made = charts.in_page({"name": text})
    assert not set("<>&\u2028") & set(made)
    assert json.loads(made) == {"name": text}


def test_own_scripts_are_only_taken_as_they_are_where_they_end_nothing() -> None:
    assert charts.inside("a < b") == "a < b"
    with pytest.raises(ValueError, match="would end"):
        charts.inside("'</SCRIPT>'")


def test_the_specifications_take_named_data_and_run_no_defaults_of_altair() -> None:
    for spec in map(json.loads, charts.specs().values()):
        assert "config" not in spec
        assert "datasets" not in spec
        assert spec["width"] == "container"


@pytest.mark.parametrize(("name", "linked"), [("Grace Hopper", True), ("Eileen Collins", False)])
def test_a_person_whose_qid_is_known_is_linked_to_wikidata(past: FolderStore, name: str, linked: bool) -> None:
    page = get(app_of(past), f"/people/{name}").text
    assert ('<a href="https://www.wikidata.org/wiki/Q11641">Q11641</a>' in page) is linked
    assert ("wikidata.org" in page) is linked
