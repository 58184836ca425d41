"""``docs/trends.md`` says what is: its example is counted, and every column is explained."""

from __future__ import annotations

import re

import polars as pl
import pytest

from celeb_ops.core.settings import PROJECT
from celeb_ops.trends import SCHEMAS
from tests.trends.rows import Built, Rows, on

PAGE = (PROJECT / "docs/trends.md").read_text(encoding="utf-8")


def test_the_example(rows: Rows, built: Built) -> None:
    example = PAGE.split("### An example")[1].split("\n### ")[0]
    said = {name: float(value) for name, value in re.findall(r"^\| ([\w ]+) \| ([\d.]+) \|$", example, re.MULTILINE)}
    weekly = [week * 7 + day for week in range(4) for day in (0, 3)]
    for day in range(35):
        rows.seen("A", on(day), *(["Cher"] if day in {*weekly, *range(28, 34)} else []))
        rows.seen("B", on(day), *(["Cher"] if day in range(30, 34) else []))
    row = built("movers").row(by_predicate=pl.col("kind") == "week", named=True)
    p = (10 + 8 + 0.5) / (14 + 56 + 1)
    prior = 2 / p
    counted = {
        "share now": row["share_now"],
        "share before": row["share_before"],
        "p": p,
        "a": 10 + prior * p,
        "b": 4 + prior * (1 - p),
        "c": 8 + prior * p,
        "d": 48 + prior * (1 - p),
        **{name: row[name] for name in ("dispersion", "change", "low", "high", "z")},
    }
    assert said == pytest.approx(counted, abs=1.1e-6)
    assert f"`{row['mover']}`" in example


@pytest.mark.parametrize("table", SCHEMAS)
def test_every_column_is_explained(table: str) -> None:
    sections = re.split(r"^### ", PAGE.split("## The tables")[1].split("\n## ")[0], flags=re.MULTILINE)[1:]
    (section,) = [one for one in sections if f"`{table}`" in one.splitlines()[0]]
    assert [column for column in SCHEMAS[table] if f"`{column}`" not in section] == []
