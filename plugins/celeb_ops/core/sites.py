"""Who is photographed: ``include/sites.yaml``, read, checked and named."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from celeb_ops.core.exceptions import CelebsError, SitesError
from celeb_ops.core.text import quoted
from celeb_ops.core.yaml_reader import read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

M = TypeVar("M", bound=BaseModel)

Pixels = Annotated[int, Field(ge=80, le=7_680)]
"""A side of a window: Rekognition looks at nothing narrower than 80 px."""

_NAME = re.compile(r"[A-Z0-9](?:[A-Z0-9_-]|\.(?!\.)){0,63}")
_LONGEST_URL = 2_000
"""Longer addresses lead nowhere: they are cut by what lies on their way."""


class CaptureOptions(BaseModel):
    """How a page is captured; each may stand under ``defaults:`` or with a site."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Both bounds are held by the screenshot task's execution timeout.
    load_time_s: float = Field(5, gt=0, le=60)
    """Seconds a page may take to become ready; a page that is ready earlier is captured then."""
    timeout_s: float = Field(60, gt=0, le=120)
    """Seconds until the page's document must have arrived, and the bound of every answer of the browser."""
    viewport: tuple[Pixels, Pixels] = (1440, 900)
    """Width and height of the browser's window in CSS px."""
    format: Literal["jpeg", "png"] = "jpeg"
    jpeg_quality: int = Field(80, ge=1, le=100)
    max_height: int = Field(100_000, ge=1_000, le=1_000_000)
    """Rows of the page at the most; a taller page is truncated, and its sidecar says so."""
    locale: str = Field("en-US", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    timezone: str = "America/New_York"
    consent: Literal["opt_out", "opt_in", "leave"] = "opt_out"
    """What is said to a consent dialog; ``leave`` touches nothing, walls included."""
    block_hosts: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$")], ...] = ()
    """Hosts, with all below them, that the page may not load from: ``[ads.example.com]``."""

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("there is no such time zone; write it like America/New_York") from None
        return name


class Site(CaptureOptions):
    """One homepage: its address, its upper-case unique name and how it is captured."""

    url: str
    name: str
    optional: bool = False
    """Its failure is reported but does not turn the run red."""


def name_of(url: str) -> str:
    """The first version's name of a site: ``https://www.tmz.com/`` → ``TMZ``."""
    host = urlsplit(url).hostname or ""
    return host.removeprefix("www.").split(".")[0].upper()


def load_sites(path: Path) -> list[Site]:
    """The sites of a file, in its order. SitesError names the file, the entry and the mend."""
    try:
        content = read_yaml(path.read_bytes(), str(path), SitesError)
    except FileNotFoundError:
        raise SitesError(f"There is no sites file {path}: create it, or set CELEBS_SITES to yours.") from None
    except OSError as error:
        raise SitesError(f"{path} can't be read: {error.strerror or error}.") from None
    if not isinstance(content, dict) or not isinstance(content.get("sites"), list | None):
        raise SitesError(f"{path} needs a list of sites: `sites:` and below it `- https://www.tmz.com/`.")
    _known(content, {"defaults", "sites"}, f"{path}")
    if not (entries := content.get("sites")):
        raise SitesError(f"{path} lists no site: add one below `sites:`, like `- https://www.tmz.com/`.")
    defaults = {} if content.get("defaults") is None else content["defaults"]
    _known(defaults, set(CaptureOptions.model_fields), f"{path}, defaults")
    _valid(CaptureOptions, defaults, f"{path}, defaults")

    sites: dict[str, Site] = {}
    for number, entry in enumerate(entries, start=1):
        site = _site(entry, defaults, f"{path}, entry {number}")
        if site.name in sites:
            raise SitesError(
                f"{path}, entry {number}: the name {site.name} is taken by {sites[site.name].url}; "
                f"give one of them another: {{url: {site.url}, name: {site.name}2}}."
            )
        sites[site.name] = site
    return list(sites.values())


def choose(sites: Sequence[Site], names: Sequence[str] | None) -> list[Site]:
    """The sites of these names (any case), all of them for no name; SitesError for an unknown one."""
    if not names:
        return list(sites)
    by_name = {site.name: site for site in sites}
    chosen = {}
    for name in (name.strip().upper() for name in names):
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the file has {', '.join(by_name)}."
            raise SitesError(f"There is no site {name[:100]}: {hint}")
        chosen[name] = by_name[name]
    return list(chosen.values())


def check_number(sites: Sequence[Site], limit: int) -> None:
    """SitesError where there are more sites than Airflow makes task groups of: it would say so in words of its own.

    :param limit: ``[core] max_map_length``.
    """
    if len(sites) > limit:
        raise SitesError(
            f"{len(sites):,} sites are more than Airflow takes in one run, {limit:,}: trigger it for some of them, "
            f"or set AIRFLOW__CORE__MAX_MAP_LENGTH={len(sites)} where its API server and its workers run."
        )


def site_names(path: Path) -> list[str]:
    """The names to offer in the trigger form; none where the file is unusable (the run then says why)."""
    try:
        return [site.name for site in load_sites(path)]
    except CelebsError:
        return []


def _site(entry: Any, defaults: dict[str, Any], where: str) -> Site:
    if isinstance(entry, str):
        entry = {"url": entry}
    if isinstance(entry, dict):
        _known(entry, set(Site.model_fields), where)
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        given = "nothing" if entry is None else quoted(entry)
        raise SitesError(f"{where}: a site is a URL or a mapping with a `url`, not {given}.")
    url = entry["url"]
    _check_address(url, where)
    name = entry.get("name", name_of(url))
    if not isinstance(name, str) or not _NAME.fullmatch(name.upper()):
        raise SitesError(
            f"{where}: {quoted(name)} can't be a site's name, which becomes part of file names; give it a text of "
            f"letters A-Z, digits, '_', '-' and single dots, 64 at the most: {{url: {url[:100]}, name: \"MY_SITE\"}}."
        )
    return _valid(Site, {**defaults, **entry, "name": name.upper()}, where)


def _check_address(url: str, where: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        # Of urlsplit: a bracket that is not closed; of port: no number, or too large.
        usable = False
    if not usable or len(url) > _LONGEST_URL or re.search(r"[\s\\]", url):
        raise SitesError(f"{where}: {quoted(url)} is not an http(s) address; write it like https://www.tmz.com/.")
    if "@" in parts.netloc:
        raise SitesError(
            f"{where}: the address of {parts.hostname} holds a user name or a password, which would be written into "
            "every file of the dataset; leave it out."
        )


def _known(given: Any, known: set[str], where: str) -> None:
    """SitesError where ``given`` is no mapping, or has an option that is none of the known ones."""
    if not isinstance(given, dict):
        raise SitesError(f"{where}: give options as a mapping, like {{load_time_s: 5}}, not {quoted(given)}.")
    for option in given:
        if option not in known:
            near = difflib.get_close_matches(str(option), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}."
            raise SitesError(f"{where}: there is no option {quoted(str(option))}; {hint}")


def _valid(model: type[M], values: dict[str, Any], where: str) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        option = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise SitesError(f"{where}: {option}: {quoted(first['input'])}: {said[0].lower()}{said[1:]}.") from None
