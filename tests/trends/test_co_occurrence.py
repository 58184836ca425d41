from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.trends import history
from celeb_ops.trends.co_occurrence import PER_PERSON, CoOccurrence
from tests.trends.rows import Built, Rows, on


def face(name: str, url: str | None = None, picture: int | None = None) -> dict[str, Any]:
    return {"name": name, "picture_url": url, "picture": picture}


@pytest.mark.parametrize("apart", [1, 30], ids=["one month", "over months"])
def test_pictures_and_pages(rows: Rows, built: Built, apart: int) -> None:
    # Adele and Cher: on one picture, that two pages show (1 picture, 2 pages); on a second one (day 2): 2 and 3.
    rows.seen("A", on(0), face("Cher", "p"), face("Adele", "p"))
    rows.seen("B", on(apart), face("Cher", "p"), face("Adele", "p"))
    # Bo is on the same page as them twice, never on a picture with one of them.
    rows.seen("A", on(2 * apart), face("Cher", "q"), face("Adele", "q"), face("Bo", "r"))
    rows.seen("A", on(3 * apart), face("Cher", "q"), face("Bo", "r"))
    # Once on the same page is chance: Dua and Cher. Of one person with herself nothing is said.
    rows.seen("A", on(4 * apart), face("Cher", "q"), face("Dua", "q"), face("Dua", "q"))
    assert built("together").rows() == [
        ("Adele", "Cher", 2, 3),
        ("Bo", "Cher", 0, 2),
        ("Cher", "Adele", 2, 3),
        ("Cher", "Bo", 0, 2),
    ]


def test_a_picture_without_an_address_is_its_place_on_its_page(rows: Rows, built: Built) -> None:
    for number in range(2):
        rows.seen("A", on(number), face("Cher", None, 3), face("Adele", None, 3), face("Bo", None, 4))
    assert built("together").filter(pl.col("name") == "Cher").rows() == [("Cher", "Adele", 2, 2), ("Cher", "Bo", 0, 2)]


@pytest.mark.parametrize("address", ["data:", ""])
def test_pictures_in_the_page_itself_are_not_one_and_the_same(rows: Rows, built: Built, address: str) -> None:
    # Of a picture in the page itself only `data:` is kept, of an address that names somebody who asked for it nothing.
    for number in range(2):
        rows.seen("A", on(number), face("Cher", address, 0), face("Adele", address, 1))
    assert built("together")["pictures"].to_list() == [0, 0]
    assert built("evidence").filter(pl.col("name") == "Cher").height == 2


def test_the_twenty_nearest(rows: Rows, built: Built) -> None:
    others = [f"N{number:02d}" for number in range(25)]
    for number in range(2):
        rows.seen("A", on(number), "Cher", *others)
    rows.seen("A", on(2), "Cher", "N24")
    table = built("together").filter(pl.col("name") == "Cher")
    assert table["other"].to_list() == ["N24", *others[: PER_PERSON - 1]]


SIGHTINGS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from("AB"), st.sampled_from("abcde"), st.sampled_from(["p", "q", None])),
    max_size=40,
)


@given(SIGHTINGS)
def test_is_what_one_would_count_one_by_one(found: list[tuple[int, str, str, str | None]]) -> None:
    table = pl.DataFrame(
        [{"time": on(day), "site": site, "name": name, "picture_url": url} for day, site, name, url in found],
        schema=history.SIGHTINGS,
    )
    together = CoOccurrence()
    together.add(table)
    pages: dict[tuple[str, str], set[Any]] = {}
    pictures: dict[tuple[str, str], set[Any]] = {}
    for day, site, name, url in found:
        for day_b, site_b, other, url_b in found:
            if name != other and (day, site) == (day_b, site_b):
                pages.setdefault((name, other), set()).add((day, site))
            if name != other and url is not None and url == url_b:
                pictures.setdefault((name, other), set()).add(url)
    assert {(a, b): (p, n) for a, b, p, n in together.table().select("name", "other", "pictures", "pages").rows()} == {
        pair: (len(pictures.get(pair, ())), len(there)) for pair, there in pages.items() if len(there) > 1
    }
