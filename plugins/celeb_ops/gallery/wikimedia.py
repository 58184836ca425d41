"""Asking Wikimedia by its rules: who asks, few connections, waiting when told to, nothing asked twice.

Rules: https://foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_User-Agent_Policy and
https://www.mediawiki.org/wiki/API:Etiquette (``maxlag``, ``Retry-After``, one request after the other).
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import requests

from celeb_ops.core.exceptions import NotAtWikimediaError, OfflineError, WikimediaError
from celeb_ops.gallery.checkpoint import keep

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)

CONNECTIONS = 3
"""At once, API and files together."""
MAXLAG_S = 5
"""Where the databases' copies are further behind than this, the API is not to be asked (its own recommendation)."""
_TIMEOUT_S = (10, 90)
"""To connect, and between two bytes: Wikidata answers a query within 60 s or not at all."""
_TRIES = 8
_STEP_S = 0.5
"""With polars in the process a main thread that waits for a lock hears of Ctrl-C only in between."""
_FIRST_TRIES = 3
"""Before the first answer: who has no network is not kept waiting."""
_LONGEST_WAIT_S = 900
"""Who is told to wait longer is told to come again."""
_KEPT = "What was fetched is kept: `make gallery` goes on from there."
_LATER = ("maxlag", "ratelimited", "readonly", "internal_api_error_")
"""What errors of the API begin with that pass."""


class Services(NamedTuple):
    """Addresses: Wikidata's query service, its API, and Wikimedia Commons' API."""

    sparql: str
    wikidata: str
    commons: str


SERVICES = Services(
    "https://query.wikidata.org/sparql",
    "https://www.wikidata.org/w/api.php",
    "https://commons.wikimedia.org/w/api.php",
)


class Wikimedia:
    """The three services, and what they answered in this build. Threads may share it."""

    def __init__(self, contact: str, answers: Path, unit_s: float = 1.0, services: Services | None = None) -> None:
        """
        :param contact: whom Wikimedia can write to.
        :param answers: folder of answers kept until the build is done.
        :param unit_s: the shortest wait.
        """
        self.sparql, self.wikidata, self.commons = services or SERVICES
        self._answers = answers
        self._unit_s = unit_s
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._local = threading.local()
        self._agent = f"TrendingCelebrities/1.0 ({contact}) python-requests"
        self._answered = False
        self._closed = threading.Event()

    def close(self) -> None:
        """Nothing more is asked: who waits, because Wikimedia said so or after an error, gives up at once."""
        self._closed.set()

    def query(self, sparql: str) -> list[dict[str, str]]:
        """Rows of a SELECT: the value of each variable that is bound."""
        answer = self._kept_json(self.sparql, {"query": sparql, "format": "json"})
        return [{name: cell["value"] for name, cell in row.items()} for row in answer["results"]["bindings"]]

    def ask(self, api: str, params: Mapping[str, str | int]) -> dict[str, Any]:
        """One answer of a MediaWiki API. WikimediaError for an error that another try would meet again."""
        wanted = {**params, "format": "json", "formatversion": 2, "maxlag": MAXLAG_S}
        return self._kept_json(api, {name: str(value) for name, value in wanted.items()})

    def file(self, url: str) -> bytes:
        """A file, whole.

        :raises NotAtWikimediaError: there is none. :raises WikimediaError: it does not come.
        """
        return self._get(url, {}).content

    def _kept_json(self, url: str, params: dict[str, str]) -> dict[str, Any]:
        asked = hashlib.sha256(json.dumps([url, params], sort_keys=True).encode()).hexdigest()
        path = self._answers / asked[:2] / f"{asked}.json"
        try:
            kept: dict[str, Any] = json.loads(path.read_bytes())
            return kept
        except (OSError, ValueError):
            pass
        answer: dict[str, Any] = self._get(url, params).json()
        keep(path, json.dumps(answer).encode())
        return answer

    def _get(self, url: str, params: dict[str, str]) -> requests.Response:
        for number in range(1, _TRIES + 1):
            try:
                return self._asked(url, params)
            except _PassingError as error:
                trouble = error
            if not self._answered and number >= _FIRST_TRIES:
                raise OfflineError(
                    f"{_host(url)} can't be reached: is this machine on the internet? The gallery stays as it was."
                )
            if number < _TRIES:
                logger.info("%s; try %d of %d", trouble, number, _TRIES)
                default_s = min(self._unit_s * 2 ** (number - 1), _LONGEST_WAIT_S)
                self._pause(default_s if trouble.wait_s is None else trouble.wait_s)
        raise WikimediaError(f"{trouble}, {_TRIES} times in a row. {_KEPT}")

    def _pause(self, seconds: float) -> None:
        """Wait, until it is closed at the longest; in steps, between which the main thread hears of Ctrl-C."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._closed.wait(min(left, _STEP_S)):
            pass

    def _asked(self, url: str, params: dict[str, str]) -> requests.Response:
        """One try."""
        if self._closed.is_set():
            raise WikimediaError(f"It was stopped. {_KEPT}")
        # A query may be too long for an address.
        long = len(params.get("query", "")) > 1_000
        try:
            with self._slots:
                answer = self._session.request(
                    "POST" if long else "GET",
                    url,
                    **{"data" if long else "params": params},  # type: ignore[arg-type]
                    timeout=_TIMEOUT_S,
                )
        except requests.RequestException as error:
            # A cut download and a connection that was closed are among these.
            raise _PassingError(f"{_host(url)} did not answer ({type(error).__name__})") from None
        self._answered = True
        _check(answer, is_api=bool(params))
        return answer

    @property
    def _session(self) -> requests.Session:
        # requests' sessions are not made for several threads.
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.headers["User-Agent"] = self._agent
            session.headers["Accept-Encoding"] = "gzip"
        return session


class _PassingError(Exception):
    """What another try may not meet again."""

    def __init__(self, trouble: str, answer: requests.Response | None = None) -> None:
        """:raises WikimediaError: the answer asks to wait longer than a build does."""
        super().__init__(trouble)
        self.wait_s = None if answer is None else _retry_after(answer)
        if self.wait_s and self.wait_s > _LONGEST_WAIT_S:
            raise WikimediaError(f"{trouble} and asks to come again in {self.wait_s / 60:.0f} minutes. {_KEPT}")


def _check(answer: requests.Response, is_api: bool) -> None:
    """_PassingError where the answer is none and another may be; WikimediaError where no other would be."""
    host = _host(answer.url)
    if answer.status_code == 429 or answer.status_code >= 500:
        raise _PassingError(f"{host} answered {answer.status_code}", answer)
    if answer.status_code >= 400:
        said = " ".join(answer.text.split())[:200]
        raise NotAtWikimediaError(f"{host} answered {answer.status_code}: {said or answer.reason}.")
    if not is_api:
        return
    try:
        told = answer.json()
    except ValueError:
        raise _PassingError(f"{host} answered what is no JSON", answer) from None
    if error := told.get("error") if isinstance(told, dict) else None:
        if str(error.get("code")).startswith(_LATER):
            raise _PassingError(f"{host} asks to wait ({error['code']})", answer)
        raise WikimediaError(f"{host} refused: {error.get('info', error.get('code'))}")


def _retry_after(answer: requests.Response) -> float | None:
    """Seconds of ``Retry-After``, which is a number or a date."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said)
    try:
        return max((parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None


def _host(url: str) -> str:
    return urlsplit(url).netloc or url
