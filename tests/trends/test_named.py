"""Shown, named, both: counted apart."""

from __future__ import annotations

from tests.trends.rows import Built, Rows, on


def test_who_is_shown_and_who_is_named_are_counted_apart(rows: Rows, built: Built) -> None:
    rows.seen("TMZ", on(0), "Cher")
    rows.named("TMZ", on(0), "Cher", "Adele")
    # The same person in two texts of one capture is one.
    rows.named("TMZ", on(0), "Adele", part="alt", text="Adele waves")
    rows.seen("TMZ", on(1), "Cher")
    rows.seen("PEOPLE", on(1))
    rows.named("PEOPLE", on(1), "Cher", qid="Q12003")
    people = {row["name"]: row for row in built("people").to_dicts()}
    cher, adele = people["Cher"], people["Adele"]
    assert (cher["captures"], cher["named"], cher["both"]) == (2, 2, 1)
    assert (cher["captures_28d"], cher["named_28d"], cher["both_28d"], cher["named_7d"]) == (2, 2, 1, 2)
    assert (adele["captures"], adele["named"], adele["both"], adele["share_28d"]) == (0, 1, 0, 0)
    assert (adele["first_seen"], adele["first_named"], adele["last_named"]) == (None, on(0), on(0))
    assert (adele["headline"], adele["link"]) == ("Adele in the news", "https://x.example/story")
    # She is one person, by the QID that a mention has.
    assert cher["qid"] == "Q12003"
    days = {(row["name"], row["period"].day): row for row in built("days").to_dicts()}
    counts = [[days["Cher", day][column] for column in ("captures", "named", "both")] for day in (2, 3)]
    assert counts == [[1, 1, 1], [1, 1, 0]]
    assert (days["Adele", 2]["captures"], days["Adele", 2]["share"], days["Adele", 2]["named"]) == (0, 0, 1)
    where = built("appearances").filter(name="Cher").select("site", "captures", "named", "both").rows()
    assert where == [("PEOPLE", 0, 1, 0), ("TMZ", 2, 1, 1)]
    # What counts the shown alone stays what it was.
    assert built("runs").select("time", "people").rows() == [(on(1), 1), (on(0), 1)]
    assert built("movers").is_empty() or set(built("movers")["name"]) == {"Cher"}


def test_the_newest_texts_once_each_and_none_that_was_emptied(rows: Rows, built: Built) -> None:
    for day in range(15):
        rows.seen("TMZ", on(day))
        rows.named("TMZ", on(day), "Cher", text=f"Cher, part {day}")
        rows.named("TMZ", on(day), "Cher", text="Cher, again and again")
        rows.named("TMZ", on(day), "Cher", text=None)
    texts = built("headlines")["text"].to_list()
    assert texts[:3] == ["Cher, again and again", "Cher, part 14", "Cher, part 13"]
    assert len(texts) == 12


def test_a_mention_on_a_page_that_was_not_seen_is_none(rows: Rows, built: Built) -> None:
    rows.missed("TMZ", on(0))
    rows.named("TMZ", on(0), "Cher")
    rows.seen("PEOPLE", on(0))
    assert built("people").is_empty()
