"""The endpoints: SPARQL 1.1 (evaluated by rdflib), MediaWiki's API of Wikidata and of Commons, and Commons' files.

Their documents: https://www.w3.org/TR/sparql11-results-json/, https://www.mediawiki.org/wiki/API:Query (continuation),
https://www.mediawiki.org/wiki/Manual:Maxlag_parameter, https://www.wikidata.org/w/api.php (wbgetentities).
"""

import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

import rdflib
from werkzeug import Request, Response

from celeb_ops.gallery.wikimedia import Services
from tests.wikimedia.world import COUNTRIES, File, Human, World, thumbnail
from tests.wsgi import hang_up, served

WD, WDT = rdflib.Namespace("http://www.wikidata.org/entity/"), rdflib.Namespace("http://www.wikidata.org/prop/direct/")
WIKIBASE = rdflib.Namespace("http://wikiba.se/ontology#")
HINT = rdflib.Namespace("http://www.bigdata.com/queryHints#")
MOST_AT_ONCE = 3
"""More connections under way get 429."""
MOST_ITEMS = 50
MOST_MEMBERS = 5
"""Of a category, in one answer."""
KINDS_OF_API = ("maxlag", "429", "503", "closed", "half")
KINDS_OF_FILE = ("429", "503", "closed", "cut", "broken")


@dataclass
class Faults:
    """What goes wrong, how often; of one request never more than three times in a row."""

    rate: float = 0.0
    seed: int = 1
    retry_after: str = ""
    """With it every request gets 429 and this Retry-After."""
    offline: bool = False
    """Every connection is closed at once."""
    happened: Counter[str] = field(default_factory=Counter)
    _in_a_row: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def next(self, request: str, kinds: tuple[str, ...]) -> str:
        with self._lock:
            if self._dice.random() >= self.rate or self._in_a_row[request] >= 3:
                self._in_a_row[request] = 0
                return ""
            self._in_a_row[request] += 1
            kind = self._dice.choice(kinds)
            self.happened[kind] += 1
            return kind


