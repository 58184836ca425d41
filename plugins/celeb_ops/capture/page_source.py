"""Decides which page a run sees; the first rule that applies counts. ``docs/backfill.md`` has the rules for users.

1. The complete screenshot stored for the site and run time, unless the run recaptures.
2. The live page, within ``CELEBS_LIVE_WINDOW_H`` of the run time.
3. No page, if the page was recognised and its pictures were removed since (``CELEBS_KEEP_IMAGES_DAYS``), unless the run
   recaptures: an archived copy does not replace what is known of that page.
4. The copy in the archive that is nearest to the run time, within ``CELEBS_ARCHIVE_WINDOW_H``, unless the run skips the
   past (``on_past``) or only recognises stored screenshots again (``rerecognise``).
5. Otherwise no page.

Without a page the site is skipped, with the reason; its rows in the dataset stay.
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


StoredState = Literal["whole", "recognised", "none"]
"""How much of the site's screenshot of this run is stored: all of it; its facts and its result, but not its pictures;
nothing usable."""


@dataclass(frozen=True)
class RunOptions:
    """The run params, from the trigger form or the backfill's configuration."""

    on_past: Literal["archive", "skip"] = "archive"
    """What to use for a page that is no longer live: its copy in the archive, or nothing."""
    recapture: bool = False
    """Capture again what is stored already."""
    rerecognise: bool = False
    """Recognise stored screenshots again, without the archive."""

    @classmethod
    def of(cls, params: Mapping[str, Any] | None) -> RunOptions:
        """The options in a run's params; in an older run some may be missing."""
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
    """A sentence: why there is no page. It contains no current time, so a repeated run gives the same sentence."""
    code: ReasonCode = ReasonCode.OUTSIDE_WINDOW
    """The same reason as a code."""


GONE = (
    "The page was captured and recognised, but its picture was deleted since (by CELEBS_KEEP_IMAGES_DAYS or by "
    "hand). Its rows stay. To use the archive's copy instead, run it with recapture."
)
"""The reason for a site whose pictures are gone."""


def choose_source(
    when: datetime, now: datetime, wishes: RunOptions, settings: Settings, stored: StoredState
) -> PageSource:
    """The page that a run of time ``when`` sees of a site."""
    if stored == "whole" and not wishes.recapture:
        return PageSource("stored")
    if is_live(when, now, settings):
        return PageSource("live")
    if stored == "recognised" and not wishes.recapture:
        return PageSource("nothing", GONE, ReasonCode.PICTURES_GONE)
    past = (
        f"The run time {keys.iso(when)} is more than {settings.live_window_h:g} h from now: "
        "today's page is not from then"
    )
    if when > now:
        return PageSource("nothing", f"{past}, and the run time is in the future.")
    if wishes.on_past == "skip":
        return PageSource("nothing", f"{past}, and the archive is not asked (on_past: skip).")
    if wishes.rerecognise and not wishes.recapture:
        none = "no screenshot is stored to recognise again, and rerecognise does not ask the archive"
        return PageSource("nothing", f"{past}, and {none}.")
    return PageSource("archive")


def is_live(when: datetime, now: datetime, settings: Settings) -> bool:
    """Whether today's page counts for a run time."""
    return abs(now - when) <= timedelta(hours=settings.live_window_h)
