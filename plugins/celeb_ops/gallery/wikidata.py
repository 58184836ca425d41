"""Candidates for the gallery: public figures of Wikidata, by how many Wikipedias write about them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from celeb_ops.core.names import is_qid
from celeb_ops.gallery.query import OCCUPATIONS, Query
from celeb_ops.recognition.people import Person

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from celeb_ops.gallery.wikimedia import Wikimedia
    from celeb_ops.recognition.local.gallery_file import LeftOut

_LATELY_YEARS = 10
"""The press rarely shows people who died longer ago."""
_BANDS = (200, 120, 80, 60, 45, 35, 28, 22, 17, 13, 10, 8, 6, 4)
"""Lower bounds of sitelinks, one query each until there are enough people: one query for all would take longer than
Wikidata's limit of 60 s."""
_MOST_ITEMS = 50
"""Items per request (the API's limit)."""
_HUMAN, _INSTANCE_OF, _IMAGE, _COMMONS_CATEGORY = "Q5", "P31", "P18", "P373"


@dataclass(frozen=True)
class Candidate:
    """A person who may come into the gallery."""

    person: Person
    description: str
    sitelinks: int
    images: tuple[str, ...]
    """Titles at Commons of the item's pictures, ``File:…``; the first is the main one."""
    category: str | None
    """The person's category at Commons, without ``Category:``."""


def sparql_of(query: Query, least: int, below: int | None, today: datetime) -> str:
    """SPARQL for humans with a picture whose sitelinks are in ``[least, below)``."""
    occupations = query.occupations or tuple(qid for qids in OCCUPATIONS.values() for qid in qids)
    lately = f"{today.year - _LATELY_YEARS}-{today:%m-%d}T00:00:00Z"
    upper = f" && ?sitelinks < {below}" if below else ""
    countries = ""
    if query.countries:
        codes = " ".join(f'"{code}"' for code in query.countries if not is_qid(code))
        items = " ".join(f"wd:{code}" for code in query.countries if is_qid(code))
        either = [f"{{ VALUES ?code {{ {codes} }} ?country wdt:P297 ?code . }}"] if codes else []
        either += [f"{{ VALUES ?country {{ {items} }} }}"] if items else []
        countries = f"?person wdt:P27 ?country .\n  {' UNION '.join(either)}"
    return f"""\
PREFIX wd: <http://www.wikidata.org/entity/>
PREFIX wdt: <http://www.wikidata.org/prop/direct/>
PREFIX wikibase: <http://wikiba.se/ontology#>
PREFIX hint: <http://www.bigdata.com/queryHints#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
SELECT DISTINCT ?person ?sitelinks WHERE {{
  VALUES ?occupation {{ {" ".join(f"wd:{qid}" for qid in occupations)} }}
  ?person wikibase:sitelinks ?sitelinks .
  hint:Prior hint:rangeSafe true .
  FILTER(?sitelinks >= {least}{upper})
  ?person wdt:P106 ?occupation .
  ?person wdt:P31 wd:Q5 .
  ?person wdt:P18 ?image .
  {countries}
  OPTIONAL {{ ?person wdt:P570 ?died . }}
  FILTER(!BOUND(?died) || ?died >= "{lately}"^^xsd:dateTime)
}}
ORDER BY DESC(?sitelinks) ?person
LIMIT {query.count}"""


def candidates(query: Query, wikimedia: Wikimedia, today: datetime) -> tuple[dict[str, int], list[LeftOut]]:
    """Sitelinks by QID, best known first; and the people of the query's list who were not found."""
    if query.people:
        return _listed(query.people, wikimedia)
    found: dict[str, int] = {}
    below: int | None = None
    for least in _BANDS:
        for row in wikimedia.query(sparql_of(query, least, below, today)):
            found[row["person"].rsplit("/", 1)[-1]] = int(row["sitelinks"])
        if len(found) >= query.count:
            break
        below = least
    ranked = sorted(found, key=lambda qid: (-found[qid], int(qid[1:])))
    return {qid: found[qid] for qid in ranked[: query.count]}, []


