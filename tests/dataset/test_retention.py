from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from celeb_ops.core import keys
from celeb_ops.dataset import retention
from celeb_ops.dataset.retention import Tidied, tidy_images, tidy_slices
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from celeb_ops.core.store import FolderStore, Store

WEEK = timedelta(days=7)
OLD, OLDER, NEW = (keys.stem(site, RUN_TIME) for site in ("PEOPLE", "PEREZHILTON", "TMZ"))


def write(store: FolderStore, days: float, *written: str) -> list[str]:
    """Files of this age."""
    for key in written:
        store.write(key, b"12345")
        os.utime(store.root / key, (time.time() - days * 86_400,) * 2)
    return list(written)


def slices(store: FolderStore, stem: str, days: float) -> list[str]:
    made = [keys.slice_(stem, (top, top + 1_900), (0, 1_440)) for top in (0, 1_900)]
    return write(store, days, *made, keys.plan(stem))


def images(store: FolderStore, stem: str, days: float, extension: str = "jpeg") -> list[str]:
    return write(store, days, *(keys.image(stem, part, extension) for part in (1, 2)))


class TestSlices:
    def test_old_ones_go_with_their_folder_and_others_stay(self, folder_store: FolderStore) -> None:
        slices(folder_store, OLD, days=7.1)
        slices(folder_store, OLDER, days=400)
        young = slices(folder_store, NEW, days=6.9)
        assert tidy_slices(folder_store, WEEK) == Tidied(captures=2, files=6, size=30)
        assert [*folder_store.list("")] == sorted(young)
        assert [path.name for path in (folder_store.root / "Slices").iterdir()] == [NEW]

    @pytest.mark.parametrize("young", [0, 1, 2], ids=["a slice", "the last slice", "the plan"])
    def test_of_a_capture_all_go_or_none(self, folder_store: FolderStore, young: int) -> None:
        made = slices(folder_store, OLD, days=8)
        write(folder_store, 1, made[young])
        assert tidy_slices(folder_store, WEEK) == Tidied()
        assert [*folder_store.list("")] == sorted(made)

    def test_new_ones_of_an_old_run_stay(self, store: Store) -> None:
        stem = keys.stem("TMZ", datetime(1999, 1, 1, tzinfo=UTC))
        store.write(keys.plan(stem), b"")
        assert tidy_slices(store, WEEK) == Tidied()
        assert store.exists(keys.plan(stem))

    def test_nothing_else_goes(self, folder_store: FolderStore) -> None:
        others = [keys.sidecar(OLD), keys.image(OLD, 1, "jpeg"), keys.result(OLD), keys.crop(OLD, 1), keys.outcome(OLD)]
        others += ["Slices/read me.txt", "Slices/mine/plan.json", "Celebs.csv"]
        write(folder_store, 1_000, *others)
        assert tidy_slices(folder_store, WEEK) == Tidied()
        assert [*folder_store.list("")] == sorted(others)

    def test_a_huge_limit_keeps_all(self, folder_store: FolderStore) -> None:
        slices(folder_store, OLD, days=20_000)
        assert tidy_slices(folder_store, timedelta(days=1_000_000)) == Tidied()

    def test_the_plan_goes_first_so_that_a_killed_run_can_be_resumed(
        self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = slices(folder_store, OLD, days=8)
        delete = folder_store.delete

        def killed(key: str) -> None:
            delete(key)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(folder_store, "delete", killed)
            with pytest.raises(KeyboardInterrupt):
                tidy_slices(folder_store, WEEK)
        assert [*folder_store.list("")] == made[:2]
        assert tidy_slices(folder_store, WEEK) == Tidied(captures=1, files=2, size=10)

    def test_at_the_time_limit_the_rest_waits(self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
        slices(folder_store, OLD, days=8)
        later = slices(folder_store, OLDER, days=8)
        # The clock at the start, and at each of the two captures.
        times = iter([0, retention.TIME_S, retention.TIME_S + 1])
        with monkeypatch.context() as patch:
            patch.setattr(retention, "time", SimpleNamespace(monotonic=lambda: next(times)))
            assert tidy_slices(folder_store, WEEK) == Tidied(captures=1, files=3, size=15, done=False)
        assert [*folder_store.list("")] == sorted(later)
        assert tidy_slices(folder_store, WEEK).done


class TestImages:
    def test_old_ones_go_but_metadata_and_crops_stay(self, folder_store: FolderStore) -> None:
        images(folder_store, OLD, days=40)
        images(folder_store, OLDER, days=40, extension="png")
        stay = images(folder_store, NEW, days=20) + slices(folder_store, OLD, days=40)
        stay += write(folder_store, 40, *map(keys.sidecar, (OLD, OLDER, NEW)), keys.crop(OLD, 1), keys.result(OLD))
        # A picture of somebody's own.
        stay += write(folder_store, 1_000, "Images/logo.png", "Images/TMZ_Nov_99_2026_08H_00M_00S.jpeg")
        assert tidy_images(folder_store, timedelta(days=30)) == Tidied(captures=2, files=4, size=20)
        assert [*folder_store.list("")] == sorted(stay)

    @pytest.mark.parametrize("young", [0, 1])
    def test_of_a_capture_all_go_or_none(self, folder_store: FolderStore, young: int) -> None:
        made = [*images(folder_store, OLD, days=8), *write(folder_store, 8, keys.sidecar(OLD))]
        write(folder_store, 1, made[young])
        assert tidy_images(folder_store, WEEK) == Tidied()
        assert [*folder_store.list("")] == sorted(made)
