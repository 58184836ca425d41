"""The endpoints: SPARQL 1.1 (evaluated by rdflib), MediaWiki's API of Wikidata and of Commons, and Commons' files.

Their documents: https://www.w3.org/TR/sparql11-results-json/, https://www.mediawiki.org/wiki/API:Query (continuation),
https://www.mediawiki.org/wiki/Manual:Maxlag_parameter, https://www.wikidata.org/w/api.php (wbgetentities).
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import rdflib

from celeb_ops.gallery.wikimedia import Services
from tests.wikimedia.world import COUNTRIES, Thumbnails

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.wikimedia.world import File, Human, World

WD, WDT = rdflib.Namespace("http://www.wikidata.org/entity/"), rdflib.Namespace("http://www.wikidata.org/prop/direct/")
WIKIBASE = rdflib.Namespace("http://wikiba.se/ontology#")
HINT = rdflib.Namespace("http://www.bigdata.com/queryHints#")
MOST_AT_ONCE = 3
"""More connections under way are told 429."""
MOST_ITEMS = 50
KINDS_OF_API = ("maxlag", "429", "503", "closed", "half")
KINDS_OF_FILE = ("429", "503", "closed", "cut", "broken")


@dataclass
class Faults:
    """What goes wrong, how often; of one request never more than three times in a row."""

    rate: float = 0.0
    seed: int = 1
    retry_after: str = ""
    """With it every request is told 429 and to wait so long."""
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

    port: int
    faults: Faults
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Kind (``sparql``, ``wikidata``, ``commons``, ``file``) and parameters; of a file, its title."""
    gone: set[str] = field(default_factory=set)
    """Titles whose files are not there, though the API still has them."""
    at_once: int = 0
    """Most connections that were served at the same time."""

    @property
    def sparql(self) -> str:
        return f"http://127.0.0.1:{self.port}/sparql"

    @property
    def wikidata_api(self) -> str:
        return f"http://127.0.0.1:{self.port}/wikidata/w/api.php"

    @property
    def commons_api(self) -> str:
        return f"http://127.0.0.1:{self.port}/commons/w/api.php"

    @property
    def services(self) -> Services:
        return Services(self.sparql, self.wikidata_api, self.commons_api)

    def asked(self, kind: str) -> list[dict[str, str]]:
        return [params for one, params in self.requests if one == kind]


