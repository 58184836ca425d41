"""The sites to photograph: ``include/sites.yaml``, read and checked, with a name for each site."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from celeb_ops.core.block_list import LIST, BlockList, block_list, host_or_list
from celeb_ops.core.exceptions import CelebsError, SitesError
from celeb_ops.core.page_options import MOBILE_VIEWPORT, PageOptions
from celeb_ops.core.text import quoted, suggestion
from celeb_ops.core.validation import first_problem
from celeb_ops.core.yaml_reader import read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

M = TypeVar("M", bound=BaseModel)

_NAME = re.compile(r"[A-Z0-9](?:[A-Z0-9_-]|\.(?!\.)){0,63}")
_EXAMPLE = "https://www.tmz.com/"
_FILES = {name: re.compile(rf"[\w ./-]{{1,200}}\.{end}") for name, end in (("javascript", "js"), ("css", "css"))}
"""Options that may be the name of a file instead."""
_UNQUOTED = {"", "url", "sites", "headers", "cookies", "proxy"}
"""Options whose value is in no error: it may hold a secret."""
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


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _site_name(name: str) -> str:
    if not _NAME.fullmatch(name.upper()):
        raise ValueError(
            "it becomes part of file names; give a `name` of letters A-Z, digits, '_', '-' and single dots, 64 at most"
        )
    return name.upper()


Pixels = Annotated[int, Field(ge=80, le=7_680)]
"""A side of a window: Rekognition looks at nothing narrower than 80 px."""


class CaptureOptions(PageOptions):
    """The options of a capture; each can be given under ``defaults:`` or with a site."""

    # The upper limits keep a capture within the screenshot task's execution timeout.
    load_time_s: float = Field(5, gt=0, le=60)
    """Seconds a page may take to become ready; a page that is ready earlier is captured then."""
    timeout_s: float = Field(60, gt=0, le=120)
    """The seconds within which the page's document must arrive; also the longest wait for any answer of the browser."""
    viewport: tuple[Pixels, Pixels] = (1440, 900)
    """Width and height of the browser's window in CSS px."""
    format: Literal["jpeg", "png"] = "jpeg"
    jpeg_quality: int = Field(80, ge=1, le=100)
    max_height: int = Field(100_000, ge=1_000, le=1_000_000)
    """Rows of the page at the most; a taller page is truncated, and its sidecar says so."""
    locale: str = Field("en-US", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "America/New_York"
    consent: Literal["opt_out", "opt_in", "leave"] = "opt_out"
    """The answer to a consent dialog; ``leave`` touches nothing, not even walls."""
    block_hosts: Annotated[tuple[Annotated[str, AfterValidator(host_or_list)], ...], BeforeValidator(_as_list)] = ()
    """Hosts that the page may not load from, with all their subdomains; or names of .txt files that list such hosts.
    XCom carries only the files' paths."""

    @property
    def blocked(self) -> BlockList:
        """The hosts that the page may not load from.

        :raises SitesError: a file is not there any more, or not what it was.
        """
        return block_list(self.block_hosts)

    @model_validator(mode="before")
    @classmethod
    def _with_phone_viewport(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("mobile") is True:
            return {"viewport": MOBILE_VIEWPORT, **values}
        return values


class Site(CaptureOptions):
    """One homepage: its address, its unique upper-case name and its capture options."""

    url: Annotated[str, AfterValidator(_web_address)]
    name: Annotated[str, AfterValidator(_site_name)]
    optional: bool = False
    """If true, its failure is reported but does not turn the run red."""

    @model_validator(mode="before")
    @classmethod
    def _with_name(cls, entry: Any) -> Any:
        if isinstance(entry, dict) and isinstance(entry.get("url"), str):
            # The address's own check says what is wrong with it.
            with suppress(ValueError):
                return {"name": name_of(entry["url"]), **entry}
        return entry

    @property
    def connection(self) -> str:
        """The Airflow connection that holds its headers and cookies: ``celebs_site_tmz``."""
        return "celebs_site_" + re.sub("[-.]", "_", self.name.lower())


class _SitesFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    defaults: dict[str, Any] | None = None
    sites: list[Any] = Field(min_length=1)


def name_of(url: str) -> str:
    """The first version's name of a site: ``https://www.tmz.com/`` → ``TMZ``."""
    host = urlsplit(url).hostname or ""
    return host.removeprefix("www.").split(".")[0].upper()


def load_sites(path: Path, read_lists: bool = True) -> list[Site]:
    """The sites of a file, in its order. SitesError names the file, the entry and what would be right.

    :param read_lists: whether files of ``block_hosts`` are read and checked, too.
    """
    try:
        content = read_yaml(path.read_bytes(), str(path), SitesError)
    except FileNotFoundError:
        raise SitesError(f"There is no sites file {path}: create it, or set CELEBS_SITES to yours.") from None
    except OSError as error:
        raise SitesError(f"{path} can't be read: {error.strerror or error}.") from None
    file = _validated(_SitesFile, content, f"{path} needs a list of sites, `sites:` and below it `- {_EXAMPLE}`")
    defaults = {} if file.defaults is None else file.defaults
    defaults = _with_files(defaults, path.parent, f"{path}, defaults")
    _validated(CaptureOptions, defaults, f"{path}, defaults")

    sites: dict[str, Site] = {}
    connections: dict[str, str] = {}
    for number, entry in enumerate(file.sites, start=1):
        where = f"{path}, entry {number}"
        options = {"url": entry} if isinstance(entry, str) else entry
        if not isinstance(options, dict):
            raise SitesError(f"{where}: a site is a URL or a mapping with a `url`, not {quoted(entry)}.")
        site = _validated(Site, defaults | _with_files(options, path.parent, where), where)
        if site.name in sites:
            raise SitesError(
                f"{where}: the name {site.name} is taken by {sites[site.name].url}; give one of them another: "
                f"{{url: {site.url}, name: {site.name}2}}."
            )
        if read_lists:
            _check_blocked(site, where)
        if site.headers or site.cookies:
            other = connections.setdefault(site.connection, site.name)
            if other != site.name:
                raise SitesError(
                    f"{where}: {site.name} and {other} would share the connection {site.connection}; give one of them "
                    "another name."
                )
        sites[site.name] = site
    return list(sites.values())


def site_of(options: dict[str, Any], folder: Path, where: str) -> Site:
    """One site that is not in a file.

    :param folder: the folder of the files that options name. :param where: what an error names in place of a file.
    """
    site = _validated(Site, _with_files(options, folder, where), where)
    _check_blocked(site, where)
    return site


def _check_blocked(site: Site, where: str) -> None:
    try:
        blocked = (urlsplit(site.url).hostname or "") in site.blocked
    except SitesError as error:
        raise SitesError(f"{where}: {error}") from None
    if blocked:
        raise SitesError(f"{where}: block_hosts names the host of {site.url} itself; take it out, or the site.")


def _with_files(options: dict[str, Any], folder: Path, where: str) -> dict[str, Any]:
    """The options, with the text of a named .js or .css file in place of its name, and the absolute path of a
    ``block_hosts`` file.

    :raises SitesError: a file is not there, is no text, or is not in the sites file's folder.
    """
    read: dict[str, Any] = {}
    for name, pattern in _FILES.items():
        file = options.get(name)
        if not isinstance(file, str) or not pattern.fullmatch(file):
            continue
        path = _beside(file, name, folder, where)
        try:
            read[name] = path.read_text(encoding="utf-8")
        except OSError as error:
            raise SitesError(f"{where}: {name}: {path} can't be read: {error.strerror or error}.") from None
        except UnicodeDecodeError:
            raise SitesError(f"{where}: {name}: {path} is no UTF-8 text.") from None
    if isinstance(hosts := _as_list(options.get("block_hosts")), list | tuple):
        read["block_hosts"] = [
            str(_beside(one, "block_hosts", folder, where)) if isinstance(one, str) and LIST.fullmatch(one) else one
            for one in hosts
        ]
    return options | read


def _beside(file: str, option: str, folder: Path, where: str) -> Path:
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise SitesError(f"{where}: {option}: {file} stands outside {folder}; put it beside the sites file.")
    return path


def _validated(model: type[M], values: Any, where: str) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        field, value, message = first_problem(error)
    if message is None:
        raise SitesError(f"{where}: there is no option {field}; {suggestion(field, model.model_fields)}")
    parts = [where, field, "" if field in _UNQUOTED else value, message]
    raise SitesError(f"{': '.join(filter(None, parts))}.")


def choose(sites: Sequence[Site], names: Sequence[str] | None) -> list[Site]:
    """The sites of these names (any case), all of them for no name; SitesError for an unknown one."""
    by_name = {site.name: site for site in sites}
    chosen = dict.fromkeys(name.strip().upper() for name in names or by_name)
    for name in chosen:
        if name not in by_name:
            raise SitesError(f"There is no site {name[:100]}: {suggestion(name, by_name)}")
    return [by_name[name] for name in chosen]


def check_site_count(sites: Sequence[Site], limit: int) -> None:
    """Raise SitesError if there are more sites than Airflow can map in one run. Our message replaces Airflow's.

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
        return [site.name for site in load_sites(path, read_lists=False)]
    except CelebsError:
        return []
