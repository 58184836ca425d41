"""A browser on a visit to one site: whatever its pages do, they reach what they may and nothing else."""

from __future__ import annotations

import contextlib
import logging
import socket
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.remote.remote_connection import RemoteConnection
from urllib3.exceptions import HTTPError

from celeb_ops.capture import refusals
from celeb_ops.capture.access import PLAIN, Access, OwnHost
from celeb_ops.capture.allowed_addresses import Reach, resolve
from celeb_ops.capture.browser import open_browser
from celeb_ops.capture.robots import Robots, read_robots
from celeb_ops.capture.site_proxy import SiteProxy, connect
from celeb_ops.core.exceptions import CaptureError, FinalCaptureError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.sites import Site


@contextlib.contextmanager
def visit(
    site: Site,
    url: str = "",
    closed: Iterable[tuple[str, int]] = (),
    access: Access = PLAIN,
    resolve: Callable[[str], list[str]] = resolve,
    connect: Callable[[list[str], int], Awaitable[socket.socket]] = connect,
) -> Iterator[WebDriver]:
    """A driver with a separate browser for a site's page, as :func:`celeb_ops.capture.browser.open_browser`.

    :param url: a remote WebDriver; empty starts a local one.
    :param closed: hosts and ports that no page reaches, beside the browser's own.
    :param access: headers and cookies for the site's own host, and the proxy by which everything is reached.
    :param resolve: the addresses of a name.
    :param connect: a connection to one of several addresses at a port.
    :raises CaptureError: the browser could not be started, or does not reach the proxy in this process.
    :raises FinalCaptureError: in place of another CaptureError of what is done with the driver: the page led to what
        it may not reach.
    """
    reach = Reach(*_place(urlsplit(site.url)), resolve)
    reach.block(closed)
    if url:
        reach.block([_place(urlsplit(url))])
    host = own_address(url) if url else "127.0.0.1"
    own = OwnHost(site, access.headers) if access.headers else None
    with (
        SiteProxy(reach, host, connect, access.proxy, own, site.blocked) as egress,
        open_browser(site, url, egress.address, known_key=own.key_digest if own else "") as driver,
    ):
        reach.block(_listening(driver))
        if access.cookies:
            # At DEBUG it writes each command into the log, with what that carries.
            logging.getLogger("selenium.webdriver.remote.remote_connection").setLevel(logging.INFO)
            # Without a domain they are sent only to the host, not to its subdomains.
            cookies = [{"name": name, "value": value, "url": site.url} for name, value in access.cookies.items()]
            driver.execute_cdp_cmd("Network.setCookies", {"cookies": cookies})
        try:
            yield driver
        except CaptureError as error:
            raise _explained(site, driver, egress, error) from error


def robots_of(
    site: Site,
    closed: Iterable[tuple[str, int]] = (),
    access: Access = PLAIN,
    resolve: Callable[[str], list[str]] = resolve,
    connect: Callable[[list[str], int], Awaitable[socket.socket]] = connect,
) -> Robots:
    """The answer of the site's robots.txt for its page, requested over the same connection as in :func:`visit`."""
    reach = Reach(*_place(urlsplit(site.url)), resolve)
    reach.block(closed)
    with SiteProxy(reach, connect=connect, proxy=access.proxy) as egress:
        return read_robots(site, egress.address)


def _place(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _listening(driver: WebDriver) -> Iterator[tuple[str, int]]:
    """Where the driver listens, and the browser for it."""
    executor = driver.command_executor
    if isinstance(executor, RemoteConnection):
        yield _place(urlsplit(executor.client_config.remote_server_addr))
    # Of a local one there is none: they talk through a pipe.
    if debugger := driver.capabilities.get("goog:chromeOptions", {}).get("debuggerAddress"):
        yield _place(urlsplit(f"//{debugger}"))


def _explained(site: Site, driver: WebDriver, egress: SiteProxy, error: CaptureError) -> CaptureError:
    """The error with what the proxy knows of it: the browser says of all its troubles that there was no answer."""
    if error.reason_code not in {ReasonCode.NO_ANSWER, ReasonCode.UNKNOWN_HOST}:
        return error
    if not egress.has_connected:
        return unreached(egress.address, error)
    with contextlib.suppress(WebDriverException, HTTPError, OSError, ValueError):
        host, port = _place(urlsplit(driver.current_url))
        if failure := egress.failed.get((host, port)):
            if not failure.internal:
                return refusals.reached(site, failure.why) or error
            return FinalCaptureError(
                f"{site.url} led to {host}:{port} ({failure.why}), which its pages may not reach, and was not "
                "photographed. A public site's page reaches public addresses only; no page reaches Airflow or the "
                "browser's driver. If the site is inside your network, give its address there in the sites file.",
                ReasonCode.INTERNAL_ADDRESS,
            )
    return error


def unreached(proxy: str, error: CaptureError) -> CaptureError:
    """The error where a browser never came to its proxy."""
    return CaptureError(
        f"The browser did not reach the proxy at {proxy} in this task's process, its only way to pages ({error}). If "
        "CELEBS_BROWSER_URL is a browser on another machine, or in a container, it must be able to reach this machine.",
        ReasonCode.BROWSER,
    )


def own_address(browser_url: str) -> str:
    """The address by which a remote browser can reach this machine: the one it is reached from.

    :raises CaptureError: the browser's own address is not known.
    """
    place = urlsplit(browser_url)
    try:
        family, kind, protocol, _, there = socket.getaddrinfo(place.hostname, place.port or 80, type=socket.SOCK_DGRAM)[
            0
        ]
        with socket.socket(family, kind, protocol) as probe:
            # Nothing is sent: the system only says which way it would go.
            probe.connect(there)
            address: str = probe.getsockname()[0]
    # A name that can't be one is no OSError.
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        text = f"The host of the browser at {browser_url} was not found ({why}): is CELEBS_BROWSER_URL right?"
        raise CaptureError(text, ReasonCode.BROWSER) from error
    return address
