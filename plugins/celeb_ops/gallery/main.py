"""``python -m celeb_ops.gallery.main build | show NAME | info | check``: whom the local recogniser knows."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from celeb_ops.cli import parsed
from celeb_ops.exceptions import CelebsError, GalleryError, PermanentError, SettingsError
from celeb_ops.gallery import check, page
from celeb_ops.gallery.wish import Wish
from celeb_ops.given import printable
from celeb_ops.recognition import gallery_file, models
from celeb_ops.recognition.gallery import Gallery
from celeb_ops.recognition.local import strict_score
from celeb_ops.removed import Removed
from celeb_ops.settings import Settings

if TYPE_CHECKING:
    from celeb_ops.gallery.building import Built, Step
    from celeb_ops.recognition.gallery_file import Whole

NO_CONTACT = (
    "CELEBS_CONTACT is not set: Wikimedia wants to know whom to write to when a program asks too much. Put a mail "
    "address or the address of your project's page into .env: CELEBS_CONTACT=you@example.org"
)
_LISTED = 20
"""Lines of a list that a terminal gets."""


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 fine, 1 it could not be done now (or, of check, a photo to look at), 2 bad input."""
    options = _options(arguments)
    console = Console(soft_wrap=True)
    try:
        settings = Settings.load()
        if options.command == "check":
            folder = options.folder or settings.path(settings.gallery)
            photos = check.check(folder, models.chosen(settings), console)
            check.report(photos, console, folder)
            return int(any(photo.trouble for photo in photos))
        if options.command == "build":
            return _build(options, settings, console)
        whole = gallery_file.read(_file(settings))
        if options.command == "show":
            out = Path(options.out)
            out.write_text(page.page(whole, options.name, settings.path(settings.cache) / "gallery"), "utf-8")
            console.print(f"Written: {out}", highlight=False)
        else:
            _info(whole, settings, console)
    except PermanentError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (CelebsError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. What was fetched is kept: `make gallery` goes on from there.\n")
        return 130
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m celeb_ops.gallery.main", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="make the gallery from Wikidata and Commons, or bring it up to date")
    command.add_argument("--count", type=int, default=Wish.count, help="how many people (default: %(default)s)")
    command.add_argument("--occupations", default="", help="words or QIDs with commas between them (default: all)")
    command.add_argument("--countries", default="", help="codes like US,GB, or QIDs (default: all)")
    command.add_argument("--people", default="", help="names and QIDs, or a file with one a line: these and no others")
    command.add_argument("--photos", type=int, default=Wish.photos, help="of a person, at most (default: %(default)s)")
    command = commands.add_parser("show", help="a page with somebody's reference faces")
    command.add_argument("name", help="name, other name, or QID")
    command.add_argument("--out", default="gallery-person.html")
    commands.add_parser("info", help="who is in it, who is not and why, who looks alike")
    command = commands.add_parser("check", help="look at every photo of your own")
    command.add_argument("folder", type=Path, nargs="?", help="default: CELEBS_GALLERY")
    return parsed(parser, arguments)


def _build(options: argparse.Namespace, settings: Settings, console: Console) -> int:
    from celeb_ops.gallery.building import build
    from celeb_ops.hooks.s3 import open_store

    wish = Wish.of(options.count, options.occupations, options.countries, options.people, options.photos)
    if not settings.contact:
        raise SettingsError(NO_CONTACT)
    logging.basicConfig(level=logging.WARNING)
    settings.export_connections()
    removed = Removed.load(open_store(settings))
    began = time.monotonic()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=False),
        TextColumn("{task.fields[usable]}"),
    )
    with Progress(*columns, console=console, transient=True, speed_estimate_period=300) as progress:
        task = progress.add_task("asking Wikidata", total=None, usable="")

        def told(step: Step) -> None:
            usable = f"`make run` names {step.usable:,} already" if step.usable else ""
            progress.update(
                task, description=escape(f"{step.name[:24]:24}"), completed=step.done, total=step.of, usable=usable
            )
            if not console.is_terminal and (step.done % 50 == 0 or step.done == step.of):
                said = f"; {usable}" if usable and step.done < step.of else ""
                console.print(f"{step.done} of {step.of} people{said}", highlight=False)

        built = build(wish, settings, removed, told)
    _report(built, settings, console, time.monotonic() - began)
    return 0


