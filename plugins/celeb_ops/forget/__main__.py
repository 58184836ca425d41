"""``python -m celeb_ops.forget NAME``: for people who asked not to be in the dataset. Out of it, and kept out."""

from __future__ import annotations

import argparse
import difflib
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from celeb_ops import keys
from celeb_ops.cli import counted
from celeb_ops.exceptions import CelebsError
from celeb_ops.forget.around import Untouched, forget_photos, known_names, made_anew
from celeb_ops.forget.purge import Purge
from celeb_ops.removed import Person, Removed, add, plain
from celeb_ops.settings import Settings

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Iterable, Sequence

    from celeb_ops.store import Store

_BEYOND = (
    "Not reached from here: exports, copies and backups, old versions in a bucket that keeps them, Airflow's logs, and "
    "words on the pictures of pages. docs/privacy.md says what to do about each. If a run was under way meanwhile, do "
    "this again when it has ended."
)


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 something could not be cleaned, 2 bad input or nothing known of the name."""
    options = _parser().parse_args(arguments)
    console = Console(soft_wrap=True, highlight=False)
    try:
        return _forget(options, console)
    except CelebsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped half-way: do the same again, and it goes on to the end.\n")
        return 130


def _forget(options: argparse.Namespace, console: Console) -> int:
    from celeb_ops.hooks.s3 import open_store

    settings = Settings.load()
    store = open_store(settings)
    gallery, cache = settings.path(settings.gallery), settings.path(settings.cache)
    removed = Removed.load(store)
    name = (options.name or "").strip()
    if name:
        person = Person(name, tuple(alias.strip() for alias in options.alias), f"{datetime.now(UTC):%Y-%m-%d}")
        if not (removed.holds(name) or options.yes):
            known = known_names(store, gallery)
            if not any(Removed((person,)).holds(one) for one in known):
                sys.stderr.write(_unknown(name, known, store))
                return 2
        # First of all: from here on nothing of them comes in.
        removed = Removed((*removed.people, person)) if options.dry_run else add(store, person)
    elif not removed:
        sys.stderr.write(f'Whom? make forget NAME="Grace Hopper". {store.url(keys.REMOVED)} names nobody yet.\n')
        return 2
    purge = _purged(Untouched(store) if options.dry_run else store, removed, options.dry_run, console)
    purge.done += forget_photos(gallery, cache, removed, options.gallery, options.dry_run)
    photos = purge.done.pop("photos kept", 0)
    console.print(_table(purge.done, options.dry_run))
    if photos:
        console.print(
            f"{counted(photos, 'photo')} of theirs left in {gallery}, which is yours: no recogniser reads them "
            "any more, and GALLERY=1 (--gallery) deletes them.",
            markup=False,
        )
    for key in purge.unreadable:
        console.print(
            f"[red]✗[/] {escape(store.url(key))} is damaged and seems to name them: look into it, or delete it."
        )
    if options.dry_run:
        console.print("Nothing was changed.")
    else:
        console.print(_BEYOND, markup=False)
    return 1 if purge.unreadable else 0


def _purged(store: Store, removed: Removed, dry: bool, console: Console) -> Purge:
    with Progress(console=console, transient=True) as progress:

        def track(what: Sequence[str], description: str) -> Iterable[str]:
            return progress.track(what, description=description)

        purge = Purge(store, removed, track, dry)
        purge.run()
        progress.add_task("Trends and report", total=None)
        purge.done += made_anew(store)
    return purge


def _unknown(name: str, known: Collection[str], store: Store) -> str:
    by_letters = {plain(one): one for one in sorted(known, reverse=True)}
    near = [by_letters[one] for one in difflib.get_close_matches(plain(name), by_letters, n=3, cutoff=0.5)]
    hint = f" Near it: {', '.join(near)}." if near else ""
    return (
        f"Nobody in {store.url()} is called {name!r}.{hint} Nothing was changed. To keep the name out all the same, "
        f"and to clear headlines of it: FORCE=1 (--yes).\n"
    )


def _table(done: Counter[str], dry: bool) -> Table:
    table = Table("what", "would be removed or blurred" if dry else "removed or blurred")
    table.columns[1].justify = "right"
    for what, number in done.items():
        if number:
            table.add_row(what, f"{number:,}")
    if not done.total():
        table.add_row("nothing: there was nothing of them", "0")
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m celeb_ops.forget", description=__doc__)
    parser.add_argument(
        "name", nargs="?", help="the whole name; without one, everybody in removed.yaml is looked for again"
    )
    parser.add_argument("--alias", action="append", default=[], help="another spelling or name; may be given often")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
    parser.add_argument("--yes", action="store_true", help="also where nobody in the dataset is called so")
    parser.add_argument("--gallery", action="store_true", help="delete their photos in CELEBS_GALLERY too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
