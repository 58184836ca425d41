"""Who: public figures of Wikidata, by how many Wikipedias write about them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from celeb_ops.core.names import is_qid
from celeb_ops.gallery.query import OCCUPATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from celeb_ops.gallery.query import Query
    from celeb_ops.gallery.wikimedia import Wikimedia

logger = logging.getLogger(__name__)

LATELY_YEARS = 10
"""Who died longer ago is not shown by the press as often as a gallery's strangers are taken for them."""
_BANDS = (200, 120, 80, 60, 45, 35, 28, 22, 17, 13, 10, 8, 6, 4)
"""Sitelinks from which on people are asked for, one query after the other until there are enough: a query for all would
pass Wikidata's 60 s."""
_AT_ONCE = 50
"""Items of one call (the API's limit)."""
_HUMAN, _P_INSTANCE, _P_IMAGE, _P_CATEGORY = "Q5", "P31", "P18", "P373"


@dataclass(frozen=True)
class Candidate:
    """Somebody who may come into the gallery."""

    qid: str
    name: str
    aliases: tuple[str, ...]
    description: str
    sitelinks: int
    images: tuple[str, ...]
    """Titles at Commons of the item's pictures, ``File:…``; the first is the main one."""
    category: str | None
    """The person's category at Commons, without ``Category:``."""


def query(wish: Query, least: int, below: int | None, today: datetime) -> str:
    """SPARQL for humans with a picture whose sitelinks are in ``[least, below)``."""
    occupations = wish.occupations or tuple(qid for qids in OCCUPATIONS.values() for qid in qids)
    lately = f"{today.year - LATELY_YEARS}-{today:%m-%d}T00:00:00Z"
    upper = f" && ?sitelinks < {below}" if below else ""
    countries = ""
    if wish.countries:
        codes = " ".join(f'"{code}"' for code in wish.countries if not is_qid(code))
        items = " ".join(f"wd:{code}" for code in wish.countries if is_qid(code))
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
LIMIT {wish.count}"""


def candidates(wish: Query, wikimedia: Wikimedia, today: datetime) -> tuple[dict[str, int], list[tuple[str, str, str]]]:
    """Sitelinks by QID, best known first; and those of the wish's list who are not there: QID, name, reason."""
    if wish.people:
        return _listed(wish, wikimedia)
    found: dict[str, int] = {}
    below: int | None = None
    for least in _BANDS:
        for row in wikimedia.query(query(wish, least, below, today)):
            found[row["person"].rsplit("/", 1)[-1]] = int(row["sitelinks"])
        if len(found) >= wish.count:
            break
        below = least
    ranked = sorted(found, key=lambda qid: (-found[qid], int(qid[1:])))
    return {qid: found[qid] for qid in ranked[: wish.count]}, []


def described(qids: Iterable[str], sitelinks: dict[str, int], wikimedia: Wikimedia) -> Iterator[Candidate | str]:
    """The people of these items, in their order; a QID itself where there is no such human any more."""
    todo = iter(qids)
    while some := list(islice(todo, _AT_ONCE)):
        items = _items(some, wikimedia, "info|labels|aliases|descriptions|claims|sitelinks", "commonswiki")
        for qid in some:
            item = items.get(qid)
            yield _candidate(item, sitelinks.get(qid, 0)) if item and _is_human(item) else qid


def _listed(wish: Query, wikimedia: Wikimedia) -> tuple[dict[str, int], list[tuple[str, str, str]]]:
    found: dict[str, int] = {}
    missing: list[tuple[str, str, str]] = []
    for asked in wish.people:
        qids = [asked.upper()] if is_qid(asked.upper()) else _searched(asked, wikimedia)
        items = _items(qids, wikimedia, "info|claims|sitelinks") if qids else {}
        humans = [qid for qid in qids if qid in items and _is_human(items[qid])]
        if humans:
            # Of several people with the name, whom most Wikipedias write about.
            best = max(humans, key=lambda qid: len(items[qid].get("sitelinks", {})))
            found[items[best]["id"]] = len(items[best].get("sitelinks", {}))
        else:
            what = "there is no such item" if is_qid(asked.upper()) else "nobody of this name"
            missing.append((asked if is_qid(asked.upper()) else "", asked, f"{what} at Wikidata"))
    return found, missing


def _searched(name: str, wikimedia: Wikimedia) -> list[str]:
    wanted: dict[str, str | int] = {"action": "wbsearchentities", "search": name, "language": "en"}
    answer = wikimedia.ask(wikimedia.wikidata, {**wanted, "uselang": "en", "type": "item", "limit": 10})
    return [hit["id"] for hit in answer.get("search", [])]


def _items(qids: Iterable[str], wikimedia: Wikimedia, facts: str, site: str = "") -> dict[str, dict[str, Any]]:
    """Items by the QID that was asked for: one that was merged into another is that other one.

    :param site: of the sitelinks only that of this site, ``commonswiki``.
    """
    wanted: dict[str, str | int] = {
        "action": "wbgetentities",
        "ids": "|".join(qids),
        "props": facts,
        "languages": "en|mul",
        "languagefallback": 1,
        "redirects": "yes",
        **({"sitefilter": site} if site else {}),
    }
    entities = wikimedia.ask(wikimedia.wikidata, wanted).get("entities", {})
    found = {}
    for key, item in entities.items():
        if "missing" not in item:
            # A merged item stands under the QID that was asked for, or says where from.
            found[key] = item
            if where := item.get("redirects"):
                found[where["from"]] = item
            found.setdefault(item["id"], item)
    return found


def _is_human(item: dict[str, Any]) -> bool:
    return any(value.get("id") == _HUMAN for value in _values(item, _P_INSTANCE) if isinstance(value, dict))


def _candidate(item: dict[str, Any], sitelinks: int) -> Candidate:
    images = [_title(str(name)) for name in _values(item, _P_IMAGE)]
    name = _text(item.get("labels", {})) or item["id"]
    aliases = [
        " ".join(alias["value"].split())
        for language in ("en", "mul")
        for alias in item.get("aliases", {}).get(language, [])
    ]
    return Candidate(
        item["id"],
        name,
        tuple(sorted({alias for alias in aliases if alias and alias != name})),
        _text(item.get("descriptions", {})),
        sitelinks,
        tuple(dict.fromkeys(images)),
        _category(item),
    )


def _title(file: str) -> str:
    """The title of a file as Commons writes it."""
    name = file.replace("_", " ").strip()
    return f"File:{name[:1].upper()}{name[1:]}"


def _category(item: dict[str, Any]) -> str | None:
    """The person's category at Commons, without ``Category:``: by its own claim, or by the link to Commons."""
    linked = str(item.get("sitelinks", {}).get("commonswiki", {}).get("title", ""))
    named = [str(value) for value in _values(item, _P_CATEGORY)]
    if linked.startswith("Category:"):
        named.append(linked.removeprefix("Category:"))
    return named[0] if named else None


def _text(told: dict[str, Any]) -> str:
    chosen: dict[str, str] = told.get("en") or told.get("mul") or next(iter(told.values()), {})
    return " ".join(chosen.get("value", "").split())


def _values(item: dict[str, Any], claim: str) -> list[Any]:
    """Values of a claim, the preferred ones first; deprecated ones are none."""
    ranks = {"preferred": 0, "normal": 1}
    claims = [one for one in item.get("claims", {}).get(claim, []) if one.get("rank", "normal") in ranks]
    claims.sort(key=lambda one: ranks[one.get("rank", "normal")])
    return [
        one["mainsnak"]["datavalue"]["value"] for one in claims if one.get("mainsnak", {}).get("snaktype") == "value"
    ]
