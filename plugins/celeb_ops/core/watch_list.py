"""The watch list, ``include/watch.yaml``: which people to report, and when."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from celeb_ops.core.exceptions import WatchListError
from celeb_ops.core.names import is_qid, letters
from celeb_ops.core.text import quoted, suggestion
from celeb_ops.core.validation import first_problem
from celeb_ops.core.yaml_reader import read_yaml

M = TypeVar("M", bound=BaseModel)

_RULES = {
    "first seen": re.compile("first seen"),
    "back after 14 days": re.compile("back after ([1-9][0-9]{0,3}) days?"),
    "on 3 sites at once": re.compile("on ([1-9][0-9]{0,3}) sites? at once"),
    "rising": re.compile("rising"),
}
"""By an example of each, how it is written."""
_EXAMPLE = "{name: Grace Hopper, sites: [TMZ], when: [first seen, back after 14 days]}, sites optional"


@dataclass(frozen=True)
class Rule:
    """When people want to hear of somebody."""

    kind: str
    """``first``, ``back``, ``on`` or ``rising``."""
    number: int = 0
    """The number of days or sites."""

    @classmethod
    def parse(cls, text: object) -> Rule:
        words = " ".join(text.lower().split()) if isinstance(text, str) else ""
        for pattern in _RULES.values():
            if found := pattern.fullmatch(words):
                return cls(words.split()[0], int(found[1]) if found.groups() else 0)
        raise ValueError(f"{quoted(text)} is none of {', '.join(_RULES)}")

    def __str__(self) -> str:
        days, sites = (f"{self.number} {noun}{'s' * (self.number != 1)}" for noun in ("day", "site"))
        return {"first": "first seen", "back": f"back after {days}", "on": f"on {sites} at once"}.get(
            self.kind, self.kind
        )


def _rules(when: object) -> tuple[Rule, ...]:
    return tuple(dict.fromkeys(map(Rule.parse, when if isinstance(when, list) else [when])))


def _upper(sites: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({site.strip().upper() for site in sites}))


class Watch(BaseModel):
    """Somebody on the list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    """A name, or an item in Wikidata (QID)."""
    sites: Annotated[tuple[str, ...], AfterValidator(_upper)] = ()
    """None: all of them."""
    when: Annotated[tuple[Rule, ...], BeforeValidator(_rules), Field(min_length=1)]

    @property
    def qid(self) -> str | None:
        return self.name.upper() if is_qid(self.name.upper()) else None

    def digest(self, rule: Rule) -> str:
        """Identifies the person and the rule where no name may be kept."""
        return sha256(f"{self.qid or letters(self.name)}|{rule}|{self.sites}".encode()).hexdigest()[:16]


class _WatchFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    watch: list[Any] | None = None


def load_watch_list(path: Path) -> list[Watch]:
    """Nobody where there is no file. WatchListError names the file, the entry and what would be right."""
    try:
        content = read_yaml(path.read_bytes(), str(path), WatchListError)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise WatchListError(f"{path} can't be read: {error.strerror or error}.") from None
    file = _validated(_WatchFile, content or {}, f"{path} needs a list, `watch:` and below it `- {_EXAMPLE}`")
    entries = enumerate(file.watch or [], start=1)
    return [
        _validated(Watch, entry, f"{path}, entry {number}, needs the form `{_EXAMPLE}`") for number, entry in entries
    ]


def _validated(model: type[M], values: object, where: str) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        field, _, message = first_problem(error)
    if message is None:
        raise WatchListError(f"{where}: there is no field {field}; {suggestion(field, model.model_fields)}")
    raise WatchListError(f"{': '.join(filter(None, [where, field, message]))}.")


def unknown(watches: Iterable[Watch], known: Iterable[str]) -> list[str]:
    """A sentence for each entry whose name or QID is not among these, with the nearest one."""
    by_letters = {letters(name): name for name in known}
    sentences = []
    for watch in watches:
        if letters(watch.name) not in by_letters:
            near = difflib.get_close_matches(letters(watch.name), by_letters, n=1)
            advice = f"did you mean {by_letters[near[0]]}?" if near else "no name is similar."
            sentences.append(f"{watch.name} is in neither gallery nor dataset: {advice}")
    return sentences
