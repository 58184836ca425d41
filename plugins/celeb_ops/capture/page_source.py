"""Which page a run sees. The rules stand here, and for people in ``docs/backfill.md``.

1. A screenshot that is stored for the site and run time, whole, is used again, unless the run is to capture anew.
2. Else, within ``CELEBS_LIVE_WINDOW_H`` of the run time, it is the live page.
3. Else, where the page was recognised and its pictures are gone since (tidied away, ``CELEBS_KEEP_IMAGES_DAYS``), it is
   none, unless the run is to capture anew: what is known of that page is not replaced by what an archive has of it.
4. Else, unless the run is to skip the past (``on_past``) or only to recognise anew what is stored (``rerecognise``), it
   is the copy in the archive that is nearest to the run time, within ``CELEBS_ARCHIVE_WINDOW_H``.
5. Else none.

Where it is none the site is skipped, with the reason; rows that it has in the dataset stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from celeb_ops.core import keys
from celeb_ops.core.exceptions import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from celeb_ops.core.settings import Settings


Stored = Literal["whole", "recognised", "none"]
"""What the store has of the site's screenshot of this run: all of it; its facts and its result, but not its pictures;
nothing that could be used."""


@dataclass(frozen=True)
class RunOptions:
    """What a run was asked for, in the trigger form or the backfill's configuration."""

    on_past: Literal["archive", "skip"] = "archive"
    """What stands for a page that can't be seen any more: its copy in the archive, or nothing."""
    recapture: bool = False
    """Capture anew what is stored already."""
    rerecognise: bool = False
    """Recognise anew what is stored: the archive is not asked for more."""

    @classmethod
    def of(cls, params: Mapping[str, Any] | None) -> RunOptions:
        """Those of a run's params; a run of before they existed has none of them."""
        given = params or {}
        return cls(
            "skip" if given.get("on_past") == "skip" else "archive",
            bool(given.get("recapture")),
            bool(given.get("rerecognise")),
        )


@dataclass(frozen=True)
class PageSource:
    """The page to see."""

    what: Literal["stored", "live", "archive", "nothing"]
    why: str = ""
    """Why nothing, a sentence. It names no "now": the same run done again says the same."""
    code: ReasonCode = ReasonCode.OUTSIDE_WINDOW
    """The same as a word."""


GONE = (
    "The page was seen and recognised, and its picture has gone since: it was tidied away (CELEBS_KEEP_IMAGES_DAYS) or "
    "deleted. What is known of it stays as it is. To have the archive's copy in its place: run it with recapture."
)
"""Why nothing is done for a site whose pictures are gone."""


def choose_source(when: datetime, now: datetime, wishes: RunOptions, settings: Settings, stored: Stored) -> PageSource:
    """What a run of time ``when`` sees of a site."""
    if stored == "whole" and not wishes.recapture:
        return PageSource("stored")
    if is_live(when, now, settings):
        return PageSource("live")
    if stored == "recognised" and not wishes.recapture:
        return PageSource("nothing", GONE, ReasonCode.PICTURES_GONE)
    past = (
        f"The run time {keys.iso(when)} is more than {settings.live_window_h:g} h from now: "
        "today's page is not that time's page"
    )
    if when > now:
        return PageSource("nothing", f"{past}, and that time is to come.")
    if wishes.on_past == "skip":
        return PageSource("nothing", f"{past}, and the archive is not asked (on_past: skip).")
    if wishes.rerecognise and not wishes.recapture:
        none = "there is no screenshot of it to recognise anew, and the archive is not asked (rerecognise)"
        return PageSource("nothing", f"{past}, and {none}.")
    return PageSource("archive")


def is_live(when: datetime, now: datetime, settings: Settings) -> bool:
    """Whether the page as it is now stands for a run time."""
    return abs(now - when) <= timedelta(hours=settings.live_window_h)
