"""``make demo``: the whole DAG on a made-up newsroom on this machine."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from celeb_ops.cli.airflow_home import check_checkout
from celeb_ops.cli.demo_newsroom import served
from celeb_ops.cli.run import run
from celeb_ops.core.atomic_files import atomic_folder
from celeb_ops.core.settings import PROJECT, Settings
from celeb_ops.core.temp_folders import scratch_folder

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


def demo(when: datetime | None, names: list[str], home: Path, store: str | None = None) -> int:
    """Run the DAG on the newsroom; the exit status. The user's own settings are left aside."""
    check_checkout()
    store = store or "data/demo"
    # A folder of this process: a second demo, refused or not, takes nothing from under the first.
    with scratch_folder("demo") as folder, served(folder):
        # The folder goes with this process; the photos that the names rest on stay with the dataset.
        gallery = PROJECT / store / "gallery"
        if not gallery.is_dir():
            with atomic_folder(gallery) as part:
                shutil.copytree(folder / "gallery", part, dirs_exist_ok=True)
        own = {name for name in os.environ if name.startswith("CELEBS_")}
        # Empty: the user's own .env is hidden too.
        os.environ.update(dict.fromkeys(own.union(Settings.variables()), ""))
        os.environ.update(
            CELEBS_STORE=store,
            CELEBS_SITES=str(folder / "sites.yaml"),
            CELEBS_GALLERY=str(gallery),
            CELEBS_RECOGNIZER="local",
        )
        # No archive knows the newsroom, and none is told of it.
        return run(when, names, home, {"on_past": "skip"})
