from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.report import sanitizing
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Grace Hopper", "Grace Hopper"),
        (None, ""),
        (" two\n lines\x00\x85 ", "two lines"),
        ("a\u202eb\u2066c\u2069d\u200fe\u061cf", "abcdef"),
        ("\u05d0\u05d1 x", "\u05d0\u05d1 x"),
    ],
)
def test_plain_is_one_line_that_turns_nothing_round(text: str | None, expected: str) -> None:
    assert sanitizing.plain(text) == expected


def test_what_is_long_is_cut_and_shown_by_the_pointer_as_far_as_a_page_can_hold_it() -> None:
    text = "word " * 2_000
    short = sanitizing.plain(text, 40)
    assert len(short) <= 40
    assert short.endswith("word…")
    cut = sanitizing.bdi(text, 40)
    assert cut.startswith('<bdi title="word word')
    assert len(cut) < 1_000
    assert sanitizing.bdi("short", 40) == "<bdi>short</bdi>"


@given(st.text(max_size=300))
def test_it_is_text_and_nothing_else(text: str) -> None:
    inner = sanitizing.bdi(text).removeprefix("<bdi>").removesuffix("</bdi>")
    if not inner.startswith("<bdi title="):
        assert not set("<>\"'") & set(inner)


LINKS_TO_NOWHERE = "javascript:alert(1) JaVaScRiPt:alert(1) data:text/html,x vbscript:x file:///etc/passwd https:"
LINKS_TO_NOWHERE += " //evil.example/x /relative http://[::1"


@pytest.mark.parametrize(
    "link", [None, "", " javascript:alert(1)", "https://x.example/" + "a" * 2_000, *LINKS_TO_NOWHERE.split()]
)
def test_a_link_leads_into_the_web_and_all_else_is_none(link: str | None) -> None:
    for good in ("https://www.tmz.com/a?b=c#d", "http://x.example:8080/"):
        assert sanitizing.web_link(good) == good
    assert sanitizing.web_link(link) == ""
    assert sanitizing.host(link) == ""


@given(st.text(min_size=1, max_size=200))
def test_a_name_comes_back_from_its_address_whatever_decodes_it_on_its_way(name: str) -> None:
    address = sanitizing.address(name)
    assert len(address) <= 1_200
    assert not set(address) & set("/?#\\ ")
    # A frame's host decodes the address and builds it anew.
    again = urlsplit(f"http://x/people/{unquote(address)}")
    assert unquote(again.path).removeprefix("/people/") == sanitizing.slug(name)
    assert not again.query
    assert not again.fragment


def test_names_that_are_not_the_same_have_addresses_that_are_not() -> None:
    names = ["a/b", "a?b", "~a", "..", ".", "a" * 500, "a" * 501, "Grace Hopper", "grace hopper"]
    assert len({sanitizing.address(name) for name in names}) == len(names)
    assert sanitizing.address("Grace Hopper") == "Grace%20Hopper"


@pytest.mark.parametrize(
    ("way", "given"),
    [
        (sanitizing.initials, {"Grace Hopper": "GH", "Cher": "C", "Anna de la X": "AX", "<": "?"}),
        (sanitizing.percent, {None: "–", 0.0: "0 %", 0.0004: "<0.1 %", 0.042: "4.2 %", 0.42: "42 %", 1.0: "100 %"}),
        (sanitizing.dollars, {None: "–", 0.0: "$0.00", 0.003: "$0.0030", 1234.5: "$1,234.50"}),
    ],
)
def test_has_the_signs_that_say_something(way: Callable[[Any], str], given: dict[Any, str]) -> None:
    assert {one: way(one) for one in given} == given


def test_how_far_a_page_is_from_its_run() -> None:
    before = {0.6: "1 min", 108: "1 h 48 min", 24 * 60: "1 day"}
    after = {5: "5 min", 720: "12 h", 49 * 60 + 3: "2 days 1 h 3 min"}
    expected = {-minutes: f"{words} before the run" for minutes, words in before.items()}
    expected |= {minutes: f"{words} after the run" for minutes, words in after.items()}
    expected |= dict.fromkeys((0, 0.4), "at the run’s time")
    found = {one: sanitizing.time_from(RUN_TIME + timedelta(minutes=one), RUN_TIME) for one in expected}
    assert found == expected
