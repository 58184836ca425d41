"""What the scripts in a page return, validated and limited.

They run in a world of their own (:mod:`celeb_ops.capture.scripts`), but a stranger wrote what they read. So a text has
a limited length and no control characters, a link is an http(s) address, and there are no more pictures than a sidecar
can hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from celeb_ops.capture import scripts
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Picture, Placement, Slot
from celeb_ops.core.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from selenium.webdriver.remote.webdriver import WebDriver

MOST_PICTURES = 2_000
"""A front page shows some hundreds at the most. This many, with the longest words and addresses, make a sidecar of 10
MB; 200 real ones take 0.03 to 0.1 MB."""
MOST_HEADLINES = 500
"""Headlines without a picture; a front page shows some hundreds at the most."""
MOST_LINKS = 300
_ADDRESS_CHARS = 2_000


def _web(address: str) -> str:
    """The address if it is an http(s) one. The script may have cut a long address."""
    return address if address.startswith(("http://", "https://")) and address.isprintable() else ""


def _source(address: str) -> str:
    return address if address in {"data:", "video:"} else _web(address.removeprefix("blob:")) and address


Text = Annotated[str, AfterValidator(lambda text: cleaned(text, 500))]
Count = Annotated[int, Field(ge=0, le=10**9)]
Address = Annotated[str, Field(max_length=_ADDRESS_CHARS)]


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class Link(_Reply):
    """A link on the page."""

    url: Address
    words: Count
    """Length of its text; a Chinese, Japanese or Korean character counts twice."""
    picture: bool
    """Whether it contains a picture that counts."""
    file: bool
    """Whether its text is the name of the file that it leads to."""


class PageState(_Reply):
    """The state of the page in the browser."""

    url: Address
    title: Text
    status: Count
    """HTTP status; 0 if the browser does not know it."""
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
    """Visible links to other pages, each address once."""
    titles: Count = 0
    """Headings that are shown."""
    password: bool = False
    """Whether it asks for a password."""
    unlisted: bool = False
    """Whether search engines must skip it (``noindex``)."""
    began: float = 0
    """When its document began to load: another document has another time."""
    reloads: bool = False
    """Whether it loads itself, or another page, within a minute."""


class Ready(_Reply):
    """What the page still waits for, and values that change when something has loaded or moved."""

    missing: Annotated[list[Text], Field(max_length=10)]
    arrived: Text
    signature: float
    files: Count


class WayDown(_Reply):
    """The result of scrolling down the page."""

    stopped: Literal["bottom", "max_height", "budget", "error"]
    height: Count = 0
    since_bottom: Count = 0
    """Milliseconds since its bottom was reached."""


class WayBack(_Reply):
    """The result of scrolling back to the top."""

    late: Count = 0
    """Pictures that no script has loaded."""
    view_bound: bool = False
    """Whether some pictures exist only while they are in the view."""
    began: bool = False
    """Whether something began to load on the way and may still arrive."""


class Cleared(_Reply):
    """What covered the page, and what was done about it."""

    found: Annotated[list[Text], Field(max_length=200)] = []
    done: Annotated[list[Text], Field(max_length=200)] = []
    remaining: Annotated[list[Text], Field(max_length=10)] = []
    """Layers that still hide most of the view."""
    hidden: bool = False
    """Whether one of these layers hides the whole page."""
    remade: bool = False
    """Whether the page is another document now."""

    def after(self, earlier: Cleared) -> Cleared:
        """The same, with what was found and done earlier."""
        found = list(dict.fromkeys(earlier.found + self.found))
        return self.model_copy(update={"found": found, "done": list(dict.fromkeys(earlier.done + self.done))})


class Shown(_Reply):
    """A picture on the page; ``sure``: the browser has its pixels."""

    box: Annotated[list[int], Field(min_length=4, max_length=4)]
    sure: bool
    src: Annotated[Address, AfterValidator(_source)]
    alt: Text
    link: Annotated[Address, AfterValidator(_web)]
    headline: Text
    placement: Placement = "editorial"


class Place(_Reply):
    """A place on the page that is an advertisement or an embed."""

    box: Annotated[list[int], Field(min_length=4, max_length=4)]
    placement: Placement


class Title(_Reply):
    """A headline without a picture."""

    text: Text
    link: Annotated[Address, AfterValidator(_web)]


class Facts(_Reply):
    """A page's size, its title and its pictures, in the page's order."""

    url: Address
    title: Text
    height: Annotated[int, Field(ge=1, le=10**9)]
    pictures: Annotated[list[Shown], Field(max_length=MOST_PICTURES)]
    headlines: Annotated[list[Title], Field(max_length=MOST_HEADLINES)] = []
    left_out: Count
    """Pictures beyond ``MOST_PICTURES``, the smallest."""
    images_loaded: Count
    images_total: Count
    slots: Annotated[list[Place], Field(max_length=200)] = []

    def on(self, area: Box, scale: int = 1) -> list[Picture]:
        """The pictures inside the captured area, clipped to it.

        :param area: in CSS px.
        :param scale: picture pixels per CSS px.
        """
        return [
            Picture(**one.model_dump(exclude={"box", "sure"}), box=box)
            for one in self.pictures
            if (box := _within(area, one.box, scale)).area
        ]

    def slots_on(self, area: Box, scale: int = 1) -> list[Slot]:
        """The advertisements and embeds inside the captured area, the largest first."""
        return [
            Slot(box=box, placement=one.placement) for one in self.slots if (box := _within(area, one.box, scale)).area
        ]

    @property
    def sure(self) -> Sequence[Box]:
        """Boxes in which the screenshot can't be of one colour."""
        return [Box(*one.box) for one in self.pictures if one.sure]


def _within(area: Box, box: list[int], scale: int) -> Box:
    return Box(*box).moved(-area.left, -area.top).clipped(area.width, area.height).scaled(scale)


def collect(driver: WebDriver) -> Facts:
    """The facts of the page as it is now."""
    return Facts.model_validate(_run(driver, again=False))


def completed(driver: WebDriver, facts: Facts) -> Facts:
    """The same facts, with the pictures that have loaded since."""
    answer = _run(driver, again=True)
    return Facts.model_validate(answer) if answer else facts


def _run(driver: WebDriver, again: bool) -> Any:
    return scripts.run(driver, "facts", MOST_PICTURES, MOST_HEADLINES, again)
