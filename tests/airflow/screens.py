"""Airflow's UI as a person uses it in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

    from tests.airflow.running import Up


def found(browser: WebDriver, css: str, text: str = "") -> WebElement:
    """The first element that comes to be there, with this text if one is given."""

    def look(_: WebDriver) -> WebElement | None:
        return next((one for one in browser.find_elements(By.CSS_SELECTOR, css) if text in ("", one.text)), None)

    # Airflow's UI makes parts of its page anew while it comes up.
    return WebDriverWait(browser, 30, ignored_exceptions=[StaleElementReferenceException]).until(look)


def log_in(browser: WebDriver, up: Up) -> None:
    """Fill in the login that the browser was sent to."""
    found(browser, "input[name=username]").send_keys("admin")
    found(browser, "input[name=password]").send_keys(up.api.password)
    found(browser, "button[type=submit]").click()