@dataclass
class Wikimedia:
    """The addresses, and who asked for what."""

    faults: Faults
    address: str = ""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Kind (``sparql``, ``wikidata``, ``commons``, ``file``) and parameters; of a file, its title."""
    gone: set[str] = field(default_factory=set)
    """Titles whose files are not there, though the API still has them."""
    at_once: int = 0
    """Most connections that were served at the same time."""

    @property
    def services(self) -> Services:
        return Services(*(f"{self.address}/{path}" for path in ("sparql", "wikidata/w/api.php", "commons/w/api.php")))

    def asked(self, kind: str) -> list[dict[str, str]]:
        return [params for one, params in self.requests if one == kind]


@contextmanager
def serving(world: World, faults: Faults | None = None) -> Iterator[Wikimedia]:
    """The endpoints on 127.0.0.1."""
    wikimedia = Wikimedia(faults or Faults())
    with served(_App(world, wikimedia)) as wikimedia.address:
        yield wikimedia


class _App:
    def __init__(self, world: World, served: Wikimedia) -> None:
        self.world, self.served = world, served
        self._under_way = 0
        self._lock = threading.Lock()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        with self._lock:
            self._under_way += 1
            now = self._under_way
            self.served.at_once = max(self.served.at_once, now)
        try:
            return self._answer(request, now)(environ, start_response)
        finally:
            with self._lock:
                self._under_way -= 1

    def _answer(self, request: Request, now: int) -> Response:
        faults = self.served.faults
        if faults.offline:
            hang_up(request.environ)
        if not re.search("@|http", request.headers.get("User-Agent", "")):
            return Response("Please set a user-agent and respect our robot policy", 403)
        if faults.retry_after or now > MOST_AT_ONCE:
            return Response("later", 429, {"Retry-After": faults.retry_after or "0"})
        if request.path.startswith("/files/"):
            return self._file(request)
        kind, params = request.path.split("/")[1], request.values.to_dict()
        self.served.requests.append((kind, params))
        fault = faults.next(f"{request.path}?{sorted(params.items())}", KINDS_OF_API)
        if broken := self._broken(fault, request):
            return broken
        answer = {"sparql": self._sparql, "wikidata": self._wikidata, "commons": self._commons}[kind](params)
        if isinstance(answer, Response):
            return answer
        content = json.dumps(answer)
        return Response(content[: len(content) // 2] if fault == "half" else content, mimetype="application/json")

    def _broken(self, fault: str, request: Request) -> Response | None:
        """The answer that the fault makes, if any."""
        if fault == "closed":
            hang_up(request.environ)
            return Response()
        # Retry-After is a number or a date.
        if fault == "429":
            return Response("later", 429, {"Retry-After": formatdate(time.time(), usegmt=True)})
        if fault == "503":
            return Response("later", 503, {"Retry-After": "0"})
        if fault == "maxlag":
            error = {"code": "maxlag", "info": "Waiting for db1: 6 seconds lagged.", "lag": 6}
            return Response(json.dumps({"error": error}), headers={"Retry-After": "0"}, mimetype="application/json")
        return None

    def _sparql(self, params: dict[str, str]) -> dict[str, Any] | Response:
        try:
            found = _graph(self.world).query(params.get("query", ""))
        except Exception as error:
            return Response(f"MalformedQueryException: {error}", 400)
        answer: dict[str, Any] = json.loads(found.serialize(format="json") or b"{}")
        return answer

    def _wikidata(self, params: dict[str, str]) -> dict[str, Any]:
        if params.get("action") == "wbsearchentities":
            wanted = params["search"].casefold()
            hits = [
                {"id": one.qid, "label": one.name}
                for one in self.world.humans.values()
                if wanted in {name.casefold() for name in (one.name, *one.aliases)}
            ]
            return {"search": hits[: int(params.get("limit", 7))], "success": 1}
        ids = params["ids"].split("|")
        if len(ids) > MOST_ITEMS:
            message = f'Too many values supplied for parameter "ids". The limit is {MOST_ITEMS}.'
            return {"error": {"code": "toomanyvalues", "info": message}}
        entities = {}
        for qid in ids:
            human = self.world.humans.get(self.world.redirects.get(qid, qid))
            entities[qid] = _item(human, params.get("sitefilter")) if human else {"id": qid, "missing": ""}
            if human and qid in self.world.redirects:
                entities[qid]["redirects"] = {"from": qid, "to": human.qid}
        return {"entities": entities, "success": 1}

    def _commons(self, params: dict[str, str]) -> dict[str, Any]:
        more: dict[str, str] = {}
        if params.get("generator") == "categorymembers":
            titles = sorted(self.world.categories.get(params["gcmtitle"].removeprefix("Category:"), []))
            start = int(params.get("gcmcontinue", "page|0").split("|")[1])
            stop = start + min(int(params.get("gcmlimit", 10)), MOST_MEMBERS)
            if stop < len(titles):
                more = {"gcmcontinue": f"page|{stop}", "continue": "gcmcontinue||"}
            titles = titles[start:stop]
        else:
            titles = [title.replace("_", " ") for title in params["titles"].split("|")]
            if params.get("redirects"):
                titles = [self.world.redirects.get(title, title) for title in titles]
        width = int(params.get("iiurlwidth", 0))
        pages = [self._page(number, title, width) for number, title in enumerate(titles, start=1)]
        answer: dict[str, Any] = {"query": {"pages": pages}} if pages else {}
        return {"batchcomplete": True, **answer} if not more else {"continue": more, **answer}

    def _page(self, number: int, title: str, width: int) -> dict[str, Any]:
        file = self.world.files.get(title)
        if not file:
            return {"ns": 6, "title": title, "missing": True}
        address = f"{self.served.address}/files/{quote(title, safe='')}"
        info = {
            "url": address,
            "thumburl": f"{address}/{width}px",
            "descriptionurl": f"https://commons.wikimedia.org/wiki/{quote(title.replace(' ', '_'))}",
            "mime": file.mime,
            "size": len(file.content),
            "sha1": file.sha1,
            "extmetadata": {
                "Artist": {"value": file.author, "source": "commons-desc-page"},
                "LicenseShortName": {"value": file.licence},
                "LicenseUrl": {"value": file.licence_url},
                "Categories": {"value": "|".join(file.categories)},
            },
        }
        return {"pageid": number, "ns": 6, "title": title, "imageinfo": [info]}

    def _file(self, request: Request) -> Response:
        path = request.path
        # Unquoted already: a title has no slash.
        title, width = path.removeprefix("/files/").split("/")[:2]
        file: File | None = self.world.files.get(title)
        if not file or title in self.served.gone:
            return Response("no such file", 404)
        if not width.endswith("px-moved"):
            return Response(status=302, headers={"Location": f"{quote(path)}-moved"})
        self.served.requests.append(("file", {"title": title}))
        fault = self.served.faults.next(path, KINDS_OF_FILE)
        if broken := self._broken(fault, request):
            return broken
        content = thumbnail(file.content, int(width.removesuffix("px-moved")))
        if fault == "broken":
            content = content[:200] + bytes(len(content) - 200)
        sent = content[: len(content) // 2] if fault == "cut" else content
        response = Response(sent, mimetype="image/jpeg")
        response.headers["Content-Length"] = str(len(content))
        return response


def _graph(world: World) -> rdflib.Graph:
    graph = rdflib.Graph()
    # What Blazegraph takes for a hint, rdflib takes for a pattern.
    graph.add((HINT.Prior, HINT.rangeSafe, rdflib.Literal(True)))
    for code, qid in COUNTRIES.items():
        graph.add((WD[qid], WDT.P297, rdflib.Literal(code)))
    for one in world.humans.values():
        item = WD[one.qid]
        graph.add((item, WDT.P31, WD[one.instance]))
        graph.add((item, WIKIBASE.sitelinks, rdflib.Literal(one.sitelinks)))
        graph.add((item, WDT.P27, WD[COUNTRIES[one.country]]))
        for occupation in one.occupations:
            graph.add((item, WDT.P106, WD[occupation]))
        if one.image:
            file = f"http://commons.wikimedia.org/wiki/Special:FilePath/{quote(one.image.removeprefix('File:'))}"
            graph.add((item, WDT.P18, rdflib.URIRef(file)))
        if one.died:
            graph.add((item, WDT.P570, rdflib.Literal(one.died, datatype=rdflib.XSD.dateTime)))
    return graph


def _item(one: Human, site: str | None = None) -> dict[str, Any]:
    links = {f"w{number}": {"site": f"w{number}", "title": one.name} for number in range(one.sitelinks)}
    if one.linked:
        links["commonswiki"] = {"site": "commonswiki", "title": f"Category:{one.category}"}
    claims: dict[str, Any] = {"P31": {"entity-type": "item", "id": one.instance}}
    if one.image:
        claims["P18"] = one.image.removeprefix("File:")
    if one.category and not one.linked:
        claims["P373"] = one.category
    return {
        "type": "item",
        "id": one.qid,
        "labels": {"en": {"language": "en", "value": one.name}},
        "descriptions": {"en": {"language": "en", "value": one.description}},
        "aliases": {"en": [{"language": "en", "value": alias} for alias in one.aliases]} if one.aliases else {},
        "claims": {claim: [_statement(claim, value)] for claim, value in claims.items()},
        "sitelinks": {name: link for name, link in links.items() if site in (None, name)},
    }


def _statement(claim: str, value: Any) -> dict[str, Any]:
    kind = "string" if isinstance(value, str) else "wikibase-entityid"
    snak = {"snaktype": "value", "property": claim, "datavalue": {"value": value, "type": kind}}
    return {"mainsnak": snak, "type": "statement", "rank": "normal"}
