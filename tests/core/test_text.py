import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.core.exceptions import CaptureError
from celeb_ops.core.records import Outcome
from celeb_ops.core.text import SENTENCE_CHARS, cleaned, counted
from tests.factories import RUN_TIME

HOSTILE = "\x1b[2J\x9b31m\x00\u202e\ud800\u2028 Ann\n" + "x" * 10**6


@given(st.text(max_size=60), st.integers(1, 30))
def test_what_is_cleaned_is_short_and_can_be_printed_and_written(text: str, most: int) -> None:
    line = cleaned(text, most)
    assert len(line) <= most
    assert not [char for char in line if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}]
    assert line.encode().decode() == line
    assert cleaned(line, most) == line


def test_what_people_write_stays() -> None:
    for text in ("Beyoncé 王菲", "👩\u200d👧 mum", "می\u200cخواهم", "100 % sure…"):
        assert cleaned(text, 40) == text


def test_no_page_writes_an_error_or_a_reason_of_a_megabyte() -> None:
    for said in (
        str(CaptureError(HOSTILE)),
        Outcome(site="TMZ", time=RUN_TIME, outcome="failed", task="screenshot", reason=HOSTILE).reason,
    ):
        assert said.startswith("[2J 31m Ann x")
        assert len(said) == SENTENCE_CHARS


@pytest.mark.parametrize(("number", "text"), [(0, "0 faces"), (1, "1 face"), (2, "2 faces"), (1_234, "1,234 faces")])
def test_counts_are_grammatical(number: int, text: str) -> None:
    assert counted(number, "face") == text
