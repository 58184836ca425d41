"""When a site does not give its page: which error it is, in a sentence, and whether a second try may help."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from celeb_ops.core.exceptions import (
    BlankPageError,
    BlockedPageError,
    BrowserCrashedError,
    BrowserError,
    BrowserHungError,
    CaptureError,
    CertificateError,
    NoAnswerError,
    PageRefusedError,
    RedirectLoopError,
    ServerFailedError,
    UnknownHostError,
)

if TYPE_CHECKING:
    from celeb_ops.capture.facts import Answer
    from celeb_ops.core.sites import Site

# Signs of a page that stands in for the site's own: bot checks and gateways, by their makers' own wording.
_BLOCKED = re.compile(
    r"just a moment|attention required|access denied|access to this page has been denied|are you a robot"
    r"|are you human|verify (that )?you are (a )?human|pardon our interruption|unusual traffic"
    r"|request unsuccessful|the request could not be satisfied|you have been blocked|captcha"
    r"|_incapsula_resource|captcha-delivery|challenges\.cloudflare|px-captcha"
    r"|checking your browser|403 forbidden|502 bad gateway|503 service|service unavailable|ddos protection",
    re.IGNORECASE,
)
_FEW_PICTURES = 5
_LITTLE_TEXT = 1_500
_ALMOST_NO_TEXT = 200

# Answers that may be other ones soon; every further status from 400 is an answer that will stay.
_PASSING = {408, 423, 425, 429, *range(500, 600)}
_REFUSED = {401: "it wants a login", 403: "it may refuse automated browsers", 451: "it is withheld for legal reasons"}


def check_status(site: Site, answer: Answer) -> None:
    """Raise for an HTTP error, and for an address that could not be opened or is no web page."""
    if answer.status < 400:
        if trouble := reached(site, answer.error):
            raise trouble
        if urlsplit(answer.url).scheme not in {"http", "https"}:
            raise CaptureError(f"{site.url} led to {answer.url[:100]!r}, which is no web page.")
        return
    if answer.status in _PASSING:
        raise ServerFailedError(
            f"{site.url} answered with HTTP {answer.status}: the site has trouble, or is overloaded."
        )
    why = f" ({_REFUSED[answer.status]})" if answer.status in _REFUSED else ""
    raise PageRefusedError(f"{site.url} answered with HTTP {answer.status}{why}. Open it by hand to see.")


def check_content(site: Site, answer: Answer, whole: bool = True) -> None:
    """Raise for a page that stands in for the site's own, or has almost nothing on it."""
    if answer.pictures < _FEW_PICTURES and answer.text_length < _LITTLE_TEXT:
        if sign := _BLOCKED.search("\n".join((answer.title, answer.text, answer.frames))):
            raise BlockedPageError(
                f"{site.url} showed a page that stands in for its own ({sign[0]!r}; title {answer.title[:80]!r}): "
                "it may take this browser for a robot."
            )
        if _owner(site.url) != _owner(answer.url):
            raise BlockedPageError(
                f"{site.url} led to another site, {answer.url[:100]}, which shows little: a consent page, or a login?"
            )
    if not answer.pictures and answer.text_length < _ALMOST_NO_TEXT:
        why = (
            "A page that is slow to build up may need a larger load_time_s."
            if whole
            else f"Its end had not come within {site.timeout_s:g} s (timeout_s)."
        )
        raise BlankPageError(
            f"{site.url} showed a page with almost nothing on it ({answer.text_length} letters, no picture). {why}"
        )


def _owner(url: str) -> str:
    """Whose an address is, as far as names tell: by the last labels of its host."""
    host = urlsplit(url).hostname or ""
    if re.fullmatch(r"[\d.]+|.*:.*|localhost", host):
        return host
    labels = host.split(".")
    # bbc.co.uk, but t.co: a short label below a country's own is mostly the country's.
    country = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3:] if country else labels[-2:])


_NET_ERRORS: tuple[tuple[str, type[CaptureError], str], ...] = (
    ("ERR_NAME_", UnknownHostError, "its host name was not found. Is it spelt right, and the network up?"),
    ("ERR_TOO_MANY_REDIRECTS", RedirectLoopError, "it redirects in a circle. Give the address it should end at."),
    ("ERR_CERT_", CertificateError, "its TLS certificate is not valid. It is not opened: the page could be anybody's."),
    ("ERR_SSL_", CertificateError, "no safe connection to it can be made."),
    ("ERR_CONNECTION_REFUSED", NoAnswerError, "nothing listens at its address. Is the site up?"),
    ("ERR_PROXY_", NoAnswerError, "the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) did not connect."),
    ("ERR_INTERNET_DISCONNECTED", NoAnswerError, "this machine has no network."),
)


def reached(site: Site, message: str) -> CaptureError | None:
    """The error behind a page that could not be opened; None where the message names none of the network's."""
    found = re.search(r"\bERR_[A-Z0-9_]+", message)
    if not found:
        return None
    for prefix, kind, sentence in _NET_ERRORS:
        if found[0].startswith(prefix):
            return kind(f"{site.url} could not be reached: {sentence} ({found[0]})")
    return NoAnswerError(f"{site.url} could not be reached ({found[0]}). Is the address right and the site up?")


_DIED = re.compile(
    r"tab crashed|invalid session id|target frame detached|no such window|disconnected|not connected to DevTools"
)


def browser_trouble(site: Site, error: Exception) -> BrowserError:
    """The error for a browser that died or hung while it had the page."""
    text = (getattr(error, "msg", None) or str(error) or type(error).__name__).splitlines()[0]
    if _DIED.search(text):
        return BrowserCrashedError(f"The browser died on {site.url}: {text}. It may have run out of memory or disk.")
    if re.search(r"time[d]? ?out|Read timed out|no answer", text, re.IGNORECASE):
        return BrowserHungError(
            f"The browser gave no answer on {site.url} within {site.timeout_s:g} s (timeout_s): "
            "a script of the page keeps it busy."
        )
    if re.search(r"Connection refused|Remote end closed|RemoteDisconnected|Connection reset|aborted", text):
        return BrowserCrashedError(f"The browser or its driver died on {site.url}.")
    return BrowserError(f"The browser failed on {site.url}: {text}")
