"""Who is photographed: ``include/sites.yaml``, read, checked and named."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from celeb_ops.core.exceptions import CelebsError, SitesError
from celeb_ops.core.text import quoted, suggestion
from celeb_ops.core.validation import first_problem
from celeb_ops.core.yaml_reader import read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

M = TypeVar("M", bound=BaseModel)

_NAME = re.compile(r"[A-Z0-9](?:[A-Z0-9_-]|\.(?!\.)){0,63}")
_EXAMPLE = "https://www.tmz.com/"
_MAX_URL_CHARS = 2_000
"""Longer addresses lead nowhere: something on their way cuts them."""


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("there is no such time zone; write it like America/New_York") from None
    return name


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        # Of urlsplit: a bracket that is not closed; of port: no number, or too large.
        usable = False
    if not usable or len(url) > _MAX_URL_CHARS or re.search(r"[\s\\]", url):
        raise ValueError(f"this is not an http(s) address; write it like {_EXAMPLE}")
    if "@" in parts.netloc:
        raise ValueError("it holds a user name or a password, which would be in every file of the dataset; remove it")
    return url


def _site_name(name: str) -> str:
    if not _NAME.fullmatch(name.upper()):
        raise ValueError(
            "it becomes part of file names; give a `name` of letters A-Z, digits, '_', '-' and single dots, 64 at most"
        )
    return name.upper()


Pixels = Annotated[int, Field(ge=80, le=7_680)]
"""A side of a window: Rekognition looks at nothing narrower than 80 px."""


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
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "America/New_York"
    consent: Literal["opt_out", "opt_in", "leave"] = "opt_out"
    """How a consent dialog is answered; ``leave`` touches nothing, walls included."""
    block_hosts: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$")], ...] = ()
    """Hosts, with all below them, that the page may not load from: ``[ads.example.com]``."""


class Site(CaptureOptions):
    """One homepage: its address, its upper-case unique name and how it is captured."""

    url: Annotated[str, AfterValidator(_web_address)]
    name: Annotated[str, AfterValidator(_site_name)]
    optional: bool = False
    """Its failure is reported but does not turn the run red."""

    @model_validator(mode="before")
    @classmethod
    def _with_name(cls, entry: Any) -> Any:
        if isinstance(entry, dict) and isinstance(entry.get("url"), str):
            # The address's own check says what is wrong with it.
            with suppress(ValueError):
                return {"name": name_of(entry["url"]), **entry}
        return entry


class _SitesFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    defaults: dict[str, Any] | None = None
    sites: list[Any] = Field(min_length=1)


def name_of(url: str) -> str:
    """The first version's name of a site: ``https://www.tmz.com/`` → ``TMZ``."""
    host = urlsplit(url).hostname or ""
    return host.removeprefix("www.").split(".")[0].upper()


def load_sites(path: Path) -> list[Site]:
    """The sites of a file, in its order. SitesError names the file, the entry and what would be right."""
    try:
        content = read_yaml(path.read_bytes(), str(path), SitesError)
    except FileNotFoundError:
        raise SitesError(f"There is no sites file {path}: create it, or set CELEBS_SITES to yours.") from None
    except OSError as error:
        raise SitesError(f"{path} can't be read: {error.strerror or error}.") from None
    file = _validated(_SitesFile, content, f"{path} needs a list of sites, `sites:` and below it `- {_EXAMPLE}`")
    defaults = {} if file.defaults is None else file.defaults
    _validated(CaptureOptions, defaults, f"{path}, defaults")

    sites: dict[str, Site] = {}
    for number, entry in enumerate(file.sites, start=1):
        where = f"{path}, entry {number}"
        options = {"url": entry} if isinstance(entry, str) else entry
        if not isinstance(options, dict):
            raise SitesError(f"{where}: a site is a URL or a mapping with a `url`, not {quoted(entry)}.")
        site = _validated(Site, defaults | options, where)
        if site.name in sites:
            raise SitesError(
                f"{where}: the name {site.name} is taken by {sites[site.name].url}; give one of them another: "
                f"{{url: {site.url}, name: {site.name}2}}."
            )
        sites[site.name] = site
    return list(sites.values())


def _validated(model: type[M], values: Any, where: str) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        field, value, message = first_problem(error)
    if message is None:
        raise SitesError(f"{where}: there is no option {field}; {suggestion(field, model.model_fields)}")
    # An address may hold a password.
    parts = [where, field, "" if field in {"", "url", "sites"} else value, message]
    raise SitesError(f"{': '.join(filter(None, parts))}.")


def choose(sites: Sequence[Site], names: Sequence[str] | None) -> list[Site]:
    """The sites of these names (any case), all of them for no name; SitesError for an unknown one."""
    by_name = {site.name: site for site in sites}
    chosen = dict.fromkeys(name.strip().upper() for name in names or by_name)
    for name in chosen:
        if name not in by_name:
            raise SitesError(f"There is no site {name[:100]}: {suggestion(name, by_name)}")
    return [by_name[name] for name in chosen]


def check_number(sites: Sequence[Site], limit: int) -> None:
    """SitesError where there are more sites than Airflow makes task groups of, with our sentence in place of its own.

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
