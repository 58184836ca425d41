"""What was measured as tables, as JSON, and as one page with plots and montages."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from benchmarks.faces.labelled import WORDS
from benchmarks.faces.measures import BINS, CHANCE, TIERS, Rates, Share
from benchmarks.faces.pages import SIDES_PX
from benchmarks.faces.plots import plots

if TYPE_CHECKING:
    from collections import Counter

    from benchmarks.faces.labelled import Labelled
    from benchmarks.faces.measures import Measured
    from benchmarks.faces.montage import Montage

TIER_HEADS = ("right", "wrong names", "strangers named")


@dataclass(frozen=True)
class Table:
    """A table: a title, what it says, and its cells as text."""

    title: str
    about: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


def about(labelled: Labelled) -> str:
    """What was measured on what, in some sentences."""
    sentences = [
        f"{len(labelled.enrolled)} people enrolled; {len(labelled.tests)} photos of {len(labelled.people)} of them and "
        f"{len(labelled.strangers)} of strangers to be named, each at {', '.join(map(str, SIDES_PX))} px in a page's "
        "slice. Intervals are Wilson's, of 95 %.",
    ]
    if labelled.fitted_on:
        sentences.append(
            f"{labelled.fitted_on} people and strangers are in galleries, and not measured on, for constants of the "
            "recogniser may be fitted on them: those whose folder's name (a stranger's file's) has an even SHA-256."
        )
    return " ".join(sentences)


def tables(measured: Measured, agreed: tuple[Counter[str], int] | None, before: dict[str, Any] | None) -> list[Table]:
    """All tables, the most important first."""
    made = [
        Table(
            "By people enrolled",
            "At each number of people each photo was named once, by one gallery; several small ones share out the "
            "people. Right: who the photo is of is named. Wrong names: on photos of one person. With the page's words: "
            "a photo's person is named beside it; beside a stranger's photo stands whom the stranger is most like, the "
            "worst that a page can do. Strangers that are known have one photo each.",
            ("people enrolled", "px", "tier", *TIER_HEADS),
            [
                (f"{people:,}" + (f" ({what})" if what else ""), str(side), tier, *_cells(one))
                for (people, what, side, tier), one in measured.by_people.items()
                if one.right.whole or one.strangers.whole
            ],
        ),
        Table(
            "By kind of photo",
            "With all people enrolled. On photos of two people and of groups other names may be right: none counts.",
            ("kind", "px", "tier", *TIER_HEADS[:2]),
            [
                (WORDS.get(kind, kind), str(side), tier, *_cells(one)[:2])
                for (kind, side, tier), one in measured.by_kind.items()
                if one.right.whole
            ],
        ),
    ]
    if measured.nobody:
        made.append(
            Table(
                "Where nobody should be named",
                "Photos, at all sizes, on which the folder's person has no face to be seen, is another one, or drawn. "
                "With the page's words: their name stands beside it. Look at the montage: labels err too.",
                ("kind", "tier", "named as that person"),
                [(kind.replace("_", " "), tier, str(share)) for (kind, tier), share in measured.nobody.items()],
            )
        )
    made.append(
        Table(
            "Whether 80 means 80",
            "All names, with all people enrolled, by the stated confidence; those of strangers are wrong. A photo "
            "counts at each size, so the intervals are somewhat too narrow. The third tier is as the second, but "
            "beside a stranger stands a name of the gallery drawn by chance.",
            ("tier", "confidence", "their mean", "right"),
            [
                (tier, f"{one.low}–{one.high}", f"{one.confidence:.0f}", str(one.right))
                for tier, bins in measured.reliability.items()
                for one in bins
            ],
        )
    )
    if before:
        made.insert(0, _beside(measured, before))
    if agreed and agreed[1]:
        kinds, pictures = agreed
        about_it = f"Faces that both found on {pictures} stored pictures."
        made.append(
            Table("Beside Rekognition", about_it, ("what", "faces"), [(kind, str(n)) for kind, n in kinds.items()])
        )
    elif agreed:
        made.append(Table("Beside Rekognition", "Both have not looked at any picture that is still stored.", (), []))
    return made


def markdown(measured: Measured) -> str:
    """What README and docs/gallery.md say of the names, as they have it."""
    alone, worded = TIERS
    by_size = [f"{side} px" for side in SIDES_PX]
    lines = [*_heads(["photos", "n", *by_size, f"{SIDES_PX[1]} px, with the page's words"])]
    for kind in dict.fromkeys(kind for kind, _, _ in measured.by_kind):
        shares = [measured.by_kind[kind, side, alone].right for side in SIDES_PX]
        with_words = measured.by_kind[kind, SIDES_PX[1], worded].right
        cells = [WORDS.get(kind, kind), str(shares[0].whole), *(one.short for one in (*shares, with_words))]
        lines.append(_line(cells))
    heads = [
        "people enrolled",
        *(f"right, {side}" for side in by_size),
        "wrong names, 640 px",
        "strangers named, 640 px",
    ]
    lines += ["", *_heads([*heads, f"right with the page's words, {SIDES_PX[1]} px"])]
    for people, what in dict.fromkeys((people, what) for people, what, _, _ in measured.by_people):
        rows = [measured.by_people[people, what, side, alone] for side in SIDES_PX]
        with_words = measured.by_people[people, what, SIDES_PX[1], worded].right
        shares = [*(one.right for one in rows), rows[0].others, rows[0].strangers, with_words]
        lines.append(_line([f"{people:,}" + (f" ({what})" if what else ""), *(one.short for one in shares)]))
    lines += ["", *_heads(["stated confidence", "n", alone, "n", CHANCE])]
    bins = [{one.low: one for one in measured.reliability[tier]} for tier in (alone, CHANCE)]
    for low, high in pairwise(BINS):
        shares = [tier[low].right if low in tier else Share(0, 0) for tier in bins]
        if any(one.whole for one in shares):
            lines.append(_line([f"{low}–{high}", *(cell for one in shares for cell in (str(one.whole), one.short))]))
    return "\n".join([*lines, ""])


def _heads(names: list[str]) -> list[str]:
    return [_line(names), "|---" + "|---:" * (len(names) - 1) + "|"]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def figures(measured: Measured, labelled: Labelled, agreed: tuple[Counter[str], int] | None) -> dict[str, Any]:
    """All figures, for a JSON file."""
    return {
        "version": measured.version,
        "people": len(labelled.enrolled),
        "measured_on": {"people": len(labelled.people), "photos": len(labelled.tests)},
        "strangers": len(labelled.strangers),
        "not_measured_on": labelled.fitted_on,
        "rates": _rates(measured),
        "nobody": [
            {"kind": kind, "tier": tier, "named": _share(share)} for (kind, tier), share in measured.nobody.items()
        ],
        "reliability": [
            {
                "tier": tier,
                "from": one.low,
                "to": one.high,
                "mean": round(one.confidence, 1),
                "right": _share(one.right),
            }
            for tier, bins in measured.reliability.items()
            for one in bins
        ],
        "agreement": {"pictures": agreed[1], **agreed[0]} if agreed else None,
    }


def page(measured: Measured, labelled: Labelled, shown: list[Table], seen: list[Montage], title: str) -> str:
    """The report, one self-contained HTML page."""
    template = Path(__file__).with_name("report.html").read_text("utf-8")
    return (
        jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
        .from_string(template)
        .render(
            title=title,
            about=about(labelled),
            version=measured.version,
            tables=shown,
            plots=[(name, Markup(svg)) for name, svg in plots(measured)],
            montages=seen,
        )
    )


def _beside(measured: Measured, before: dict[str, Any]) -> Table:
    was = {(one["of"], one["px"], one["tier"]): one for one in before["rates"]}
    rows = []
    for one in _rates(measured):
        if old := was.get((one["of"], one["px"], one["tier"])):
            pairs = [(old.get(what), one.get(what)) for what in ("right", "others", "strangers")]
            cells = [str(Share(*side[:2])) if side else "" for pair in pairs for side in pair]
            rows.append((one["of"], str(one["px"]), one["tier"], *cells))
    head = tuple(f"{what}, {when}" for what in TIER_HEADS for when in ("before", "now"))
    return Table(
        "Before and now",
        f"The same photos; before: {before['version']}, now: {measured.version}.",
        ("people enrolled, or kind", "px", "tier", *head),
        rows,
    )


def _rates(measured: Measured) -> list[dict[str, Any]]:
    people = [
        {"of": f"{people}" + (f" ({what})" if what else ""), "px": side, "tier": tier, **_told(one)}
        for (people, what, side, tier), one in measured.by_people.items()
    ]
    kinds = [
        {"of": kind, "px": side, "tier": tier, **_told(one)} for (kind, side, tier), one in measured.by_kind.items()
    ]
    return people + kinds


def _told(one: Rates) -> dict[str, Any]:
    return {name: _share(getattr(one, name)) for name in ("right", "others", "strangers") if getattr(one, name).whole}


def _share(one: Share) -> list[float]:
    """Part, whole, and the interval's ends."""
    return [one.part, one.whole, *(round(end, 4) for end in one.interval or ())]


def _cells(one: Rates) -> tuple[str, ...]:
    return str(one.right), str(one.others), str(one.strangers)
