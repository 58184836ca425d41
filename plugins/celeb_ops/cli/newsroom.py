"""The made-up newsroom of ``make demo``: pages from ``include/demo``, pictures out of installed packages.

The portraits are in the public domain: Grace Hopper (US Navy; matplotlib's sample data) and Eileen Collins (NASA;
scikit-image's ``astronaut``). The pages show them cropped, scaled and encoded anew; the gallery holds the originals.
"""

from __future__ import annotations

import functools
import importlib.util
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageEnhance

from celeb_ops.exceptions import PermanentError
from celeb_ops.settings import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = PROJECT / "include" / "demo"


class DemoError(PermanentError):
    """The demo's pictures could not be found."""


@dataclass(frozen=True)
class Newsroom:
    """A newsroom that is being served."""

    sites: Path
    """Its sites file."""
    gallery: Path


def _packaged(package: str, *parts: str) -> Path:
    """A data file of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder, *parts)
        if path.is_file():
            return path
    raise DemoError(f"{package} has no {'/'.join(parts)}, which the demo shows: run `make clean demo`.")


def build(folder: Path) -> None:
    """Write the gallery (``gallery/``) and the pages with their pictures (``www/``) into ``folder``."""
    hopper = _packaged("matplotlib", "mpl-data", "sample_data", "grace_hopper.jpg")
    collins = _packaged("skimage", "data", "astronaut.png")
    for name, photo in (("Grace Hopper", hopper), ("Eileen Collins", collins)):
        person = folder / "gallery" / name
        person.mkdir(parents=True, exist_ok=True)
        (person / photo.name).write_bytes(photo.read_bytes())

    pictures = folder / "www" / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    with Image.open(hopper) as image:
        portrait = image.convert("RGB")
        _save(portrait.crop((60, 20, 460, 420)).resize((480, 480)), pictures / "hopper.jpeg", quality=78)
        _save(portrait.crop((100, 0, 420, 400)).resize((240, 300)), pictures / "hopper-small.jpeg", quality=70)
    with Image.open(collins) as image:
        portrait = image.convert("RGB")
        _save(portrait.crop((80, 0, 400, 300)).resize((640, 600)), pictures / "collins.jpeg", quality=78)
        warm = ImageEnhance.Color(portrait.crop((110, 0, 370, 260))).enhance(0.7)
        _save(warm.resize((320, 320)), pictures / "collins-small.jpeg", quality=75)
    for name in ("chelsea.png", "coffee.png", "rocket.jpg"):
        with Image.open(_packaged("skimage", "data", name)) as image:
            _save(image.convert("RGB"), (pictures / name).with_suffix(".jpeg"), quality=80)
    for page in (*PAGES.glob("*.html"), PAGES / "style.css"):
        (folder / "www" / page.name).write_bytes(page.read_bytes())


@contextmanager
def served(folder: Path) -> Iterator[Newsroom]:
    """The newsroom on a free port of 127.0.0.1, for as long as the context lasts."""
    build(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder / "www")))
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="newsroom")
    thread.start()
    try:
        sites = folder / "sites.yaml"
        template = Template((PAGES / "sites.yaml").read_text(encoding="utf-8"))
        sites.write_text(template.substitute(address=f"http://127.0.0.1:{server.server_port}"), encoding="utf-8")
        yield Newsroom(sites, folder / "gallery")
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the run's own lines are what a person looks at."""


def _save(image: Image.Image, path: Path, quality: int) -> None:
    image.save(path, "JPEG", quality=quality)
