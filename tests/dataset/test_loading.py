"""The three snippets of docs/dataset.md, run as they stand there, in the place that they name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from celeb_ops.core.settings import PROJECT
from celeb_ops.core.store import FolderStore
from tests.dataset.stores import a_dataset

if TYPE_CHECKING:
    from pathlib import Path

SECTION = (PROJECT / "docs" / "dataset.md").read_text(encoding="utf-8").split("## Load it\n")[1].split("\n## ")[0]
SNIPPETS = re.findall(r"^```python\n(import (\w+).*?)^```", SECTION, re.MULTILINE | re.DOTALL)


def test_each_library_has_a_snippet() -> None:
    assert [library for _, library in SNIPPETS] == ["pandas", "polars", "duckdb"]
    assert all(len(code.splitlines()) <= 16 for code, _ in SNIPPETS)


@pytest.mark.parametrize(("code", "library"), SNIPPETS, ids=[library for _, library in SNIPPETS])
def test_snippets_agree(
    code: str,
    library: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    a_dataset(FolderStore(tmp_path / "data" / "demo"))
    monkeypatch.chdir(tmp_path)
    exec(compile(code, library, "exec"), {})
    output = re.sub(r"[^\w+\n-]+", " ", capsys.readouterr().out)
    # Cher is in all three captures of TMZ, Adele by this name in two. +Adele is another name, '+Adele in the CSV.
    assert re.search(r"Cher 3\b.*Adele 2\b", output, re.DOTALL), output
    assert re.search(r"\bTMZ 4\b", output), output
    # Seen, and nobody was there: that is a number too.
    assert re.search(r"\bEONLINE 0\b", output), output
