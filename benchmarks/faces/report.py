"""What was measured as tables, as JSON, and as one page with plots."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from benchmarks.faces.measures import PHOTOS_EACH
from benchmarks.faces.naming import TIERS
from celeb_ops.recognition.local import MARGIN, THRESHOLD
from celeb_ops.recognition.models import MODEL

if TYPE_CHECKING:
    from collections import Counter

    from benchmarks.faces.labelled import Labelled
    from benchmarks.faces.measures import Measured, Rates, Share

BLUE, ORANGE, GREY = "#3b7dd8", "#d9730d", "#8a8a85"
"""Told apart by people who see red and green alike, on light and dark."""


@dataclass(frozen=True)
class Table:
    """A table: a title, what it says, and its cells as text."""

    title: str
    about: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


def tables(measured: Measured, agreed: tuple[Counter[str], int] | None) -> list[Table]:
    """All tables, the most important first."""
    head = ("recall", "precision", "known faces named wrongly", "strangers named")
    made = [
        Table(
            "How right the names are",
            "Each photo was named by a gallery without it. A page's words beside a stranger are taken to have the name "
            "of whom it looks like: the worst that a page can do.",
            ("tier", *head),
            [(tier, *_cells(one)) for tier, one in measured.tiers.items()],
        ),
        Table(
            "By the size of the face",
            "The same photos, smaller, as a page's thumbnails; a face that is not found is not named.",
            ("px", "tier", *head),
            _by(measured.by_size),
        ),
        Table(
            "By reference photos of the person",
            "Only people with one photo more than that.",
            ("photos", "tier", *head),
            _by(measured.by_references),
        ),
        Table(
            "By people in the gallery",
            "Of each size five galleries were drawn, so that a photo counts several times: the intervals are too "
            "narrow but for the last one.",
            ("people", "tier", *head),
            _by(measured.by_people),
        ),
        Table(
            "With more people than these photos have: an extrapolation",
            f"Not measured: expected with {PHOTOS_EACH} photos a person, where strangers' distances are normal to "
            f"their far end, {measured.strangers.mean:.3f} ± {measured.strangers.stdev:.3f} "
            + (f"on {measured.pairs:,} pairs here. " if measured.pairs else "as docs/benchmarks.md measured. ")
            + "Recall: the share of the photos here that are as near to their person's others as the threshold asks.",
            ("people", "strict threshold", "strangers named by face alone", "recall by face alone"),
            [
                (f"{one.people:,}", f"{one.strict:.3f}", f"{100 * one.strangers:.1f} %", str(one.recall))
                for one in measured.extrapolated
            ],
        ),
        Table(
            "Whether 80 means 80",
            "Candidates by their confidence; one of a stranger is wrong. The confidence tells near from far, it is no "
            "probability.",
            ("confidence", "their mean", "right"),
            [(f"{one.low}–{one.high}", f"{one.confidence:.0f}", str(one.right)) for one in measured.calibration],
        ),
    ]
    if agreed and agreed[1]:
        kinds, pictures = agreed
        about = f"Faces that both found on {pictures} stored pictures."
        made.append(
            Table("Beside Rekognition", about, ("what", "faces"), [(kind, str(n)) for kind, n in kinds.items()])
        )
    elif agreed:
        made.append(Table("Beside Rekognition", "Both have not looked at any picture that is still stored.", (), []))
    return made


def figures(measured: Measured, labelled: Labelled, agreed: tuple[Counter[str], int] | None) -> dict[str, Any]:
    """All figures, for a JSON file."""

    def rates(one: Rates) -> dict[str, Any]:
        return {name: _share(getattr(one, name)) for name in ("recall", "precision", "wrong", "strangers")}

    def by(found: dict[int, dict[str, Rates]]) -> dict[str, Any]:
        return {str(size): {tier: rates(one) for tier, one in both.items()} for size, both in found.items()}

    return {
        "model": MODEL,
        "people": len(labelled.people),
        "photos": len(labelled.known),
        "strangers": len(labelled.strangers),
        "passed_over": labelled.passed_over,
        "threshold": THRESHOLD,
        "strict": round(measured.strict, 4),
        "margin": MARGIN,
        "tiers": {tier: rates(one) for tier, one in measured.tiers.items()},
        "by_face_px": by(measured.by_size),
        "by_reference_photos": by(measured.by_references),
        "by_people": by(measured.by_people),
        "extrapolated": [
            {
                "people": one.people,
                "strict": round(one.strict, 4),
                "strangers": round(one.strangers, 5),
                "recall": _share(one.recall),
            }
            for one in measured.extrapolated
        ],
        "calibration": [
            {"from": one.low, "to": one.high, "mean": round(one.confidence, 1), "right": _share(one.right)}
            for one in measured.calibration
        ],
        "agreement": {"pictures": agreed[1], **agreed[0]} if agreed else None,
    }


def page(measured: Measured, labelled: Labelled, agreed: tuple[Counter[str], int] | None, title: str) -> str:
    """The report, one self-contained HTML page."""
    template = Path(__file__).with_name("report.html").read_text("utf-8")
    return (
        jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
        .from_string(template)
        .render(
            title=title,
            labelled=labelled,
            people=len(labelled.people),
            tables=tables(measured, agreed),
            plots=[(name, Markup(_svg(spec))) for name, spec in _plots(measured)],
            model=MODEL,
            threshold=THRESHOLD,
            strict=measured.strict,
            margin=MARGIN,
        )
    )


def _cells(one: Rates) -> tuple[str, ...]:
    return str(one.recall), str(one.precision), str(one.wrong), str(one.strangers)


def _by(found: dict[int, dict[str, Rates]]) -> list[tuple[str, ...]]:
    return [
        (f"{size:,}", tier, *_cells(one))
        for size, both in found.items()
        for tier, one in both.items()
        if one.recall.whole or one.strangers.whole
    ]


def _share(one: Share) -> dict[str, Any]:
    return {"part": one.part, "whole": one.whole, "interval": [round(end, 4) for end in one.interval or ()]}


def _plots(measured: Measured) -> list[tuple[str, dict[str, Any]]]:
    made = [
        ("Recall by the size of the face, px", _recall(measured.by_size, "face, px")),
        ("Recall by people in the gallery", _recall(measured.by_people, "people")),
        ("Distances: the same person's nearest photo, and other people's", _distances(measured)),
    ]
    if measured.calibration:
        made.insert(1, ("Right, by confidence", _calibration(measured)))
    return made


def _recall(found: dict[int, dict[str, Rates]], axis: str) -> dict[str, Any]:
    values = [
        {"x": str(size), "order": size, "tier": tier, "y": one.recall.value, "low": low, "high": high}
        for size, both in found.items()
        for tier, one in both.items()
        if one.recall.interval
        for low, high in [one.recall.interval]
    ]
    x = {"field": "x", "type": "ordinal", "sort": {"field": "order"}, "title": axis, "axis": {"labelAngle": 0}}
    colour = {"field": "tier", "scale": {"domain": list(TIERS), "range": [BLUE, ORANGE]}, "title": None}
    across = {"xOffset": {"field": "tier", "sort": list(TIERS)}, "color": colour}
    y: dict[str, Any] = {"type": "quantitative", "scale": {"domain": [0, 1]}, "title": None, "axis": {"format": "%"}}
    return {
        "data": {"values": values},
        "encoding": {"x": x, **across},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {"mark": {"type": "point", "filled": True, "size": 70}, "encoding": {"y": {"field": "y", **y}}},
        ],
    }


def _calibration(measured: Measured) -> dict[str, Any]:
    values = [
        {"x": one.confidence, "y": one.right.value, "low": one.right.interval[0], "high": one.right.interval[1]}
        for one in measured.calibration
        if one.right.interval
    ]
    y: dict[str, Any] = {"type": "quantitative", "scale": {"domain": [0, 1]}, "title": None, "axis": {"format": "%"}}
    x = {"type": "quantitative", "scale": {"domain": [50, 100]}, "title": "confidence"}
    line = [{"x": 50, "y": 0.5}, {"x": 100, "y": 1}]
    return {
        "layer": [
            {
                "data": {"values": line},
                "mark": {"type": "line", "color": GREY, "strokeDash": [4, 4]},
                "encoding": {"x": {"field": "x", **x}, "y": {"field": "y", **y}},
            },
            {
                "data": {"values": values},
                "mark": {"type": "rule", "strokeWidth": 2, "color": BLUE},
                "encoding": {"x": {"field": "x", **x}, "y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "data": {"values": values},
                "mark": {"type": "point", "filled": True, "size": 70, "color": BLUE},
                "encoding": {"x": {"field": "x", **x}, "y": {"field": "y", **y}},
            },
        ]
    }


def _distances(measured: Measured) -> dict[str, Any]:
    step = 0.04
    whose = {"the same person": measured.own, "other people": measured.apart}
    values = []
    for name, distances in whose.items():
        counts: dict[int, int] = {}
        for distance in distances:
            counts[int(distance / step)] = counts.get(int(distance / step), 0) + 1
        values += [
            {"x": place * step, "x2": (place + 1) * step, "whose": name, "share": count / len(distances)}
            for place, count in sorted(counts.items())
        ]
    colour = {"field": "whose", "scale": {"domain": list(whose), "range": [BLUE, ORANGE]}, "title": None}
    lines = [{"x": THRESHOLD, "what": "candidate"}, {"x": round(measured.strict, 3), "what": "face alone"}]
    y: dict[str, Any] = {"type": "quantitative", "title": None, "stack": None, "axis": {"format": "%"}}
    x: dict[str, Any] = {"type": "quantitative", "title": "distance (dashed: face alone, candidate)"}
    return {
        "layer": [
            {
                "data": {"values": values},
                "mark": {"type": "bar", "opacity": 0.7},
                "encoding": {
                    "x": {"field": "x", **x},
                    "x2": {"field": "x2"},
                    "y": {"field": "share", **y},
                    "y2": {"datum": 0},
                    "color": colour,
                },
            },
            {
                "data": {"values": lines},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": GREY},
                "encoding": {"x": {"field": "x", **x}},
            },
        ]
    }


def _svg(spec: dict[str, Any]) -> str:
    import vl_convert

    quiet = {"labelColor": GREY, "titleColor": GREY, "domainColor": GREY, "tickColor": GREY, "gridColor": "#8a8a8540"}
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 300,
        "height": 190,
        "background": None,
        **spec,
        "config": {
            "axis": quiet,
            "view": {"stroke": None},
            "legend": {"labelColor": GREY, "orient": "bottom"},
            "font": "sans-serif",
        },
    }
    return str(vl_convert.vegalite_to_svg(whole))
