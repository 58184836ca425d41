"""How many calls the sites of one run may make together, and how many each has taken."""

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
"""Of a digest: enough to distinguish the pictures of a run."""


class Spent(Record):
    """Calls of a run, by site: each by the picture that it was about, so that a retry's are not counted twice."""

    calls: dict[str, tuple[str, ...]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Budget:
    """The calls of one site in a run. Sites run at once, on several machines, so what they take is in the store."""

    store: Store
    site: str
    when: datetime
    limit: int | None
    """Calls of the whole run; None: no limit, and nothing is written."""

    def take(self, paid: Collection[str], lacking: Collection[str]) -> None:
        """Count the calls that this site makes, before the first of them, by the SHA-256 of their pictures.

        Those of earlier tries stay counted, also where the page was photographed again and shows other pictures.

        :param paid: calls that it has made. :param lacking: those to make now.
        :raises BudgetError: the run's sites would make more calls than the limit together.
        """
        if self.limit is not None:
            self.store.update(keys.budget(self.when), lambda old: self._with(old, paid, lacking, self.limit or 0))

    def _with(self, old: bytes | None, paid: Collection[str], lacking: Collection[str], limit: int) -> bytes:
        try:
            spent = Spent.model_validate_json(old).calls if old else {}
        except ValidationError:
            spent = {}
        mine = {*spent.get(self.site, ()), *(digest[:_DIGITS] for digest in (*paid, *lacking))}
        others = sum(len(made) for site, made in spent.items() if site != self.site)
        if lacking and others + len(mine) > limit:
            raise BudgetError(
                f"{self.site} needs {counted(len(mine), 'call')} of the recogniser, and this run may make {limit} "
                f"(CELEBS_BUDGET), of which other sites have {others}: no further call was made. Raise the budget "
                "and clear this task, visit fewer sites, or use contact sheets (CELEBS_SHEETS=true), which need "
                "fewer calls."
            )
        return Spent(calls=spent | {self.site: tuple(sorted(mine))}).model_dump_json().encode()
