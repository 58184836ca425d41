"""The pages that people look at: who is trending, a person, the sites, the runs, the method."""

# FastAPI reads the annotations of routes at run time: they are no strings here.

from collections import Counter
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from celeb_ops.report import assets, charts, leaderboard, run_page
from celeb_ops.report import person_page as people
from celeb_ops.report import site_page as site_states
from celeb_ops.report.files import OpenStore
from celeb_ops.report.movement import WORDS
from celeb_ops.report.rendering import environment, on_server
from celeb_ops.report.table_cache import Load, Tables

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'self'"
    )
}
RUNS = 50
"""Runs on one page of their list."""
LATEST = 8
"""Pictures below the leaderboard."""

router = APIRouter(default_response_class=HTMLResponse)


def tables(request: Request, store: OpenStore) -> Load:
    """The trends as they are now. The app keeps them for as long as it keeps its store."""
    state = request.app.state
    kept = getattr(state, "tables", None)
    if kept is None or kept.store is not store:
        state.tables = kept = Tables(store)
    return kept.now()


Trends = Annotated[Load, Depends(tables)]


def page(request: Request, template: str, *, status: int = 200, **given: Any) -> HTMLResponse:
    """The page of a template."""
    # From the page to the app, wherever that is mounted.
    up = "../" * (request.scope["path"].removeprefix(request.scope.get("root_path", "")).count("/") - 1)
    text = (
        environment()
        .get_template(template)
        .render(up=up or "./", places=on_server(up), asset=assets.asset_path, **given)
    )
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
    """The leaderboard."""
    known = load("sites")["site"].to_list()
    query = leaderboard.Query(
        period=period if period in leaderboard.PERIODS else "28d",
        sites=tuple(one for one in known if one in (site or [])),
        move=move if move in WORDS else "",
        search=q[:200],
        page=max(1, p),
    )
    asked = {"period": query.period, "site": query.sites, "move": query.move, "q": query.search}

    def with_(**changed: Any) -> str:
        return "?" + urlencode({name: value for name, value in (asked | changed).items() if value}, doseq=True)

    plain = query == leaderboard.Query(period=query.period)
    # A person's page comes next, mostly: what takes seconds in a new process is done by then.
    background.add_task(charts.specs)
    background.add_task(assets.content, assets.VEGA)
    return page(
        request,
        "trending.html",
        here="trending",
        board=leaderboard.board(load, query),
        sites=known,
        with_=with_,
        plain=plain,
        moving=leaderboard.lead(load) if plain else [],
        latest=leaderboard.latest(load, LATEST) if plain else [],
        PERIODS=leaderboard.PERIODS,
        MOVES=WORDS,
    )


@router.get("/people/{name}")
def person(request: Request, load: Trends, name: str, span: str = "year") -> HTMLResponse:
    """A person."""
    found = people.name_of(load, name)
    if found is None:
        raise HTTPException(404, "Nobody by this name is in the trends.")
    one = people.person(load, found, span if span in people.SPANS else "year")
    return page(
        request,
        "person.html",
        here="trending",
        person=one,
        specs=charts.specs(),
        share_chart=charts.share_chart(one),
        sites_chart=charts.sites_chart(one),
        SPANS=people.SPAN_WORDS,
    )


@router.get("/sites")
def sites(request: Request, load: Trends) -> HTMLResponse:
    """How the sites fare."""
    return page(request, "sites.html", here="sites", sites=site_states.sites(load))


@router.get("/runs")
def all_runs(request: Request, load: Trends, p: int = 1) -> HTMLResponse:
    """The runs, the newest first."""
    table = load("runs")
    pages = max(1, -(-table.height // RUNS))
    at = min(max(1, p), pages)
    return page(
        request, "runs.html", here="runs", runs=table.slice((at - 1) * RUNS, RUNS).to_dicts(), at=at, pages=pages
    )


@router.get("/runs/{time}")
def run(request: Request, store: OpenStore, time: str, site: str = "") -> HTMLResponse:
    """A run: what came of each site, and the screenshot of one of them."""
    when = run_page.run_time(time)
    captures = run_page.captures(store, when) if when else []
    if when is None or not captures:
        raise HTTPException(404, f"There was no run at {time}: a run's time is written 2026-11-25T08:00:00Z.")
    by_site = {row["site"]: row for row in captures}
    seen = [row["site"] for row in captures if row["outcome"] == "seen"]
    chosen = by_site[site if site in by_site else (seen or list(by_site))[0]]
    return page(
        request,
        "run.html",
        here="runs",
        when=when,
        captures=captures,
        counts=Counter(row["way"] for row in captures),
        WAYS=run_page.WAYS,
        chosen=chosen,
        shot=run_page.shot(store, chosen["site"], when),
    )


@router.get("/about")
def about(request: Request) -> HTMLResponse:
    """What the names and figures mean."""
    return page(request, "about.html", here="about")
