"""The store of the settings, its S3 client made by the amazon provider's hook."""

from __future__ import annotations

import logging
from pathlib import Path

from celeb_ops import keys
from celeb_ops.settings import S3_CONNECTION, Settings
from celeb_ops.store import FolderStore, S3Store, Store, split_s3

logger = logging.getLogger(__name__)


def open_store(settings: Settings, aws_conn_id: str = S3_CONNECTION) -> Store:
    """``CELEBS_STORE`` as a store. An ``s3://`` address uses the Airflow connection ``celebs_s3``.

    Without such a connection boto's own credential chain is used; SettingsError where it, or that, is unusable.
    """
    place = split_s3(settings.store)
    if place is None:
        return FolderStore(settings.path(Path(settings.store)))

    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from celeb_ops.aws import open_client

    settings.export_connections()
    return S3Store(open_client(S3Hook(aws_conn_id=aws_conn_id), settings.region, "S3"), *place)


def warn_of_new_prefix(settings: Settings, store: Store) -> None:
    """Say so where the first version's bucket has no dataset at the place the settings name.

    A store that can't be read, or a bucket that is not there, is an error here, before any work begins.
    """
    there = store.exists(keys.CSV)
    if settings.from_v1 and not there:
        logger.warning(
            "%s is not there: a new dataset begins. If the first version kept one in this bucket, set "
            "CELEBS_PREFIX to the folder that stood in its code.",
            store.url(keys.CSV),
        )
