"""The pages that people look at: who is trending, a person, the sites, the runs, the method."""

# FastAPI reads the annotations of routes at run time: they are no strings here.

from collections import Counter
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from celeb_ops.core import keys
from celeb_ops.report import assets, leaderboard, person_page, run_page, site_page, waiting
from celeb_ops.report.file_routes import OpenTables
from celeb_ops.report.host import Host
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


def host_of(request: Request) -> Host:
    host: Host = request.app.state.host
    return host


Airflow = Annotated[Host, Depends(host_of)]


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page of a template."""
    # From the page to the app, wherever that is mounted.
    up = "../" * (request.scope["path"].removeprefix(request.scope.get("root_path", "")).count("/") - 1)
    text = render(template, up=up or "./", urls=server_urls(up), asset=assets.asset_path, **values)
    return HTMLResponse(text, status, HEADERS)


@router.get("/")
def trending(
    request: Request,
    tables: OpenTables,
    load: Trends,
    host: Airflow,
    background: BackgroundTasks,
    period: str = "28d",
    site: Annotated[list[str] | None, Query()] = None,
    move: str = "",
    q: str = "",
    p: int = 1,
    by: str = "captures",
) -> HTMLResponse:
    """The leaderboard. What makes no sense in a query is left out."""
    sites = load("sites")["site"].to_list()
    query = leaderboard.Query(
        period=period if period in leaderboard.PERIODS else "28d",
        sites=tuple(name for name in sites if name in (site or [])),
        move=move if move in LABELS else "",
        search=q[:200],
        page=max(1, p),
        by=by if by in leaderboard.BY else "captures",
    )
    parameters = {"period": query.period, "site": query.sites, "move": query.move, "q": query.search, "by": query.by}

    def with_(**changed: Any) -> str:
        return "?" + urlencode({name: value for name, value in (parameters | changed).items() if value}, doseq=True)

    unfiltered = query == leaderboard.Query(period=query.period, by=query.by)
    # A person's page mostly comes next: Vega, which takes a second in a new process, is there by then.
    background.add_task(assets.content, assets.VEGA)
    board = leaderboard.board(load, query)
    return page(
        request,
        "trending.html",
        here="trending",
        waiting=None if board.last else waiting.what_is_missing(tables.store, host),
        board=board,
        sites=sites,
        with_=with_,
        unfiltered=unfiltered,
        moving=leaderboard.lead(load) if unfiltered else [],
        latest=leaderboard.latest(load) if unfiltered else [],
        PERIODS=leaderboard.PERIODS,
        MOVES=LABELS,
        BY=leaderboard.BY,
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
    """The page of the sites."""
    rows = site_page.sites(load)
    has_cost = any(site.facts["cost_28d"] for site in rows)
    return page(request, "sites.html", here="sites", sites=rows, has_cost=has_cost)


@router.get("/runs")
def runs(request: Request, tables: OpenTables, load: Trends, host: Airflow, p: int = 1) -> HTMLResponse:
    """The page of the runs, the newest first."""
    table = load("runs")
    pages = max(1, -(-table.height // RUNS))
    at = min(max(1, p), pages)
    rows = table.slice((at - 1) * RUNS, RUNS).to_dicts()
    return page(
        request,
        "runs.html",
        here="runs",
        runs=run_page.with_host(rows, host, newest=at == 1),
        has_cost=bool(table["cost_usd"].sum()),
        waiting=None if rows else waiting.what_is_missing(tables.store, host),
        at=at,
        pages=pages,
    )


@router.get("/runs/{time}")
def run(request: Request, tables: OpenTables, host: Airflow, time: str, site: str = "") -> HTMLResponse:
    """The page of a run: the outcome of each site, and the screenshot of one of them."""
    when = keys.parse_iso(time)
    host_runs = host.runs(when, when) if when else []
    captures = run_page.captures(tables.store, when, site) if when else []
    if when is None or not (captures or host_runs):
        raise HTTPException(404, f"There is no run at {time}. Write run times like 2026-11-25T08:00:00Z.")
    # The site that is asked for, else the first one that was seen, else the first one.
    chosen = min(captures, key=lambda row: (row["site"] != site, row["outcome"] != "seen"), default=None)
    return page(
        request,
        "run.html",
        here="runs",
        when=when,
        captures=captures,
        counts=Counter(row["way"] for row in captures),
        OUTCOMES=run_page.OUTCOMES,
        host_runs=host_runs,
        chosen=chosen,
        tasks=host.tasks(host_runs[0].id, chosen["site"]) if host_runs and chosen else {},
        screenshot=run_page.site_screenshot(tables.store, chosen["site"], when) if chosen else None,
    )


@router.get("/about")
def about(request: Request) -> HTMLResponse:
    """The page that explains the names and figures."""
    return page(request, "about.html", here="about")
