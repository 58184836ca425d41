"""Pictures and records of the dataset, as they are in the store."""

# FastAPI reads the annotations of routes at run time: they are no strings here.

from hashlib import sha256
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError
from celeb_ops.core.records import Screenshot
from celeb_ops.core.store import is_key
from celeb_ops.core.store.s3 import content_type
from celeb_ops.report.rendering import render
from celeb_ops.report.table_cache import Tables

FOLDERS = ("Images/", "Faces/", "Slices/", "Results/")
_TYPES = {"image/jpeg", "image/png", "application/json"}
"""Nothing else is handed out: a page or a script would run as one of Airflow's own."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
"""A browser shows a picture in a small page of its own, which has a style."""

router = APIRouter()


def open_tables(request: Request) -> Tables:
    """The tables of the app's store. Both are kept: opening a store in S3 takes 50 ms."""
    state = request.app.state
    tables: Tables = state.tables or Tables(state.open_store())
    state.tables = tables
    return tables


OpenTables = Annotated[Tables, Depends(open_tables)]


@router.get("/files/{key:path}")
def file(key: str, tables: OpenTables, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """A picture or a record by its key."""
    media_type = content_type(key)
    if not (is_key(key) and key.startswith(FOLDERS) and media_type in _TYPES):
        raise HTTPException(404, f"{key!r} can't be shown: only files in {', '.join(FOLDERS)} can.")
    try:
        content = tables.store.read(key)
    except NotStoredError:
        raise _not_there(key) from None
    # Weak: Airflow may compress it on its way.
    headers = {"ETag": f'W/"{sha256(content).hexdigest()}"', "Content-Security-Policy": _POLICY}
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers | {"Content-Disposition": "inline"})


@router.get("/screenshots/{stem}")
def screenshot(stem: str, tables: OpenTables) -> Response:
    """The picture of a whole page: of a very tall one all its parts, one below the other."""
    key = keys.sidecar(stem)
    if not is_key(key):
        raise _not_there(key)
    try:
        shot = Screenshot.load(tables.store, key)
    except NotStoredError:
        raise _not_there(key) from None
    # The parts are written and deleted together.
    if shot.parts and not tables.store.exists(shot.parts[0].key):
        raise _not_there(shot.parts[0].key)
    pictures = [f"../files/{quote(part.key)}" for part in shot.parts]
    if len(pictures) == 1:
        return RedirectResponse(pictures[0])
    return HTMLResponse(render("screenshot.html", shot=shot, pictures=pictures))


def _not_there(key: str) -> HTTPException:
    return HTTPException(404, f"{key} is not in the store: the step that writes it has not run yet, or it was deleted.")
