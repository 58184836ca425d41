"""``python -m celeb_ops.forget.main``: out of the dataset.

``NAME``: somebody who asked not to be in it, who is kept out from then on. ``--run TIME``: a run; it may be made anew.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from celeb_ops import keys
from celeb_ops.cli import counted, parsed
from celeb_ops.cli.main import moment, names
from celeb_ops.exceptions import CelebsError, ForgetError, StoreError
from celeb_ops.forget.around import Untouched, also_known, forget_photos, known_names, made_anew
from celeb_ops.forget.purge import Purge
from celeb_ops.forget.runs import RunRemoval, chosen, runs_in
from celeb_ops.names import letters
from celeb_ops.parts import sweep
from celeb_ops.removed import Person, Removed, add
from celeb_ops.settings import PROJECT, Settings
from celeb_ops.sites import site_names

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from celeb_ops.forget.purge import Track
    from celeb_ops.store import Store

_BEYOND = (
    "Not reached from here: exports, copies and backups, old versions in a bucket that keeps them, Airflow's logs, and "
    "words on the pictures of pages. docs/privacy.md says what to do about each. If a run was under way meanwhile, do "
    "this again when it has ended."
)


_AGAIN = (
    "To have it made anew, clear the run in Airflow, whose own record of it stays; one that was to "
    "recognise anew looks at what is stored alone: backfill it without that. What the recogniser said of its "
    "pictures (Answers/) is kept, so that nothing is asked twice. Not reached from here: exports, copies and backups, "
    "old versions in a bucket that keeps them. If the run was under way meanwhile, do this again when it has ended."
)


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 something could not be cleaned, 2 bad input or nothing known of the name or run."""
    options = parsed(_parser(), arguments)
    console = Console(soft_wrap=True, highlight=False)
    try:
        _check(options)
        return _forget_run(options, console) if options.run else _forget(options, console)
    except CelebsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped half-way: do the same again, and it goes on to the end.\n")
        return 130


def _check(options: argparse.Namespace) -> None:
    """ForgetError where the words don't go together."""
    if options.run and (options.name or options.alias or options.gallery):
        raise ForgetError(
            "Give NAME, for somebody who is to be in no run, or RUN, for a run with all of its people; not both. "
            "ALIAS and GALLERY belong to NAME. Nothing was changed."
        )
    if options.sites and not options.run:
        raise ForgetError("SITES are those of a RUN: make forget RUN=2026-11-20T08:00 SITES=TMZ. Nothing was changed.")


def _forget_run(options: argparse.Namespace, console: Console) -> int:
    from celeb_ops.hooks.s3 import open_store

    settings = Settings.load()
    store = open_store(settings)
    when = options.run
    runs = runs_in(store, when)
    known = site_names(settings.path(settings.sites))
    try:
        sites = chosen(runs, when, options.sites, known, store.url())
    except ForgetError as error:
        if not options.yes:
            raise ForgetError(f"{error} To look for leavings of it all the same: FORCE=1 (--yes).") from None
        sites = [name.upper() for name in options.sites] or known
    whole = runs.get(when, set()) <= set(sites)
    with _progress(console) as (progress, track):
        removal = RunRemoval(Untouched(store) if options.dry_run else store, when, sites, whole, track)
        progress.add_task("Rows, trends and report", total=None)
        removal.run()
    console.print(_table(removal.done, options.dry_run, "removed"))
    console.print(f"{keys.iso(when)}: {', '.join(sites)}.", markup=False)
    console.print("Nothing was changed." if options.dry_run else _AGAIN, markup=False)
    return 0


@contextmanager
def _progress(console: Console) -> Iterator[tuple[Progress, Track]]:
    with Progress(console=console, transient=True) as progress:

        def track(what: Sequence[str], description: str) -> Iterable[str]:
            return progress.track(what, description=description)

        yield progress, track


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
        [also] = also_known(store, gallery, [person])
        person = replace(person, aliases=(*person.aliases, *also))
        if also:
            console.print(f"Also known, and kept out by these too: {', '.join(also)}.", markup=False)
        # First of all: from here on nothing of them comes in.
        removed = Removed((*removed.people, person)) if options.dry_run else add(store, person)
    elif not removed:
        sys.stderr.write(f'Whom? make forget NAME="Grace Hopper". {store.url(keys.REMOVED)} names nobody yet.\n')
        return 2
    else:
        # Who was added by hand, or has come by another name since.
        for person, also in zip(removed.people, also_known(store, gallery, removed.people), strict=True):
            if new := tuple(one for one in also if not removed.holds(one)):
                console.print(f"{person.name} is kept out by these too: {', '.join(new)}.", markup=False)
                person = replace(person, aliases=new)
                removed = Removed((*removed.people, person)) if options.dry_run else add(store, person)
    purge = _purged(Untouched(store) if options.dry_run else store, removed, options.dry_run, console)
    purge.done += forget_photos(gallery, cache, removed, options.gallery, options.dry_run)
    left = sum(sweep(folder, at_once=True, dry=options.dry_run) for folder in (gallery, cache))
    # An export beside the project, as `make export` makes it.
    left += sweep(PROJECT, at_once=True, deep=False, dry=options.dry_run)
    try:
        left += (Untouched(store) if options.dry_run else store).sweep(at_once=True)
    except StoreError as error:
        console.print(f"[yellow]![/] What killed writers have left half-way may stay: {escape(str(error))}")
    purge.done["files that killed writers left"] += left
    photos = purge.done.pop("photos kept", 0)
    console.print(_table(purge.done, options.dry_run, "removed or blurred"))
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
    with _progress(console) as (progress, track):
        purge = Purge(store, removed, track, dry)
        purge.run()
        progress.add_task("Trends and report", total=None)
        purge.done += made_anew(store)
    return purge


def _unknown(name: str, known: Collection[str], store: Store) -> str:
    by_letters = {letters(one): one for one in sorted(known, reverse=True)}
    near = [by_letters[one] for one in difflib.get_close_matches(letters(name), by_letters, n=3, cutoff=0.5)]
    hint = f" Near it: {', '.join(near)}." if near else ""
    return (
        f"Nobody in {store.url()} is called {name!r}.{hint} Nothing was changed. To keep the name out all the same, "
        f"and to clear headlines of it: FORCE=1 (--yes).\n"
    )


def _table(done: Counter[str], dry: bool, how: str) -> Table:
    table = Table("what", f"would be {how}" if dry else how)
    table.columns[1].justify = "right"
    for what, number in done.items():
        if number:
            table.add_row(what, f"{number:,}")
    if not done.total():
        table.add_row("nothing: there was nothing to remove", "0")
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m celeb_ops.forget.main", description=__doc__)
    parser.add_argument(
        "name", nargs="?", help="the whole name; without one, everybody in removed.yaml is looked for again"
    )
    parser.add_argument("--alias", action="append", default=[], help="another spelling or name; may be given often")
    parser.add_argument("--run", type=moment, metavar="TIME", help="a run by its time, e.g. 2026-11-20T08:00 (UTC)")
    parser.add_argument("--sites", type=names, default=[], help="of the run only these; names, separated by commas")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
    parser.add_argument("--yes", action="store_true", help="also where nobody is called so, or no such run is there")
    parser.add_argument("--gallery", action="store_true", help="delete their photos in CELEBS_GALLERY too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
