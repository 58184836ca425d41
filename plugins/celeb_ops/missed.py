"""Sites that failed at their time: one whose page can't be seen any more has not merely been skipped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from celeb_ops import keys
from celeb_ops.exceptions import NotStoredError, RecordError
from celeb_ops.records import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from celeb_ops.store import Store

logger = logging.getLogger(__name__)

STAYS_MISSED = " Since then its page can't be seen any more, so it stays missed: "
"""Between the reason of a site's failure at its time and why no later try can see the page."""

_UNKNOWN = "It failed at its time; the reason is no longer known."


def missed(store: Store, site: str, when: datetime) -> str | None:
    """The reason with which the live page of a site failed in a run; None: it did not, or it was seen since.

    It is that of the latest try, else of ``Captures``, without what a later try that came too late has said after it
    (:data:`STAYS_MISSED`).
    """
    row = _row(store, site, when)
    if row.get("outcome") == "seen":
        return None
    word = _word(store, site, when)
    if word and (word.outcome, word.source) == ("failed", "live"):
        reason = word.reason
    elif (row.get("outcome"), row.get("source")) == ("failed", "live"):
        reason = row["reason"]
    else:
        return None
    # It is empty where it named somebody who asked not to be in the dataset.
    return (reason or "").partition(STAYS_MISSED)[0] or _UNKNOWN


def _word(store: Store, site: str, when: datetime) -> Outcome | None:
    try:
        return Outcome.load_of(store, keys.outcome(keys.stem(site, when)), site, when)
    except (NotStoredError, RecordError):
        return None


def _row(store: Store, site: str, when: datetime) -> dict[str, Any]:
    """The site's row of ``Captures``; empty: there is none."""
    # polars is imported for it.
    from celeb_ops.dataset.tables import captures_of

    try:
        return next((row for row in captures_of(store, when) if row["site"] == site), {})
    except RecordError as error:
        # Merge is the one to end by it: a page that can still be seen must not be lost.
        logger.warning("Whether %s was missed before is not known: %s", site, error)
        return {}
