"""One person, whatever a recogniser called them: by their item in Wikidata (QID)."""

from __future__ import annotations

import polars as pl

_NAMED = {"name": pl.String, "qid": pl.String, "person": pl.String}


class Identities:
    """Who is who, learnt from months that come newest first: a person has the name of their newest sighting.

    A sighting without a QID is that person's whose other name it is, if it is one person's. Two people with one name
    stay two: the one whose sighting is newer has it, the other one's QID stands behind it in brackets.
    """

    def __init__(self) -> None:
        self._name_of: dict[str, str] = {}
        """By QID."""
        self._taken: dict[str, str] = {}
        """The QID that a person's name stands for."""
        self._called: dict[str, set[str]] = {}
        """The QIDs that were sighted under a name."""

    def resolved(self, sightings: pl.DataFrame) -> pl.DataFrame:
        """A month that is older than all before it, each person in it under their one name."""
        text = pl.col("name").cast(pl.String)
        pairs = (
            sightings.filter(pl.col("qid").is_not_null() & (pl.col("qid") != ""))
            .group_by(text, "qid")
            .agg(pl.col("time").max(), pl.len().alias("often"))
            .sort("time", "often", "name", "qid", descending=[True, True, False, False])
        )
        for name, qid in pairs.select("name", "qid").iter_rows():
            self._learn(name, qid)
        if not self._name_of:
            return sightings
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
        self._called.setdefault(name, set()).add(qid)
        if qid not in self._name_of:
            own = name if self._taken.get(name, qid) == qid else f"{name} ({qid})"
            self._name_of[qid] = own
            self._taken[own] = qid

    def _person(self, name: str, qid: str | None) -> str:
        if qid:
            return self._name_of.get(qid, name)
        if name in self._taken:
            return name
        called = self._called.get(name, set())
        return self._name_of[next(iter(called))] if len(called) == 1 else name
