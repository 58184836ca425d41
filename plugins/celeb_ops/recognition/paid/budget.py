"""The budget of a run: the calls that its sites may make together, and those that each has made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from celeb_ops.core import keys
from celeb_ops.core.exceptions import BudgetError
from celeb_ops.core.records import Record
from celeb_ops.core.text import counted

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from celeb_ops.core.store import Store

_DIGITS = 16
"""Digits kept of a digest: enough to distinguish the pictures of a run."""


class Spent(Record):
    """Calls of a run by site, each as its picture's digest, so that a retry's are not counted twice."""

    calls: dict[str, tuple[str, ...]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Budget:
    """The budget of a run, seen from one site. It is in the store, because sites run on several machines at once."""

    store: Store
    site: str
    when: datetime
    limit: int | None
    """Calls of the whole run; None: no limit, and nothing is written."""

    def take(self, made: Collection[str], new: Collection[str]) -> None:
        """Count this site's calls before the new ones are made. Those of earlier tries stay counted.

        :param made: SHA-256 of the pictures that were paid for.
        :param new: those of the next calls.
        :raises BudgetError: together the run's sites would exceed the limit.
        """
        if self.limit is not None:
            self.store.update(keys.budget(self.when), lambda old: self._added(old, made, new, self.limit or 0))

    def _added(self, old: bytes | None, made: Collection[str], new: Collection[str], limit: int) -> bytes:
        try:
            spent = Spent.model_validate_json(old or b"{}").calls
        except ValidationError:
            spent = {}
        own = {*spent.get(self.site, ()), *(digest[:_DIGITS] for digest in (*made, *new))}
        others = sum(len(calls) for site, calls in spent.items() if site != self.site)
        if new and others + len(own) > limit:
            raise BudgetError(
                f"{self.site} needs {counted(len(own), 'call')} of the recogniser, and this run may make {limit} "
                f"(CELEBS_BUDGET), of which other sites have {others}: no further call was made. Raise the budget "
                "and clear this task, visit fewer sites, or use contact sheets (CELEBS_SHEETS=true), which need "
                "fewer calls."
            )
        return Spent(calls=spent | {self.site: tuple(sorted(own))}).model_dump_json().encode()
