"""How much more or less somebody is shown than before, in words and with the doubt that goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS = {
    "rising": "rising",
    "falling": "falling",
    "newcomer": "newcomer",
    "returner": "back again",
    "steady": "no clear change",
    "absent": "not seen of late",
}
SIGNS = {"rising": "▲", "falling": "▼", "newcomer": "★", "returner": "↩", "steady": "→", "absent": "·"}
_UNCOMPARED = {"newcomer", "returner", "absent"}
"""There are no two shares to compare: a factor would say nothing but that."""


@dataclass(frozen=True)
class Movement:
    """A person's row of ``movers``."""

    mover: str
    factor: str
    """Of the odds to be shown, with its 95 % interval: ``×2.4 (1.3–4.5)``; empty where there is nothing to compare."""
    across_break: bool

    @property
    def word(self) -> str:
        return WORDS.get(self.mover, self.mover)

    @property
    def sign(self) -> str:
        return SIGNS.get(self.mover, "")


def movement(row: Mapping[str, object]) -> Movement:
    """Of a row of ``movers``: its changes are logarithms of odds ratios."""
    mover = str(row["mover"])
    change, low, high = (_factor(row[column]) for column in ("change", "low", "high"))
    compared = change and low and high and mover not in _UNCOMPARED
    return Movement(mover, f"×{change} ({low}–{high})" if compared else "", bool(row["across_break"]))


def _factor(logarithm: object) -> str:
    if not isinstance(logarithm, float):
        return ""
    # Past e^±7 it is only many times.
    factor = exp(max(-7.0, min(7.0, logarithm)))
    return f"{factor:.0f}" if factor >= 10 else f"{factor:.1f}" if factor >= 0.1 else "<0.1"
