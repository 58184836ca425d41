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
    from collections.abc import Callable, Iterator

    from celeb_ops.capture.facts import Answer
    from celeb_ops.core.sites import Site

# Bot checks and gateways, by their makers' own wording.
_BLOCKED = re.compile(
    r"just a moment|attention required|access denied|access to this page has been denied|are you a robot"
    r"|are you human|verify (that )?you are (a )?human|pardon our interruption|unusual traffic"
    r"|request unsuccessful|the request could not be satisfied|you have been blocked|captcha"
    r"|_incapsula_resource|captcha-delivery|challenges\.cloudflare|px-captcha"
    r"|checking your browser|403 forbidden|502 bad gateway|503 service|service unavailable|ddos protection",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"\b(log|sign)[-_]?(in|on)\b|\b(sso|oauth2?|auth|idp)\b", re.IGNORECASE)
_SERVER = re.compile(
    r"^(welcome to (nginx|caddy|openresty|apache|tengine)|apache tomcat|test page for|index of /|iis\b)"
    r"|^(plesk|cpanel|directadmin|ispconfig|xampp)\b|default (web ?)?page|account suspended"
    r"|domain (name )?is (for sale|parked)",
    re.IGNORECASE,
)
"""Titles of what servers and hosts show where there is no site."""
_STORY_WORDS = 20
"""Letters from which a link's words are a headline, rather than the name of a section."""
_ALMOST_NO_TEXT = 200

_MUCH = {"letters": 1_500, "links": 10, "stories": 4, "titles": 8, "pictures": 4}
"""How many of each count as one point of what a page has to show."""
_LITTLE = 1.0
"""Points below which a page stands in for another, whatever it says.

The weights were chosen on these saved pages: 546 real ones, none of whose pictures had come, and 175 that stood in for
others (docs/sites.md has figures of pages that had no part in it). With these points 153 of the latter are refused, and
of the former none that shows its words without its scripts; the next one has 1.1. Links that weigh less would refuse 5
more of the latter, and a real contact page.
"""
_SIGNS: tuple[tuple[float, str, Callable[[Site, Answer], object]], ...] = (
    (1.5, "it says {0!r}", lambda _, answer: _said(answer)),
    (3.0, "its title is a server's", lambda _, answer: _SERVER.search(answer.title)),
    (3.0, "it asks for a password", lambda _, answer: answer.password),
    (2.5, "its address is a login's", lambda site, answer: _LOGIN.search(answer.url) and not _LOGIN.search(site.url)),
    (2.0, "it is another site, {0}", lambda site, answer: _owner(site.url) != _owner(answer.url) and answer.url[:100]),
    (
        99.0,
        "it is a list of files",
        lambda _, answer: sum(link.file for link in answer.links) > max(2, len(answer.links) / 2),
    ),
    (1.0, "all its links lead to other sites", lambda _, answer: answer.links and not any(_own(answer))),
    (1.0, "it is not meant to be found (noindex)", lambda _, answer: answer.unlisted),
    (1.0, "it loads again within a minute", lambda _, answer: answer.reloads),
)
"""What tells of a page that stands in for the site's own, and how many points more the page then needs."""

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
    """Raise for a page that stands in for the site's own, or has almost nothing on it.

    Told by its shape, so in any language: how little it leads to and shows, and what such pages have in common.
    """
    shown = {
        "letters": answer.text_length,
        "links": len(answer.links),
        "stories": sum(link.picture or link.words >= _STORY_WORDS for link in answer.links),
        "titles": answer.titles,
        "pictures": answer.pictures,
    }
    signs = [(points, text.format(found)) for points, text, shows in _SIGNS if (found := shows(site, answer))]
    lacking = _LITTLE + sum(points for points, _ in signs) - sum(shown[name] / much for name, much in _MUCH.items())
    if lacking > 0 and (signs or answer.pictures or answer.text_length >= _ALMOST_NO_TEXT):
        counted = ", ".join(f"{number:,} {name}" for name, number in shown.items())
        told = ", ".join(text for _, text in signs) or "it shows too little for a front page"
        raise BlockedPageError(
            f"{site.url} showed a page that stands in for its own (title {answer.title[:80]!r}): {told} ({counted}). "
            "Open it by hand to see: a login, a robot check, a notice, a parked address?"
        )
    if not answer.pictures and answer.text_length < _ALMOST_NO_TEXT:
        why = (
            "A page that is slow to build up may need a larger load_time_s."
            if whole
            else f"Its end had not come within {site.timeout_s:g} s (timeout_s), or its connection broke."
        )
        raise BlankPageError(
            f"{site.url} showed a page with almost nothing on it ({answer.text_length} letters, no picture). {why}"
        )


def _said(answer: Answer) -> str:
    found = _BLOCKED.search("\n".join((answer.title, answer.text, answer.frames)))
    return found[0] if found else ""


def _own(answer: Answer) -> Iterator[bool]:
    """Of each link, whether it stays on the site."""
    return (_owner(link.url) == _owner(answer.url) for link in answer.links)


def _owner(url: str) -> str:
    """Whose an address is, as far as names tell: by the last labels of its host."""
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        # A page may link to anything: `https://[email protected]/` is nobody's.
        return ""
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
