"""A browser: local, or at the remote WebDriver of ``CELEBS_BROWSER_URL``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook

from celeb_ops.settings import Settings
from celeb_ops.sites import CaptureOptions

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from selenium.webdriver.remote.webdriver import WebDriver


class WebDriverHook(BaseHook):
    """
    Open a browser for one capture.

    :param browser_url: address of a Selenium Grid or chromedriver; empty starts a local Chromium.
        Default: the setting ``CELEBS_BROWSER_URL``.
    """

    def __init__(self, browser_url: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.browser_url = Settings.load().browser_url if browser_url is None else browser_url

    def get_conn(self) -> AbstractContextManager[WebDriver]:
        """A browser with default capture options; see :meth:`browser`."""
        return self.browser(CaptureOptions())

    def browser(self, options: CaptureOptions, proxy: str = "") -> AbstractContextManager[WebDriver]:
        """A browser with a clean profile, as a context manager that always ends it.

        :param proxy: its one way out; empty: the network of the machine it runs on.
        """
        from celeb_ops.capture.browser import open_browser

        return open_browser(options, self.browser_url, proxy)
