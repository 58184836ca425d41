"""``python -m benchmarks.faces PHOTOS``: how right the local recogniser's names are on a folder of labelled photos."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.faces import labelled
from benchmarks.faces.measures import measure
from benchmarks.faces.report import figures, page, tables
from celeb_ops.cli import parsed
from celeb_ops.exceptions import CelebsError, GalleryError, PermanentError

if TYPE_CHECKING:
    from collections import Counter


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 fine, 1 something failed on the way, 2 bad input."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faces", description=__doc__)
    parser.add_argument("photos", nargs="?", help="a folder: <Name>/*.jpg, and _unknown/*.jpg of strangers")
    parser.add_argument("--out", type=Path, default=Path("bench-faces.html"), help="the report (default: %(default)s)")
    parser.add_argument("--store", action="store_true", help="compare with Rekognition's answers kept in CELEBS_STORE")
    options = parsed(parser, arguments)
    console = Console(soft_wrap=True)
    try:
        if not options.photos:
            raise GalleryError("PHOTOS is not given: make bench-faces PHOTOS=folder, with photos as <Name>/*.jpg.")
        folder = Path(options.photos).expanduser()
        paths = labelled.paths_in(folder)
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("Looking", total=len(paths))
            photos = labelled.load(paths, lambda: progress.advance(task))
            if not any(sum(one.name == name for one in photos.known) > 1 for name in photos.people):
                raise GalleryError(f"{folder} has nobody with two photos that show one face: nothing can be measured.")
            progress.update(task, description="Comparing", total=None)
            measured = measure(photos)
            agreed = _agreement() if options.store else None
        told = figures(measured, photos, agreed)
        options.out.write_text(page(measured, photos, agreed, folder.resolve().name), "utf-8")
        options.out.with_suffix(".json").write_text(json.dumps(told, indent=1, ensure_ascii=False), "utf-8")
    except PermanentError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (CelebsError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for one in tables(measured, agreed):
        console.print(f"\n[bold]{one.title}[/]  [dim]{one.about}[/]", highlight=False)
        if one.rows:
            shown = Table(box=None, pad_edge=False, header_style="bold")
            for heading in one.head:
                shown.add_column(heading)
            for row in one.rows:
                shown.add_row(*row)
            console.print(shown)
    console.print(
        f"\n{len(photos.people)} people, {len(photos.known)} photos, {len(photos.strangers)} of strangers; "
        f"{len(photos.passed_over)} passed over.\nWritten: {options.out}, {options.out.with_suffix('.json')}",
        highlight=False,
        markup=False,
    )
    return 0


def _agreement() -> tuple[Counter[str], int]:
    from benchmarks.faces.agreement import agreement
    from celeb_ops.hooks.s3 import open_store
    from celeb_ops.recognition.gallery import Gallery
    from celeb_ops.recognition.gallery_file import people_of
    from celeb_ops.recognition.local import LocalRecognizer
    from celeb_ops.removed import Removed
    from celeb_ops.settings import Settings

    settings = Settings.load()
    settings.export_connections()
    store = open_store(settings)
    folder = settings.path(settings.gallery)
    gallery = Gallery.load(folder, settings.path(settings.cache), Removed.load(store))
    return agreement(store, LocalRecognizer(gallery), people_of(folder))


if __name__ == "__main__":
    sys.exit(main())
