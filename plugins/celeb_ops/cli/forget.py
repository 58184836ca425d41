"""``forget``: removes a person for good, or a run, from the dataset."""

from __future__ import annotations

import difflib
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track
from rich.table import Column, Table

from celeb_ops.core import keys
from celeb_ops.core.atomic_files import sweep
from celeb_ops.core.exceptions import ForgetError, StoreError
from celeb_ops.core.names import letters
from celeb_ops.core.removal_list import RemovalList, RemovedPerson, add
from celeb_ops.core.settings import PROJECT, Settings
from celeb_ops.core.sites import site_names
from celeb_ops.core.text import counted
from celeb_ops.hooks.s3 import open_store
from celeb_ops.privacy.gallery_photos import forget_photos
from celeb_ops.privacy.known_names import KnownNames
from celeb_ops.privacy.purge import Purge
from celeb_ops.privacy.removal import DryRunStore, Track
from celeb_ops.privacy.runs import RunRemoval, chosen, runs_in

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from celeb_ops.core.store import Store

_BEYOND = (
    "This does not reach exports, copies and backups, nor old versions in a bucket that keeps them. If a run was under "
    "way meanwhile, do this again when it has ended."
)


def forget_run(when: datetime, names: Sequence[str], *, dry: bool, anyway: bool) -> int:
    """Remove a run, or these sites of it."""
    settings = Settings.load()
    store = open_store(settings)
    runs = runs_in(store, when)
    known = site_names(settings.path(settings.sites))
    try:
        sites = chosen(runs, when, names, known, store.url())
    except ForgetError as error:
        if not anyway:
            raise ForgetError(f"{error} To remove leftovers anyway: FORCE=1 (--yes).") from None
        sites = [name.upper() for name in names] or known
    console = _console()
    whole = runs.get(when, set()) <= set(sites)
    removal = RunRemoval(DryRunStore(store) if dry else store, when, sites, whole, track=_track(console))
    removal.run()
    console.print(_table(removal.done, dry, "removed"))
    console.print(f"{keys.iso(when)}: {', '.join(sites)}.")
    again = (
        "To make the run again, clear it in Airflow (a run with the option rerecognise needs a backfill without it). "
        "Answers/ keeps the recogniser's answers about its pictures."
    )
    console.print("Nothing was changed." if dry else f"{again} {_BEYOND}")
    return 0


def forget_person(name: str, aliases: Sequence[str], *, delete_photos: bool, dry: bool, anyway: bool) -> int:
    """Remove a person for good; without name, all in ``removed.yaml``. Returns 1 if a damaged file may name them."""
    settings = Settings.load()
    store = open_store(settings)
    gallery, cache = settings.path(settings.gallery), settings.path(settings.cache)
    console = _console()
    # First, so that runs add nothing about them.
    removed = _kept_out(store, gallery, name, aliases, dry, anyway, console)
    target = DryRunStore(store) if dry else store
    purge = Purge(target, removed, track=_track(console))
    purge.run()
    purge.done += forget_photos(gallery, cache, removed, delete_photos, dry)
    # `make export` writes beside the project.
    leftovers = sweep(PROJECT, at_once=True, deep=False, dry=dry)
    leftovers += sum(sweep(folder, at_once=True, dry=dry) for folder in (gallery, cache))
    try:
        leftovers += target.sweep(at_once=True)
    except StoreError as error:
        console.print(f"! Half-written files may stay: {error}")
    purge.done["half-written files"] += leftovers
    photos = purge.done.pop("photos kept", 0)
    console.print(_table(purge.done, dry, "removed or blurred"))
    if photos:
        console.print(
            f"Left in {gallery}: {counted(photos, 'photo')} of theirs, which no recogniser reads any more. "
            "GALLERY=1 (--gallery) deletes them."
        )
    for key in purge.unreadable:
        console.print(f"✗ {store.url(key)} is damaged and seems to name them: check it, or delete it.", style="red")
    beyond = f"{_BEYOND} Airflow's logs and text in screenshots stay too: see docs/privacy.md."
    console.print("Nothing was changed." if dry else beyond)
    return 1 if purge.unreadable else 0


def _kept_out(
    store: Store, gallery: Path, name: str, aliases: Sequence[str], dry: bool, anyway: bool, console: Console
) -> RemovalList:
    """The removal list with this person, and with all other names by which its people are known."""
    removed = RemovalList.load(store)
    if not (name or removed):
        raise ForgetError(f'Give a name: make forget NAME="Grace Hopper". {store.url(keys.REMOVED)} is empty.')
    new_person = RemovedPerson(name, tuple(alias.strip() for alias in aliases), f"{datetime.now(UTC):%Y-%m-%d}")
    known = KnownNames.load(store, gallery)
    if name and not (anyway or removed.holds(name)):
        _check_known(new_person, known.names(store), store)
    # Without a name: the file may have been edited, or another name may have turned up since.
    people = [new_person] if name else removed.people
    for person in people:
        new = tuple(one for one in known.also(person) if not removed.holds(one))
        if new:
            console.print(f"{person.name} is also kept out as: {', '.join(new)}.")
        if name or new:
            more = replace(person, aliases=(*(person.aliases if name else ()), *new))
            removed = RemovalList((*removed.people, more)) if dry else add(store, more)
    return removed


def _check_known(person: RemovedPerson, known: Collection[str], store: Store) -> None:
    names = RemovalList((person,))
    if any(names.holds(one) for one in known):
        return
    by_letters = {letters(one): one for one in sorted(known, reverse=True)}
    near = [by_letters[one] for one in difflib.get_close_matches(letters(person.name), by_letters, n=3, cutoff=0.5)]
    hint = f" Similar: {', '.join(near)}." if near else ""
    raise ForgetError(
        f"Nobody in {store.url()} is called {person.name!r}.{hint} Nothing was changed. To keep the name out "
        "anyway, and to clear headlines of it: FORCE=1 (--yes)."
    )


def _console() -> Console:
    # No markup: names come from strangers.
    return Console(soft_wrap=True, highlight=False, markup=False)


def _track(console: Console) -> Track:
    return partial(track, console=console, transient=True)


def _table(done: Counter[str], dry: bool, how: str) -> Table:
    table = Table("what", Column(f"would be {how}" if dry else how, justify="right"))
    for what, number in done.items():
        if number:
            table.add_row(what, f"{number:,}")
    if not table.rows:
        table.add_row("nothing: there was nothing to remove", "0")
    return table
