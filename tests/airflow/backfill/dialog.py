"""Airflow's backfill dialog, and its button that clears a task, as a person works them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.airflow.screens import log_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from selenium.webdriver.remote.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

    from tests.airflow.running import Up

_NOT_YET = (StaleElementReferenceException, ElementClickInterceptedException, ElementNotInteractableException)

BEHAVIOURS = {"none": "Missing Runs", "failed": "Missing and Errored Runs", "completed": "All Runs"}
"""What the dialog calls each way to treat runs that are there already."""


def run_backfill(
    browser: WebDriver,
    up: Up,
    times: Sequence[datetime],
    behaviour: str,
    sites: Iterable[str] = (),
    rerecognise: bool = False,
) -> None:
    """Log in, fill in the dialog for these run times, ten runs at once, and press Run Backfill.

    The browser's clock is UTC.
    """
    browser.get(f"{up.api.address}/dags/trending_celebrities")
    log_in(browser, up)
    _pressed(browser, "button", "Trigger")
    _pressed(browser, "[role=dialog] label", "Backfill\nRun this Dag for a range of dates")
    for when in (times[0], times[-1]):
        # Of the two the one that is left says so still.
        _pressed(browser, "[role=dialog] p", "Select date and time")
        _typed(browser, "input[placeholder='YYYY/MM/DD']", f"{when:%Y/%m/%d}")
        _typed(browser, "input[placeholder='HH:mm']", f"{when:%H:%M}")
        _pressed(browser, "[role=dialog] h2")
    _pressed(browser, "[role=dialog] label", BEHAVIOURS[behaviour])
    _typed(browser, "input[name=max_active_runs]", "10")
    for site in sites:
        _typed(browser, "input[aria-label='Select one or multiple values']", site, end="")
        _pressed(browser, "[role=option]", site)
    if rerecognise:
        _pressed(browser, "[role=dialog] label:has(input[name=element_rerecognise])")
    # Without it the dialog sends none of the parameters, not for new runs either.
    _pressed(browser, "[role=dialog] label", "Override parameters on existing runs")
    _pressed(browser, "[role=dialog] button", "Run Backfill")
    _until_closed(browser)


def clear_task(browser: WebDriver, up: Up, run: str, task: str, site: int) -> None:
    """Log in, open a task of the site with this index, and press the button that clears it and what follows it."""
    browser.get(f"{up.api.address}/dags/trending_celebrities/runs/{quote(run)}/tasks/{task}/mapped/{site}")
    log_in(browser, up)
    _pressed(browser, "button[aria-label*='to clear']")
    # It is off until it knows what follows.
    _pressed(browser, "[role=dialog] button:enabled", "Confirm")
    _until_closed(browser)


def _until_closed(browser: WebDriver) -> None:
    WebDriverWait(browser, 30, ignored_exceptions=_NOT_YET).until(
        lambda _: not any(one.is_displayed() for one in browser.find_elements(By.CSS_SELECTOR, "[role=dialog]"))
    )


def _pressed(browser: WebDriver, css: str, text: str = "") -> None:
    """Press the first that is shown, as soon as it can be: the UI makes parts of its page anew while it comes up."""
    _when_shown(browser, css, text, lambda one: one.click())


def _typed(browser: WebDriver, css: str, text: str, end: str = Keys.TAB) -> None:
    """Put the text in the place of what the field has."""
    _when_shown(browser, css, "", lambda one: one.send_keys(Keys.CONTROL, "a", Keys.NULL, text, end))


def _when_shown(browser: WebDriver, css: str, text: str, act: Callable[[WebElement], None]) -> None:
    def look(_: WebDriver) -> bool:
        for one in browser.find_elements(By.CSS_SELECTOR, css):
            if one.is_displayed() and text in ("", one.text):
                act(one)
                return True
        return False

    WebDriverWait(browser, 30, ignored_exceptions=_NOT_YET).until(look)
