"""``make bench-faces``: how right the local recogniser's names are on a folder of labelled photos."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import Progress, TimeRemainingColumn
from rich.table import Table

from benchmarks.faces import labelled
from benchmarks.faces.looking import enrol, look_at
from benchmarks.faces.measures import Measured, take, take_all
from benchmarks.faces.montage import montages
from benchmarks.faces.naming import link_gallery, recognizer_of, said, sizes
from benchmarks.faces.report import about, figures, markdown, page, tables
from celeb_ops.core.exceptions import CelebsError, GalleryError, PermanentError

if TYPE_CHECKING:
    from collections import Counter

    from benchmarks.faces.labelled import Labelled
    from benchmarks.faces.naming import Said


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 fine, 1 something failed on the way, 2 bad input."""
    options = _options(arguments)
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 160)
    try:
        if not options.photos:
            raise GalleryError("PHOTOS is not given: make bench-faces PHOTOS=folder, with photos as <Name>/*.jpg.")
        folder = Path(options.photos).expanduser()
        photos = labelled.read(folder, options.photos_each, options.everybody)
        photos = photos.fewer(options.few)
        before = json.loads(options.before.read_text("utf-8")) if options.before else None
        measured, damaged = _measured(photos, console)
        agreed = _agreement() if options.store else None
        shown = tables(measured, agreed, before)
        seen = montages(measured.said, photos.enrolled)
        options.out.write_text(page(measured, photos, shown, seen, folder.resolve().name), "utf-8")
        options.out.with_suffix(".md").write_text(markdown(measured), "utf-8")
        told = figures(measured, photos, agreed)
        options.out.with_suffix(".json").write_text(json.dumps(told, indent=1, ensure_ascii=False), "utf-8")
    except PermanentError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (CelebsError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for one in shown:
        console.print(f"\n[bold]{one.title}[/]  [dim]{one.about}[/]", highlight=False)
        if one.rows:
            made = Table(box=None, pad_edge=False, header_style="bold")
            for heading in one.head:
                made.add_column(heading)
            for row in one.rows:
                made.add_row(*row)
            console.print(made)
    for path in damaged:
        console.print(f"{path} can't be decoded: it is passed over.", highlight=False, markup=False)
    console.print(f"\n{about(photos)}", highlight=False, markup=False)
    files = ", ".join(str(options.out.with_suffix(suffix)) for suffix in (options.out.suffix, ".json", ".md"))
    console.print(f"Written: {files} (the tables of the docs)", highlight=False, markup=False)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faces", description=__doc__)
    parser.add_argument("photos", nargs="?", help="a folder: <Name>/*.jpg, and _unknown/*.jpg of strangers")
    parser.add_argument("--out", type=Path, default=Path("bench-faces.html"), help="the report (default: %(default)s)")
    parser.add_argument(
        "--few", type=int, default=1, help="one in so many photos, to save time; of those with a kind all"
    )
    parser.add_argument("--photos-each", type=int, default=2, help="enrolled of a person (default: %(default)s)")
    parser.add_argument("--everybody", action="store_true", help="measure on people too that constants are fitted on")
    parser.add_argument("--before", type=Path, help="figures of a run before (.json), to show beside these")
    parser.add_argument("--store", action="store_true", help="compare with Rekognition's answers kept in CELEBS_STORE")
    return parser.parse_args(arguments)


def _measured(photos: Labelled, console: Console) -> tuple[Measured, list[Path]]:
    measured = Measured()
    columns = (*Progress.get_default_columns()[:3], TimeRemainingColumn())
    with (
        tempfile.TemporaryDirectory(prefix="bench-faces-") as place,
        Progress(*columns, console=console, transient=True, speed_estimate_period=120) as progress,
    ):
        folder, cache = Path(place), Path(place, "cache")

        def counting(what: str, total: int) -> Any:
            task = progress.add_task(what, total=total)

            def done() -> None:
                progress.advance(task)
                at = progress.tasks[task].completed
                if not console.is_terminal and (at == total or at % max(total // 10, 1) == 0):
                    console.print(f"{what}: {at:.0f} of {total}", highlight=False)

            return done

        people = {**photos.enrolled, **{path.stem: [path] for path in photos.more}}
        for name, paths in people.items():
            link_gallery({name: paths}, folder / "each" / name)
        enrol([folder / "each" / name for name in people], cache, counting("Enrolling people", len(people)))
        paths = [photo.path for photo in (*photos.tests, *photos.strangers)]
        looks, damaged = look_at(paths, counting("Looking at photos", len(paths)))
        made = sizes(photos)
        done = counting("Naming by galleries", sum(len(size.groups) for size in made))
        logging.disable(logging.WARNING)
        for number, size in enumerate(made):
            told: list[Said] = []
            for part, group in enumerate(size.groups):
                recognizer = recognizer_of(group, photos.enrolled, folder / f"{number}-{part}", cache)
                told += said(group, recognizer, looks)
                done()
            take(measured, size, told)
            if size.everybody:
                measured.version = recognizer.info.version
                take_all(measured, told)
        logging.disable(logging.NOTSET)
    return measured, damaged


def _agreement() -> tuple[Counter[str], int]:
    from benchmarks.faces.agreement import agreement
    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.core.settings import Settings
    from celeb_ops.hooks.s3 import open_store
    from celeb_ops.recognition.local.gallery import Gallery
    from celeb_ops.recognition.local.gallery_file import people_of
    from celeb_ops.recognition.local.recognizer import LocalRecognizer

    settings = Settings.load()
    store = open_store(settings)
    folder = settings.path(settings.gallery)
    gallery = Gallery.load(folder, settings.path(settings.cache), RemovalList.load(store))
    return agreement(store, LocalRecognizer(gallery), people_of(folder))


if __name__ == "__main__":
    sys.exit(main())
