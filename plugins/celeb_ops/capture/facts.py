"""What the scripts in a page answer, and how much of it is taken.

They run in a world of their own (:mod:`celeb_ops.capture.scripts`), but what they read was written by a stranger: a
text has a length and no control characters, a link leads into the web, and pictures are as many as a sidecar can hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from celeb_ops.capture import scripts
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Picture
from celeb_ops.core.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from selenium.webdriver.remote.webdriver import WebDriver

MOST_PICTURES = 2_000
"""A front page shows some hundreds at the most. As many, with the longest words and addresses, are a sidecar of 10 MB;
200 real ones take 0.03 to 0.1 MB."""
MOST_LINKS = 300
_ADDRESS_CHARS = 2_000


def _web(address: str) -> str:
    """The address if it leads into the web; of one that is cut, what the script has left."""
    return address if address.startswith(("http://", "https://")) and address.isprintable() else ""


def _source(address: str) -> str:
    return address if address in {"data:", "video:"} else _web(address.removeprefix("blob:")) and address


Text = Annotated[str, AfterValidator(lambda text: cleaned(text, 500))]
Count = Annotated[int, Field(ge=0, le=10**9)]
Address = Annotated[str, Field(max_length=_ADDRESS_CHARS)]


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class Link(_Reply):
    """Where a page leads."""

    url: Address
    words: Count
    """Length of its words; a sign of Chinese, Japanese or Korean counts twice."""
    picture: bool
    """It holds one of those that are counted."""
    file: bool
    """Its words are the name of the file that it leads to."""


class Answer(_Reply):
    """What a site answered with, as the browser shows it."""

    url: Address
    title: Text
    status: Count
    """HTTP status; 0 where the browser tells none."""
    error: Text
    """Why the browser shows an error page of its own (``ERR_TOO_MANY_REDIRECTS``); mostly empty."""
    text: Text
    """The first words, those of the site's own frames included."""
    text_length: Count
    pictures: Count
    """Pictures, videos and canvases of 64 px a side and more."""
    frames: Text = ""
    """Addresses of the frames."""
    links: Annotated[list[Link], Field(max_length=MOST_LINKS)] = []
    """Those that are shown and lead to other pages, each address once."""
    titles: Count = 0
    """Headings that are shown."""
    password: bool = False
    """It asks for a password."""
    unlisted: bool = False
    """It is not for search engines (``noindex``)."""
    reloads: bool = False
    """It loads itself, or another page, within a minute."""


class Ready(_Reply):
    """What a page waits for, and what tells whether it has moved on since."""

    missing: Annotated[list[Text], Field(max_length=10)]
    arrived: Text
    signature: float
    files: Count


class WayDown(_Reply):
    """How the way down a page ended."""

    stopped: Text
    height: Count
    late: Count
    bound: bool
    """Some pictures are there only while they are in the view."""
    since_bottom: Count
    """Milliseconds since its bottom was reached."""


class Cleared(_Reply):
    """What stood before the page, and what was done about it."""

    found: Annotated[list[Text], Field(max_length=200)]
    done: Annotated[list[Text], Field(max_length=200)]
    left: Annotated[list[Text], Field(max_length=10)]
    """Layers that still hide most of the view."""


class Shown(_Reply):
    """A picture on the page; ``sure``: the browser has its pixels."""

    box: Annotated[list[int], Field(min_length=4, max_length=4)]
    sure: bool
    src: Annotated[Address, AfterValidator(_source)]
    alt: Text
    link: Annotated[Address, AfterValidator(_web)]
    headline: Text


class Facts(_Reply):
    """A page's size, its title and its pictures, in the page's order."""

    url: Address
    title: Text
    height: Annotated[int, Field(ge=1, le=10**9)]
    pictures: Annotated[list[Shown], Field(max_length=MOST_PICTURES)]
    left_out: Count
    """Pictures beyond ``MOST_PICTURES``, the smallest."""
    images_loaded: Count
    images_total: Count

    def on(self, width: int, height: int) -> list[Picture]:
        """The pictures inside the captured page, clipped to it."""
        return [
            Picture(box=box, src=one.src, alt=one.alt, link=one.link, headline=one.headline)
            for one in self.pictures
            if (box := Box(*one.box).clipped(width, height)).area
        ]

    @property
    def sure(self) -> Sequence[Box]:
        """Where the page's picture can't be of one colour."""
        return [Box(*one.box) for one in self.pictures if one.sure]


def collect(driver: WebDriver) -> Facts:
    """The facts of the page as it stands now."""
    return Facts.model_validate(_run(driver, again=False))


def completed(driver: WebDriver, facts: Facts) -> Facts:
    """The same facts, and the pictures that have come since."""
    answer = _run(driver, again=True)
    return Facts.model_validate(answer) if answer else facts


def _run(driver: WebDriver, again: bool) -> Any:
    return scripts.run(driver, "facts", MOST_PICTURES, again)
