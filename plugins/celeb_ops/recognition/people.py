"""Who is who: one person by their Wikidata item (QID), their name, or another name of theirs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from celeb_ops.core.names import letters

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Person:
    """A public figure."""

    name: str
    qid: str | None = None
    """Their item in Wikidata, ``Q7259``."""
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str | None, ...]:
        """All by which somebody may be asked for or removed."""
        return (self.name, *self.aliases, self.qid)


class People:
    """People by QID, by name, and by those other names that only one of them has."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self._people = list(people)

    @cached_property
    def _by_qid(self) -> dict[str, Person]:
        return {one.qid: one for one in self._people if one.qid}

    @cached_property
    def _by_name(self) -> dict[str, Person]:
        return {letters(one.name): one for one in self._people}

    @cached_property
    def _by_alias(self) -> dict[str, Person]:
        # A name that two people go by is nobody's, but the name of its own of one of them.
        aliases = [(alias, one) for one in self._people for alias in {letters(alias) for alias in one.aliases}]
        often = Counter(alias for alias, _ in aliases)
        return {alias: one for alias, one in aliases if often[alias] == 1 and alias}

    def find(self, name: str | None = None, qid: str | None = None) -> Person | None:
        """The person of this QID; where none is given, of this name. None: nobody known."""
        if qid:
            return self._by_qid.get(qid)
        wanted = letters(name or "")
        return (self._by_name.get(wanted) or self._by_alias.get(wanted)) if wanted else None

    @property
    def names(self) -> list[str]:
        return [one.name for one in self._people]

    @property
    def qids(self) -> list[str]:
        return list(self._by_qid)

    def __len__(self) -> int:
        return len(self._people)
