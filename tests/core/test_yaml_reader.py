from __future__ import annotations

import pytest

from celeb_ops.core.exceptions import RecordError
from celeb_ops.core.yaml_reader import read_yaml


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"[" * 400_000, "exceeded maximum nesting depth", id="great depth"),
        pytest.param(b"9" * 5_000, "is taken for a int but is none", id="a long number"),
        pytest.param(b"2026-13-45", "'2026-13-45' is taken for a timestamp but is none; write a text", id="no date"),
        pytest.param(b"!!python/object:os.system [x]", "could not determine a constructor", id="a Python object"),
        pytest.param(b"a: 1\nb: 2\na: 3", "line 3, column 1 is not YAML: 'a' stands here twice", id="a key twice"),
        pytest.param(b"# \0", r"is not YAML: unacceptable character #x0000", id="NUL"),
        pytest.param(b"a: b: c", "line 1, column 5 is not YAML", id="not YAML"),
        pytest.param(b"#" * 1_000_001, r"is too large \(1,000,001 bytes, at most 1,000,000\)", id="too large"),
        pytest.param("Künstler".encode("latin-1"), "is not a text in UTF-8: save it as such", id="Latin-1"),
    ],
)
def test_a_fault_is_a_sentence_with_its_place(content: bytes, said: str) -> None:
    with pytest.raises(RecordError, match=f"^file.yaml.*{said}"):
        read_yaml(content, "file.yaml", RecordError)


def test_merged_keys_are_no_second_ones() -> None:
    text = b"- &a {x: 1, y: 2}\n- &b {<<: *a, x: 3}\n- {<<: *b, x: 4}\n- *b"
    assert read_yaml(text, "", RecordError) == [
        {"x": 1, "y": 2},
        {"x": 3, "y": 2},
        {"x": 4, "y": 2},
        {"x": 3, "y": 2},
    ]
