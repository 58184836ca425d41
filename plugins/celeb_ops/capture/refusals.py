"""When a site does not give its page: which error it is, in a sentence, and whether a second try may help."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from celeb_ops.core.exceptions import CaptureError, FinalCaptureError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celeb_ops.capture.facts import Cleared, PageState
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
"""The number of each that counts as one point of a page's content."""
_LITTLE = 1.0
"""A page with fewer points is a substitute for another page, whatever it says.

The weights were chosen on these saved pages: 546 real ones, none of whose pictures had loaded, and 175 substitutes
(docs/sites.md has figures of pages that had no part in it). With these points 153 of the latter are refused, and of the
former none that shows its words without its scripts; the next one has 1.1. Links that weigh less would refuse 5 more of
the latter, and a real contact page.
"""
_SIGNS: tuple[tuple[float, str, Callable[[Site, PageState], object]], ...] = (
    (1.5, "it says {0!r}", lambda _, state: _said(state)),
    (3.0, "default server title", lambda _, state: _SERVER.search(state.title)),
    (3.0, "it asks for a password", lambda _, state: state.password),
    (2.5, "it is a login address", lambda site, state: _LOGIN.search(state.url) and not _LOGIN.search(site.url)),
    (2.0, "it is {0}, another site", lambda site, state: _owner(site.url) != _owner(state.url) and state.url[:100]),
    (
        99.0,
        "it is a list of files",
        lambda _, state: sum(link.file for link in state.links) > max(2, len(state.links) / 2),
    ),
    (1.0, "all its links lead to other sites", lambda _, state: state.links and not any(_own(state))),
    (1.0, "search engines must skip it (noindex)", lambda _, state: state.unlisted),
    (1.0, "it reloads within a minute", lambda _, state: state.reloads),
)
"""Signs of a substitute for the site's page, and how many more points the page then needs."""

# Statuses that may change soon; any other status from 400 on is permanent.
_PASSING = {408, 423, 425, 429, *range(500, 600)}
_REFUSED = {401: "login required", 403: "it may refuse automated browsers", 451: "it is withheld for legal reasons"}


def check_status(site: Site, state: PageState) -> None:
    """Raise for an HTTP error, and for an address that could not be opened or is no web page."""
    if state.status < 400:
        if trouble := reached(site, state.error):
            raise trouble
        if urlsplit(state.url).scheme not in {"http", "https"}:
            raise CaptureError(f"{site.url} led to {state.url[:100]!r}, not a web page: fix url.")
        return
    if state.status in _PASSING:
        text = f"{site.url} answered with HTTP {state.status}: it is down or overloaded; try later."
        raise CaptureError(text, ReasonCode.SERVER_FAILED)
    why = f" ({_REFUSED[state.status]})" if state.status in _REFUSED else ""
    text = f"{site.url} answered with HTTP {state.status}{why}. Check it in a browser."
    raise FinalCaptureError(text, ReasonCode.PAGE_REFUSED)


def check_hidden(site: Site, cleared: Cleared) -> None:
    """Raise where a layer that could not be removed hides the whole page."""
    if cleared.hidden:
        raise CaptureError(
            f"{site.url} is hidden by {cleared.remaining[0]}, which could not be removed. Look in a browser: a login, "
            "a sign-up, a consent dialog? Try the options load_time_s and consent.",
            ReasonCode.BLOCKED_PAGE,
        )


