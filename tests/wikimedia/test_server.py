"""The server that stands for Wikimedia keeps to its documents: else tests against it would prove nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from tests.wikimedia.server import Faults, Wikimedia, serving
from tests.wikimedia.world import File, World

if TYPE_CHECKING:
    from collections.abc import Iterator

AGENT = {"User-Agent": "tests (test@example.org)"}


@pytest.fixture
def world() -> World:
    made = World()
    for number in range(12):
        made.add(File(f"File:{number:02}.jpg", b"\xff\xd8" + bytes([number])), "Things")
    made.human("Q1", "Somebody", 9, "File:00.jpg")
    return made


@pytest.fixture
def served(world: World) -> Iterator[Wikimedia]:
    with serving(world) as one:
        yield one


def test_a_category_comes_page_by_page(served: Wikimedia) -> None:
    wanted = {
        "action": "query",
        "generator": "categorymembers",
        "gcmtitle": "Category:Things",
        "gcmlimit": "50",
        "prop": "imageinfo",
        "iiurlwidth": "500",
    }
    titles, more, answers = [], {}, 0
    while True:
        told = requests.get(served.commons_api, {**wanted, **more}, headers=AGENT, timeout=9).json()
        answers += 1
        titles += [page["title"] for page in told["query"]["pages"]]
        more = told.get("continue")
        if not more:
            break
    assert titles == [f"File:{number:02}.jpg" for number in range(12)]
    assert answers == 3


def test_who_names_no_contact_is_refused(served: Wikimedia) -> None:
    assert (
        requests.get(served.wikidata_api, {"action": "x"}, headers={"User-Agent": "me"}, timeout=9).status_code == 403
    )


def test_more_than_fifty_items_are_an_error(served: Wikimedia) -> None:
    wanted = {"action": "wbgetentities", "ids": "|".join(f"Q{n}" for n in range(1, 52))}
    assert (
        requests.get(served.wikidata_api, wanted, headers=AGENT, timeout=9).json()["error"]["code"] == "toomanyvalues"
    )


def test_items_and_missing_ones(served: Wikimedia) -> None:
    wanted = {"action": "wbgetentities", "ids": "Q1|Q2"}
    told = requests.get(served.wikidata_api, wanted, headers=AGENT, timeout=9).json()["entities"]
    assert told["Q1"]["claims"]["P18"][0]["mainsnak"]["datavalue"]["value"] == "00.jpg"
    assert "missing" in told["Q2"]


def test_sparql_is_evaluated_and_what_is_none_is_refused(served: Wikimedia) -> None:
    query = "PREFIX wdt: <http://www.wikidata.org/prop/direct/> SELECT ?p WHERE { ?p wdt:P18 ?image }"
    told = requests.get(served.sparql, {"query": query}, headers=AGENT, timeout=9).json()
    assert [row["p"]["value"] for row in told["results"]["bindings"]] == ["http://www.wikidata.org/entity/Q1"]
    assert requests.get(served.sparql, {"query": "SELECT nonsense"}, headers=AGENT, timeout=9).status_code == 400


@pytest.mark.parametrize("kind", ["maxlag", "429", "503", "closed", "half"])
def test_faults_come_at_about_their_rate_and_never_more_than_three_in_a_row(world: World, kind: str) -> None:
    faults = Faults(0.3, seed=5)
    with serving(world, faults) as served:
        in_a_row, longest, bad = 0, 0, 0
        for number in range(60):
            try:
                wanted = {"action": "wbgetentities", "ids": "Q1", "n": str(number % 3)}
                answer = requests.get(served.wikidata_api, wanted, headers=AGENT, timeout=9)
                good = answer.ok and "entities" in answer.json()
            except (requests.RequestException, ValueError):
                good = False
            in_a_row = 0 if good else in_a_row + 1
            longest, bad = max(longest, in_a_row), bad + (not good)
    assert 8 <= bad <= 30
    assert longest <= 9
    assert faults.happened[kind]
