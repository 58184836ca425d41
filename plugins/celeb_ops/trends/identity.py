"""One person, whatever a recogniser called them: by their item in Wikidata (QID)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from celeb_ops.names import letters

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMED = {"name": pl.String, "qid": pl.String, "person": pl.String}
_USES: dict[str, pl.DataType | type[pl.DataType]] = {
    "name": pl.String,
    "qid": pl.String,
    "time": pl.Datetime("ms", "UTC"),
    "often": pl.UInt32,
}


def uses(sightings: pl.DataFrame) -> pl.DataFrame:
    """Which names stand beside which QIDs: ``name``, ``qid``, ``time`` of the newest sighting, how ``often``.

    :param sightings: with ``name``, ``qid`` and ``time``; those without a QID have an empty one.
    """
    return sightings.group_by(pl.col("name").cast(pl.String), pl.col("qid").fill_null("")).agg(
        pl.col("time").max(), pl.len().cast(pl.UInt32).alias("often")
    )


class Identities:
    """Who is who in the whole history. A person has the name of their newest sighting.

    A sighting without a QID is that person's whose name it is, in whatever spelling, if it is one person's. Two people
    with one name stay two: the one whose sighting is newer has it, the other one's QID stands behind it in brackets.
    """

    def __init__(self, used: Iterable[pl.DataFrame]) -> None:
        """:param used: :func:`uses` of each month, in any order."""
        self._name_of: dict[str, str] = {}
        """By QID."""
        self._taken: dict[str, str] = {}
        """The QID that a person's name stands for."""
        self._called: dict[str, set[str]] = {}
        """The QIDs that were sighted under a name, by its letters."""
        self._newest: dict[str, str] = {}
        """The spelling of the newest sighting without a QID, by the name's letters."""
        self._spelled_otherwise = False
        every = pl.concat([pl.DataFrame(schema=_USES), *used]).group_by("name", "qid")
        newest_first = every.agg(pl.col("time").max(), pl.col("often").sum()).sort(
            "time", "often", "name", "qid", descending=[True, True, False, False]
        )
        for name, qid in newest_first.select("name", "qid").iter_rows():
            if qid:
                self._learn(name, qid)
            elif name:
                self._spelled_otherwise |= self._newest.setdefault(letters(name), name) != name

    @property
    def qids(self) -> pl.DataFrame:
        """``name`` and ``qid`` of everybody whose QID is known."""
        return pl.DataFrame(list(self._taken.items()), schema={"name": pl.String, "qid": pl.String}, orient="row")

    def resolved(self, sightings: pl.DataFrame) -> pl.DataFrame:
        """Sightings, each person in them under their one name."""
        if not self._name_of and not self._spelled_otherwise:
            return sightings
        text = pl.col("name").cast(pl.String)
        changes = [
            (name, qid, person)
            for name, qid in sightings.select(text, "qid").unique().iter_rows()
            if (person := self._person(name, qid)) != name
        ]
        if not changes:
            return sightings
        told = pl.DataFrame(changes, schema=_NAMED, orient="row")
        return (
            sightings.with_columns(text)
            .join(told, on=["name", "qid"], how="left", nulls_equal=True, maintain_order="left")
            .with_columns(pl.coalesce("person", "name").cast(sightings.schema["name"]).alias("name"))
            .drop("person")
        )

    def _learn(self, name: str, qid: str) -> None:
        self._called.setdefault(letters(name), set()).add(qid)
        if qid not in self._name_of:
            own = name if self._taken.get(name, qid) == qid else f"{name} ({qid})"
            self._name_of[qid] = own
            self._taken[own] = qid

    def _person(self, name: str, qid: str | None) -> str:
        if qid:
            return self._name_of.get(qid, name)
        if name in self._taken:
            return name
        spelled = letters(name)
        called = self._called.get(spelled, set())
        return self._name_of[next(iter(called))] if len(called) == 1 else self._newest.get(spelled, name)
