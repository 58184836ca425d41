"""The templates, and where their links lead and their pictures come from: on the server and in the report's file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jinja2

from celeb_ops.core import keys
from celeb_ops.core.names import LETTERS
from celeb_ops.core.text import counted
from celeb_ops.report import sanitizing
from celeb_ops.report.addresses import box_of, run_address
from celeb_ops.report.shares import HEIGHT, WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable

_FILTERS = "plain bdi web_link host initials percent number dollars day timestamp time_from"


@dataclass(frozen=True)
class Urls:
    """The addresses of links and pictures; the same templates make the server's pages and the report."""

    person: Callable[[str], str]
    """The address of a person's page; empty: they have none here."""
    picture: Callable[[str], str]
    """The address of the picture at a key, or its class where they are ``inline``; empty: there is none here."""
    run: Callable[..., str] | None
    """By run time, site and maybe a face's crop: the address of a site's part of a run's page, or of the face there;
    None: there are no runs here."""
    inline: bool = False
    """Whether pictures are in the page's own style, each once, however often it is shown."""


def server_urls(root: str) -> Urls:
    """:param root: from the page to the app, ``../``."""
    return Urls(
        person=lambda name: f"{root}people/{sanitizing.address(name)}",
        picture=lambda key: f"{root}files/{quote(key)}" if key else "",
        run=lambda when, site, crop=None: root + run_address(when, site, box_of(crop)),
    )


def render(template: str, **values: Any) -> str:
    """The page of a template: everything is escaped, and a value that is not there is an error."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("celeb_ops", "report/templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(sanitizing, name) for name in _FILTERS.split()}
    environment.filters |= {"counted": counted, "iso": keys.iso}
    environment.globals |= {"SPARK": (WIDTH, HEIGHT), "LETTERS": LETTERS}
    environment.policies["json.dumps_kwargs"] = {"default": str, "separators": (",", ":")}
    return environment
