"""The charts of the pages: Vega-Lite specifications, made by Altair once, into which a page pours its rows.

A browser draws them with Vega's own scripts, which come with vl-convert, and with Vega's interpreter of expressions:
nothing of a chart is ever run as a script (``ast``, see report/assets/page.js).
"""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

import polars as pl
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.report.person_page import PersonPage

_PAGE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def in_page(value: Any) -> Markup:
    """JSON that can stand in a ``script`` element: nothing in it ends that."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return Markup(text.translate(_PAGE))


def inside(own: str) -> Markup:
    """A style or script of ours as it is, inside its element: it must not end that."""
    if re.search(r"</(script|style)|<!--", own, re.IGNORECASE):
        raise ValueError("a style or script for the report would end its own element")
    return Markup(own)


def _chart(spec: str, **data: tuple[str, Sequence[Sequence[Any]]]) -> Markup:
    """A chart's data by name: its columns, and a list a row."""
    columns = {name: words.split() for name, (words, _) in data.items()}
    return in_page({"spec": spec, "columns": columns, "rows": {name: rows for name, (_, rows) in data.items()}})


def share_chart(person: PersonPage) -> Markup:
    """Their share over time. A line ends where nothing was seen, and where the way of counting changed."""
    rows, gaps = [], []
    ends = [*(point.period.first for point in person.points[1:]), person.points[-1].period.first]
    for known, some in groupby(zip(person.points, ends, strict=True), key=lambda one: one[0].share is not None):
        run = list(some)
        if known:
            rows += [
                (point.period.first, round(point.share or 0.0, 4), point.line, point.captures, point.period.seen)
                for point, _ in run
            ]
        else:
            gaps.append((run[0][0].period.first, run[-1][1]))
    breaks = [(point.period.first, point.period.broken) for point in person.points[1:] if point.period.broken]
    return _chart(
        "share", rows=("when share line captures seen", rows), gaps=("from to", gaps), breaks=("when what", breaks)
    )


def sites_chart(person: PersonPage) -> Markup:
    """Their time line on each site. A week in which the site was not seen is left blank."""
    order = pl.Enum([site for site, _ in person.sites])
    weeks = person.weeks.filter(pl.col("seen") > 0, pl.col("site").is_in(order.categories))
    rows = weeks.cast({"site": order}).sort("site", "week").select("site", "week", "captures", "seen").rows()
    return _chart("sites", rows=("site week captures seen", rows))


@cache
def specs() -> dict[str, Markup]:
    """The specifications by name. A page has each once, however many charts it shows."""
    return {"share": in_page(_share_spec()), "sites": in_page(_sites_spec())}


def _share_spec() -> dict[str, Any]:
    import altair as alt

    gaps = alt.Chart(alt.NamedData("gaps")).encode(x=_time("from"), x2="to:T")
    gaps = gaps.mark_rect(opacity=0.6, fill="--gap").encode(tooltip=alt.value("nothing was seen"))
    share = alt.Y("share:Q", title=None, axis=alt.Axis(format="%", tickCount=4), scale=alt.Scale(zero=True))
    rows = alt.Chart(alt.NamedData("rows")).encode(x=_time("when"), y=share)
    line = rows.mark_line(strokeWidth=1.75, stroke="--accent").encode(detail="line:N")
    dots = rows.mark_point(filled=True, size=22, fill="--accent", opacity=1).encode(
        tooltip=[alt.Tooltip("when:T", title="from"), alt.Tooltip("share:Q", format=".1%"), *_counts()]
    )
    breaks = alt.Chart(alt.NamedData("breaks")).mark_rule(strokeDash=[4, 3], strokeWidth=1.25, stroke="--break")
    breaks = breaks.encode(
        x=_time("when"), tooltip=[alt.Tooltip("when:T", title="counting changed"), alt.Tooltip("what:N")]
    )
    return _spec(alt.layer(gaps, line, dots, breaks).properties(height=190))


def _sites_spec() -> dict[str, Any]:
    import altair as alt

    weeks = (
        alt.Chart(alt.NamedData("rows"))
        .transform_calculate(end="+toDate(datum.week) + 7 * 864e5", share="datum.captures / datum.seen")
        .encode(
            x=_time("week"),
            x2="end:T",
            y=alt.Y("site:N", title=None, sort=None, axis=alt.Axis(labelLimit=110, domain=False, ticks=False)),
            tooltip=[alt.Tooltip("site:N"), alt.Tooltip("week:T", title="week of"), *_counts()],
        )
    )
    strength = alt.Opacity("share:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[0.3, 1]))
    seen = weeks.mark_rect(fill="--faint", height={"band": 0.7})
    shown = weeks.transform_filter("datum.captures > 0").mark_rect(fill="--accent", height={"band": 0.7})
    return _spec(alt.layer(seen, shown.encode(opacity=strength)).properties(height=alt.Step(22)))


def _time(field: str) -> Any:
    import altair as alt

    return alt.X(f"{field}:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(grid=False, tickCount=6))


def _counts() -> list[Any]:
    import altair as alt

    return [
        alt.Tooltip("captures:Q", title="captures that show them"),
        alt.Tooltip("seen:Q", title="captures seen"),
    ]


def _spec(made: Any) -> dict[str, Any]:
    """Without Altair's own defaults: the page says how wide it is, and in which colours."""
    spec: dict[str, Any] = made.properties(width="container").to_dict()
    spec.pop("config", None)
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    return spec
