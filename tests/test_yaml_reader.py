"""Files of a few kB that would take gigabytes, minutes, or the stack."""

from __future__ import annotations

import pytest

from celeb_ops.exceptions import RecordError
from celeb_ops.yaml_reader import read_yaml


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"- [&s " + b"x" * 300_000 + b", *s" * 1_000 + b"]", "unfold to so many", id="long texts"),
        pytest.param(
            b"- &a0 [x]\n" + b"".join(b"- &a%d [*a%d]\n" % (n, n - 1) for n in range(1, 150)),
            "nested more than 20 deep",
            id="depth by aliases",
        ),
        pytest.param(b"a: 1" + b":1" * 300_000, "is taken for a int", id="base 60"),
    ],
)
def test_what_unfolds_to_too_much_is_a_sentence(content: bytes, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        read_yaml(content, "file.yaml", RecordError)
