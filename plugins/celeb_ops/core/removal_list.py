"""Who asked not to be in the dataset: ``removed.yaml`` at the store's root, read by all that would name a person."""

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
# People who asked not to be in the dataset. `make forget NAME="…"` writes this file and removes what there is; people
# who are added here by hand are only kept out from now on. Keep it out of git: it is itself a list of people.
# Capitals, accents, signs and spaces make no difference. `aliases` are other spellings ("Ye" for "Kanye West"),
# and the person's item in Wikidata ("Q15935"), by which they are kept out whatever they are called.
"""
_EXAMPLE = "`- {name: Grace Hopper, aliases: [Rear Admiral Hopper], since: 2026-11-24}`, aliases may lack"
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_ENTITY = re.compile("&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
"""In texts that were escaped twice: ``O&#39;Connor``."""
_UNSPACED = re.compile("[\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts without spaces between words, or (Korean, here apart in its letters) with endings at the name."""
_LONG_NAME = 8
"""A name of several words with so many letters is looked for inside words too: ``#thegracehopperstory``."""

_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Day = StringConstraints(pattern=r"^(\d{4}-\d\d-\d\d)?$")


@dataclass(frozen=True)
class RemovedPerson:
    """Somebody who asked not to be in the dataset."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: _Name
    aliases: Annotated[tuple[_Name, ...], BeforeValidator(lambda value: value or ())] = ()
    # YAML makes a date of it.
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
        """The store's list, empty where it has no such file. RecordError names file, entry and what would be right."""
        try:
            content = store.read(keys.REMOVED)
        except NotStoredError:
            return cls()
        return cls(_people(content, store.url(keys.REMOVED)))

    def __bool__(self) -> bool:
        return bool(self.people)

    def holds(self, *names: str | None) -> bool:
        """Whether one of these names, in whatever spelling, or items in Wikidata (QIDs) is of one of them."""
        return bool(self.people) and any(letters(name) in self._letters for name in names if name)

    def mentioned(self, text: str | None) -> bool:
        """Whether a page's words, or an address of it, have the whole name of one of them.

        A part of the name is not enough: families share it. An address's host does not count: it stands for the site.
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
        """Whether to look closer at a file: False only where none of them is named in it. About 1 ms for 30 kB."""
        if not self.people:
            return False
        text = content.decode(errors="replace")
        # Letters that JSON has escaped can't be seen from here.
        if "\\u" in text or not all(self._spellings):
            return True
        text = _unescaped(text)
        # A line's end is an `n` in JSON.
        texts = {squeezed(text), squeezed(_ESCAPED.sub(" ", text))}
        return any(name in one for name in self._letters for one in texts)

    @cached_property
    def _letters(self) -> frozenset[str]:
        return frozenset(letters(name) for person in self.people for name in person.names)

    @cached_property
    def _spellings(self) -> frozenset[str]:
        return frozenset(one for person in self.people for name in person.names for one in spellings(name))


def add(store: Store, person: RemovedPerson) -> RemovalList:
    """Put a person into the store's file, unless they are there; the list then."""
    aliases = tuple(printable(alias).strip() for alias in person.aliases)
    person = RemovedPerson(printable(person.name).strip(), aliases, person.since)
    url = store.url(keys.REMOVED)

    def change(old: bytes | None) -> bytes | None:
        listed = RemovalList(_people(old or b"", url))
        if all(listed.holds(name) for name in person.names):
            return None
        everybody = (*listed.people, person)
        # What people have written stays, comments too, where one can go on below it.
        new = (old or _HEADER.encode()).rstrip() + b"\n" + _yaml([person])
        try:
            if _people(new, url) == everybody:
                return new
        except RecordError:
            pass
        new = _HEADER.encode() + _yaml(everybody)
        # Without a readable file no step does anything: better not to write one.
        _people(new, url)
        return new

    store.update(keys.REMOVED, change)
    return RemovalList.load(store)


def _without_host(text: str) -> str:
    # What a page links to need be no address.
    with suppress(ValueError):
        parts = urlsplit(text)
        if parts.scheme in {"http", "https"}:
            text = f"{parts.path} {parts.query} {parts.fragment}"
    return _unescaped(text)


def _unescaped(text: str) -> str:
    # Twice: the address of a picture may stand in that of a server that scales it.
    return unquote(unquote(_ENTITY.sub(lambda found: html.unescape(found[0]), text)))


def _yaml(people: Sequence[RemovedPerson]) -> bytes:
    entries = [
        {key: list(value) if isinstance(value, tuple) else value for key, value in vars(person).items() if value}
        for person in people
    ]
    return yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=120).encode()


def _people(content: bytes, where: str) -> tuple[RemovedPerson, ...]:
    """The people of the file; RecordError with the place and what would be right."""
    entries = read_yaml(content, where, RecordError)
    try:
        return tuple(_PEOPLE.validate_python([] if entries is None else entries))
    except ValidationError as error:
        place, value, message = first_problem(error)
    number, _, field = place.partition(".")
    entry = f", entry {int(number) + 1}" if number else ""
    what = ": ".join(filter(None, [field, message or "there is no such field"]))
    raise RecordError(f"{where}{entry}: {what}, not {value}: write it as {_EXAMPLE}.")
