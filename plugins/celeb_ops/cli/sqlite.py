"""Makes Airflow take SQLite's write lock before it reads what it will write.

Airflow 3.3.2 puts SQLite into WAL mode. A transaction that has read fails there at once (*database is locked*) if
another process has written since. Creating a backfill of existing runs reads within a savepoint: it failed, and its
half-made runs, deleted again, crashed the scheduler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection

_LOCAL_SETTINGS = """# Written by celeb_ops at the first start.
from celeb_ops.cli.sqlite import lock_before_savepoints

__all__ = []
lock_before_savepoints()
"""


def install(home: Path) -> None:
    """Do so in each part of this home's Airflow, unless it has its own ``airflow_local_settings``."""
    file = home / "config" / "airflow_local_settings.py"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(_LOCAL_SETTINGS)


def lock_before_savepoints() -> None:
    """In this process, take the write lock when a savepoint begins a transaction.

    It waits for other processes as long as the database's ``timeout``.
    """

    @event.listens_for(Engine, "savepoint")
    def lock_first(connection: Connection, _: str) -> None:
        driver: Any = connection.connection.dbapi_connection
        if connection.dialect.name == "sqlite" and not driver.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
