"""Consent dialogs and other walls before a page: autoconsent first, a generic clean-up behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celeb_ops.capture import scripts
from celeb_ops.capture.facts import Cleared
from celeb_ops.core.records import Consent
from celeb_ops.core.settings import PROJECT

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.sites import CaptureOptions

AUTOCONSENT = PROJECT / "node_modules" / "@duckduckgo" / "autoconsent" / "dist" / "autoconsent.standalone.js"
"""DuckDuckGo's autoconsent (MPL-2.0) with its rules inside; ``make setup`` installs it where npm is there."""

_ACTION = {"opt_out": "optOut", "opt_in": "optIn"}


def autoconsent(options: CaptureOptions) -> str:
    """The script to run in every new document; empty where it is not installed or not wanted."""
    if options.consent not in _ACTION or not AUTOCONSENT.is_file():
        return ""
    # Its start waits for the document, so the action can still be set behind its own first run.
    action = f"window.autoconsentStandalone.instance.config.autoAction = '{_ACTION[options.consent]}';"
    return (
        "try {" + AUTOCONSENT.read_text(encoding="utf-8") + f"\n{action}\n"
        "} catch (error) { console.warn('autoconsent did not start', error); }"
    )


def state(driver: WebDriver) -> str:
    """What autoconsent is at, as the page says."""
    return scripts.said_by_page(driver, "autoconsent").partition("\n")[0]


def _messages(driver: WebDriver) -> list[list[str]]:
    """What autoconsent did, as the page says: kind, dialog, and whether it was done (``yes`` or nothing)."""
    lines = scripts.said_by_page(driver, "autoconsent").split("\n")[1:]
    return [parts for line in lines if len(parts := line.split("\t")) == 3]


def clear_view(driver: WebDriver, options: CaptureOptions, before: Consent | None = None) -> tuple[Consent, list[str]]:
    """Remove what stands before the page, unlock scrolling and unroll what scrolls by itself.

    :param before: what was found and done earlier.
    :return: what was found and done, with that; names of layers that still hide most of the view.
    """
    if options.consent == "leave":
        return Consent(), []
    walls = Cleared.model_validate(scripts.run(driver, "clear_view", _messages(driver)))
    panes = Cleared.model_validate(scripts.run(driver, "unroll"))
    earlier = before or Consent()
    consent = Consent(
        found=list(dict.fromkeys(earlier.found + walls.found + panes.found)),
        done=list(dict.fromkeys(earlier.done + walls.done + panes.done)),
    )
    return consent, walls.left
