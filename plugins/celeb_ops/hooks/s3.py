"""The store of the settings, its S3 client made by the amazon provider's hook."""

from __future__ import annotations

import logging
from pathlib import Path

from celeb_ops.core import keys
from celeb_ops.core.settings import S3_CONNECTION, Settings
from celeb_ops.core.store import FolderStore, S3Store, Store, split_s3

logger = logging.getLogger(__name__)


def open_store(settings: Settings, aws_conn_id: str = S3_CONNECTION) -> Store:
    """``CELEBS_STORE`` as a store. An ``s3://`` address uses the Airflow connection ``celebs_s3``.

    Without such a connection boto's own credential chain is used; SettingsError where it, or that, is unusable.
    """
    place = split_s3(settings.store)
    if place is None:
        return FolderStore(settings.path(Path(settings.store)))

    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from botocore.config import Config

    from celeb_ops.hooks.aws_client import open_client

    # For S3's short failures (SlowDown, 5xx, cut connections): pauses grow with each try.
    config = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=10, read_timeout=60)
    client = open_client(S3Hook(aws_conn_id=aws_conn_id), settings.region, "S3", config)
    return S3Store(client, *place, extra_args=settings.s3_extra_args)


def warn_of_new_prefix(settings: Settings, store: Store) -> None:
    """Say so where there is no dataset yet at the place in S3 that the settings name, loudest in the first version's
    bucket.

    A store that can't be read, or a bucket that is not there, is an error here, before any work begins.
    """
    if store.exists(keys.CSV):
        return
    if settings.from_v1:
        logger.warning(
            "%s is not there: a new dataset begins. If the first version kept one in this bucket, set "
            "CELEBS_PREFIX to the folder that stood in its code.",
            store.url(keys.CSV),
        )
    elif isinstance(store, S3Store):
        logger.info("There is no dataset at %s yet: a new one begins.", store.url())
    if isinstance(store, S3Store) and not store.may_list():
        _begin(store)


def _begin(store: S3Store) -> None:
    """Make the new dataset's ``Celebs.csv`` now, without a row.

    Where S3 does not tell what is not there from what may not be read, this does: it fails, before any work, if the
    file is there, or if this account may do nothing at all in the bucket.
    """
    from celeb_ops.dataset.celebs_csv import write_csv

    store.update(keys.CSV, lambda old: write_csv([]) if old is None else None)
