"""Requests to Wikimedia, by its rules: a contact, few connections, waiting on request, no question asked twice.

Rules: https://foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_User-Agent_Policy and
https://www.mediawiki.org/wiki/API:Etiquette (``maxlag``, ``Retry-After``).
"""

import hashlib
import json
import logging
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from celeb_ops.core.exceptions import NotAtWikimediaError, OfflineError, WikimediaError
from celeb_ops.recognition.local.gallery_file import write_file

logger = logging.getLogger(__name__)

CONNECTIONS = 3
"""At once, API and files together."""
_MAXLAG_S = 5
"""The API refuses while its replicas are further behind (Wikimedia's recommendation)."""
_TIMEOUT_S = (10, 90)
"""To connect, and between two bytes: Wikidata answers a query within 60 s or not at all."""
_TRIES = 8
_FIRST_TRIES = 3
"""Before the first answer: a user without a network should soon hear of it."""
_LONGEST_WAIT_S = 900
_STEP_S = 0.5
"""Waits are cut into such steps: with polars in the process the main thread notices Ctrl-C only between them."""
_CACHED = "What was fetched is kept: `make gallery` goes on from there."
_TRANSIENT = ("maxlag", "ratelimited", "readonly", "internal_api_error_")
"""The beginnings of the codes of the API's transient errors."""


class Services(NamedTuple):
    """Addresses: Wikidata's query service, its API, and the API of Wikimedia Commons."""

    sparql: str = "https://query.wikidata.org/sparql"
    wikidata: str = "https://www.wikidata.org/w/api.php"
    commons: str = "https://commons.wikimedia.org/w/api.php"


class Wikimedia:
    """The three services, and a cache of this build's answers. Safe for threads."""

    def __init__(self, contact: str, cache: Path, unit_s: float = 1.0, services: Services | None = None) -> None:
        """
        :param contact: mail or web address for Wikimedia.
        :param unit_s: the shortest wait after an error.
        """
        self.services = services or Services()
        self._cache = cache
        self._unit_s = unit_s
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"TrendingCelebrities/1.0 ({contact}) python-requests"
        # A session's cookies are its only part that threads must not share.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._reached = False
        self._closed = threading.Event()

    def close(self) -> None:
        """Send no further requests, and end all waiting."""
        self._closed.set()

    def query(self, sparql: str) -> list[dict[str, str]]:
        """Rows of a SELECT: the value of each bound variable."""
        answer = self._cached_json(self.services.sparql, {"query": sparql, "format": "json"})
        return [{name: cell["value"] for name, cell in row.items()} for row in answer["results"]["bindings"]]

    def ask(self, api: str, params: Mapping[str, str | int]) -> dict[str, Any]:
        """One answer of a MediaWiki API. WikimediaError: it refused for good."""
        full = {**params, "format": "json", "formatversion": 2, "maxlag": _MAXLAG_S}
        return self._cached_json(api, {name: str(value) for name, value in full.items()})

    def file(self, url: str) -> bytes:
        """
        :raises NotAtWikimediaError: there is no such file.
        :raises WikimediaError: it could not be fetched.
        """
        return self._fetch(url, {}).content

    def _cached_json(self, url: str, params: dict[str, str]) -> dict[str, Any]:
        digest = hashlib.sha256(json.dumps([url, params], sort_keys=True).encode()).hexdigest()
        path = self._cache / digest[:2] / f"{digest}.json"
        answer: dict[str, Any]
        with suppress(OSError, ValueError):
            answer = json.loads(path.read_bytes())
            return answer
        answer = self._fetch(url, params).json()
        write_file(path, json.dumps(answer).encode())
        return answer

    def _fetch(self, url: str, params: dict[str, str]) -> requests.Response:
        for number in range(_TRIES):
            if self._closed.is_set():
                raise WikimediaError(f"The build was stopped. {_CACHED}")
            try:
                return self._try(url, params)
            except _TransientError as error:
                trouble = error
            if not self._reached and number + 1 >= _FIRST_TRIES:
                raise OfflineError(f"{trouble}: is this machine on the internet? The gallery is unchanged.")
            logger.info("%s; try %d of %d", trouble, number + 1, _TRIES)
            wait_s = self._unit_s * 2**number if trouble.retry_after_s is None else trouble.retry_after_s
            if wait_s > _LONGEST_WAIT_S:
                raise WikimediaError(f"{trouble} and asks us to wait {wait_s / 60:.0f} minutes. {_CACHED}")
            end = time.monotonic() + wait_s * (number + 1 < _TRIES)
            while (remaining := end - time.monotonic()) > 0 and not self._closed.wait(min(remaining, _STEP_S)):
                pass
        raise WikimediaError(f"{trouble}, {_TRIES} times in a row. {_CACHED}")

    def _try(self, url: str, params: dict[str, str]) -> requests.Response:
        """
        :raises _TransientError: another try may succeed.
        :raises WikimediaError: none would.
        """
        host = urlsplit(url).netloc
        try:
            with self._slots:
                # A query may be too long for an address.
                if url == self.services.sparql:
                    answer = self._session.post(url, params, timeout=_TIMEOUT_S)
                else:
                    answer = self._session.get(url, params=params, timeout=_TIMEOUT_S)
        except requests.RequestException as error:
            # Cut downloads and closed connections are among these.
            raise _TransientError(f"{host} did not answer ({type(error).__name__})") from None
        self._reached = True
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _TransientError(f"{host} answered {answer.status_code}", answer)
        if answer.status_code >= 400:
            reason = " ".join(answer.text.split())[:200] or answer.reason
            raise NotAtWikimediaError(f"{host} answered {answer.status_code}: {reason}.")
        if params:
            _check_json(answer, host)
        return answer


class _TransientError(Exception):
    """Another try may not meet this."""

    def __init__(self, message: str, answer: requests.Response | None = None) -> None:
        super().__init__(message)
        self.retry_after_s: float | None = None
        with suppress(InvalidHeader):
            # It reads headers only, which a response of requests has too.
            self.retry_after_s = Retry().get_retry_after(answer) if answer is not None else None  # type: ignore[arg-type]


def _check_json(answer: requests.Response, host: str) -> None:
    try:
        content = answer.json()
    except ValueError:
        raise _TransientError(f"{host} did not answer in JSON", answer) from None
    if error := content.get("error") if isinstance(content, dict) else None:
        if str(error.get("code")).startswith(_TRANSIENT):
            raise _TransientError(f"{host} asks to wait ({error['code']})", answer)
        raise WikimediaError(f"{host} refused: {error.get('info', error.get('code'))}")