def check_content(site: Site, state: PageState, whole: bool = True) -> None:
    """CaptureError for a substitute for the site's page, and for an almost empty one.

    Recognised by its shape, so in any language: how few links it has, how little it shows, and typical signs.
    """
    shown = {
        "letters": state.text_length,
        "links": len(state.links),
        "stories": sum(link.picture or link.words >= _STORY_WORDS for link in state.links),
        "titles": state.titles,
        "pictures": state.pictures,
    }
    signs = [(points, text.format(found)) for points, text, shows in _SIGNS if (found := shows(site, state))]
    lacking = _LITTLE + sum(points for points, _ in signs) - sum(shown[name] / much for name, much in _MUCH.items())
    if lacking > 0 and (signs or state.pictures or state.text_length >= _ALMOST_NO_TEXT):
        counted = ", ".join(f"{number:,} {name}" for name, number in shown.items())
        told = ", ".join(text for _, text in signs) or "it shows too little for a front page"
        raise CaptureError(
            f"{site.url} showed a substitute for its page (title {state.title[:80]!r}): {told} ({counted}). Look in "
            "a browser: is it a login, a robot check, a notice, a parked address?",
            ReasonCode.BLOCKED_PAGE,
        )
    if not state.pictures and state.text_length < _ALMOST_NO_TEXT:
        why = (
            "A page that is slow to build up may need a larger load_time_s."
            if whole
            else f"It was incomplete after {site.timeout_s:g} s (timeout_s), or its connection broke."
        )
        raise CaptureError(
            f"{site.url} showed a page with almost nothing on it ({state.text_length} letters, no picture). {why}",
            ReasonCode.BLANK_PAGE,
        )


def _said(state: PageState) -> str:
    found = _BLOCKED.search("\n".join((state.title, state.text, state.frames)))
    return found[0] if found else ""


def _own(state: PageState) -> Iterator[bool]:
    """Whether each link stays on the site."""
    return (_owner(link.url) == _owner(state.url) for link in state.links)


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


_NET_ERRORS = {
    "ERR_NAME_": (ReasonCode.UNKNOWN_HOST, "its host name was not found. Is it spelt right? Is the network up?"),
    "ERR_TOO_MANY_REDIRECTS": (
        ReasonCode.REDIRECT_LOOP,
        "it redirects in a loop. Set its url to the final address.",
    ),
    "ERR_CERT_": (
        ReasonCode.CERTIFICATE,
        "its TLS certificate is invalid. It was not opened: it may be fake. Check its url.",
    ),
    "ERR_SSL_": (ReasonCode.CERTIFICATE, "no secure connection to it is possible. Check its url."),
    "ERR_CONNECTION_REFUSED": (ReasonCode.NO_ANSWER, "nothing listens at its address. Is the site up?"),
    "ERR_PROXY_": (
        ReasonCode.NO_ANSWER,
        "its proxy (option proxy, else HTTPS_PROXY, HTTP_PROXY or ALL_PROXY) failed: check it.",
    ),
    "ERR_INTERNET_DISCONNECTED": (ReasonCode.NO_ANSWER, "this machine has no network."),
}
_FINAL = {ReasonCode.REDIRECT_LOOP, ReasonCode.CERTIFICATE}


def reached(site: Site, message: str) -> CaptureError | None:
    """The error of a page that could not be opened; None if the message names no network error."""
    found = re.search(r"\bERR_[A-Z0-9_]+", message)
    if not found:
        return None
    for prefix, (code, sentence) in _NET_ERRORS.items():
        if found[0].startswith(prefix):
            kind = FinalCaptureError if code in _FINAL else CaptureError
            return kind(f"{site.url} could not be reached: {sentence} ({found[0]})", code)
    text = f"{site.url} could not be reached ({found[0]}). Is the address right and the site up?"
    return CaptureError(text, ReasonCode.NO_ANSWER)


_DIED = re.compile(
    r"tab crashed|invalid session id|target frame detached|no such window|disconnected|not connected to DevTools"
)


def browser_trouble(site: Site, error: Exception) -> CaptureError:
    """The error for a browser that died or hung while it had the page."""
    text = (getattr(error, "msg", None) or str(error) or type(error).__name__).splitlines()[0]
    if _DIED.search(text):
        sentence = f"The browser died on {site.url}: {text}. It may have run out of memory or disk."
    elif re.search(r"time[d]? ?out|Read timed out|no answer", text, re.IGNORECASE):
        sentence = (
            f"The browser gave no answer on {site.url} within {site.timeout_s:g} s (timeout_s): "
            "a script of the page keeps it busy."
        )
    elif re.search(r"Connection refused|Remote end closed|RemoteDisconnected|Connection reset|aborted", text):
        sentence = f"The browser crashed on {site.url}: try again."
    else:
        sentence = f"The browser failed on {site.url}: {text}"
    return CaptureError(sentence, ReasonCode.BROWSER)