@contextmanager
def serving(world: World, faults: Faults | None = None, port: int = 0, page_of: int = 5) -> Iterator[Wikimedia]:
    """The endpoints on 127.0.0.1. :param page_of: most members of a category in one answer."""
    served = Wikimedia(port, faults or Faults())
    handler = type("Bound", (_Handler,), {"world": world, "served": served, "page_of": page_of, "made": Thumbnails()})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    served.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: World
    served: Wikimedia
    page_of: int
    made: Thumbnails
    _under_way = 0
    _lock = threading.Lock()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def do_GET(self) -> None:
        self._serve(urlsplit(self.path).query)

    def _serve(self, query: str) -> None:
        kind = type(self)
        with self._lock:
            kind._under_way += 1
            now = kind._under_way
            self.served.at_once = max(self.served.at_once, now)
        try:
            params = {name: values[-1] for name, values in parse_qs(query).items()}
            self._answer(urlsplit(self.path).path, params, now)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with self._lock:
                kind._under_way -= 1

    def _answer(self, path: str, params: dict[str, str], now: int) -> None:
        faults = self.served.faults
        if faults.offline:
            self.close_connection = True
            return
        agent = self.headers.get("User-Agent", "")
        if "@" not in agent and "http" not in agent:
            self._send(403, b"Please set a user-agent and respect our robot policy", "text/plain")
        elif faults.retry_after:
            self._send(429, b"later", "text/plain", {"Retry-After": faults.retry_after})
        elif now > MOST_AT_ONCE:
            self._send(429, b"too many at once", "text/plain", {"Retry-After": "0"})
        elif path.startswith("/files/"):
            self._file(path)
        else:
            kind = path.split("/")[1]
            self.served.requests.append((kind, params))
            answers = {"sparql": self._sparql, "wikidata": self._wikidata, "commons": self._commons}
            fault = faults.next(f"{path}?{sorted(params.items())}", KINDS_OF_API)
            if kind not in answers:
                self._send(404, b"no such page", "text/plain")
            elif not self._broken(fault):
                told = answers[kind](params)
                if told is not None:
                    content = json.dumps(told).encode()
                    self._send(200, content[: len(content) // 2] if fault == "half" else content, "application/json")

    def _broken(self, fault: str) -> bool:
        """Whether this fault was the answer."""
        wait = {"Retry-After": formatdate(time.time(), usegmt=True) if self.served.faults.seed % 2 else "0"}
        if fault == "closed":
            self.close_connection = True
        elif fault in {"429", "503"}:
            self._send(int(fault), b"later", "text/plain", wait)
        elif fault == "maxlag":
            error = {"code": "maxlag", "info": "Waiting for db1: 6 seconds lagged.", "lag": 6}
            self._send(200, json.dumps({"error": error}).encode(), "application/json", {"Retry-After": "0"})
        else:
            return False
        return True

    def _sparql(self, params: dict[str, str]) -> dict[str, Any] | None:
        try:
            found = _graph(self.world).query(params.get("query", ""))
        except Exception as error:
            self._send(400, f"MalformedQueryException: {error}".encode(), "text/plain")
            return None
        told: dict[str, Any] = json.loads(found.serialize(format="json") or b"{}")
        return told

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
            said = f'Too many values supplied for parameter "ids". The limit is {MOST_ITEMS}.'
            return {"error": {"code": "toomanyvalues", "info": said}}
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
            stop = start + min(int(params.get("gcmlimit", 10)), self.page_of)
            if stop < len(titles):
                more = {"gcmcontinue": f"page|{stop}", "continue": "gcmcontinue||"}
            titles = titles[start:stop]
        else:
            titles = [title.replace("_", " ") for title in params["titles"].split("|")]
            if params.get("redirects"):
                titles = [self.world.redirects.get(title, title) for title in titles]
        width = int(params.get("iiurlwidth", 0))
        pages = [self._page(number, title, width) for number, title in enumerate(titles, start=1)]
        told: dict[str, Any] = {"query": {"pages": pages}} if pages else {}
        return {"batchcomplete": True, **told} if not more else {"continue": more, **told}

    def _page(self, number: int, title: str, width: int) -> dict[str, Any]:
        file = self.world.files.get(title)
        if not file:
            return {"ns": 6, "title": title, "missing": True}
        address = f"http://127.0.0.1:{self.served.port}/files/{quote(title, safe='')}"
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

    def _file(self, path: str) -> None:
        title, width = unquote(path.removeprefix("/files/").split("/")[0]), path.rsplit("/", 1)[-1]
        file: File | None = self.world.files.get(title)
        if not file or title in self.served.gone:
            self._send(404, b"no such file", "text/plain")
            return
        if not width.endswith("px-moved"):
            self._send(302, b"", "text/plain", {"Location": f"{path}-moved"})
            return
        self.served.requests.append(("file", {"title": title}))
        fault = self.served.faults.next(path, KINDS_OF_FILE)
        if self._broken(fault):
            return
        content = self.made.of(file, int(width.removesuffix("px-moved")))
        if fault == "broken":
            content = content[:200] + bytes(len(content) - 200)
        if fault == "cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        self._send(200, content, "image/jpeg")

    def _send(self, status: int, content: bytes, mime: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": mime, "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


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
    claims: dict[str, list[dict[str, Any]]] = {
        "P31": [_claim("P31", {"entity-type": "item", "id": one.instance}, "wikibase-entityid")]
    }
    if one.image:
        claims["P18"] = [_claim("P18", one.image.removeprefix("File:"), "string")]
    if one.category and not one.linked:
        claims["P373"] = [_claim("P373", one.category, "string")]
    return {
        "type": "item",
        "id": one.qid,
        "labels": {"en": {"language": "en", "value": one.name}},
        "descriptions": {"en": {"language": "en", "value": one.description}},
        "aliases": {"en": [{"language": "en", "value": alias} for alias in one.aliases]} if one.aliases else {},
        "claims": claims,
        "sitelinks": _sitelinks(one, site),
    }


def _sitelinks(one: Human, site: str | None) -> dict[str, dict[str, str]]:
    links = {f"w{number}": {"site": f"w{number}", "title": one.name} for number in range(one.sitelinks)}
    if one.linked:
        links["commonswiki"] = {"site": "commonswiki", "title": f"Category:{one.category}"}
    return {name: link for name, link in links.items() if site in (None, name)}


def _claim(claim: str, value: Any, kind: str) -> dict[str, Any]:
    snak = {"snaktype": "value", "property": claim, "datavalue": {"value": value, "type": kind}}
    return {"mainsnak": snak, "type": "statement", "rank": "normal"}
