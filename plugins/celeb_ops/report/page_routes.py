"""The pages that people look at: who is trending, a person, the sites, the runs, the method."""

# FastAPI reads the annotations of routes at run time: they are no strings here.

from collections import Counter
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from celeb_ops.core import keys
from celeb_ops.report import assets, leaderboard, person_page, run_page, site_page
from celeb_ops.report.file_routes import OpenTables
from celeb_ops.report.movement import LABELS
from celeb_ops.report.rendering import render, server_urls
from celeb_ops.report.table_cache import Load

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'self'"
    )
}
RUNS = 50
"""Runs on one page of their list."""

router = APIRouter(default_response_class=HTMLResponse)


def tables_now(tables: OpenTables) -> Load:
    return tables.now()


Trends = Annotated[Load, Depends(tables_now)]


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page of a template."""
    # From the page to the app, wherever that is mounted.
    up = "../" * (request.scope["path"].removeprefix(request.scope.get("root_path", "")).count("/") - 1)
    text = render(template, up=up or "./", urls=server_urls(up), asset=assets.asset_path, **values)
    return HTMLResponse(text, status, HEADERS)


@router.get("/")
def trending(
    request: Request,
    load: Trends,
    background: BackgroundTasks,
    period: str = "28d",
    site: Annotated[list[str] | None, Query()] = None,
    move: str = "",
    q: str = "",
    p: int = 1,
) -> HTMLResponse:
    """The leaderboard. What makes no sense in a query is left out."""
    sites = load("sites")["site"].to_list()
    query = leaderboard.Query(
        period=period if period in leaderboard.PERIODS else "28d",
        sites=tuple(name for name in sites if name in (site or [])),
        move=move if move in LABELS else "",
        search=q[:200],
        page=max(1, p),
    )
    parameters = {"period": query.period, "site": query.sites, "move": query.move, "q": query.search}

    def with_(**changed: Any) -> str:
        return "?" + urlencode({name: value for name, value in (parameters | changed).items() if value}, doseq=True)

    unfiltered = query == leaderboard.Query(period=query.period)
    # A person's page mostly comes next: Vega, which takes a second in a new process, is there by then.
    background.add_task(assets.content, assets.VEGA)
    return page(
        request,
        "trending.html",
        here="trending",
        board=leaderboard.board(load, query),
        sites=sites,
        with_=with_,
        unfiltered=unfiltered,
        moving=leaderboard.lead(load) if unfiltered else [],
        latest=leaderboard.latest(load) if unfiltered else [],
        PERIODS=leaderboard.PERIODS,
        MOVES=LABELS,
    )


@router.get("/people/{name}")
def person(request: Request, load: Trends, name: str, span: str = "year") -> HTMLResponse:
    """A person."""
    found = person_page.name_of(load, name)
    if found is None:
        raise HTTPException(404, "Nobody by this name is in the trends.")
    person = person_page.person(load, found, span if span in person_page.SPANS else "year")
    return page(
        request,
        "person.html",
        here="trending",
        person=person,
        SPANS=person_page.SPAN_LABELS,
    )


@router.get("/sites")
def sites(request: Request, load: Trends) -> HTMLResponse:
    """How the sites fare."""
    return page(request, "sites.html", here="sites", sites=site_page.sites(load))


@router.get("/runs")
def runs(request: Request, load: Trends, p: int = 1) -> HTMLResponse:
    """The runs, the newest first."""
    table = load("runs")
    pages = max(1, -(-table.height // RUNS))
    at = min(max(1, p), pages)
    rows = table.slice((at - 1) * RUNS, RUNS).to_dicts()
    return page(request, "runs.html", here="runs", runs=rows, at=at, pages=pages)


@router.get("/runs/{time}")
def run(request: Request, tables: OpenTables, time: str, site: str = "") -> HTMLResponse:
    """A run: what came of each site, and the screenshot of one of them."""
    when = keys.parse_iso(time)
    captures = run_page.captures(tables.store, when) if when else []
    if when is None or not captures:
        raise HTTPException(404, f"There was no run at {time}: a run's time is written 2026-11-25T08:00:00Z.")
    # The site that is asked for, else the first one that was seen, else the first one.
    chosen = min(captures, key=lambda row: (row["site"] != site, row["outcome"] != "seen"))
    return page(
        request,
        "run.html",
        here="runs",
        when=when,
        captures=captures,
        counts=Counter(row["way"] for row in captures),
        OUTCOMES=run_page.OUTCOMES,
        chosen=chosen,
        screenshot=run_page.site_screenshot(tables.store, chosen["site"], when),
    )


@router.get("/about")
def about(request: Request) -> HTMLResponse:
    """What the names and figures mean."""
    return page(request, "about.html", here="about")
