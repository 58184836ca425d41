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
    change: float | None
    """Of the odds to be shown, as a factor; None: there is nothing to hold it against."""
    low: float | None
    high: float | None
    """The change's interval, 95 %, as factors."""
    across_break: bool

    @property
    def word(self) -> str:
        return WORDS.get(self.mover, self.mover)

    @property
    def sign(self) -> str:
        return SIGNS.get(self.mover, "")

    @property
    def factor(self) -> str:
        """``×2.4 (1.3–4.5)``; empty where there is nothing to hold it against."""
        if self.change is None or self.low is None or self.high is None or self.mover in _UNCOMPARED:
            return ""
        return f"×{_short(self.change)} ({_short(self.low)}–{_short(self.high)})"


def movement(row: Mapping[str, object]) -> Movement:
    """Of a row of ``people`` or ``movers``: their changes are logarithms of odds ratios."""
    return Movement(
        mover=str(row["mover"] or "absent"),
        change=_factor(row["change"]),
        low=_factor(row["low"]),
        high=_factor(row["high"]),
        across_break=bool(row.get("across_break")),
    )


def _factor(logarithm: object) -> float | None:
    # Past e^±7 it is only many times.
    return exp(max(-7.0, min(7.0, logarithm))) if isinstance(logarithm, float) else None


def _short(factor: float) -> str:
    return f"{factor:.0f}" if factor >= 10 else f"{factor:.1f}" if factor >= 0.1 else "<0.1"
