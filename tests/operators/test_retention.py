from __future__ import annotations

import logging
import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from celeb_ops.core import keys
from celeb_ops.core.settings import Settings
from celeb_ops.core.store import S3Store
from celeb_ops.operators.retention import tidy
from tests.core.store.verbs import an_s3_client
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from celeb_ops.core.store import FolderStore
    from tests.aws.s3_proxy import S3Proxy

STEM = keys.stem("TMZ", RUN_TIME)
SLICES = [keys.plan(STEM), keys.slice_(STEM, (0, 10), (0, 10))]
IMAGES = [keys.image(STEM, 1, "jpeg"), keys.sidecar(STEM)]


@pytest.fixture(autouse=True)
def files(folder_store: FolderStore) -> None:
    """Of ten days ago."""
    then = time.time() - timedelta(days=10).total_seconds()
    for key in (*SLICES, *IMAGES):
        folder_store.write(key, bytes(300_000))
        os.utime(folder_store.root / key, (then, then))


def test_slices_go_after_a_week_and_pictures_never(folder_store: FolderStore, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "celeb_ops")
    told = "emoved the slices of 1 capture (2 files, 0.6 MB), older than 7 days"
    assert tidy(folder_store, Settings()) == f"r{told}"
    assert caplog.messages == [f"R{told}."]
    assert list(folder_store.list("")) == sorted(IMAGES)


def test_where_nothing_is_old_nothing_goes(folder_store: FolderStore, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "celeb_ops")
    assert tidy(folder_store, Settings(keep_slices_days=100_000, keep_images_days=10.5)) is None
    assert caplog.messages == ["Nothing to remove: slices stay for 100000 days, pictures for 10.5 days."]
    assert list(folder_store.list("")) == sorted([*IMAGES, *SLICES])


def test_pictures_go_if_that_is_set(folder_store: FolderStore) -> None:
    assert tidy(folder_store, Settings(keep_images_days=9.5)) == (
        "removed the slices of 1 capture (2 files, 0.6 MB), older than 7 days and the pictures of 1 capture "
        "(1 file, 0.3 MB), older than 9.5 days"
    )
    assert list(folder_store.list("")) == [keys.sidecar(STEM)]


@pytest.mark.parametrize("denied", ["s3:ListBucket", "s3:DeleteObject"])
def test_without_a_permission_nothing_goes_and_the_log_names_it(
    denied: str, proxy: S3Proxy, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = S3Store(an_s3_client(proxy.url), bucket)
    for key in (*SLICES, *IMAGES):
        store.write(key, b"")
    proxy.denied = {denied}
    # What was written now is old at once.
    assert tidy(store, Settings(keep_slices_days=1e-9, keep_images_days=1e-9)) is None
    proxy.denied = set()
    assert list(store.list("")) == sorted([*IMAGES, *SLICES])
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [one.split(" older")[0] for one in warned] == ["The slices", "The pictures"]
    assert all(f"needs the permission {denied} on" in one and "lifecycle rule" in one for one in warned)
