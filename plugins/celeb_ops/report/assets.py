"""What pages are drawn with: style, scripts, and Vega, each under an address that changes with its content."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files

from fastapi import APIRouter, HTTPException, Response

_FOR_EVER = "private, max-age=31536000, immutable"
router = APIRouter()


@dataclass(frozen=True)
class Asset:
    """A file that pages need."""

    media_type: str
    content: Callable[[], str]
    version: Callable[[], str]
    """Another one when the content is another one."""


@cache
def own(name: str) -> str:
    """The text of one of our own files."""
    return files("celeb_ops").joinpath("report", "assets", name).read_text(encoding="utf-8")


@cache
def vega() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script of 0.9 MB, out of vl-convert; it takes a second."""
    import vl_convert

    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")


def _vega_version() -> str:
    # Not of its content, for which a page would have to wait.
    return _digest(version("vl-convert-python"))


def _digest(content: str) -> str:
    return sha256(content.encode()).hexdigest()[:16]


def _file(name: str, media_type: str) -> Asset:
    return Asset(media_type, lambda: own(name), lambda: _digest(own(name)))


_CSS, _JS, _SVG = "text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/svg+xml"
ASSETS = {
    "page.css": _file("page.css", _CSS),
    "page.js": _file("page.js", _JS),
    "icon.svg": _file("icon.svg", _SVG),
    "icon-dark.svg": _file("icon-dark.svg", _SVG),
    "vega.js": Asset(_JS, vega, _vega_version),
}


@cache
def asset_path(name: str) -> str:
    """``assets/<version>/page.css``: where an asset is in the app."""
    return f"assets/{ASSETS[name].version()}/{name}"


@router.get("/assets/{version}/{name}")
def asset(version: str, name: str) -> Response:
    """An asset. Of another version, which a page from before an update asks for, there is none."""
    if name not in ASSETS or version != ASSETS[name].version():
        raise HTTPException(404, f"There is no {name!r} of version {version!r}: load the page anew.")
    return Response(ASSETS[name].content(), media_type=ASSETS[name].media_type, headers={"Cache-Control": _FOR_EVER})
