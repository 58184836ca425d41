"""Consent dialogs and other walls over a page: autoconsent first, then a generic clean-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celeb_ops.capture import scripts
from celeb_ops.capture.facts import Cleared
from celeb_ops.core.settings import setup_path

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.sites import CaptureOptions

AUTOCONSENT = setup_path("node_modules/@duckduckgo/autoconsent/dist/autoconsent.standalone.js")
"""DuckDuckGo's autoconsent (MPL-2.0) with its rules inside; ``make setup`` installs it if npm is there."""

_ACTION = {"opt_out": "optOut", "opt_in": "optIn"}


def lacks_autoconsent(options: CaptureOptions) -> bool:
    """Whether dialogs should be answered, but autoconsent is not installed."""
    return options.consent in _ACTION and not AUTOCONSENT.is_file()


def autoconsent(options: CaptureOptions) -> str:
    """The script to run in every new document; empty if it is not installed or not wanted."""
    if options.consent not in _ACTION or not AUTOCONSENT.is_file():
        return ""
    # autoconsent starts only when the document is there, so the action can still be set after the script has been
    # loaded.
    action = f"window.autoconsentStandalone.instance.config.autoAction = '{_ACTION[options.consent]}';"
    return (
        "try {" + AUTOCONSENT.read_text(encoding="utf-8") + f"\n{action}\n"
        "} catch (error) { console.warn('autoconsent did not start', error); }"
    )


def _messages(driver: WebDriver) -> list[list[str]]:
    """The messages of autoconsent, as the page reports them: kind, dialog, and success (``yes`` or empty)."""
    [told] = scripts.said_by_page(driver, "autoconsent")
    lines = told.split("\n")[1:]
    return [parts for line in lines if len(parts := line.split("\t")) == 3]


def clear_view(driver: WebDriver, options: CaptureOptions, before: Cleared | None = None) -> Cleared:
    """Remove what covers the page, unlock scrolling and unroll boxes that scroll by themselves.

    :param before: what was found and done earlier; it is in the answer too.
    """
    if options.consent == "leave":
        return before or Cleared()
    walls = Cleared.model_validate(scripts.run(driver, "clear_view", _messages(driver))).after(before or Cleared())
    panes = Cleared.model_validate(scripts.run(driver, "unroll")).after(walls)
    return panes.model_copy(update={"remaining": walls.remaining, "hidden": walls.hidden})
