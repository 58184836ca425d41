"""One person, whatever a recogniser called them: by their item in Wikidata (QID).

A person has the name of their newest sighting. A sighting without a QID is that person's whose name it is, in whatever
spelling, if it is one person's. Two people with one name stay two: the one whose sighting is newer has it, the other
one's QID stands behind it in brackets.
"""

from __future__ import annotations

from collections import defaultdict

import polars as pl

from celeb_ops.core.names import letters


def who_is_who(uses: pl.DataFrame) -> pl.DataFrame:
    """The ``person`` whom each ``name`` beside each ``qid`` stands for.

    :param uses: as :func:`celeb_ops.trends.history.uses` gives them.
    """
    newest_first = uses.sort("time", "often", "name", "qid", descending=[True, True, False, False])
    pairs = list(newest_first.select("name", "qid").iter_rows())
    name_of: dict[str, str] = {}
    """By QID."""
    qid_of: dict[str, str] = {}
    """By a person's own name."""
    sighted: dict[str, set[str]] = defaultdict(set)
    """The QIDs that were sighted under a name, by its letters."""
    spelling: dict[str, str] = {}
    """That of the newest sighting without a QID, by the name's letters."""
    for name, qid in pairs:
        if not qid:
            spelling.setdefault(letters(name), name)
            continue
        sighted[letters(name)].add(qid)
        if qid not in name_of:
            name_of[qid] = name if qid_of.get(name, qid) == qid else f"{name} ({qid})"
            qid_of[name_of[qid]] = qid

    def person(name: str, qid: str) -> str:
        if qid or name in qid_of:
            return name_of[qid] if qid else name
        called = sighted.get(letters(name), set())
        return name_of[next(iter(called))] if len(called) == 1 else spelling[letters(name)]

    told = [(name, qid, person(name, qid)) for name, qid in pairs]
    return pl.DataFrame(told, schema=dict.fromkeys(("name", "qid", "person"), pl.String), orient="row")


def resolved(sightings: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Sightings, each person in them under their one name. :param people: as :func:`who_is_who` gives them."""
    changes = people.filter(pl.col("person") != pl.col("name"))
    if changes.is_empty():
        return sightings
    text = sightings.with_columns(pl.col("name").cast(pl.String), pl.col("qid").fill_null("").alias("of"))
    told = text.join(changes, left_on=["name", "of"], right_on=["name", "qid"], how="left", maintain_order="left")
    return told.with_columns(pl.coalesce("person", "name").cast(sightings.schema["name"]).alias("name"))


def qids(people: pl.DataFrame) -> pl.DataFrame:
    """``name`` and ``qid`` of everybody whose QID is known. :param people: as :func:`who_is_who` gives them."""
    known = people.filter(pl.col("qid") != "").select(pl.col("person").alias("name"), "qid")
    return known.unique("name", keep="first", maintain_order=True)
