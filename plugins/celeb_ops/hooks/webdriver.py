"""A browser: local, or at a remote WebDriver."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.sdk import BaseHook

from celeb_ops.hooks.airflow_names import conf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.capture.robots import Robots
    from celeb_ops.core.sites import CaptureOptions, Site

_PORTS = (
    ("api", "port"),
    ("logging", "worker_log_server_port"),
    ("logging", "trigger_log_server_port"),
    ("scheduler", "scheduler_health_check_server_port"),
)
"""Ports of Airflow's parts on this machine, by section and option of its configuration."""
_ADDRESSES = (
    ("api", "base_url"),
    ("core", "execution_api_server_url"),
    ("database", "sql_alchemy_conn"),
    ("celery", "broker_url"),
    ("celery", "result_backend"),
)
_USUAL_PORTS = {"http": 80, "https": 443, "redis": 6379, "amqp": 5672, "postgresql": 5432, "mysql": 3306}


class WebDriverHook(BaseHook):
    """
    Open a browser for one capture.

    :param browser_url: address of a Selenium Grid or chromedriver; empty starts a local Chromium.
    """

    def __init__(self, browser_url: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.browser_url = browser_url

    def visit(self, site: Site) -> AbstractContextManager[WebDriver]:
        """A browser for a site's live page, with access to public addresses but not Airflow's.

        :raises SettingsError: a connection that the site's options need is missing or wrong.
        """
        from celeb_ops.capture.visit import visit
        from celeb_ops.hooks.site_access import site_access

        return visit(site, self.browser_url, airflow_addresses(), site_access(site))

    def robots(self, site: Site) -> Robots:
        """The answer of a site's robots.txt for its page."""
        from celeb_ops.capture.visit import robots_of
        from celeb_ops.hooks.site_access import site_access

        return robots_of(site, airflow_addresses(), site_access(site))

    def browser(self, options: CaptureOptions, proxy: str = "") -> AbstractContextManager[WebDriver]:
        """A browser with a clean profile, as a context manager that always ends it.

        :param proxy: its only way out, with its own certificates; empty: the machine's network, which is not for
            untrusted pages.
        """
        from celeb_ops.capture.browser import open_browser

        return open_browser(options, self.browser_url, proxy, any_certificate=bool(proxy))


def airflow_addresses() -> Iterator[tuple[str, int]]:
    """Hosts and ports of Airflow's parts, queue and database, from its configuration."""
    for section, option in _PORTS:
        if port := conf.getint(section, option, fallback=0):
            yield "localhost", port
    celery = "celery" in conf.get("core", "executor", fallback="").lower()
    for section, option in _ADDRESSES:
        if section == "celery" and not celery:
            # The defaults are no real hosts.
            continue
        # An invalid port raises ValueError. The scheme may be `db+postgresql+psycopg2`.
        with suppress(ValueError):
            place = urlsplit(conf.get(section, option, fallback=None) or "")
            usual = next((_USUAL_PORTS[part] for part in place.scheme.split("+") if part in _USUAL_PORTS), None)
            if place.hostname and (port := place.port or usual):
                yield place.hostname, port
