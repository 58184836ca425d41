"""When a rule of the watch list comes true."""

from __future__ import annotations

from datetime import datetime

import pytest

from celeb_ops import trends
from celeb_ops.core.removal_list import RemovalList, RemovedPerson
from celeb_ops.core.store import FolderStore
from celeb_ops.core.watch_list import Rule, Watch
from celeb_ops.trends.watching import News, news
from tests.trends.rows import Rows, on


def a_watch(name: str, *when: str, sites: tuple[str, ...] = ()) -> Watch:
    return Watch(name=name, when=list(when), sites=sites)


def told(
    store: FolderStore, rows: Rows, when: datetime, *watches: Watch, removed: RemovalList | None = None
) -> list[News]:
    rows.write(store)
    trends.build(store)
    return news(store, when, watches, removed or RemovalList())


def rules(found: list[News]) -> list[tuple[str, str]]:
    return [(one.name, str(one.rule)) for one in found]


def test_first_seen_is_once_whatever_was_filled_in_before(folder_store: FolderStore, rows: Rows) -> None:
    rows.seen("TMZ", on(0), "Adele")
    rows.seen("TMZ", on(1), {"name": "Cher", "headline": "Cher is here", "link": "https://x.example/1"}, "Adele")
    rows.seen("TMZ", on(2), "Cher")
    watches = [a_watch("CHÉR", "first seen"), a_watch("Adele", "first seen"), a_watch("Nobody", "first seen")]
    (first,) = told(folder_store, rows, on(1), *watches)
    assert (first.name, first.rule) == ("Cher", Rule("first"))
    (place,) = first.places
    assert (place.site, place.text, place.link) == ("TMZ", "Cher is here", "https://x.example/1")
    assert place.crop
    assert told(folder_store, rows, on(2), *watches) == []


def test_a_mention_is_an_appearance_too(folder_store: FolderStore, rows: Rows) -> None:
    rows.seen("TMZ", on(0))
    rows.named("TMZ", on(0), "Cher", qid="Q12003")
    (first,) = told(folder_store, rows, on(0), a_watch("Q12003", "first seen"))
    assert (first.name, first.places[0].text, first.places[0].crop) == ("Cher", "Cher in the news", None)


@pytest.mark.parametrize(("gap", "is_told"), [(13, False), (14, True)])
def test_back_after_so_many_days(folder_store: FolderStore, rows: Rows, gap: int, is_told: bool) -> None:
    rows.seen("TMZ", on(0), "Cher")
    rows.seen("TMZ", on(gap), "Cher")
    assert rules(told(folder_store, rows, on(gap), a_watch("Cher", "back after 14 days", "first seen"))) == (
        [("Cher", "back after 14 days")] if is_told else []
    )


def test_years_of_history_count_by_their_weeks(folder_store: FolderStore, rows: Rows) -> None:
    rows.seen("TMZ", on(0), "Cher")
    rows.seen("PEOPLE", on(400), "Cher")
    watches = [a_watch("Cher", "first seen", "back after 390 days", "back after 500 days")]
    assert rules(told(folder_store, rows, on(400), *watches)) == [("Cher", "back after 390 days")]
    # On this site she was not yet.
    assert rules(told(folder_store, rows, on(400), a_watch("Cher", "first seen", sites=("PEOPLE",)))) != []


def test_on_several_sites_at_once_until_it_has_been_quiet(folder_store: FolderStore, rows: Rows) -> None:
    for day in (0, 1, 9):
        rows.seen("A", on(day), "Cher")
        rows.seen("B", on(day))
        rows.named("B", on(day), "Cher")
        rows.seen("C", on(day), "Adele")
    watches = [a_watch("Cher", "on 2 sites at once"), a_watch("Cher", "on 3 sites at once")]
    assert rules(told(folder_store, rows, on(0), *watches)) == [("Cher", "on 2 sites at once")]
    assert told(folder_store, rows, on(1), *watches) == []
    assert rules(told(folder_store, rows, on(9), *watches)) == [("Cher", "on 2 sites at once")]
    assert told(folder_store, rows, on(9), a_watch("Cher", "on 2 sites at once", sites=("A", "C"))) == []


def test_rising_by_the_rules_of_the_page(folder_store: FolderStore, rows: Rows) -> None:
    for day in range(35):
        rows.seen("A", on(day), *(["Cher"] if day >= 28 or day % 14 == 0 else []), "Adele")
        rows.seen("B", on(day), *(["Cher"] if day >= 28 else []))
    watches = [a_watch("Cher", "rising"), a_watch("Adele", "rising")]
    assert rules(told(folder_store, rows, on(34), *watches)) == [("Cher", "rising")]


def test_an_archived_page_is_no_news(folder_store: FolderStore, rows: Rows) -> None:
    rows.seen("TMZ", on(0), {"name": "Cher", "source": "archive"}, source="archive")
    assert told(folder_store, rows, on(0), a_watch("Cher", "first seen")) == []


def test_nobody_who_asked_to_be_removed_by_any_name_and_no_words_that_name_them(
    folder_store: FolderStore, rows: Rows
) -> None:
    rows.seen("TMZ", on(0), {"name": "Cher", "qid": "Q12003"}, {"name": "Adele", "headline": "Adele and Cher sing"})
    removed = RemovalList((RemovedPerson("Somebody", aliases=("Q12003", "Cher")),))
    watches = [a_watch("Cher", "first seen"), a_watch("Q12003", "first seen"), a_watch("Adele", "first seen")]
    (adele,) = told(folder_store, rows, on(0), *watches, removed=removed)
    assert (adele.name, adele.places[0].text) == ("Adele", "")
