"""Who is photographed: ``include/sites.yaml``, read, checked and named."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from celeb_ops.exceptions import CelebsError, SitesError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

M = TypeVar("M", bound=BaseModel)

_NAME = re.compile(r"[A-Z0-9](?:[A-Z0-9_-]|\.(?!\.)){0,63}")


class CaptureOptions(BaseModel):
    """How a page is captured; each may stand under ``defaults:`` or with a site."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    load_time_s: float = Field(5, gt=0, le=600)
    """Seconds a page may take to become ready; a page that is ready earlier is captured then."""
    timeout_s: float = Field(60, gt=0, le=3600)
    """Seconds until the page's document must have arrived, and the bound of every answer of the browser."""
    viewport: tuple[int, int] = (1440, 900)
    """Width and height of the browser's window in CSS px."""
    format: Literal["jpeg", "png"] = "jpeg"
    jpeg_quality: int = Field(80, ge=1, le=100)
    max_height: int = Field(100_000, ge=1_000, le=1_000_000)
    """Rows of the page at the most; a taller page is truncated, and its sidecar says so."""
    locale: str = "en-US"
    timezone: str = "America/New_York"


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
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SitesError(f"There is no sites file {path}: create it, or set CELEBS_SITES to yours.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SitesError(f"{path} can't be read: {error}.") from None
    except yaml.YAMLError as error:
        problem = str(getattr(error, "problem", None) or error)
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SitesError(f"{path}{where} is not YAML: {problem}.") from None
    if not isinstance(content, dict) or not isinstance(content.get("sites"), list):
        raise SitesError(f"{path} needs a list of sites: `sites:` and below it `- https://www.tmz.com/`.")
    _known(content, {"defaults", "sites"}, f"{path}")
    defaults = content.get("defaults") or {}
    if not isinstance(defaults, dict):
        raise SitesError(f"{path}, defaults: give capture options as a mapping, like {{load_time_s: 5}}.")
    _known(defaults, set(CaptureOptions.model_fields), f"{path}, defaults")
    _valid(CaptureOptions, defaults, f"{path}, defaults")
    if not content["sites"]:
        raise SitesError(f"{path} lists no site: add one below `sites:`, like `- https://www.tmz.com/`.")

    sites: dict[str, Site] = {}
    for number, entry in enumerate(content["sites"], start=1):
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
            raise SitesError(f"There is no site {name}: {hint}")
        chosen[name] = by_name[name]
    return list(chosen.values())


def site_names(path: Path) -> list[str]:
    """The names to offer in the trigger form; none where the file is unusable (the run then says why)."""
    try:
        return [site.name for site in load_sites(path)]
    except CelebsError:
        return []


def _site(entry: Any, defaults: dict[str, Any], where: str) -> Site:
    if isinstance(entry, str):
        entry = {"url": entry}
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        raise SitesError(f"{where}: a site is a URL or a mapping with a `url`, not {entry!r}.")
    _known(entry, set(Site.model_fields), where)
    parts = _split(entry["url"])
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SitesError(f"{where}: {entry['url']!r} is not an http(s) address; write it like https://www.tmz.com/.")
    name = entry.get("name", name_of(entry["url"]))
    if not isinstance(name, str) or not _NAME.fullmatch(name.upper()):
        raise SitesError(
            f"{where}: {name!r} can't be a site's name, which becomes part of file names: "
            "use letters A-Z, digits, '_', '-' and single dots, 64 at the most."
        )
    return _valid(Site, {**defaults, **entry, "name": name.upper()}, where)


def _split(url: str) -> Any:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _known(given: dict[Any, Any], known: set[str], where: str) -> None:
    for option in given:
        if option not in known:
            near = difflib.get_close_matches(str(option), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}."
            raise SitesError(f"{where}: there is no option {str(option)!r}; {hint}")


def _valid(model: type[M], values: dict[str, Any], where: str) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        option = ".".join(str(part) for part in first["loc"])
        raise SitesError(f"{where}: {option}: {first['input']!r}: {first['msg'].lower()}.") from None
