"""The project's pages in Airflow's API server, as an app of their own that knows nothing of Airflow.

An app that is mounted in the API server is open to everybody, so this one asks ``authorize`` before every route.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from celeb_ops.core.exceptions import CelebsError, InvalidKeyError, PermanentError, StoreRefusedError
from celeb_ops.core.settings import PROJECT
from celeb_ops.report import assets, file_routes, page_routes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from celeb_ops.core.store import Store
    from celeb_ops.report.host import Host

HEADERS = {
    # No script, nothing from other hosts, in no other site's frame. A page that needs more says so itself.
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Only the browser keeps it, and asks before it shows it again: the person may have lost the permission.
    "Cache-Control": "private, no-cache",
}
_TITLES = {403: "You may not see this", 404: "Page not found"}


def create_app(authorize: Callable[..., Any], open_store: Callable[[], Store], host: Host) -> FastAPI:
    """The app. Only people whom ``authorize`` accepts can open it.

    :param authorize: a FastAPI dependency that raises HTTPException, 401 or 403. :param open_store: opens the store,
        at the first request that needs it. :param host: the Airflow around the pages.
    """
    # Without FastAPI's own pages about the app: dependencies do not close those.
    app = FastAPI(dependencies=[Depends(authorize)], openapi_url=None, docs_url=None, redoc_url=None)
    app.state.host, app.state.open_store, app.state.tables = host, open_store, None
    for module in (page_routes, assets, file_routes):
        app.include_router(module.router)
    app.middleware("http")(_with_headers)
    # Starlette's class also covers addresses without a route.
    app.exception_handler(StarletteHTTPException)(_http_error)
    app.exception_handler(CelebsError)(_store_error)
    return app


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def _http_error(request: Request, error: StarletteHTTPException) -> Response:
    """A person in a browser logs in and comes back; a program gets the status, as from Airflow's API."""
    if error.status_code == 401 and _in_browser(request):
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{request.app.state.host.login}?{urlencode({'next': back})}")
    title = _TITLES.get(error.status_code, "This did not work")
    return _error_response(request, error.status_code, title, error.detail, error.headers)


async def _store_error(request: Request, error: CelebsError) -> Response:
    """The error's sentence: 502 where another try would meet the same, else 503; 404 for no key."""
    state, detail = request.app.state, str(error)
    # People need not know where on the server things are.
    for place in (state.tables.store.url() if state.tables else "", str(PROJECT)):
        if place.startswith("/"):
            detail = detail.replace(f"{place.rstrip('/')}/", "").replace(place, "the store")
    if isinstance(error, StoreRefusedError):
        # The next request opens the store again: its connection may be mended by then.
        state.tables = None
    status = 404 if isinstance(error, InvalidKeyError) else 502 if isinstance(error, PermanentError) else 503
    return _error_response(request, status, "The dataset can’t be read", detail)


def _error_response(
    request: Request, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A page for a person, JSON for a program."""
    if _in_browser(request):
        return page_routes.page(request, "message.html", status=status, here="", title=title, detail=detail)
    return JSONResponse({"detail": detail}, status, headers)


def _in_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
