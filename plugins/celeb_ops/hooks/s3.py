"""Opens the configured store; S3 with the amazon provider's hook."""

from __future__ import annotations

import logging
from pathlib import Path

from celeb_ops.core import keys
from celeb_ops.core.settings import S3_CONNECTION, Settings
from celeb_ops.core.store import FolderStore, S3Store, Store, split_s3

logger = logging.getLogger(__name__)


def open_store(settings: Settings, aws_conn_id: str = S3_CONNECTION) -> Store:
    """Open ``CELEBS_STORE``; ``s3://…`` with the Airflow connection, else boto's own credential chain.

    :raises SettingsError: the connection, or boto's own configuration, is wrong.
    """
    place = split_s3(settings.store)
    if place is None:
        return FolderStore(settings.path(Path(settings.store)))

    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from botocore.config import Config

    from celeb_ops.hooks.aws_client import open_client

    # Retries SlowDown, 5xx and dropped connections, backing off.
    config = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=10, read_timeout=60)
    client = open_client(S3Hook(aws_conn_id=aws_conn_id), settings.region, "S3", config)
    return S3Store(client, *place, extra_args=settings.s3_extra_args)


def warn_of_new_prefix(settings: Settings, store: Store) -> None:
    """Log that a new dataset begins in S3: a warning in the first version's bucket.

    A store that can't be read, or a missing bucket, is an error here, before any work begins.
    """
    if store.exists(keys.CSV):
        return
    if settings.from_v1:
        logger.warning(
            "%s does not exist: a new dataset begins. If the first version kept one in this bucket, "
            "set CELEBS_PREFIX to the folder in its code.",
            store.url(keys.CSV),
        )
    elif isinstance(store, S3Store):
        logger.info("There is no dataset at %s yet: a new one begins.", store.url())
    if isinstance(store, S3Store) and not store.may_list():
        _begin(store)


def _begin(store: S3Store) -> None:
    """Create ``Celebs.csv`` without rows.

    Without the permission to list, S3 answers the same for a missing and a forbidden file. This fails, before any work,
    if the file exists but may not be read, or if nothing may be written.
    """
    from celeb_ops.dataset.celebs_csv import write_csv

    store.update(keys.CSV, lambda old: write_csv([]) if old is None else None)
