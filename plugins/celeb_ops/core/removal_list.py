"""People who asked not to be in the dataset: ``removed.yaml`` at the store's root. Every step that names people reads
it."""

from __future__ import annotations

import html
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote, urlsplit

import yaml
from pydantic import BeforeValidator, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError, RecordError
from celeb_ops.core.names import letters, spellings, squeezed
from celeb_ops.core.text import printable
from celeb_ops.core.validation import first_problem
from celeb_ops.core.yaml_reader import read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.core.store import Store

_HEADER = """\
# People who asked not to be in the dataset. `make forget NAME="…"` writes this file and removes their data; people
# added here by hand are only kept out from now on. Keep it out of git: it is itself a list of people.
# Case, accents, punctuation and spaces do not matter. `aliases` are other spellings ("Ye" for "Kanye West"),
# and the person's item in Wikidata ("Q15935"), which keeps them out under any name.
"""
_EXAMPLE = "`- {name: Grace Hopper, aliases: [Rear Admiral Hopper], since: 2026-11-24}`, aliases may be left out"
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_ENTITY = re.compile("&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
"""``&#39;`` in texts that were escaped twice."""
_UNSPACED = re.compile("[\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts without spaces between words, and Korean (decomposed), because it adds endings to names."""
_LONG_NAME = 8
"""From this length, a name of several words is found inside words too: ``#thegracehopperstory``."""

_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Day = StringConstraints(pattern=r"^(\d{4}-\d\d-\d\d)?$")


@dataclass(frozen=True)
class RemovedPerson:
    """Somebody who asked not to be in the dataset."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: _Name
    aliases: Annotated[tuple[_Name, ...], BeforeValidator(lambda value: value or ())] = ()
    # YAML makes it a date.
    since: Annotated[str, BeforeValidator(lambda value: str(value or "")), _Day] = ""
    """The day of the request, ``2026-11-24``."""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


_PEOPLE = TypeAdapter(list[RemovedPerson])


@dataclass(frozen=True)
class RemovalList:
    """The people who asked not to be in the dataset."""

    people: tuple[RemovedPerson, ...] = ()

    @classmethod
    def load(cls, store: Store) -> RemovalList:
        """The store's list, empty without a file. RecordError names the file, the entry and the fix."""
        try:
            content = store.read(keys.REMOVED)
        except NotStoredError:
            return cls()
        return cls(_people(content, store.url(keys.REMOVED)))

    def __bool__(self) -> bool:
        return bool(self.people)

    def holds(self, *names: str | None) -> bool:
        """Whether a listed person has one of these names, in any spelling, or QIDs."""
        return bool(self.people) and any(letters(name) in self._letters for name in names if name)

    def mentioned(self, text: str | None) -> bool:
        """Whether a page's text or address contains a listed person's whole name.

        A part of the name is not enough: families share it. An address's host does not count: it names the site.
        """
        if not text or not self.people:
            return False
        texts = spellings(_without_host(text))
        words = {word for one in texts for word in one.split()}
        unspaced_text = max(texts, key=len).replace(" ", "")
        for name in self._spellings:
            joined = name.replace(" ", "")
            if joined in words or any(f" {name} " in f" {one} " for one in texts):
                return True
            if " " in name and len(joined) >= _LONG_NAME and any(joined in word for word in words):
                return True
            if len(joined) > 1 and _UNSPACED.search(joined) and joined in unspaced_text:
                return True
        return False

    def may_be_in(self, content: bytes) -> bool:
        """Whether a file may name a listed person; False is certain. About 1 ms for 30 kB."""
        if not self.people:
            return False
        text = content.decode(errors="replace")
        # JSON may have escaped letters of a name.
        if "\\u" in text or not all(self._spellings):
            return True
        text = _unescaped(text)
        # JSON's `\n` leaves an `n`.
        texts = {squeezed(text), squeezed(_ESCAPED.sub(" ", text))}
        return any(name in one for name in self._letters for one in texts)

    @cached_property
    def _letters(self) -> frozenset[str]:
        return frozenset(letters(name) for person in self.people for name in person.names)

    @cached_property
    def _spellings(self) -> frozenset[str]:
        return frozenset(one for person in self.people for name in person.names for one in spellings(name))


def add(store: Store, person: RemovedPerson) -> RemovalList:
    """Add a person to the store's file unless listed. Returns the list."""
    aliases = tuple(printable(alias).strip() for alias in person.aliases)
    person = RemovedPerson(printable(person.name).strip(), aliases, person.since)
    url = store.url(keys.REMOVED)

    def change(old: bytes | None) -> bytes | None:
        listed = RemovalList(_people(old or b"", url))
        if all(listed.holds(name) for name in person.names):
            return None
        everybody = (*listed.people, person)
        # What people have written stays, comments too, unless nothing can be added below it.
        new = (old or _HEADER.encode()).rstrip() + b"\n" + _yaml([person])
        try:
            if _people(new, url) == everybody:
                return new
        except RecordError:
            pass
        new = _HEADER.encode() + _yaml(everybody)
        # Every step fails while this file is unreadable: better not to write it.
        _people(new, url)
        return new

    store.update(keys.REMOVED, change)
    return RemovalList.load(store)


def _without_host(text: str) -> str:
    # A page's link may be no valid URL.
    with suppress(ValueError):
        parts = urlsplit(text)
        if parts.scheme in {"http", "https"}:
            text = f"{parts.path} {parts.query} {parts.fragment}"
    return _unescaped(text)


def _unescaped(text: str) -> str:
    # Twice: a picture's URL may be nested in a resizing server's URL.
    return unquote(unquote(_ENTITY.sub(lambda found: html.unescape(found[0]), text)))


def _yaml(people: Sequence[RemovedPerson]) -> bytes:
    entries = [
        {key: list(value) if isinstance(value, tuple) else value for key, value in vars(person).items() if value}
        for person in people
    ]
    return yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=120).encode()


def _people(content: bytes, where: str) -> tuple[RemovedPerson, ...]:
    """The people in the file. RecordError names the place and the fix."""
    entries = read_yaml(content, where, RecordError)
    try:
        return tuple(_PEOPLE.validate_python([] if entries is None else entries))
    except ValidationError as error:
        place, value, message = first_problem(error)
    number, _, field = place.partition(".")
    entry = f", entry {int(number) + 1}" if number else ""
    what = ": ".join(filter(None, [field, message or "there is no such field"]))
    raise RecordError(f"{where}{entry}: {what}, not {value}: write it as {_EXAMPLE}.")
