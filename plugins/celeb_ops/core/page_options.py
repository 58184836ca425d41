"""The options of unusual sites: what is done on the page, and how it is reached. ``docs/sites.md`` has examples."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from celeb_ops.core.validation import contact_address

MOBILE_VIEWPORT = (390, 844)
MOBILE_SCALE = 2
"""Picture pixels per CSS px: a phone has 2 to 3; more would make the picture large, not the faces clear."""
CODE_CHARS = 100_000
_RECORDED_CHARS = 500
_AGENT = re.compile(r"[!-~][ -~]{0,299}")
_BRACKETS = {"(": ")", "[": "]"}


def _selector(text: str) -> str:
    """Refuse only what can't be a selector; the browser checks the rest."""
    wrong = not text.strip() or text.lstrip().startswith(("/", "<")) or re.search(r"[{};\r\n]", text)
    if wrong or not _is_balanced(text):
        raise ValueError("this is no CSS selector; write it like '#banner' or '.popup > button'")
    return text


def _is_balanced(text: str) -> bool:
    text = re.sub(r"\\.|\"[^\"]*\"|'[^']*'", "", text)
    open_ = []
    for sign in text:
        if sign in _BRACKETS:
            open_.append(_BRACKETS[sign])
        elif sign in _BRACKETS.values() and (not open_ or open_.pop() != sign):
            return False
    return not open_ and not set(text) & set("\"'")


def _as_list(value: Any) -> Any:
    if not isinstance(value, str | list | tuple):
        raise ValueError("write a list of CSS selectors, ['#banner', '.popup > button']")
    return [value] if isinstance(value, str) else value


def _css(text: str) -> str:
    if text and not re.search(r"\{[^{}]*\}", text):
        raise ValueError(
            "this is no CSS; write rules like '.banner { display: none }', or the name of a .css file beside this one"
        )
    return text


def _agent(text: str) -> str:
    if text and not _AGENT.fullmatch(text):
        raise ValueError("this can be no User-Agent; write one line of at most 300 ASCII characters")
    return text


def _from_connection(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(
            "don't write headers or cookies into the file: write `true` here, and put them into the extra of the "
            "Airflow connection celebs_site_<name>"
        )
    return value


def _connection_id(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9_]{1,200}", text):
        raise ValueError("this is the name of no Airflow connection: write it like celebs_proxy, never an address")
    return text


Selector = Annotated[str, AfterValidator(_selector)]
Selectors = Annotated[tuple[Selector, ...], BeforeValidator(_as_list)]
Secret = Annotated[bool, BeforeValidator(_from_connection)]


class PageOptions(BaseModel):
    """Options for unusual sites; most sites need none of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    click: Selectors = ()
    """Elements to click once the page is ready, in this order; elements that are not there are skipped."""
    javascript: str = Field("", max_length=CODE_CHARS)
    """Runs in the page then, as the body of an async function; or the name of a file beside the sites file."""
    wait_for: Selector | None = None
    """The page is complete when this element is visible; without it the capture fails."""
    hide: Selectors = ()
    css: Annotated[str, Field(max_length=CODE_CHARS), AfterValidator(_css)] = ""
    """Rules, or the name of a file beside the sites file."""
    selector: Selector | None = None
    """Only this part of the page is captured."""
    mobile: bool = Field(False, strict=True)
    """Capture as on a phone: window, scale, touch, User-Agent."""
    user_agent: Annotated[str, AfterValidator(_agent)] = ""
    contact: Annotated[str, AfterValidator(contact_address)] = ""
    """The operator's contact address, which is added to the User-Agent."""
    headers: Secret = False
    """Whether the headers of the connection ``celebs_site_<name>`` are sent to the site's own host."""
    cookies: Secret = False
    """Whether the cookies of that connection are sent to the site's own host."""
    proxy: Annotated[str, AfterValidator(_connection_id)] = ""
    """The Airflow connection of the proxy through which the site is reached."""

    respect_robots: bool = Field(False, strict=True)
    """The site is skipped if its robots.txt closes the page."""

    @property
    def scale(self) -> int:
        """Picture pixels per CSS px."""
        return MOBILE_SCALE if self.mobile else 1

    @property
    def recorded(self) -> dict[str, Any]:
        """The options that differ from the defaults, for the sidecar; no secret is among them."""
        used = {name: getattr(self, name) for name in PageOptions.model_fields}
        plain = {name: field.default for name, field in PageOptions.model_fields.items()}
        return {
            name: f"{value[:_RECORDED_CHARS]}…" if isinstance(value, str) and len(value) > _RECORDED_CHARS else value
            for name, value in used.items()
            if value != plain[name]
        }
