"""The JavaScript that is run in pages: files in ``scripts/``, each the body of one function."""

from __future__ import annotations

import time
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from selenium.common.exceptions import TimeoutException

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

_POLL_S = 0.05


@cache
def source(name: str) -> str:
    """The text of ``scripts/<name>.js``."""
    return files("celeb_ops.capture").joinpath("scripts", f"{name}.js").read_text(encoding="utf-8")


def run(driver: WebDriver, name: str, *arguments: Any) -> Any:
    """What the script returns."""
    return driver.execute_script(source("common") + source(name), *arguments)


def run_long(driver: WebDriver, name: str, *arguments: Any, within_s: float) -> Any:
    """What the script hands to its last argument; None where the page went on to another one meanwhile.

    Not WebDriver's asynchronous script: chromedriver waits for one without any bound when the page hangs, and can't
    even be told to quit then.

    :raises TimeoutException: the script was not done within ``within_s`` seconds.
    """
    body = source("common") + source(name)
    driver.execute_script(
        f"window.celebsDone = []; (function () {{{body}}})(...arguments, value => {{ window.celebsDone = [value]; }});",
        *arguments,
    )
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        done = driver.execute_script("return window.celebsDone")
        if done is None:
            return None
        if done:
            return done[0]
        time.sleep(_POLL_S)
    raise TimeoutException(f"The script {name} timed out after {within_s:g} s.")
