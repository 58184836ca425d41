"""``make demo``: the whole DAG on a made-up newsroom on this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from celeb_ops.capture.scratch import scratch_folder
from celeb_ops.cli.newsroom import served
from celeb_ops.cli.run import run
from celeb_ops.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

STORE = "data/demo"


def demo(when: datetime | None, names: list[str], home: Path, store: str | None = None) -> int:
    """Run the DAG on the newsroom; the exit status. The user's own settings are left aside."""
    # A folder of this process: a second demo, refused or not, takes nothing from under the first.
    with scratch_folder("demo") as folder, served(folder) as newsroom:
        own = {name for name in os.environ if name.startswith("CELEBS_")}
        # Empty: the user's own .env is hidden too.
        os.environ.update(dict.fromkeys(own.union(Settings.variables()), ""))
        os.environ.update(
            CELEBS_STORE=store or STORE,
            CELEBS_SITES=str(newsroom.sites),
            CELEBS_GALLERY=str(newsroom.gallery),
            CELEBS_RECOGNIZER="local",
        )
        return run(when, names, home)
