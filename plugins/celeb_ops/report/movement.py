"""Words for how much more or less somebody is shown than before, with the uncertainty."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

LABELS = {
    "rising": "rising",
    "falling": "falling",
    "newcomer": "newcomer",
    "returner": "back again",
    "steady": "no clear change",
    "absent": "not seen lately",
}
"""Words for the values of the column ``mover``."""
_SIGNS = {"rising": "▲", "falling": "▼", "newcomer": "★", "returner": "↩", "steady": "→", "absent": "·"}
_COMPARED = {"rising", "falling", "steady"}
"""Others have a share of 0 in one of the two windows: a factor would only repeat that."""
_ACROSS_BREAK = (
    "Recogniser, gallery, source or the counting of advertisements changed during these weeks: not comparable."
)


class Movement(NamedTuple):
    """A person's row of ``movers`` for a page."""

    mover: str
    sign: str
    label: str
    factor: str
    """The change in the odds of being shown, with its 95 % interval: ``×2.4 (1.3–4.5)``; empty: not comparable."""
    across_break: bool


def sentence(row: Mapping[str, object]) -> str:
    """Return a sentence about the movement in a row of ``movers`` of kind ``week``, with its interval if it has one."""
    moved = movement(row)
    before = {"newcomer": ", and never before", "returner": ", and in none of the 4 weeks before"}.get(moved.mover, "")
    odds = moved.factor.removeprefix("×").replace(" (", " times those in the 4 weeks before (95 % interval ")
    parts = [
        f"Shown in {row['captures_now']} of {row['seen_now']} captures of the last 7 days{before}.",
        f"The odds of being shown are {odds}." if odds else "",
        _ACROSS_BREAK if moved.across_break else "",
    ]
    return " ".join(filter(None, parts))


def movement(row: Mapping[str, object]) -> Movement:
    """Return the movement in a row of ``movers``, whose changes are logarithms of odds ratios."""
    mover = str(row["mover"])
    change, low, high = (_factor(row[column]) for column in ("change", "low", "high"))
    factor = f"×{change} ({low}–{high})" if change and low and high and mover in _COMPARED else ""
    return Movement(mover, _SIGNS.get(mover, ""), LABELS.get(mover, mover), factor, bool(row["across_break"]))


def _factor(logarithm: object) -> str:
    if not isinstance(logarithm, float):
        return ""
    # Beyond e^±7 (about 1,100 times) the exact factor says nothing more, so it is capped.
    factor = exp(max(-7.0, min(7.0, logarithm)))
    return f"{factor:.0f}" if factor >= 10 else f"{factor:.1f}" if factor >= 0.1 else "<0.1"
