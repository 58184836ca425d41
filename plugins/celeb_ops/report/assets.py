"""Style, scripts and Vega of the pages, each under an address that changes with its content."""

from functools import cache
from hashlib import sha256
from importlib.metadata import version as version_of
from importlib.resources import files

from fastapi import APIRouter, HTTPException, Response

VEGA = "vega.js"
ASSETS = {
    "page.css": "text/css; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "icon-dark.svg": "image/svg+xml",
    VEGA: "text/javascript; charset=utf-8",
}
"""Media types by name."""
router = APIRouter()


@cache
def content(name: str) -> str:
    """The text of an asset. Vega, Vega-Lite and Vega-Embed are one script of 0.9 MB out of vl-convert, made in 1 s."""
    if name == VEGA:
        import vl_convert

        return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return files("celeb_ops").joinpath("report", "assets", name).read_text(encoding="utf-8")


@cache
def asset_path(name: str) -> str:
    """``assets/<version>/page.css``: where an asset is in the app."""
    # Vega's version stands for its content, which a page would have to wait for.
    identity = version_of("vl-convert-python") if name == VEGA else content(name)
    return f"assets/{sha256(identity.encode()).hexdigest()[:16]}/{name}"


@router.get("/assets/{version}/{name}")
def asset(version: str, name: str) -> Response:
    """An asset. A page from before an update asks for a version that is gone: 404."""
    if name not in ASSETS or asset_path(name) != f"assets/{version}/{name}":
        raise HTTPException(404, f"There is no {name!r} of version {version!r}: load the page again.")
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(content(name), media_type=ASSETS[name], headers=headers)
