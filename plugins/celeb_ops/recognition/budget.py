"""How many calls the sites of one run may make together, and how many each has taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from celeb_ops import keys
from celeb_ops.exceptions import BudgetError
from celeb_ops.records import Record

if TYPE_CHECKING:
    from datetime import datetime

    from celeb_ops.store import Store


class Spent(Record):
    """Calls of a run, by site."""

    calls: dict[str, int] = Field(default_factory=dict)


class Budget:
    """The calls of one site in a run. Sites run at once, on several machines: what they take stands in the store."""

    def __init__(self, store: Store, site: str, when: datetime, limit: int | None) -> None:
        """:param limit: calls of the whole run; None: no limit, and nothing is written."""
        self._store = store
        self._site = site
        self._key = keys.budget(when)
        self._limit = limit

    def take(self, calls: int) -> None:
        """Say before the first of them that this site makes ``calls`` in this run, those of earlier tries included.

        :raises BudgetError: the run's sites would make more than the limit together.
        """
        if self._limit is None:
            return
        limit = self._limit

        def change(old: bytes | None) -> bytes:
            try:
                spent = Spent.model_validate_json(old).calls if old else {}
            except ValidationError:
                spent = {}
            others = sum(number for site, number in spent.items() if site != self._site)
            if others + calls > limit:
                raise BudgetError(
                    f"{self._site} needs {calls} calls of the recogniser, and this run may make {limit} "
                    f"(CELEBS_BUDGET), of which other sites have {others}: no further call was made. Raise the budget "
                    "and clear this task, visit fewer sites, or use contact sheets (CELEBS_SHEETS=true), which need "
                    "fewer calls."
                )
            return Spent(calls=dict(sorted((spent | {self._site: calls}).items()))).model_dump_json().encode()

        self._store.update(self._key, change)
