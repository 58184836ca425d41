"""``gallery build | show | info | check``: the people that the local recogniser knows."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from celeb_ops.cli.interrupts import interruptible
from celeb_ops.core.exceptions import GalleryError, SettingsError
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.core.settings import Settings
from celeb_ops.core.text import printable
from celeb_ops.gallery.references import page
from celeb_ops.recognition.local import face_model, gallery_file
from celeb_ops.recognition.local.gallery import Gallery

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from celeb_ops.gallery.building import BuildProgress, Built
    from celeb_ops.gallery.query import Query
    from celeb_ops.recognition.local.gallery_file import GalleryContent

_LISTED = 20


def build(query: Query) -> int:
    from celeb_ops.gallery.building import build
    from celeb_ops.hooks.s3 import open_store

    settings = Settings.load()
    if not settings.contact:
        raise SettingsError(
            "CELEBS_CONTACT is not set: Wikimedia wants an address to write to when a program asks too much. Put a "
            "mail address or the address of your project's page into .env: CELEBS_CONTACT=you@example.org"
        )
    logging.basicConfig(level=logging.WARNING)
    removed = RemovalList.load(open_store(settings))
    console = _console()
    began = time.monotonic()
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        *(TextColumn("left"), TimeRemainingColumn(elapsed_when_finished=False), TextColumn("{task.fields[usable]}")),
    )
    with Progress(*columns, console=console, transient=True, speed_estimate_period=300) as progress:
        task = progress.add_task("asking Wikidata", total=None, usable="")

        def report(state: BuildProgress) -> None:
            usable = f"`make run` names {state.usable:,} already" if state.usable else ""
            name = escape(f"{state.name[:24]:24}")
            progress.update(task, description=name, completed=state.done, total=state.total, usable=usable)
            if not console.is_terminal and (state.done % 50 == 0 or state.done == state.total):
                suffix = f"; {usable}" if usable and state.done < state.total else ""
                console.print(f"{state.done} of {state.total} people{suffix}")

        # Polars, which is loaded by now, replaces Python's handler of Ctrl-C, and loses one that comes while it works.
        with interruptible():
            built = build(query, settings, removed, report)
    _report(built, settings, console, time.monotonic() - began)
    return 0


def show(name: str, out: Path) -> int:
    settings = Settings.load()
    out.write_text(page(gallery_file.read(_file(settings)), name, settings.path(settings.cache) / "gallery"), "utf-8")
    print(f"Written: {out}")
    return 0


def info() -> int:
    settings = Settings.load()
    console = _console()
    path = _file(settings)
    whole = gallery_file.read(path)
    console.print(
        f"{path}: {_counted(whole)}, made on {whole.about.made} with {whole.about.model}, "
        f"{path.stat().st_size / 1e6:.1f} MB."
    )
    if whole.about.growing_to:
        console.print(
            f"It is still growing to {whole.about.growing_to:,} people. If its build was stopped, `make gallery` "
            "continues it."
        )
    _quality(whole, settings, console)
    return 0


def check(folder: Path | None) -> int:
    """Check every photo; exit status 1 if one has a problem."""
    from celeb_ops.gallery.check import check, report

    settings = Settings.load()
    folder = folder or settings.path(settings.gallery)
    console = Console(soft_wrap=True)
    photos = check(folder, face_model.chosen(settings), console)
    report(photos, folder, console)
    return int(any(photo.problems for photo in photos))


def _console() -> Console:
    # No markup: names come from strangers.
    return Console(soft_wrap=True, highlight=False, markup=False)


def _report(built: Built, settings: Settings, console: Console, seconds: float) -> None:
    resumed = ", continuing an earlier build" if built.resumed else ""
    console.print(f"{_counted(built.whole)}, in {seconds / 60:.1f} min{resumed}.")
    if built.changed:
        console.print(f"{len(built.added)} people are new, {len(built.removed)} are gone.")
    else:
        console.print("Nothing has changed since the last build.")
    _list("kinds of photos were not used:", [f"{why}: {n}" for why, n in built.rejected.most_common()], console)
    _quality(built.whole, settings, console)
    if built.whole.entries:
        console.print(f"\nWritten: {_file(settings)}\n`make run` names them.")


def _counted(whole: GalleryContent) -> str:
    """``980 people with 4,210 photos, and the names of 20 more``."""
    photos = [len(entry.references) for entry in whole.entries]
    with_photos = sum(map(bool, photos))
    more = f", and the names of {len(photos) - with_photos} more" if len(photos) > with_photos else ""
    return f"{with_photos} people with {sum(photos)} photos{more}"


def _quality(whole: GalleryContent, settings: Settings, console: Console) -> None:
    """How strict the recogniser is with this gallery, who looks alike, and who is left out."""
    folder, cache = settings.path(settings.gallery), settings.path(settings.cache)
    gallery = Gallery.load(folder, cache, model=face_model.chosen(settings))
    unused = [f"{printable(str(path))}: {why}" for path, why in gallery.unused]
    _list("files and folders are not used:", unused, console)
    if gallery.names:
        recall = whole.about.recall
        known = "" if recall is None else f"; that names {recall:.1%} of the gallery's photos by their person's others"
        console.print(
            f"\nA face alone gets a name within {gallery.strict_score:.3f}, so that 0.5 % of strangers do at most"
            f"{known}. With the page's words: within {gallery.model.candidate:.2f}."
        )
        alike = [f"{distance:.2f}  {one} – {other}" for one, other, distance in whole.about.confusable]
        _list("pairs look alike; to name one of them the other must be further away:", alike, console)
    left_out = [f"{name} ({qid}): {why}" if qid else f"{name}: {why}" for qid, name, why in whole.left_out]
    _list("people are left out:", left_out, console)


def _list(heading: str, lines: Sequence[str], console: Console) -> None:
    if lines:
        more = [f"… and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else []
        console.print("\n  ".join([f"\n{len(lines)} {heading}", *lines[:_LISTED], *more]))


def _file(settings: Settings) -> Path:
    path = settings.path(settings.gallery) / gallery_file.FILE
    if path.parent.exists() and not path.parent.is_dir():
        raise GalleryError(f"{path.parent} is not a folder.")
    return path
