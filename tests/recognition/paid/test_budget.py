import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from celeb_ops.core import keys
from celeb_ops.core.exceptions import BudgetError, PermanentError
from celeb_ops.core.store import FolderStore, Store
from celeb_ops.recognition.paid.budget import Budget, Spent
from tests.factories import RUN_TIME


def budget(store: Store, site: str, limit: int | None = 10) -> Budget:
    return Budget(store, site, RUN_TIME, limit)


def pictures(number: int, first: int = 0) -> set[str]:
    return {hashlib.sha256(str(one).encode()).hexdigest() for one in range(first, first + number)}


def spent(store: Store) -> dict[str, int]:
    return {site: len(calls) for site, calls in Spent.load(store, keys.budget(RUN_TIME)).calls.items()}


def test_sites_share_it_and_what_would_exceed_it_takes_nothing(store: Store) -> None:
    budget(store, "TMZ").take(set(), pictures(8))
    with pytest.raises(BudgetError) as raised:
        budget(store, "PEOPLE").take(set(), pictures(3))
    assert str(raised.value) == (
        "PEOPLE needs 3 calls of the recogniser, and this run may make 10 (CELEBS_BUDGET), of which other sites have "
        "8: no further call was made. Raise the budget and clear this task, visit fewer sites, or use contact sheets "
        "(CELEBS_SHEETS=true), which need fewer calls."
    )
    assert isinstance(raised.value, PermanentError)
    assert spent(store) == {"TMZ": 8}
    budget(store, "PEOPLE").take(set(), pictures(2))
    assert spent(store) == {"PEOPLE": 2, "TMZ": 8}


def test_what_earlier_tries_took_stays_taken_and_is_not_taken_again(folder_store: FolderStore) -> None:
    budget(folder_store, "TMZ").take(set(), pictures(8))
    with pytest.raises(BudgetError, match="TMZ needs 11 calls"):
        budget(folder_store, "TMZ").take(set(), pictures(3, first=8))
    # It was lowered since; what was paid for is good, and who asks nothing passes none.
    budget(folder_store, "TMZ", 5).take(pictures(8), set())
    with pytest.raises(BudgetError, match="may make 5"):
        budget(folder_store, "TMZ", 5).take(pictures(7), pictures(1, first=7))
    budget(folder_store, "TMZ").take(pictures(5), pictures(4, first=5))
    assert spent(folder_store) == {"TMZ": 9}


def test_each_run_has_its_own_and_without_a_limit_nothing_is_written(folder_store: FolderStore) -> None:
    budget(folder_store, "TMZ", None).take(set(), pictures(1_000))
    assert list(folder_store.list("")) == []
    budget(folder_store, "TMZ").take(set(), pictures(10))
    Budget(folder_store, "TMZ", RUN_TIME.replace(hour=20), 10).take(set(), pictures(10, first=10))


def test_sites_at_once_do_not_pass_it(store: Store) -> None:
    def take(site: int) -> bool:
        try:
            budget(store, f"SITE-{site}").take(set(), pictures(3))
        except BudgetError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(8)))
    assert sum(taken) == 3
    assert sum(spent(store).values()) == 9
