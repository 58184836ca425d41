"""How much more or less somebody is shown than before, in words and with its uncertainty."""

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
    "absent": "not seen of late",
}
"""By ``mover``, as the tables have it."""
_SIGNS = {"rising": "▲", "falling": "▼", "newcomer": "★", "returner": "↩", "steady": "→", "absent": "·"}
_COMPARED = {"rising", "falling", "steady"}
"""The others lack one of the two shares: a factor would say nothing but that."""


class Movement(NamedTuple):
    """A person's row of ``movers`` for a page."""

    mover: str
    sign: str
    label: str
    factor: str
    """Of the odds to be shown, with its 95 % interval: ``×2.4 (1.3–4.5)``; empty where there is nothing to compare."""
    across_break: bool


def movement(row: Mapping[str, object]) -> Movement:
    """Of a row of ``movers``: its changes are logarithms of odds ratios."""
    mover = str(row["mover"])
    change, low, high = (_factor(row[column]) for column in ("change", "low", "high"))
    factor = f"×{change} ({low}–{high})" if change and low and high and mover in _COMPARED else ""
    return Movement(mover, _SIGNS.get(mover, ""), LABELS.get(mover, mover), factor, bool(row["across_break"]))


def _factor(logarithm: object) -> str:
    if not isinstance(logarithm, float):
        return ""
    # Past e^±7 it is only many times.
    factor = exp(max(-7.0, min(7.0, logarithm)))
    return f"{factor:.0f}" if factor >= 10 else f"{factor:.1f}" if factor >= 0.1 else "<0.1"
