from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from celeb_ops import keys
from celeb_ops.exceptions import BudgetError, PermanentError
from celeb_ops.recognition.budget import Budget, Spent
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from celeb_ops.store import FolderStore, Store


def budget(store: Store, site: str, limit: int | None = 10) -> Budget:
    return Budget(store, site, RUN_TIME, limit)


def spent(store: Store) -> dict[str, int]:
    return Spent.load(store, keys.budget(RUN_TIME)).calls


def test_sites_share_it(store: Store) -> None:
    budget(store, "TMZ").take(4)
    budget(store, "PEOPLE").take(6)
    assert spent(store) == {"PEOPLE": 6, "TMZ": 4}


def test_what_would_pass_it_is_an_error_and_takes_nothing(store: Store) -> None:
    budget(store, "TMZ").take(8)
    with pytest.raises(BudgetError) as raised:
        budget(store, "PEOPLE").take(3)
    assert str(raised.value) == (
        "PEOPLE needs 3 calls of the recogniser, and this run may make 10 (CELEBS_BUDGET), of which other sites have "
        "8: no further call was made. Raise the budget and clear this task, visit fewer sites, or use contact sheets "
        "(CELEBS_SHEETS=true), which need fewer calls."
    )
    assert isinstance(raised.value, PermanentError)
    assert spent(store) == {"TMZ": 8}
    budget(store, "PEOPLE").take(2)


def test_a_second_try_takes_the_place_of_the_first(folder_store: FolderStore) -> None:
    budget(folder_store, "TMZ").take(8)
    budget(folder_store, "TMZ").take(9)
    assert spent(folder_store) == {"TMZ": 9}


def test_each_run_has_its_own(folder_store: FolderStore) -> None:
    budget(folder_store, "TMZ").take(10)
    Budget(folder_store, "TMZ", RUN_TIME.replace(hour=20), 10).take(10)


def test_without_a_limit_nothing_is_written(folder_store: FolderStore) -> None:
    budget(folder_store, "TMZ", None).take(1_000)
    assert list(folder_store.list("")) == []


def test_sites_at_once_do_not_pass_it(store: Store) -> None:
    def take(site: int) -> bool:
        try:
            budget(store, f"SITE-{site}").take(3)
        except BudgetError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(8)))
    assert sum(taken) == 3
    assert sum(spent(store).values()) == 9
