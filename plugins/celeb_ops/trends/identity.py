"""One person, whatever a recogniser called them: by their item in Wikidata (QID).

A person has the name of their newest sighting. A sighting without a QID belongs to the one person who has its name, in
any spelling. Two people with one name stay two: the one whose sighting is newer has it, the other one's QID stands
behind it in brackets.
"""

from __future__ import annotations

from collections import defaultdict

import polars as pl

from celeb_ops.core.names import letters


def identities(uses: pl.DataFrame) -> pl.DataFrame:
    """The ``person`` that each ``name`` with each ``qid`` means. :param uses: :func:`history.name_uses`."""
    newest_first = uses.sort("time", "often", "name", "qid", descending=[True, True, False, False])
    pairs = list(newest_first.select("name", "qid").iter_rows())
    name_of: dict[str, str] = {}
    """By QID."""
    qid_of: dict[str, str] = {}
    """By a person's own name."""
    sighted: dict[str, set[str]] = defaultdict(set)
    """The QIDs that were sighted under a name, by its letters."""
    spelling: dict[str, str] = {}
    """The spelling in the newest sighting without a QID, by the name's letters."""
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

    rows = [(name, qid, person(name, qid)) for name, qid in pairs]
    return pl.DataFrame(rows, schema=dict.fromkeys(("name", "qid", "person"), pl.String), orient="row")


def resolved(sightings: pl.DataFrame, identities: pl.DataFrame) -> pl.DataFrame:
    """Sightings, each person in them under their one name."""
    changes = identities.filter(pl.col("person") != pl.col("name"))
    if changes.is_empty():
        return sightings
    text = sightings.with_columns(pl.col("name").cast(pl.String), pl.col("qid").fill_null("").alias("key"))
    joined = text.join(changes, left_on=["name", "key"], right_on=["name", "qid"], how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("person", "name").cast(sightings.schema["name"]).alias("name"))


def qids(identities: pl.DataFrame) -> pl.DataFrame:
    """``name`` and ``qid`` of everybody whose QID is known."""
    known = identities.filter(pl.col("qid") != "").select(pl.col("person").alias("name"), "qid")
    return known.unique("name", keep="first", maintain_order=True)
