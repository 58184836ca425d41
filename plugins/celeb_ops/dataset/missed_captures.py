"""Sites that failed while their page was live. If the page can't be seen later, the site stays failed and is not
skipped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from celeb_ops.core.exceptions import ReasonCode, RecordError
from celeb_ops.core.records import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from celeb_ops.core.store import Store

logger = logging.getLogger(__name__)

_OLD_SINCE = " Since then its page can't be seen any more"
_LIVE_FAILURE = ("failed", "live")


def missed_reason(missed: Outcome, why: str) -> str:
    """The reason of a site that failed live, after a later try that can't see its page; ``why`` says why not."""
    return f"{missed.reason} Its page can no longer be captured, so the site stays failed: {why}"


def missed(store: Store, site: str, when: datetime) -> Outcome | None:
    """The recorded failure of a site's live page in a run, without additions by later tries. None if it did not fail,
    or was seen later."""
    # Imported here because it imports polars.
    from celeb_ops.dataset.tables import captures_of

    row: dict[str, Any] = dict.fromkeys(("outcome", "source", "reason", "reason_code"))
    try:
        row = next((row for row in captures_of(store, when) if row["site"] == site), row)
    except RecordError as error:
        # Merge will stop at it: a page that can still be seen must not be lost.
        logger.warning("Whether %s was missed before is not known: %s", site, error)
    if row["outcome"] == "seen":
        return None
    latest = Outcome.find(store, site, when)
    if latest and (latest.outcome, latest.source) == _LIVE_FAILURE:
        # A file from before the field `missed_live` has both sentences in one.
        code, reason = latest.reason_code, latest.missed_live or latest.reason.partition(_OLD_SINCE)[0]
    elif (row["outcome"], row["source"]) == _LIVE_FAILURE:
        code, reason = row["reason_code"] and ReasonCode(row["reason_code"]), row["reason"]
    else:
        return None
    # The reason is empty if it named somebody who asked not to be in the dataset.
    fields = {"site": site, "time": when, "outcome": "failed", "task": "screenshot", "source": "live"}
    reason = reason or "It failed at its time; the reason is no longer known."
    return Outcome.model_validate(fields | {"reason": reason, "reason_code": code})
