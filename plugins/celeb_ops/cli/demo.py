"""``make demo``: the whole DAG on a made-up newsroom on this machine."""

import os
import shutil
from datetime import datetime
from pathlib import Path

from celeb_ops.cli.airflow_home import check_checkout
from celeb_ops.cli.demo_newsroom import served
from celeb_ops.cli.run import run
from celeb_ops.core.atomic_files import atomic_folder
from celeb_ops.core.settings import PROJECT, Settings
from celeb_ops.core.temp_folders import scratch_folder


def demo(when: datetime | None, names: list[str], home: Path, store: str | None = None) -> int:
    """Run the DAG on the newsroom, without the user's settings; the exit status."""
    check_checkout()
    store = store or "data/demo"
    # A folder of this process only: a second demo must not touch it.
    with scratch_folder("demo") as folder, served(folder):
        # The photos behind the names stay with the dataset.
        gallery = PROJECT / store / "gallery"
        if not gallery.is_dir():
            with atomic_folder(gallery) as part:
                shutil.copytree(folder / "gallery", part, dirs_exist_ok=True)
        own = {name for name in os.environ if name.startswith("CELEBS_")}
        # An empty variable hides the one in .env too.
        os.environ.update(dict.fromkeys(own.union(Settings.variables()), ""))
        os.environ.update(
            CELEBS_STORE=store,
            CELEBS_SITES=str(folder / "sites.yaml"),
            CELEBS_GALLERY=str(gallery),
            CELEBS_RECOGNIZER="local",
        )
        # No archive has the newsroom.
        return run(when, names, home, {"on_past": "skip"})
