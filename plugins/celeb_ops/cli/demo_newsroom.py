"""The made-up newsroom of ``make demo``: pages from ``include/demo``, pictures out of installed packages.

The portraits are in the public domain: Grace Hopper (US Navy; matplotlib's sample data) and Eileen Collins (NASA;
scikit-image's ``astronaut``). The pages show them cropped, scaled and encoded again; the gallery holds the originals.
"""

import functools
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template

from PIL import Image, ImageEnhance

from celeb_ops.core.settings import PROJECT
from celeb_ops.recognition.local.onnx_models import packaged

PAGES = PROJECT / "include" / "demo"


def build(folder: Path) -> None:
    """Write the gallery (``gallery/``) and the pages with their pictures (``www/``) into ``folder``."""
    hopper = packaged("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")
    collins = packaged("skimage", "data/astronaut.png")
    for name, photo in (("Grace Hopper", hopper), ("Eileen Collins", collins)):
        (folder / "gallery" / name).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo, folder / "gallery" / name / photo.name)

    shutil.copytree(PAGES, folder / "www", dirs_exist_ok=True, ignore=shutil.ignore_patterns("sites.yaml"))
    pictures = folder / "www" / "pictures"
    pictures.mkdir(exist_ok=True)
    with Image.open(hopper) as image:
        portrait = image.convert("RGB")
    portrait.crop((60, 20, 460, 420)).resize((480, 480)).save(pictures / "hopper.jpeg", quality=78)
    portrait.crop((100, 0, 420, 400)).resize((240, 300)).save(pictures / "hopper-small.jpeg", quality=70)
    with Image.open(collins) as image:
        portrait = image.convert("RGB")
    portrait.crop((80, 0, 400, 300)).resize((640, 600)).save(pictures / "collins.jpeg", quality=78)
    warm = ImageEnhance.Color(portrait.crop((110, 0, 370, 260))).enhance(0.7)
    warm.resize((320, 320)).save(pictures / "collins-small.jpeg", quality=75)
    for name in ("chelsea.png", "coffee.png", "rocket.jpg"):
        with Image.open(packaged("skimage", f"data/{name}")) as image:
            image.convert("RGB").save((pictures / name).with_suffix(".jpeg"), quality=80)


@contextmanager
def served(folder: Path) -> Iterator[None]:
    """The newsroom on a free port of 127.0.0.1, as long as the context lasts; its sites file is ``sites.yaml``."""
    build(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder / "www")))
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="newsroom")
    thread.start()
    try:
        template = Template((PAGES / "sites.yaml").read_text(encoding="utf-8"))
        sites = template.substitute(address=f"http://127.0.0.1:{server.server_port}")
        (folder / "sites.yaml").write_text(sites, encoding="utf-8")
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the run's own lines are what a person looks at."""