def described(sitelinks: dict[str, int], wikimedia: Wikimedia) -> Iterator[tuple[str, Candidate | None]]:
    """The people of these items, in their order; None if the item is no longer a human."""
    remaining = iter(sitelinks)
    while batch := list(islice(remaining, _MOST_ITEMS)):
        items = _items(batch, wikimedia, "info|labels|aliases|descriptions|claims|sitelinks", "commonswiki")
        for qid in batch:
            item = items.get(qid)
            yield qid, _candidate(item, sitelinks[qid]) if item and _is_human(item) else None


def _listed(people: Iterable[str], wikimedia: Wikimedia) -> tuple[dict[str, int], list[LeftOut]]:
    found: dict[str, int] = {}
    missing: list[LeftOut] = []
    for person in people:
        qid = person.upper() if is_qid(person.upper()) else ""
        items = _items([qid] if qid else _searched(person, wikimedia), wikimedia, "info|claims|sitelinks")
        humans = [item for item in items.values() if _is_human(item)]
        if humans:
            # Of several people with the name, the one in most Wikipedias.
            best = max(humans, key=lambda item: len(item.get("sitelinks", {})))
            found[best["id"]] = len(best.get("sitelinks", {}))
        else:
            reason = "there is no such item" if qid else "nobody of this name"
            missing.append((person if qid else "", person, f"{reason} at Wikidata"))
    return found, missing


def _searched(name: str, wikimedia: Wikimedia) -> list[str]:
    params = {"action": "wbsearchentities", "search": name, "language": "en", "uselang": "en", "type": "item"}
    answer = wikimedia.ask(wikimedia.services.wikidata, {**params, "limit": 10})
    return [hit["id"] for hit in answer.get("search", [])]


def _items(qids: list[str], wikimedia: Wikimedia, facts: str, site: str = "") -> dict[str, dict[str, Any]]:
    """Items by the requested QID; the item of a merged one is the one it was merged into.

    :param site: the only site whose sitelink is returned.
    """
    if not qids:
        return {}
    params: dict[str, str | int] = {
        "action": "wbgetentities",
        "ids": "|".join(qids),
        "props": facts,
        "languages": "en|mul",
        "languagefallback": 1,
        "redirects": "yes",
        **({"sitefilter": site} if site else {}),
    }
    found: dict[str, dict[str, Any]] = {}
    for key, item in wikimedia.ask(wikimedia.services.wikidata, params).get("entities", {}).items():
        if "missing" not in item:
            # A merged item stands under the requested QID, or names it in "redirects".
            found |= dict.fromkeys((key, item["id"], item.get("redirects", {}).get("from", key)), item)
    return found


def _is_human(item: dict[str, Any]) -> bool:
    return any(value.get("id") == _HUMAN for value in _values(item, _INSTANCE_OF) if isinstance(value, dict))


def _candidate(item: dict[str, Any], sitelinks: int) -> Candidate:
    name = _text(item.get("labels", {})) or item["id"]
    aliases = {_one_line(alias["value"]) for each in ("en", "mul") for alias in item.get("aliases", {}).get(each, [])}
    files = [str(file).replace("_", " ").strip() for file in _values(item, _IMAGE)]
    categories = [str(value) for value in _values(item, _COMMONS_CATEGORY)]
    linked = str(item.get("sitelinks", {}).get("commonswiki", {}).get("title", ""))
    if linked.startswith("Category:"):
        categories.append(linked.removeprefix("Category:"))
    return Candidate(
        Person(name, item["id"], tuple(sorted(aliases - {"", name}))),
        _text(item.get("descriptions", {})),
        sitelinks,
        tuple(dict.fromkeys(f"File:{file[:1].upper()}{file[1:]}" for file in files)),
        categories[0] if categories else None,
    )


def _text(by_language: dict[str, Any]) -> str:
    chosen: dict[str, str] = by_language.get("en") or by_language.get("mul") or next(iter(by_language.values()), {})
    return _one_line(chosen.get("value", ""))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _values(item: dict[str, Any], claim: str) -> list[Any]:
    """Values of a claim without deprecated ones, preferred ones first."""
    ranks = {"preferred": 0, "normal": 1}
    claims = [one for one in item.get("claims", {}).get(claim, []) if one.get("rank", "normal") in ranks]
    claims.sort(key=lambda one: ranks[one.get("rank", "normal")])
    return [
        one["mainsnak"]["datavalue"]["value"] for one in claims if one.get("mainsnak", {}).get("snaktype") == "value"
    ]
