from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from celeb_ops.core import keys
from celeb_ops.dataset import retention
from celeb_ops.dataset.retention import Tidied, tidy_images, tidy_slices
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celeb_ops.core.store import FolderStore, Store, Stored

WEEK = timedelta(days=7)
OLD, OLDER, NEW = (keys.stem(site, RUN_TIME) for site in ("PEOPLE", "PEREZHILTON", "TMZ"))


class Aged:
    """A store of each kind whose files are older than they are, as its listing tells it."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = store
        self._ages: dict[str, timedelta] = {}
        self.deleted: list[str] = []
        files, delete = store.files, store.delete

        def aged(prefix: str) -> Iterator[Stored]:
            for one in files(prefix):
                yield one._replace(written=one.written - self._ages.get(one.key, timedelta()))

        def told(key: str) -> None:
            self.deleted.append(key)
            delete(key)

        monkeypatch.setattr(store, "files", aged)
        monkeypatch.setattr(store, "delete", told)

    def write(self, days: float, *written: str) -> list[str]:
        for key in written:
            self.store.write(key, b"12345")
            self._ages[key] = timedelta(days=days)
        return list(written)

    def slices(self, stem: str, days: float) -> list[str]:
        made = [keys.slice_(stem, (top, top + 1_900), (0, 1_440)) for top in (0, 1_900)]
        return self.write(days, *made, keys.plan(stem))

    def image(self, stem: str, days: float, extension: str = "jpeg") -> list[str]:
        return self.write(days, *(keys.image(stem, part, extension) for part in (1, 2)))

    @property
    def there(self) -> list[str]:
        return list(self.store.list(""))


@pytest.fixture
def aged(store: Store, monkeypatch: pytest.MonkeyPatch) -> Aged:
    return Aged(store, monkeypatch)


class TestSlices:
    def test_that_are_old_go_and_those_that_are_not_stay(self, aged: Aged) -> None:
        aged.slices(OLD, days=7.1)
        aged.slices(OLDER, days=400)
        kept = aged.slices(NEW, days=6.9)
        assert tidy_slices(aged.store, WEEK) == Tidied(captures=2, files=6, size=30)
        assert aged.there == sorted(kept)

    def test_the_plan_goes_first(self, aged: Aged) -> None:
        made = aged.slices(OLD, days=8)
        tidy_slices(aged.store, WEEK)
        assert aged.deleted == [keys.plan(OLD), *made[:2]]

    @pytest.mark.parametrize("young", [0, 1, 2], ids=["a slice", "the last slice", "the plan"])
    def test_of_a_capture_all_go_or_none(self, aged: Aged, young: int) -> None:
        made = aged.slices(OLD, days=8)
        aged.write(1, made[young])
        assert tidy_slices(aged.store, WEEK) == Tidied()
        assert aged.there == sorted(made)

    def test_of_an_old_run_that_were_cut_now_stay(self, store: Store) -> None:
        stem = keys.stem("TMZ", datetime(1999, 1, 1, tzinfo=UTC))
        store.write(keys.plan(stem), b"")
        assert tidy_slices(store, WEEK) == Tidied()
        assert store.exists(keys.plan(stem))

    def test_nothing_else_goes(self, aged: Aged) -> None:
        others = [
            keys.sidecar(OLD),
            keys.image(OLD, 1, "jpeg"),
            keys.result(OLD),
            keys.crop(OLD, 1),
            keys.outcome(OLD),
            "Slices/read me.txt",
            "Slices/mine/plan.json",
            "Celebs.csv",
        ]
        aged.write(1_000, *others)
        assert tidy_slices(aged.store, WEEK) == Tidied()
        assert aged.there == sorted(others)

    def test_a_very_long_time_is_for_ever(self, aged: Aged) -> None:
        aged.slices(OLD, days=40_000)
        assert tidy_slices(aged.store, timedelta(days=1_000_000)) == Tidied()

    def test_killed_in_the_middle_the_next_time_goes_on(self, aged: Aged, monkeypatch: pytest.MonkeyPatch) -> None:
        aged.slices(OLD, days=8)
        delete = aged.store.delete

        def killed(key: str) -> None:
            delete(key)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(aged.store, "delete", killed)
            with pytest.raises(KeyboardInterrupt):
                tidy_slices(aged.store, WEEK)
        assert keys.plan(OLD) not in aged.there
        assert tidy_slices(aged.store, WEEK) == Tidied(captures=1, files=2, size=10)

    def test_what_takes_too_long_is_left_to_the_next_time(self, aged: Aged, monkeypatch: pytest.MonkeyPatch) -> None:
        aged.slices(OLD, days=8)
        kept = aged.slices(OLDER, days=8)
        # The clock at the start, and at each of the two captures.
        times = iter([0, retention.TIME_S, retention.TIME_S + 1])
        with monkeypatch.context() as patch:
            patch.setattr(retention, "time", SimpleNamespace(monotonic=lambda: next(times)))
            assert tidy_slices(aged.store, WEEK) == Tidied(captures=1, files=3, size=15, done=False)
        assert aged.there == sorted(kept)
        assert tidy_slices(aged.store, WEEK).done

    def test_of_a_folder_its_folder_goes_too(self, folder_store: FolderStore) -> None:
        folder_store.write(keys.plan(OLD), b"")
        os.utime(folder_store.root / keys.plan(OLD), (0, 0))
        tidy_slices(folder_store, WEEK)
        assert [path.name for path in folder_store.root.iterdir()] == ["Slices"]
        assert list((folder_store.root / "Slices").iterdir()) == []


class TestImages:
    def test_that_are_old_go_and_their_facts_and_crops_stay(self, aged: Aged) -> None:
        aged.image(OLD, days=40)
        aged.image(OLDER, days=40, extension="png")
        kept = aged.image(NEW, days=20)
        kept += aged.write(40, *(keys.sidecar(stem) for stem in (OLD, OLDER, NEW)), keys.crop(OLD, 1), keys.result(OLD))
        kept += aged.slices(OLD, days=40)
        assert tidy_images(aged.store, timedelta(days=30)) == Tidied(captures=2, files=4, size=20)
        assert aged.there == sorted(kept)

    @pytest.mark.parametrize("extension", ["jpeg", "png"])
    @pytest.mark.parametrize("young", [0, 1])
    def test_of_a_capture_all_go_or_none(self, aged: Aged, young: int, extension: str) -> None:
        made = [*aged.image(OLD, days=8, extension=extension), *aged.write(8, keys.sidecar(OLD))]
        aged.write(1, made[young])
        assert tidy_images(aged.store, WEEK) == Tidied()
        assert aged.there == sorted(made)

    def test_a_picture_of_somebody_s_own_stays(self, aged: Aged) -> None:
        others = aged.write(1_000, "Images/logo.png", "Images/TMZ_Nov_99_2026_08H_00M_00S.jpeg")
        assert tidy_images(aged.store, WEEK) == Tidied()
        assert aged.there == sorted(others)
