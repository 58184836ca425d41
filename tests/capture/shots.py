"""Captures for tests, and pages whose picture is known row by row without rendering them."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyvips

from celeb_ops.capture.browser import open_browser
from celeb_ops.capture.page import PageCapture, capture_page
from celeb_ops.capture.visit import visit
from celeb_ops.core.exceptions import CaptureError
from celeb_ops.core.sites import Site
from tests.capture.site import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from selenium.webdriver.remote.webdriver import WebDriver

WIDTH, HEIGHT = 400, 600
"""The window."""
BAND = 37
"""Rows of one colour: no divisor of a strip's or a window's height, so that a slip by one row shows."""


def site_at(url: str, **options: Any) -> Site:
    """A site with short budgets, a small window and exact pictures."""
    defaults: dict[str, Any] = {
        "viewport": (WIDTH, HEIGHT),
        "load_time_s": 4,
        "timeout_s": 15,
        "format": "png",
        "consent": "opt_out",
    }
    # Some of these addresses (about:blank) no sites file may have.
    return Site(url="http://localhost/", name="TEST", **(defaults | options)).model_copy(update={"url": url})


@dataclass(frozen=True)
class Shot:
    """A capture with its picture; ``seconds`` without the start and end of the browser."""

    page: PageCapture
    seconds: float
    folder: tempfile.TemporaryDirectory[str]

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """The joined picture: rows, columns, RGB."""
        return pixels(*(part.path for part in self.page.parts))


def pixels(*paths: Path) -> NDArray[np.uint8]:
    # libvips keeps what it has read from a path, also when there is another picture by now.
    images = [pyvips.Image.new_from_file(str(path), revalidate=True) for path in paths]
    return np.concatenate([image.numpy()[:, :, :3] for image in images])


def shoot(url: str, browser_url: str = "", **options: Any) -> Shot:
    """Capture a page in a browser of its own, as tasks do."""
    site = site_at(url, **options)
    with visit(site, browser_url) as driver:
        return _shoot(driver, site)


class Studio:
    """Some browsers for many captures, each in a tab of its own.

    A capture mostly waits, while the start of a browser keeps two cores busy for a second or more.
    """

    def __init__(self) -> None:
        self._own = threading.local()
        self._stack = contextlib.ExitStack()
        # A driver ends with the thread that started it: these stay until the end.
        self._pool = ThreadPoolExecutor(3, initializer=self._open)

    def shoot(self, url: str, **options: Any) -> Shot:
        return self.shoot_all({"": url}, **options)[""]

    def shoot_all(
        self, urls: Mapping[str, str], own: Mapping[str, dict[str, Any]] | None = None, **options: Any
    ) -> dict[str, Shot]:
        """Several pages, some at once; ``own`` are options by page, over those of all."""
        sites = {name: site_at(url, **(options | (own or {}).get(name, {}))) for name, url in urls.items()}
        return dict(zip(sites, self._pool.map(self._in_a_tab, sites.values()), strict=True))

    def try_all(self, urls: Mapping[str, str], **options: Any) -> dict[str, Shot | CaptureError]:
        """Several pages, some of which may fail."""

        def one(url: str) -> Shot | CaptureError:
            try:
                return self._in_a_tab(site_at(url, **options))
            except CaptureError as error:
                return error

        return dict(zip(urls, self._pool.map(one, urls.values()), strict=True))

    def close(self) -> None:
        self._stack.close()
        self._pool.shutdown()

    def _open(self) -> None:
        self._own.driver = self._stack.enter_context(open_browser(site_at("http://127.0.0.1/")))

    def _in_a_tab(self, site: Site) -> Shot:
        driver = self._own.driver
        first = driver.current_window_handle
        driver.switch_to.new_window("tab")
        try:
            return _shoot(driver, site)
        finally:
            driver.close()
            driver.switch_to.window(first)


def _shoot(driver: WebDriver, site: Site) -> Shot:
    folder = tempfile.TemporaryDirectory(prefix="celebs-test-shot-")
    start = time.monotonic()
    page = capture_page(driver, site, Path(folder.name))
    return Shot(page, time.monotonic() - start, folder)


def colour(row: int) -> tuple[int, int, int]:
    """Of a band page's row."""
    band = row // BAND
    return band % 256, band // 256 * 20, 128


def bands(height: int, text: str = "") -> str:
    """A block of bands, ``height`` px tall; each may have some text, which is not seen."""
    rows = []
    for top in range(0, height, BAND):
        rgb = ",".join(map(str, colour(top)))
        look = f"height:{min(BAND, height - top)}px;background:rgb({rgb});color:transparent;overflow:hidden"
        rows.append(f"<div style='{look}'>{text}</div>")
    return "".join(rows)


def band_rows(height: int, width: int = WIDTH) -> NDArray[np.uint8]:
    """The picture of :func:`bands`, computed."""
    column = np.array([colour(row) for row in range(height)], np.uint8)
    return np.repeat(column[:, None, :], width, axis=1)


def html(body: str, style: str = "", script: str = "", attributes: str = "") -> str:
    """A page without margins, and with unseen words that take no room."""
    words = f"<div style='position:absolute;height:1px;width:1px;overflow:hidden;color:transparent'>{WORDS}</div>"
    return (
        f"<!doctype html><title>News</title><style>body {{ margin: 0 }} {style}</style>"
        f"<body {attributes}>{words}{body}<script>{script}</script>"
    )


def wrong_rows(picture: NDArray[np.uint8], expected: NDArray[np.uint8]) -> list[int]:
    """Rows in which two pictures differ, a dozen at the most; all sizes must agree."""
    if picture.shape != expected.shape:
        raise AssertionError(f"the picture is {picture.shape}, not {expected.shape}")
    return [int(row) for row in np.flatnonzero((picture != expected).any(axis=(1, 2)))[:12]]
