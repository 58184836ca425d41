"""The project's pages in Airflow's API server, as an app of their own that knows nothing of Airflow.

Whoever makes the app says who may see it: an app that is mounted in the API server is open to everybody unless it
asks by itself. A page is a router, included in `create_app`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from celeb_ops.core.exceptions import CelebsError, InvalidKeyError, PermanentError, StoreRefusedError
from celeb_ops.core.settings import PROJECT
from celeb_ops.report import assets, files, pages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from celeb_ops.core.store import Store

HEADERS = {
    # What a page needs beyond that it says itself: no script, nothing from other hosts, in no other site's frame.
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Kept by the browser alone, and shown again only after asking here whether one still may see it.
    "Cache-Control": "private, no-cache",
}


def create_app(authorize: Callable[..., Any], open_store: Callable[[], Store], login: str) -> FastAPI:
    """The app, closed to whoever ``authorize`` does not let in.

    :param authorize: a FastAPI dependency that raises HTTPException, 401 or 403. :param open_store: opens the store,
        at the first request that needs it. :param login: where a person without a login is sent in a browser.
    """
    # Without FastAPI's own pages about the app: dependencies do not close those.
    app = FastAPI(dependencies=[Depends(authorize)], openapi_url=None, docs_url=None, redoc_url=None)
    app.state.login = login
    app.state.open_store = open_store
    app.state.store = None
    for part in (pages, assets, files):
        app.include_router(part.router)
    app.middleware("http")(_with_headers)
    # Starlette's: also of an address that no route has.
    app.exception_handler(StarletteHTTPException)(_refused)
    app.exception_handler(CelebsError)(_failed)
    return app


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    answer = await call_next(request)
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer


async def _refused(request: Request, error: StarletteHTTPException) -> Response:
    """A person in a browser logs in and comes back; anybody else gets the status, as from Airflow's API."""
    if error.status_code == 401 and _reads(request):
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{request.app.state.login}?{urlencode({'next': back})}")
    title = {403: "This is not open to you", 404: "This is not here"}.get(error.status_code, "This did not work")
    return _told(request, error.status_code, title, error.detail, error.headers)


async def _failed(request: Request, error: CelebsError) -> Response:
    """The store's trouble as its sentence: 502 where another try would meet the same, else 503; 404 for no key."""
    detail = _without_places(str(error), request.app.state.store)
    if isinstance(error, StoreRefusedError):
        # Its connection may be mended by the next request.
        request.app.state.store = None
    status = 404 if isinstance(error, InvalidKeyError) else 502 if isinstance(error, PermanentError) else 503
    return _told(request, status, "The dataset can’t be read", detail)


def _told(request: Request, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """A page for a person, JSON for a program."""
    if _reads(request):
        return pages.page(request, "message.html", status=status, here="", title=title, detail=detail)
    return JSONResponse({"detail": detail}, status, headers)


def _reads(request: Request) -> bool:
    """Whether it is a person in a browser that asks."""
    return "text/html" in request.headers.get("accept", "")


def _without_places(said: str, store: Store | None) -> str:
    """A sentence for people who need not know where on the server things are."""
    for place in (store.url() if store else "", str(PROJECT)):
        if place.startswith("/"):
            said = said.replace(f"{place.rstrip('/')}/", "").replace(place, "the store")
    return said
