"""Finds the people in a page's text: people of the gallery, by their full name or another name that only they have.

A wrong name is worse than a missing one. So a part of a name does not count; a name within a longer one is another
person's; and a name made of everyday words counts only where capital letters are a sign of a name: in "Ice Cube Tricks
for Summer" nearly every word has one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from celeb_ops.core.names import UNSPACED, Word, folded, written_words
from celeb_ops.core.records import Mention, Screenshot, Sighting

if TYPE_CHECKING:
    from celeb_ops.recognition.common_words import CommonWords
    from celeb_ops.recognition.people import Person

MIN_LETTERS = 4
"""The fewest letters of a one-word name: shorter ones ("Ye", "Q", "Sia") are parts of words, initials,
abbreviations."""
MIN_CHARACTERS = 3
"""The fewest characters of a name in a script without spaces; two are often part of another word."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_QID_BEHIND = re.compile(r" \(Q\d+\)$")
_SPECIAL_INSIDE = re.compile(r"\w[$!@*+]\w|[^\W_]{2,}\.[^\W_]")
"""``A$AP``, ``P!nk``, ``will.i.am``: without the special character the letters are other words."""
_ROLES = _set(
    "king queen prince princess duke duchess earl count countess lord lady sir dame baron baroness emperor empress "
    "pope saint st president senator governor mayor general captain judge rev reverend father mother brother sister "
    "uncle mr mrs ms miss dr doctor prof professor madam madame mister sheikh sultan emir the"
)
"""A role with part of a name ("Mr Smith", "The Pope") may mean whoever has the role now, or anybody in the family."""
_VERBS = _set("will may")
"""Given names that may also begin a question: ``Will Young Voters Turn Out?``"""
_LINKING_WORDS = _set("of the and for from in on to a an with is")
"""An alias with one of these words is a description, not a name: ``King of Pop``, ``Duchess of Cambridge``."""
_ARTICLES = _set("a an the this these those his her their its our my your no any every some")
_SUFFIXES = _set("jr sr ii iii iv")
_ENDS_SENTENCE = re.compile("[.!?:;|\"“”‘(\\[—–•']")
_INSIDE = re.compile(r"[\s.‐‑-]{0,3}")
_INSIDE_WITH_COMMA = re.compile(r"[\s.,‐‑-]{0,3}")
_JOINS = re.compile("[-‐‑]")
_SEPARATES = re.compile(r"[;:|/()\[\]—–•\n]")


@dataclass(frozen=True)
class _Name:
    """One way to write a person's name."""

    person: Person
    words: tuple[str, ...]
    """Lower-case, without accents (:func:`folded`)."""
    capitals: tuple[bool, ...]
    """Whether each word begins with a capital letter."""
    is_own: bool
    literal: str = ""
    """The exact spelling that the text must contain, if the name has a special character inside (``P!nk``)."""
    has_comma: bool = False
    is_reversed: bool = False
    """``Hopper, Grace``."""


class _Found(NamedTuple):
    """A name in a text, from word to word."""

    start: int
    stop: int
    names: list[_Name]


@dataclass
class _Text:
    words: list[Word]
    after: str
    raw: str
    folded: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.folded = [folded(word.text) for word in self.words]

    def gap(self, at: int) -> str:
        """The characters before a word; at the end, those after the last word."""
        return self.words[at].before if at < len(self.words) else self.after

    def is_capital(self, at: int) -> bool:
        return self.words[at].text[0].isupper()

    def begins(self, at: int) -> bool:
        """Whether a sentence begins at this word."""
        return at == 0 or bool(_ENDS_SENTENCE.search(self.gap(at)))

    @cached_property
    def is_lower(self) -> bool:
        """The text has no capital letters at all, so a lower-case name is no reason to doubt it."""
        return self.raw == self.raw.lower()

    def is_sentence(self, start: int, stop: int) -> bool:
        """Whether a capital letter is a sign of a name here: most other words of four or more letters have none."""
        others = [word.text for word in (*self.words[:start], *self.words[stop:]) if len(word.text) >= 4]
        return sum(word[0].islower() for word in others) * 2 > len(others)


