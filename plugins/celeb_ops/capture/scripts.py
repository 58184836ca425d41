"""The JavaScript that is run in pages: files in ``scripts/``, each the body of one function.

They run in an isolated world: a view of the page's DOM with the browser's own objects, which the page's scripts can
neither see nor change. (One thing of the page's shows there too: a form's fields, see ``member`` in ``common.js``.)
Plain CDP commands, one answer for one request, so a remote driver does the same as a local one.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from selenium.common.exceptions import (
    InvalidArgumentException,
    JavascriptException,
    TimeoutException,
    WebDriverException,
)
from selenium.webdriver.remote.remote_connection import RemoteConnection

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

_POLL_S = 0.05
WORLD = "celebs"
_MOST_CHARS = 16_000_000
"""The longest answer: the facts of ``facts.MOST_PICTURES`` pictures."""
_TRIES = 10
_PARTS = {"hold_still": ("rest",), "facts": ("words", "placement"), "frames": ("words", "placement")}
"""Functions that a script uses, in a file of their own."""
_MOVED_ON = re.compile(r"execution context|find context|navigated or closed|No frame for given id")
"""The page navigated to another one, and its world is gone."""
_KEY = secrets.token_hex(16)
"""Marks our worlds: an id may by now belong to another world, the page's own or another tab's."""
_MARK = f"window[Symbol.for('celebs world')] = '{_KEY}'"
_worlds: WeakKeyDictionary[WebDriver, int] = WeakKeyDictionary()
"""The world that was used last: checking it each time would take two more calls to the driver."""


@cache
def source(name: str) -> str:
    """The text of ``scripts/<name>.js``."""
    return files("celeb_ops.capture").joinpath("scripts", f"{name}.js").read_text(encoding="utf-8")


def run(driver: WebDriver, name: str, *arguments: Any) -> Any:
    """Run a script and return its result."""
    return evaluate(driver, body(name), *arguments)


def body(name: str) -> str:
    """The script, after the scripts that it uses."""
    return "".join(map(source, ("common", *_PARTS.get(name, ()), name)))


def evaluate(driver: WebDriver, body: str, *arguments: Any) -> Any:
    """Run a function with this body in the page's isolated world and return its result, as JSON; nothing else comes
    back.

    :raises TimeoutException: it did not end in time.
    """
    expression = _expression(body, arguments)
    for tries_left in reversed(range(_TRIES)):
        try:
            if told := _value(driver, expression, _worlds.get(driver) or _world(driver)):
                break
            _worlds.pop(driver, None)
        except WebDriverException as error:
            known = _worlds.pop(driver, None)
            if not tries_left or not _MOVED_ON.search(error.msg or ""):
                raise
            if not known:
                time.sleep(_POLL_S)
    else:
        raise JavascriptException("javascript error: it gave no answer")
    return _answer(told)


def evaluate_in_frame(driver: WebDriver, number: int, body: str, *arguments: Any) -> Any:
    """The same in the world of the frame at ``number`` in ``kept.frames``; None if the frame can't be reached.

    Frames of other hosts are closed to the page's world. They are in its process, so the browser can reach them.
    """
    owner = f"window[Symbol.for('celebs')].frames[{number}]"
    parameters = {"expression": owner, "contextId": _worlds.get(driver) or _world(driver)}
    try:
        element = driver.execute_cdp_cmd("Runtime.evaluate", parameters)["result"]["objectId"]
        frame = driver.execute_cdp_cmd("DOM.describeNode", {"objectId": element, "depth": 0})["node"]["frameId"]
        made = driver.execute_cdp_cmd("Page.createIsolatedWorld", {"frameId": frame, "worldName": WORLD})
        marked = f"{_MARK}, {_expression(body, arguments)}"
        return _answer(_value(driver, marked, int(made["executionContextId"])))
    except TimeoutException:
        raise
    except (WebDriverException, KeyError):
        return None


def _expression(body: str, arguments: tuple[Any, ...]) -> str:
    # Cut before it is sent: an error's text can be the page's.
    return f"""(() => {{
      'use strict';
      if (window[Symbol.for('celebs world')] !== '{_KEY}') return '';
      try {{
        const told = JSON.stringify([(function () {{ {body}
        }})(...{json.dumps(arguments)})]);
        return told.length > {_MOST_CHARS} ? '{{"error": "it said too much"}}' : told;
      }} catch (error) {{ return JSON.stringify({{ error: String(error).slice(0, 300) }}); }}
    }})()"""


def _answer(told: str) -> Any:
    answer = json.loads(told)
    if isinstance(answer, dict):
        raise JavascriptException(f"javascript error: {answer['error']}")
    return answer[0]


def said_by_page(driver: WebDriver, *names: str) -> list[str]:
    """The texts that scripts return in the page's own world. The page can change them: don't trust them.

    The scripts limit their length in a way that no page can change. A text that is missing is empty.
    """
    # One call to the driver for all. No page can change how a template joins strings.
    expression = "`" + "\f".join(f"${{{source(name)}}}" for name in names) + "`"
    told = ""
    try:
        told = str(_value(driver, expression) or "")
    except WebDriverException as error:
        if not _MOVED_ON.search(error.msg or ""):
            raise
    return (told.split("\f") + [""] * len(names))[: len(names)]


def _world(driver: WebDriver) -> int:
    """The id of the isolated world, which is made if the document has none yet. Each document has its own."""
    made = {"worldName": WORLD}
    try:
        # The tab's handle is its main frame's id.
        return _made(driver, {"frameId": driver.current_window_handle, **made})
    except InvalidArgumentException:
        # Not so to every driver. (Not asked first: all frames' addresses are in the answer, as long as pages like.)
        tree = driver.execute_cdp_cmd("Page.getFrameTree", {})
        return _made(driver, {"frameId": tree["frameTree"]["frame"]["id"], **made})


def _made(driver: WebDriver, parameters: dict[str, str]) -> int:
    world = int(driver.execute_cdp_cmd("Page.createIsolatedWorld", parameters)["executionContextId"])
    _value(driver, _MARK, world)
    _worlds[driver] = world
    return world


def _value(driver: WebDriver, expression: str, world: int | None = None) -> Any:
    """The value of an expression in a world; None: the page's own world."""
    executor = driver.command_executor
    given_s = executor.client_config.timeout if isinstance(executor, RemoteConnection) else None
    parameters: dict[str, Any] = {"expression": expression, "returnByValue": True}
    if world is not None:
        parameters["contextId"] = world
    if given_s:
        # End it some seconds before we give up on the driver: the driver would wait on, and would not obey ``quit``.
        parameters["timeout"] = max(given_s - 8, 1) * 1000
    try:
        answer = driver.execute_cdp_cmd("Runtime.evaluate", parameters)
    except WebDriverException as error:
        if "Execution was terminated" in (error.msg or ""):
            raise TimeoutException("timeout: a script in the page was not done in time") from None
        raise
    return answer["result"].get("value")


def run_long(driver: WebDriver, name: str, *arguments: Any, within_s: float) -> Any:
    """The value that the script passes to its last argument; None if the page navigated to another one meanwhile.

    We poll, and the browser does not wait: if the page hangs, chromedriver waits for ever, and does not even obey
    ``quit``.

    :raises TimeoutException: the script was not done within ``within_s`` seconds.
    """
    begin = f"kept.done = []; (function () {{ {source(name)}\n}})(...arguments, value => {{ kept.done = [value]; }});"
    evaluate(driver, source("common") + begin, *arguments)
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        done = evaluate(driver, "return window[Symbol.for('celebs')]?.done ?? null")
        if done is None:
            return None
        if done:
            return done[0]
        time.sleep(_POLL_S)
    raise TimeoutException(f"The script {name} timed out after {within_s:g} s.")
