"""A site's headers, cookies and proxy, from Airflow connections."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote

from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret

from celeb_ops.capture.access import Access
from celeb_ops.core.exceptions import SettingsError
from celeb_ops.hooks.airflow_names import AirflowNotFoundException

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow.sdk import Connection

    from celeb_ops.core.sites import Site

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUES = {"headers": re.compile(r"[ -~]{1,8000}"), "cookies": re.compile(r"[!-:<-~]{1,4000}")}
_NOT_OURS = {"host", "connection", "content-length", "transfer-encoding", "upgrade", "cookie"}
"""Headers that HTTP itself depends on; cookies have an option of their own."""
_SCHEMES = {"http", "socks4", "socks5"}


def site_access(site: Site) -> Access:
    """:raises SettingsError: a connection is missing or unsuitable. The message has no secret values."""
    own: dict[str, Mapping[str, str]] = {}
    if site.headers or site.cookies:
        extra = _connection(site.connection, site, "headers" if site.headers else "cookies").extra_dejson
        own = {option: _pairs(site, option, extra) for option in _VALUES if getattr(site, option)}
    return Access(**own, proxy=_proxy(site) if site.proxy else None)


def check_access(sites: Iterable[Site]) -> None:
    """:raises SettingsError: what a site's options need is not in its connections."""
    for site in sites:
        site_access(site)


def _connection(name: str, site: Site, option: str) -> Connection:
    try:
        return BaseHook.get_connection(name)
    except AirflowNotFoundException:
        raise SettingsError(
            f"{site.name} has the option {option}, but there is no Airflow connection {name}: add it, or set "
            f"AIRFLOW_CONN_{name.upper()} (docs/sites.md has an example)."
        ) from None


def _pairs(site: Site, option: str, extra: Any) -> Mapping[str, str]:
    pairs = extra.get(option) if isinstance(extra, dict) else None
    if not isinstance(pairs, dict) or not pairs:
        raise SettingsError(
            f'The connection {site.connection} has no {option}: write {{"{option}": {{"name": "value"}}}} into its '
            "extra."
        )
    for name, value in pairs.items():
        if isinstance(value, str):
            mask_secret(value)
        wrong = not _TOKEN.fullmatch(name) or not isinstance(value, str) or not _VALUES[option].fullmatch(value)
        if wrong or name.lower() in _NOT_OURS:
            raise SettingsError(
                f"The connection {site.connection} has {option} with {name[:100]!r}, which can't be sent: use "
                "a name of letters and hyphens, not one of the browser's own "
                f"({', '.join(sorted(_NOT_OURS))}), and ASCII text."
            )
    return pairs


def _proxy(site: Site) -> SplitResult:
    connection = _connection(site.proxy, site, "proxy")
    scheme = (connection.conn_type or "").lower()
    if scheme not in _SCHEMES or not connection.host:
        raise SettingsError(
            f"The connection {site.proxy}, the proxy of {site.name}, is of type {scheme!r} with "
            f"{'a' if connection.host else 'no'} host: give it the type http, socks4 or socks5, a host and a port."
        )
    if connection.password:
        mask_secret(connection.password)
    login = quote(connection.login or "", safe="")
    password = f":{quote(connection.password, safe='')}" if connection.password else ""
    host = f"[{connection.host}]" if ":" in connection.host else connection.host
    place = f"{login}{password}@{host}" if login else host
    port = connection.port or (8080 if scheme == "http" else 1080)
    return SplitResult(scheme, f"{place}:{port}", "", "", "")