class Names:
    """All names of a gallery, to be found in texts."""

    def __init__(self, people: Iterable[Person], common: CommonWords) -> None:
        self._common = common
        self._by_first: dict[str, list[_Name]] = defaultdict(list)
        self._bearers: dict[str, set[int]] = defaultdict(set)
        """For each word the people who have it in any of their names."""
        of_words: dict[tuple[str, ...], list[_Name]] = defaultdict(list)
        for number, person in enumerate(people):
            for name in _names_of(person):
                of_words[name.words].append(name)
                for word in name.words:
                    self._bearers[word].add(number)
        for names in of_words.values():
            # A person's own name comes before another's alias; an alias of several people is nobody's.
            own = [name for name in names if name.is_own]
            for name in own or (names if len(names) == 1 else ()):
                if _is_a_name(name):
                    self._add(name)
        self._given = {
            name.words[0] for names in self._by_first.values() for name in names if name.is_own and len(name.words) > 1
        }
        self._given = {word for word in self._given - _ROLES if not common.has(word)}

    def _add(self, name: _Name) -> None:
        self._by_first[name.words[0]].append(name)
        if len(name.words) > 1 and not name.has_comma and not UNSPACED.search(name.words[0]):
            *first, last = zip(name.words, name.capitals, strict=True)
            words, capitals = zip(last, *first, strict=True)
            self._by_first[words[0]].append(replace(name, words=words, capitals=capitals, is_reversed=True))

    def people_in(self, text: str) -> list[tuple[Person, ...]]:
        """The people named, in the text's order; a tuple of several if they have the same name."""
        read = _Text(*written_words(text), text)
        found = []
        for one in self._longest(read):
            people = {id(name.person): name.person for name in one.names if self._means(read, one, name)}
            if people:
                found.append(tuple(people.values()))
        return found

    def _longest(self, text: _Text) -> Iterator[_Found]:
        """The longest name at each place: a name within another one is not meant."""
        at = 0
        while at < len(text.words):
            here = [name for name in self._by_first.get(text.folded[at], ()) if _is_at(name, text, at)]
            if not here:
                at += 1
                continue
            most = max(len(name.words) for name in here)
            yield _Found(at, at + most, [name for name in here if len(name.words) == most])
            at += most

    def _means(self, text: _Text, found: _Found, name: _Name) -> bool:
        """Whether the words mean the person."""
        at, stop = found.start, found.stop
        if self._is_part_of_another(text, at, stop) or (name.literal and name.literal not in text.raw.casefold()):
            return False
        written = zip(name.capitals, range(at, stop), strict=True)
        if not text.is_lower and any(capital and not text.is_capital(word) for capital, word in written):
            return False
        if len(name.words) > 2 or UNSPACED.search(name.words[0]):
            return True
        if len(name.words) == 1:
            return self._single_means(text, at, name.words[0])
        if not all(map(self._common.has, name.words)):
            return True
        # "Will Smith" and "Jack Black" are names in any headline; "Ice Cube" and "The Rock" where capitals are rare.
        given = name.words[0]
        if self._common.has_name(given) and not text.is_lower:
            return not (given in _VERBS and text.begins(at) and "?" in text.after)
        return text.is_sentence(at, stop) and not (given in _ARTICLES and text.begins(at))

    def _single_means(self, text: _Text, at: int, word: str) -> bool:
        if len(self._bearers[word]) > 1 or text.is_lower:
            return False
        is_sentence = text.is_sentence(at, at + 1)
        if at and text.folded[at - 1] in _ARTICLES:
            return False
        # If the word before is capitalised and not an everyday word, the two are probably somebody else's full name.
        if at and text.gap(at) == " " and text.is_capital(at - 1) and not self._common.has(text.folded[at - 1]):
            return False
        after = at + 1
        name_continues = after < len(text.words) and text.gap(after) == " " and text.is_capital(after)
        if name_continues and (is_sentence or not self._common.has(text.folded[after])):
            return False
        if self._common and not self._common.has(word):
            return True
        return is_sentence and not text.begins(at)

    def _is_part_of_another(self, text: _Text, start: int, stop: int) -> bool:
        """Whether the name is part of a longer one: after a given name, next to a hyphen, before ``Jr.``."""
        if start and text.gap(start) == " " and text.folded[start - 1] in self._given:
            return True
        if start and _JOINS.fullmatch(text.gap(start)) and text.is_capital(start - 1):
            return True
        if stop == len(text.words):
            return False
        gap = text.gap(stop)
        return bool(_JOINS.fullmatch(gap) and text.is_capital(stop)) or (
            gap.strip(" ,") == "" and text.folded[stop] in _SUFFIXES
        )


