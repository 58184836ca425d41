"""All of ``Report/``: the page, the feeds and the digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celeb_ops.core.removal_list import RemovalList
from celeb_ops.core.watch_list import load_watch_list
from celeb_ops.report import digest, feeds, static_page
from celeb_ops.report.table_cache import Tables

if TYPE_CHECKING:
    from celeb_ops.core.settings import Settings
    from celeb_ops.core.store import Store


def write_report(store: Store, settings: Settings) -> None:
    """Make it of the trends as they are.

    :raises WatchListError: the watch list can't be used; the page and the digest are there then.
    """
    load, removed = Tables(store).now(), RemovalList.load(store)
    static_page.write(store, settings.report_base)
    digest.write(store, load, removed, settings.digest)
    feeds.write(store, load, load_watch_list(settings.path(settings.watch)), removed, settings.report_base)
