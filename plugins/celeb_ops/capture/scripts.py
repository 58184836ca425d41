"""The JavaScript that is run in pages: files in ``scripts/``, each the body of one function.

They run in an isolated world: a view of the page's DOM with the browser's own objects, which the page's scripts can
neither see nor change. (One thing of the page's shows there too: a form's fields, see ``own`` in ``common.js``.)
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
"""Of an answer: the facts of ``facts.MOST_PICTURES`` pictures at their longest."""
_TRIES = 10
_PARTS = {"hold_still": ("rest",), "facts": ("words",)}
"""Functions that a script uses, in a file of their own."""
_MOVED_ON = re.compile(r"execution context|find context|navigated or closed|No frame for given id")
"""The page went on to another one, and its world with it."""
_KEY = secrets.token_hex(16)
"""What our worlds know each other by: an id may have come to another world, the page's own or another tab's."""
_MARK = f"window[Symbol.for('celebs world')] = '{_KEY}'"
_worlds: WeakKeyDictionary[WebDriver, int] = WeakKeyDictionary()
"""The world that was used last: to make sure of it each time would take two answers more of the driver's."""


@cache
def source(name: str) -> str:
    """The text of ``scripts/<name>.js``."""
    return files("celeb_ops.capture").joinpath("scripts", f"{name}.js").read_text(encoding="utf-8")


def run(driver: WebDriver, name: str, *arguments: Any) -> Any:
    """What the script returns."""
    return evaluate(driver, body(name), *arguments)


def body(name: str) -> str:
    """The script behind what it stands on."""
    return "".join(map(source, ("common", *_PARTS.get(name, ()), name)))


def evaluate(driver: WebDriver, body: str, *arguments: Any) -> Any:
    """What a function of this body returns in the page's isolated world, as JSON has it; nothing else comes back.

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
    """The same in the world of the frame that stands at ``number`` in ``kept.frames``; None where it can't be reached.

    Frames of other hosts are closed to the page's world; that they are in its process lets the browser reach them.
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


def said_by_page(driver: WebDriver, name: str) -> str:
    """The text that a script returns in the page's own world, where the page decides what it is: not to be believed.

    The script bounds its length by means that no page can change. Empty where there is none.
    """
    try:
        return str(_value(driver, source(name)) or "")
    except WebDriverException as error:
        if _MOVED_ON.search(error.msg or ""):
            return ""
        raise


def _world(driver: WebDriver) -> int:
    """The isolated world's id: made where the document has none yet. Each document has one of its own."""
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
    """What an expression is in a world; None: the page's own."""
    executor = driver.command_executor
    given_s = executor.client_config.timeout if isinstance(executor, RemoteConnection) else None
    parameters: dict[str, Any] = {"expression": expression, "returnByValue": True}
    if world is not None:
        parameters["contextId"] = world
    if given_s:
        # Some seconds before the driver's answer is given up: the driver would wait on, and could not be told to quit.
        parameters["timeout"] = max(given_s - 8, 1) * 1000
    try:
        answer = driver.execute_cdp_cmd("Runtime.evaluate", parameters)
    except WebDriverException as error:
        if "Execution was terminated" in (error.msg or ""):
            raise TimeoutException("timeout: a script in the page was not done in time") from None
        raise
    return answer["result"].get("value")


def run_long(driver: WebDriver, name: str, *arguments: Any, within_s: float) -> Any:
    """What the script hands to its last argument; None where the page went on to another one meanwhile.

    Not awaited by the browser: chromedriver waits without any bound when the page hangs, and can't even be told to
    quit then.

    :raises TimeoutException: the script was not done within ``within_s`` seconds.
    """
    begin = f"kept.done = []; (function () {{ {source(name)}\n}})(...arguments, value => {{ kept.done = [value]; }});"
    evaluate(driver, source("common") + begin, *arguments)
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        done = evaluate(driver, source("common") + "return kept.done ?? null")
        if done is None:
            return None
        if done:
            return done[0]
        time.sleep(_POLL_S)
    raise TimeoutException(f"The script {name} timed out after {within_s:g} s.")
