from __future__ import annotations

import pytest

from celeb_ops.core.exceptions import RecordError
from celeb_ops.dataset.schema import (
    CAPTURES,
    END_MARK,
    MENTIONS,
    SIGHTINGS,
    TABLES,
    TYPE_NAMES,
    Column,
    Table,
    with_columns,
)

PAGE = f"Before.\n<!-- columns of Captures: made by make docs -->\nold | rows\n{END_MARK}\nAfter.\n"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_each_column_is_described_once_and_the_key_columns_come_first(table: Table) -> None:
    assert len(table.dtypes) == len(table.columns)
    assert [*table.dtypes][:2] == ["time", "site"]
    # A sighting has several rows a key.
    assert table.key == (() if table in (SIGHTINGS, MENTIONS) else ("time", "site"))
    for column in table.columns:
        assert column.dtype in TYPE_NAMES
        assert len(column.meaning) > 5, column.name
        assert not column.meaning.endswith("."), column.name
        assert "\n" not in column.meaning, column.name


class TestDocs:
    def test_the_columns_stand_between_the_marks_and_all_else_stays(self) -> None:
        page = with_columns(PAGE, (CAPTURES,))
        assert page.startswith("Before.\n<!--")
        assert page.endswith(f"{END_MARK}\nAfter.\n")
        assert f"| `site` | text | {CAPTURES.columns[1].meaning} |" in page
        assert "old | rows" not in page
        assert with_columns(page, (CAPTURES,)) == page
        first, *others = CAPTURES.columns
        changed = Table("Captures", "", (Column(first.name, first.dtype, "a | b"), *others))
        assert with_columns(page, (changed,)) == page.replace(f"| {first.meaning} |", r"| a \| b |")

    @pytest.mark.parametrize("page", ["", PAGE.replace(END_MARK, ""), PAGE.replace("Captures", "Others")])
    def test_a_page_without_a_place_for_them_is_an_error(self, page: str) -> None:
        with pytest.raises(RecordError, match=r"no place for the columns of Captures.*<!-- columns of Captures"):
            with_columns(page, (CAPTURES,))
