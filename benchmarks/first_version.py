"""The first version's way, exactly, on today's Chromium: what ours is compared with.

pyppeteer's default viewport of 800x600, ``goto`` (waits for the load event), five seconds, then ``fullPage``, which
resizes the viewport to the page's height, at JPEG quality 40; the picture cut into ``height // 2000`` equal pieces.
"""

from __future__ import annotations

import base64
import contextlib
import io
import time
from pathlib import Path

import psutil
from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.chrome.options import Options
from urllib3.exceptions import HTTPError

WAIT_S = 5
SLICE_PX = 2_000
PATIENCE_S = 30


def screenshot(url: str, picture: str) -> int:
    """The page's picture into the file ``picture``; its bytes (0: the browser gave none)."""
    options = Options()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"):
        options.add_argument(argument)
    for argument in ("--no-first-run", "--disable-component-update", "--disable-sync", "--hide-scrollbars"):
        options.add_argument(argument)
    options.unhandled_prompt_behavior = "dismiss"
    driver = webdriver.Chrome(options=options)
    # The first version had no bound at all: a page that prints or asks held it for ever.
    driver.command_executor.client_config.timeout = PATIENCE_S
    try:
        driver.set_page_load_timeout(30)
        _size(driver, 800, 600)
        try:
            driver.get(url)
        except TimeoutException:
            driver.execute_script("window.stop()")
        time.sleep(WAIT_S)
        content = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        width, height = round(content["width"]), round(content["height"])
        _size(driver, width, height)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        try:
            answer = driver.execute_cdp_cmd(
                "Page.captureScreenshot", {"format": "jpeg", "quality": 40, "clip": clip}
            ).get("data", "")
        except WebDriverException:
            answer = ""
        return Path(picture).write_bytes(base64.b64decode(answer))
    except HTTPError:
        return Path(picture).write_bytes(b"")
    finally:
        # It left its browser running where a page held it; a benchmark must not.
        family = psutil.Process(driver.service.process.pid).children(recursive=True)
        with contextlib.suppress(HTTPError, WebDriverException):
            driver.quit()
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()


def _size(driver: webdriver.Chrome, width: int, height: int) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )


def slices(picture: Path) -> list[bytes]:
    """``height // 2000`` equal pieces: none at all of a page under 2,000 px."""
    if not picture.stat().st_size:
        return []
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(picture) as image:
        number = image.height // SLICE_PX
        if not number:
            return []
        step = image.height // number
        pieces = []
        for top in range(0, number * step, step):
            out = io.BytesIO()
            image.crop((0, top, image.width, top + step)).save(out, "JPEG", quality=75)
            pieces.append(out.getvalue())
        return pieces
