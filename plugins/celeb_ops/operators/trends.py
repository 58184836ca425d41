"""The steps of ``celebrity_trends``: the tables of the trends, then the report that shows them."""

from __future__ import annotations


def build_trends() -> None:
    """Build the trends of the dataset."""
    from celeb_ops.hooks.s3 import open_store
    from celeb_ops.settings import Settings
    from celeb_ops.trends import build

    build(open_store(Settings.load()))


def write_report() -> None:
    """Write the report of the trends."""
    from celeb_ops.hooks.s3 import open_store
    from celeb_ops.report.static import write
    from celeb_ops.settings import Settings

    write(open_store(Settings.load()))
