from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.alerts.message import SITES_SHOWN, Message, listed, named, one_line

ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


@given(ANYTHING)
def test_a_subject_is_one_line_of_printable_signs(subject: str) -> None:
    header = Message(subject, ()).header
    assert header == "" or header.isprintable()
    assert len(header) <= 150


@given(ANYTHING)
def test_sns_takes_every_subject(subject: str) -> None:
    plain = Message(f"Trending: {subject}", ()).ascii_subject
    assert re.fullmatch(r"[ -~]{1,100}", plain)


@given(ANYTHING)
def test_nothing_is_markup_in_a_mail(text: str) -> None:
    html = Message("x", (text,)).html
    inside = html[html.index(">") + 1 : html.rindex("</pre>")]
    assert not re.search("[<>]", inside)
    assert unescape(inside) == text


@given(ANYTHING)
def test_nobody_is_called_and_no_link_hidden_in_slack(text: str) -> None:
    slack = Message("x", (text,)).slack
    assert not re.search("[<>]", slack)
    assert unescape(slack).endswith(text)


@pytest.mark.parametrize("sign", ["&", "<", ">", "x"])
@pytest.mark.parametrize("before", range(6))
def test_a_long_message_for_slack_is_cut_beside_an_escaped_sign(sign: str, before: int) -> None:
    slack = Message("x", ("a" * before + sign * 5_000,)).slack
    assert 3_800 < len(slack) <= 3_900
    assert re.fullmatch(r"(?s)(?:[^&]|&amp;|&lt;|&gt;)*…", slack)


def test_of_many_sites_some_are_named_and_the_others_counted() -> None:
    lines = listed([f"S{number}: gone" for number in range(1_000)]).splitlines()
    assert len(lines) == SITES_SHOWN + 1
    assert lines[-1] == "- and 980 more."
    assert named([f"S{number}" for number in range(1_003)]) == "S0, S1, S2 and 1,000 more"


def test_a_reason_is_one_line() -> None:
    assert one_line("Gone.\r\nBcc: all@example.com\x00\u202e!") == "Gone. Bcc: all@example.com !"
    assert len(one_line("x" * 10_000)) == 400