def mentions(screenshot: Screenshot, sightings: Sequence[Sighting], names: Names) -> list[Mention]:
    """The people named in the page's headlines and alt texts, a row per person and text.

    :param sightings: the page's. They show who is next to the words, and which of two people of one name is meant.
    """
    shown: dict[object, set[str]] = defaultdict(set)
    stories: dict[str, set[str]] = defaultdict(set)
    for one in sightings:
        if one.picture is not None:
            shown[one.picture].add(one.name)
            stories[screenshot.pictures[one.picture].link].add(one.name)
    beside = [
        (part, text, one.link, {"picture": number, "picture_url": one.src, "placement": one.placement})
        for number, one in enumerate(screenshot.pictures)
        for part, text in (("headline", one.headline), ("alt", one.alt))
    ]
    texts = [*beside, *(("headline", one.text, one.link, {}) for one in screenshot.headlines)]
    found: dict[tuple[str, str, str], Mention] = {}
    for part, text, link, picture in texts:
        faces = shown[picture.get("picture")] | (stories[link] if link else set())
        for people in names.people_in(text):
            meant = [one for one in people if one.name in faces] if len(people) > 1 else people
            if len(meant) != 1:
                continue
            (person,) = meant
            is_shown = person.name in faces
            place = (person.name, text, link)
            # The alt text often repeats the headline, and a story may have several pictures.
            if place not in found or (is_shown and not found[place].shown):
                facts = {"part": part, "text": text, "link": link, "shown": is_shown, **picture}
                found[place] = Mention.model_validate({"name": person.name, "qid": person.qid, **facts})
    return list(found.values())


def _is_at(name: _Name, text: _Text, at: int) -> bool:
    """Whether the words of a name are at this place of the text, with nothing between them that separates them."""
    stop = at + len(name.words)
    if tuple(text.folded[at:stop]) != name.words:
        return False
    gaps = [text.gap(number) for number in range(at + 1, stop)]
    if name.is_reversed:
        # In a list of names "Swift, Taylor" may be the end of one and the beginning of the next.
        begins = at == 0 or _SEPARATES.search(text.gap(at))
        ends = stop == len(text.words) or _SEPARATES.search(text.gap(stop))
        return bool(begins and ends) and gaps[0].strip() == "," and all(map(_INSIDE.fullmatch, gaps[1:]))
    return all(
        (_INSIDE_WITH_COMMA if name.has_comma or word in _SUFFIXES else _INSIDE).fullmatch(gap)
        for gap, word in zip(gaps, name.words[1:], strict=True)
    )


def _names_of(person: Person) -> Iterator[_Name]:
    own = _QID_BEHIND.sub("", person.name)
    seen: set[tuple[str, ...]] = set()
    for written in (own, *person.aliases):
        words, _ = written_words(written)
        letters = tuple(folded(word.text) for word in words)
        if letters and letters not in seen:
            is_own = not seen
            seen.add(letters)
            capitals = tuple(word.text[0].isupper() for word in words)
            literal = written.casefold() if _SPECIAL_INSIDE.search(written) else ""
            yield _Name(person, letters, capitals, is_own, literal, "," in written)


def _is_a_name(name: _Name) -> bool:
    """Whether these words alone can mean the person."""
    if UNSPACED.search(name.words[0]):
        return len(name.words) >= MIN_CHARACTERS
    if len(name.words) == 1:
        return name.is_own and len(name.words[0]) >= MIN_LETTERS
    if name.is_own:
        return True
    if not _LINKING_WORDS.isdisjoint(name.words) or not (name.capitals[0] and name.capitals[-1]):
        return False
    return name.words[0] not in _ROLES or name.words[1] == _first_name(name.person)


def _first_name(person: Person) -> str:
    words = (folded(word.text) for word in written_words(person.name)[0])
    return next((word for word in words if word not in _ROLES), "")
