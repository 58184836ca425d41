"""The query for a gallery: how many people, of which occupations and countries, or a list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from celeb_ops.core.exceptions import GalleryError
from celeb_ops.core.names import is_qid

OCCUPATIONS = {
    "actor": ("Q33999", "Q10800557", "Q10798782"),
    "singer": ("Q177220", "Q488205"),
    "rapper": ("Q2252262",),
    "musician": ("Q639669",),
    "presenter": ("Q947873",),
    "model": ("Q4610556",),
    "comedian": ("Q245068",),
    "director": ("Q2526255",),
    "influencer": ("Q2906862", "Q17125263"),
    "socialite": ("Q512314",),
    "royal": ("Q2478141", "Q116"),
    "designer": ("Q3501317",),
    "politician": ("Q82955",),
    "footballer": ("Q937857", "Q19204627"),
    "basketball": ("Q3665646",),
    "tennis": ("Q10833314",),
    "athlete": ("Q11513337", "Q10843402", "Q13381572", "Q11338576"),
    "driver": ("Q10841764",),
    "golfer": ("Q11303721",),
    "entrepreneur": ("Q131524", "Q43845"),
}
"""Wikidata's items of public occupations, by the words of ``OCCUPATIONS=``."""


@dataclass(frozen=True)
class Query:
    """The query given to ``make gallery``."""

    count: int = 1_000
    occupations: tuple[str, ...] = ()
    """QIDs; empty: all of :data:`OCCUPATIONS`."""
    countries: tuple[str, ...] = ()
    """ISO 3166-1 codes or QIDs of countries of citizenship; empty: all."""
    people: tuple[str, ...] = ()
    """Names and QIDs; if there are any, these people only."""

    @classmethod
    def parse(cls, count: int, occupations: str, countries: str, people: str) -> Query:
        """Parse a user's options. GalleryError: one can't be used."""
        if not 1 <= count <= 100_000:
            raise GalleryError(f"COUNT={count}: write a number from 1 to 100000.")
        qids = [qid for word in _words(occupations) for qid in _occupation(word)]
        codes = [word.upper() for word in _words(countries)]
        for code in codes:
            if not is_qid(code) and not re.fullmatch("[A-Z]{2}", code):
                raise GalleryError(f"COUNTRIES: {code!r} is no country's code; write them like US,GB, or as QIDs.")
        occupations_, countries_, people_ = (tuple(dict.fromkeys(one)) for one in (qids, codes, _people(people)))
        return cls(count, occupations_, countries_, people_)


def _words(text: str) -> list[str]:
    return [word for word in map(str.strip, re.split(r"[,;\n]", text)) if word]


def _occupation(word: str) -> tuple[str, ...]:
    if is_qid(word.upper()):
        return (word.upper(),)
    if qids := OCCUPATIONS.get(word.casefold().removesuffix("s")):
        return qids
    raise GalleryError(f"OCCUPATIONS: {word!r} is not known; known are {', '.join(OCCUPATIONS)}, and QIDs of Wikidata.")


def _people(text: str) -> list[str]:
    """Names and QIDs with commas between them, or a file with one a line (``#`` begins a comment)."""
    path = Path(text.strip()).expanduser()
    people = _words(text)
    if path.suffix in {".txt", ".csv"} or path.is_file():
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise GalleryError(f"PEOPLE={text}: this list can't be read ({error}).") from None
        people = [name for name in (line.split("#")[0].strip() for line in lines) if name]
    if text.strip() and not people:
        raise GalleryError(f"PEOPLE={text}: the list is empty; write names or QIDs, one a line.")
    return people
