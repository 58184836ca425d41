"""People by their Wikidata item (QID), their name, or another name of theirs."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from celeb_ops.core.names import letters


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
        self._by_qid = {one.qid: one for one in self._people if one.qid}
        self._by_name: dict[str, Person] | None = None

    def find(self, name: str | None = None, qid: str | None = None) -> Person | None:
        """The person of this QID; without one, of this name."""
        if qid:
            return self._by_qid.get(qid)
        if self._by_name is None:
            # Not before it is needed: 10,000 people have 100,000 names.
            aliases = [(alias, one) for one in self._people for alias in {letters(alias) for alias in one.aliases}]
            often = Counter(alias for alias, _ in aliases)
            self._by_name = {alias: one for alias, one in aliases if often[alias] == 1}
            # A person's own name comes before another's alias.
            self._by_name |= {letters(one.name): one for one in self._people}
        wanted = letters(name or "")
        return self._by_name.get(wanted) if wanted else None

    def __iter__(self) -> Iterator[Person]:
        return iter(self._people)

    @property
    def names(self) -> list[str]:
        return [one.name for one in self._people]

    @property
    def qids(self) -> list[str]:
        return list(self._by_qid)

    def __len__(self) -> int:
        return len(self._people)
