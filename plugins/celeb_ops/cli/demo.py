"""``make demo``: the whole DAG on a made-up newsroom on this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from celeb_ops.cli.newsroom import served
from celeb_ops.cli.run import run
from celeb_ops.settings import PROJECT, Settings

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

STORE = "data/demo"


def demo(when: datetime | None, names: list[str], home: Path) -> int:
    """Run the DAG on the newsroom; the exit status. The user's own settings are left aside."""
    with served(PROJECT / ".cache" / "demo") as newsroom:
        # Empty: the user's own .env is hidden too.
        os.environ.update(dict.fromkeys(Settings.variables(), ""))
        os.environ.update(
            CELEBS_STORE=STORE,
            CELEBS_SITES=str(newsroom.sites),
            CELEBS_GALLERY=str(newsroom.gallery),
            CELEBS_RECOGNIZER="local",
        )
        return run(when, names, home)
