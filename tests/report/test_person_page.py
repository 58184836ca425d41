from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from celeb_ops.report.person_page import SPANS, PersonPage, name_of, person
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
    assert [name_of(load, segment) for segment in ("Nobody", "~0123")] == [None, None]


@pytest.mark.parametrize("span", SPANS)
def test_days_without_a_seen_page_are_gaps_and_never_zero(load: Load, span: str) -> None:
    one = person(load, "Grace Hopper", span)
    assert one.points
    assert all((point.share is None) is (point.period.seen == 0) for point in one.points)
    assert len({point.line for point in one.points if point.share is not None}) >= (1 if span == "quarter" else 2)


def test_sites_company_and_evidence(load: Load) -> None:
    one = person(load, "Eileen Collins")
    assert {site for site, _ in one.sites} == {"LAZY-POST", "WALLED-TIMES"}
    assert [(row["other"], row["pages"] > 1) for row in one.together] == [("Grace Hopper", True)]
    assert len({row["picture_url"] for row in one.evidence}) == len(one.evidence) == 24
    times = [row["time"] for row in one.evidence]
    assert times == sorted(times, reverse=True)


def test_the_share_chart_marks_gaps_and_breaks(load: Load) -> None:
    one = person(load, "Grace Hopper", "quarter")
    shares, gaps, _ = (rows for _, rows in one.share_chart["datasets"].values())
    days = [point.period.first for point in one.points if point.share is None]
    assert gaps == [(days[0], next(day for day, *_ in shares if day > days[-1]))]
    assert len(shares) == len(one.points) - len(days)
    assert len(person(load, "Grace Hopper", "year").share_chart["datasets"]["breaks"][1]) == 1


def test_the_sites_chart_leaves_out_what_was_not_seen(load: Load) -> None:
    columns, rows = person(load, "Eileen Collins").sites_chart["datasets"]["rows"]
    assert min(row[columns.index("seen")] for row in rows) > 0


@pytest.mark.parametrize(("name", "linked"), [("Grace Hopper", True), ("Eileen Collins", False)])
def test_a_person_whose_qid_is_known_is_linked_to_wikidata(past: FolderStore, name: str, linked: bool) -> None:
    page = get(app_of(past), f"/people/{name}").text
    assert ('<a href="https://www.wikidata.org/wiki/Q11641">Q11641</a>' in page) is linked
    assert ("wikidata.org" in page) is linked


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--", "a & b \u2028", '"quoted"'])
def test_what_a_site_said_stays_inside_its_script_element(
    past: FolderStore, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(PersonPage, "share_chart", {"said": text})
    page = get(app_of(past), "/people/Grace Hopper").text
    data = page.partition('id="share-data">')[2].partition("</script>")[0]
    assert not set("<>&\u2028") & set(data)
    assert json.loads(data) == {"said": text}