def _report(built: Built, settings: Settings, console: Console, seconds: float) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    entries = built.whole.entries
    photos = sum(len(entry.references) for entry in entries)
    why = "; ".join(f"{count} {reason}" for reason, count in built.photos_why.most_common())
    rows = [
        ("people", f"{len(entries)}, with {photos} photos"),
        ("left out", str(len(built.whole.left_out))),
        (
            "photos that do not count",
            why or "0",
        ),
        ("took", f"{seconds / 60:.1f} min{', going on from a build before' if built.resumed else ''}"),
    ]
    if not built.changed:
        rows.append(("changed", "nothing: the file was like that already"))
    elif built.gone or len(built.added) != len(entries):
        rows.append(("new", _some(built.added)))
        rows.append(("gone", _some(built.gone)))
    for name, said in rows:
        table.add_row(name, escape(said))
    console.print(table)
    _strictness(built.whole, settings, console)
    _left_out(built.whole, console)
    if len(entries):
        console.print(f"\nWritten: {_file(settings)}\n`make run` names them.", highlight=False, markup=False)


def _info(whole: Whole, settings: Settings, console: Console) -> None:
    photos = [len(entry.references) for entry in whole.entries]
    path = _file(settings)
    console.print(
        f"{path}: {len(photos)} people, {sum(photos)} photos, made on {whole.about.made} with {whole.about.model}, "
        f"{path.stat().st_size / 1e6:.1f} MB.",
        highlight=False,
        markup=False,
    )
    if whole.about.growing_to:
        console.print(
            f"It is still growing to {whole.about.growing_to:,} people. If its build was stopped, `make gallery` goes "
            "on from there.",
            highlight=False,
        )
    _strictness(whole, settings, console)
    _left_out(whole, console)


def _strictness(whole: Whole, settings: Settings, console: Console) -> None:
    about = whole.about
    folder, cache = settings.path(settings.gallery), settings.path(settings.cache)
    gallery = Gallery.load(folder, cache, model=models.chosen(settings))
    if gallery.unused:
        console.print(f"\n{len(gallery.unused)} files and folders are not used:")
        for path, why in gallery.unused[:_LISTED]:
            console.print(f"  {printable(str(path))}: {why}", highlight=False, markup=False)
        _more(len(gallery.unused), console)
    if not gallery.names:
        return
    said = f"A face alone gets a name within {strict_score(gallery):.3f}, so that 0.5 % of strangers do at most"
    if about.recall is not None:
        said += f"; that names {about.recall:.1%} of the gallery's own photos by the others of their person"
    console.print(f"\n{said}. With the page's words: within {gallery.model.candidate:.2f}.", highlight=False)
    if about.confusable:
        console.print(
            f"\n{len(about.confusable)} pairs look alike; to name one of them the other must be further away:"
        )
        for one, other, distance in about.confusable[:_LISTED]:
            console.print(f"  {distance:.2f}  {one} – {other}", highlight=False, markup=False)
        _more(len(about.confusable), console)


def _left_out(whole: Whole, console: Console) -> None:
    if whole.left_out:
        console.print(f"\n{len(whole.left_out)} people are left out:")
        for qid, name, why in whole.left_out[:_LISTED]:
            console.print(f"  {name} ({qid}): {why}" if qid else f"  {name}: {why}", highlight=False, markup=False)
        _more(len(whole.left_out), console)


def _more(count: int, console: Console) -> None:
    if count > _LISTED:
        console.print(f"  … and {count - _LISTED} more", highlight=False)


def _some(names: tuple[str, ...]) -> str:
    return f"{len(names)}" + (f": {', '.join(names[:8])}{', …' if len(names) > 8 else ''}" if names else "")


def _file(settings: Settings) -> Path:
    path = settings.path(settings.gallery) / gallery_file.FILE
    if not path.is_file() and path.parent.exists() and not path.parent.is_dir():
        raise GalleryError(f"{path.parent} is not a folder.")
    return path


if __name__ == "__main__":
    sys.exit(main())
