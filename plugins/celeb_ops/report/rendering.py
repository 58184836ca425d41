"""The templates' surroundings: where links lead and where pictures come from, on the server and in a file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

import jinja2

from celeb_ops.core import keys
from celeb_ops.core.names import LETTERS
from celeb_ops.report import sanitizing
from celeb_ops.report.shares import HEIGHT, WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_FILTERS = (
    *(
        sanitizing.plain,
        sanitizing.said,
        sanitizing.web_link,
        sanitizing.host,
        sanitizing.initials,
        sanitizing.percent,
        sanitizing.number,
        sanitizing.dollars,
    ),
    *(sanitizing.counted, sanitizing.day, sanitizing.moment, sanitizing.apart, keys.iso),
)


@dataclass(frozen=True)
class Places:
    """Where links lead and where pictures come from; the same templates make the server's pages and the report."""

    person: Callable[[str], str]
    """The address of a person's page; empty: they have none here."""
    picture: Callable[[str], str]
    """The address of the picture at a key, or its class where they are ``inline``; empty: there is none here."""
    run: Callable[[datetime, str], str] | None
    """The address of a site's part of a run's page; None: there are no runs here."""
    inline: bool = False
    """Whether pictures are in the page's own style, each once, however often it is shown."""


def on_server(up: str) -> Places:
    """:param up: from the page to the app, ``../``."""
    return Places(
        person=lambda name: f"{up}people/{sanitizing.address(name)}",
        picture=lambda key: f"{up}files/{quote(key)}" if key else "",
        run=lambda when, site: f"{up}runs/{keys.iso(when)}?site={quote(site, safe='')}#screenshot",
    )


@cache
def environment() -> jinja2.Environment:
    """Everything is escaped, and what is not there is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("celeb_ops", "report/templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {one.__name__: one for one in _FILTERS}
    made.globals |= {"SPARK": (WIDTH, HEIGHT), "LETTERS": LETTERS}
    return made
