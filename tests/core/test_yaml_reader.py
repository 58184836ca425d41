"""Files of a few kB that would take gigabytes, minutes, or the stack."""

import pytest

from celeb_ops.core.exceptions import RecordError
from celeb_ops.core.yaml_reader import read_yaml

# 400 bytes that stand for 10⁹ texts, or as many mappings to be merged.
BOMB = b"- &a0 [x]\n" + b"".join(b"- &a%d [%s]\n" % (n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 10))
MERGED = BOMB.replace(b"[x]", b"{a: b}").replace(b"[", b"{<<: [").replace(b"]", b"]}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(BOMB, "there are more than 200,000 entries, or aliases unfold to so many", id="aliases"),
        pytest.param(MERGED, "aliases unfold to so many", id="merged aliases"),
        pytest.param(b"- [&s " + b"x" * 300_000 + b", *s" * 1_000 + b"]", "unfold to so many", id="long texts"),
        pytest.param(
            b"- &a0 [x]\n" + b"".join(b"- &a%d [*a%d]\n" % (n, n - 1) for n in range(1, 150)),
            "nested more than 20 deep",
            id="depth by aliases",
        ),
        pytest.param(b"&all [*all]", "line 1, column 1 is not YAML: .* nested more than 20 deep", id="itself"),
        pytest.param(b"[" * 200 + b"]" * 200, "column 21 is not YAML: .* nested more than 20 deep", id="depth"),
        pytest.param(b"[" * 400_000, "exceeded maximum nesting depth", id="great depth"),
        pytest.param(b"a: 1" + b":1" * 300_000, "is taken for a int", id="base 60"),
        pytest.param(b"[1" + b":1" * 999 + b".0]", "is taken for a float but is none", id="base 60, broken"),
        pytest.param(b"0x" + b"F" * 5_000, "FF' is taken for a int but is none; write a text in quotes", id="base 16"),
        pytest.param(b"9" * 5_000, "is taken for a int but is none", id="a long number"),
        pytest.param(b"2026-13-45", "'2026-13-45' is taken for a timestamp but is none", id="no date"),
        pytest.param(b"!!timestamp soon", "'soon' is taken for a timestamp but is none", id="a date by tag"),
        pytest.param(b"!!bool perhaps", "'perhaps' is taken for a bool but is none", id="a truth by tag"),
        pytest.param(b"!!python/object:os.system [x]", "could not determine a constructor", id="a Python object"),
        pytest.param(b"a: 1\nb: 2\na: 3", "line 3, column 1 is not YAML: 'a' stands here twice", id="a key twice"),
        pytest.param(b"# \0", r"line 1, column 3 is not YAML: the character '\\x00' cannot be in text", id="NUL"),
        pytest.param(b'"\\0"', r"line 1, column 1 is not YAML: the character '\\x00' cannot be", id="NUL by escape"),
        pytest.param(b'"\\ud800"', "is not YAML", id="half a character"),
        pytest.param(b"a: b: c", "line 1, column 5 is not YAML", id="not YAML"),
        pytest.param(
            b"#" * 1_000_001, r"is too large \(1,000,001 bytes, at most 1,000,000\): split it", id="too large"
        ),
        pytest.param("Künstler".encode("latin-1"), "is not a text in UTF-8: save it as such", id="Latin-1"),
    ],
)
def test_what_no_file_of_ours_holds_is_a_sentence(content: bytes, said: str) -> None:
    with pytest.raises(RecordError, match=f"^file.yaml.*{said}"):
        read_yaml(content, "file.yaml", RecordError)


def test_an_alias_is_no_second_key() -> None:
    text = b"- &slow {timeout_s: 90, name: A}\n- {<<: *slow, name: B}"
    assert read_yaml(text, "", RecordError) == [{"timeout_s": 90, "name": "A"}, {"timeout_s": 90, "name": "B"}]
