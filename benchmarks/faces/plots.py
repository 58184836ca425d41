"""The report's plots, as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.faces.measures import CHANCE, TIERS

if TYPE_CHECKING:
    from benchmarks.faces.measures import Measured, Share

COLOURS = ("#3b7dd8", "#d9730d", "#3a9a5c")
"""Told apart by people who see red and green alike, on light and dark."""
GREY = "#8a8a85"
_SHARE: dict[str, Any] = {"type": "quantitative", "scale": {"domain": [0, 1]}, "title": None, "axis": {"format": "%"}}


def plots(measured: Measured) -> list[tuple[str, str]]:
    """Titles and SVGs."""
    kinds = {(kind, side, tier): rates.right for (kind, side, tier), rates in measured.by_kind.items()}
    people = {
        (str(number), side, tier): rates.right
        for (number, about, side, tier), rates in measured.by_people.items()
        if "only" not in about
    }
    made = [
        ("Whether 80 means 80: names that are right, by stated confidence (size: how many)", _reliability(measured)),
        ("Named right by face alone, by people enrolled", _shares(people, "people enrolled")),
        ("Named right by face alone, by kind", _shares(kinds, "")),
    ]
    return [(title, _svg(spec)) for title, spec in made]


def _reliability(measured: Measured) -> dict[str, Any]:
    values = [
        {"x": one.confidence, "y": one.right.value, "low": low, "high": high, "n": one.right.whole, "tier": tier}
        for tier, bins in measured.reliability.items()
        for one in bins
        if one.right.interval
        for low, high in [one.right.interval]
    ]
    least = min((one.confidence // 10 * 10 for bins in measured.reliability.values() for one in bins), default=0)
    x = {"field": "x", "type": "quantitative", "scale": {"domain": [least, 100]}, "title": "stated confidence"}
    size = {"field": "n", "type": "quantitative", "scale": {"range": [15, 250]}, "legend": None}
    line = [{"x": least, "y": least / 100}, {"x": 100, "y": 1}]
    return {
        "layer": [
            {
                "data": {"values": line},
                "mark": {"type": "line", "color": GREY, "strokeDash": [4, 4]},
                "encoding": {"x": x, "y": {"field": "y", **_SHARE}},
            },
            *_points(values, x, {**_colour("tier", [*TIERS, CHANCE]), "size": size}),
        ]
    }


def _shares(found: dict[tuple[str, int, str], Share], axis: str) -> dict[str, Any]:
    tier = next(iter(TIERS))
    values = [
        {"x": what, "px": f"{side} px", "y": share.value, "low": low, "high": high}
        for (what, side, one), share in found.items()
        if one == tier and share.interval
        for low, high in [share.interval]
    ]
    sides = list(dict.fromkeys(str(one["px"]) for one in values))
    x = {"field": "x", "type": "ordinal", "sort": None, "title": axis or None, "axis": {"labelAngle": 0}}
    across = {"xOffset": {"field": "px", "sort": sides}, **_colour("px", sides)}
    return {"layer": _points(values, x, across)}


def _points(values: list[dict[str, Any]], x: dict[str, Any], more: dict[str, Any]) -> list[dict[str, Any]]:
    thin = {"size": {"value": 1.5}}
    return [
        {
            "data": {"values": values},
            "mark": "rule",
            "encoding": {"x": x, "y": {"field": "low", **_SHARE}, "y2": {"field": "high"}, **more, **thin},
        },
        {
            "data": {"values": values},
            "mark": {"type": "point", "filled": True, "size": 50},
            "encoding": {"x": x, "y": {"field": "y", **_SHARE}, **more},
        },
    ]


def _colour(field: str, domain: list[str]) -> dict[str, Any]:
    scale = {"domain": domain, "range": list(COLOURS[: len(domain)])}
    return {"color": {"field": field, "scale": scale, "title": None, "legend": {"columns": 1, "labelLimit": 320}}}


def _svg(spec: dict[str, Any]) -> str:
    import vl_convert

    quiet = {"labelColor": GREY, "titleColor": GREY, "domainColor": GREY, "tickColor": GREY, "gridColor": "#8a8a8540"}
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 340,
        "height": 220,
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
