"""How many calls the sites of one run may make together, and how many each has taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from celeb_ops import keys
from celeb_ops.exceptions import BudgetError
from celeb_ops.records import Record
from celeb_ops.text import counted

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from celeb_ops.store import Store

_DIGITS = 16
"""Of a digest: enough to tell the pictures of a run."""


class Spent(Record):
    """Calls of a run, by site: each by the picture that it was about, so that a retry's are not counted twice."""

    calls: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Budget:
    """The calls of one site in a run. Sites run at once, on several machines: what they take stands in the store."""

    def __init__(self, store: Store, site: str, when: datetime, limit: int | None) -> None:
        """:param limit: calls of the whole run; None: no limit, and nothing is written."""
        self._store = store
        self._site = site
        self._key = keys.budget(when)
        self._limit = limit

    def take(self, paid: Collection[str], lacking: Collection[str]) -> None:
        """Say, before the first of them, which calls this site makes.

        Those of earlier tries stay counted, also where the page was photographed anew since and shows other pictures.

        :param paid: SHA-256 of the pictures whose answers it has paid for. :param lacking: of those to ask about now.
        :raises BudgetError: the run's sites would make more calls than the limit together.
        """
        if self._limit is None:
            return
        limit = self._limit

        def change(old: bytes | None) -> bytes:
            try:
                spent = Spent.model_validate_json(old).calls if old else {}
            except ValidationError:
                spent = {}
            mine = {*spent.get(self._site, ()), *(digest[:_DIGITS] for digest in (*paid, *lacking))}
            others = sum(len(made) for site, made in spent.items() if site != self._site)
            if lacking and others + len(mine) > limit:
                raise BudgetError(
                    f"{self._site} needs {counted(len(mine), 'call')} of the recogniser, and this run may make {limit} "
                    f"(CELEBS_BUDGET), of which other sites have {others}: no further call was made. Raise the budget "
                    "and clear this task, visit fewer sites, or use contact sheets (CELEBS_SHEETS=true), which need "
                    "fewer calls."
                )
            calls = spent | {self._site: tuple(sorted(mine))}
            return Spent(calls=dict(sorted(calls.items()))).model_dump_json().encode()

        self._store.update(self._key, change)
