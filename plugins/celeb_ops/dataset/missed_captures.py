"""Sites that failed at their time: one whose page can't be seen any more has not merely been skipped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from celeb_ops.core.exceptions import ReasonCode, RecordError
from celeb_ops.core.records import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from celeb_ops.core.store import Store

logger = logging.getLogger(__name__)

_SINCE = " Since then its page can't be seen any more"
_UNKNOWN = "It failed at its time; the reason is no longer known."


def stays_missed(missed: Outcome, why: str) -> str:
    """The reason of a site that failed live, in a later try that can't see its page: ``why`` says why not."""
    return f"{missed.reason}{_SINCE}, so it stays missed: {why}"


def missed(store: Store, site: str, when: datetime) -> Outcome | None:
    """How the live page of a site failed in a run; None: it did not, or it was seen since.

    It is as the latest try says, else ``Captures``, without what a try that came too late has added.
    """
    # polars is imported for it.
    from celeb_ops.dataset.tables import captures_of

    row: dict[str, Any] = {}
    try:
        row = next((row for row in captures_of(store, when) if row["site"] == site), row)
    except RecordError as error:
        # Merge is the one to end by it: a page that can still be seen must not be lost.
        logger.warning("Whether %s was missed before is not known: %s", site, error)
    if row.get("outcome") == "seen":
        return None
    left = Outcome.find(store, site, when)
    if left and (left.outcome, left.source) == ("failed", "live"):
        # A file of before the field `missed_live` has both sentences in one.
        code, reason = left.reason_code, left.missed_live or left.reason.partition(_SINCE)[0]
    elif (row.get("outcome"), row.get("source")) == ("failed", "live"):
        code, reason = row["reason_code"] and ReasonCode(row["reason_code"]), row["reason"]
    else:
        return None
    # It is empty where it named somebody who asked not to be in the dataset.
    found = {"site": site, "time": when, "outcome": "failed", "task": "screenshot", "source": "live"}
    return Outcome.model_validate(found | {"reason": reason or _UNKNOWN, "reason_code": code})
