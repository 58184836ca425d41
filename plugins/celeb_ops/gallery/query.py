"""Whom a gallery is to have: how many, of which occupations and countries, or a list."""

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
"""Items of public occupations in Wikidata, by the word of ``OCCUPATIONS=``."""


@dataclass(frozen=True)
class Query:
    """What ``make gallery`` was asked for."""

    count: int = 1_000
    occupations: tuple[str, ...] = ()
    """QIDs; none: all of :data:`OCCUPATIONS`."""
    countries: tuple[str, ...] = ()
    """ISO 3166-1 codes or QIDs of countries of citizenship; none: all."""
    people: tuple[str, ...] = ()
    """Names and QIDs; with any, these people and nobody else."""
    photos: int = 10
    """Of a person, at most."""

    @classmethod
    def of(cls, count: int, occupations: str, countries: str, people: str, photos: int) -> Query:
        """Of what was typed. GalleryError names what can't be used and what would do."""
        if not 1 <= count <= 100_000:
            raise GalleryError(f"COUNT={count}: this many people can't be had; write a number from 1 to 100000.")
        if not 1 <= photos <= 10:
            raise GalleryError(f"--photos {photos}: a person has from 1 to 10 photos.")
        return cls(count, _occupations(occupations), _countries(countries), _people(people), photos)


def _parts(text: str, between: str = r"[,;\n]") -> list[str]:
    return [part for part in (part.strip() for part in re.split(between, text)) if part]


def _occupations(text: str) -> tuple[str, ...]:
    chosen: list[str] = []
    for part in _parts(text):
        if is_qid(part.upper()):
            chosen.append(part.upper())
        elif (name := part.casefold().removesuffix("s")) in OCCUPATIONS:
            chosen += OCCUPATIONS[name]
        else:
            raise GalleryError(
                f"OCCUPATIONS: {part!r} is not known; known are {', '.join(OCCUPATIONS)}, and QIDs of Wikidata."
            )
    return tuple(dict.fromkeys(chosen))


def _countries(text: str) -> tuple[str, ...]:
    codes = [part.upper() for part in _parts(text)]
    for code in codes:
        if not is_qid(code) and not re.fullmatch("[A-Z]{2}", code):
            raise GalleryError(f"COUNTRIES: {code!r} is no country's code; write them like US,GB, or as QIDs.")
    return tuple(dict.fromkeys(codes))


def _people(text: str) -> tuple[str, ...]:
    """Names and QIDs with commas between them, or a file with one a line (``#`` begins a remark)."""
    if not text.strip():
        return ()
    path = Path(text.strip()).expanduser()
    if path.suffix in {".txt", ".csv"} or path.is_file():
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise GalleryError(f"PEOPLE={text}: this list can't be read ({error}).") from None
        parts = [line.split("#")[0].strip() for line in lines]
    else:
        parts = _parts(text)
    people = tuple(dict.fromkeys(part for part in parts if part))
    if not people:
        raise GalleryError(f"PEOPLE={text}: nobody is on this list; write names or QIDs, one a line.")
    return people
