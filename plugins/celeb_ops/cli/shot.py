"""``make shot``: one page as a run would see it, to look at; no dataset is touched."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

from celeb_ops.capture.page import capture_page
from celeb_ops.core.exceptions import SitesError
from celeb_ops.core.settings import Settings
from celeb_ops.core.sites import Site, choose, load_sites, site_of
from celeb_ops.core.temp_folders import scratch_folder
from celeb_ops.core.text import counted
from celeb_ops.core.yaml_reader import read_yaml
from celeb_ops.hooks.webdriver import WebDriverHook
from celeb_ops.report.rendering import render


def shot(what: str, options: str, out: Path) -> int:
    """Photograph a page into a folder.

    :param what: an address, or the name of a site in the sites file, whose options hold.
    :param options: those of the sites file, as YAML: ``hide: [.ad], mobile: true``.
    :raises CaptureError: the page could not be captured.
    """
    # Airflow's logging would show libvips' own.
    logging.getLogger("pyvips").setLevel(logging.WARNING)
    settings = Settings.load()
    site = _site(what, options, settings)
    print(f"{site.url} is being photographed …", flush=True)
    hook = WebDriverHook(settings.browser_url)
    robots = hook.robots(site).sentence
    print(f"Robots: {robots}", flush=True)
    with scratch_folder("shot") as folder:
        with hook.visit(site) as driver:
            page = capture_page(driver, site, folder)
        out.mkdir(parents=True, exist_ok=True)
        for old in out.glob("page*.*"):
            old.unlink()
        pictures = []
        for number, part in enumerate(page.parts, start=1):
            pictures.append(f"page{number if number > 1 else ''}.{site.format}")
            shutil.copy(part.path, out / pictures[-1])
    facts = {"page": page, "site": site, "files": pictures, "robots": robots}
    (out / "index.html").write_text(render("shot.html", **facts), encoding="utf-8")
    print(f"Title: {page.title}\nHTTP {page.http_status}, {page.final_url}")
    print(f"{page.page_width}x{page.captured_height} px, {counted(len(page.pictures), 'picture')} listed.")
    print(f"Loaded: {page.images_loaded} of {page.images_total} pictures.")
    print(f"Dismissed: {'; '.join(page.consent.done) or 'nothing'}.")
    print(f"Missing: {'; '.join(page.missing) or 'nothing'}.")
    print("Seconds: " + ", ".join(f"{step} {seconds:.1f}" for step, seconds in page.timings.items()))
    print(f"Open {out / 'index.html'} in a browser. The dataset was not touched.")
    return 0


def _site(what: str, options: str, settings: Settings) -> Site:
    path = settings.path(settings.sites)
    given: Any = read_yaml(f"{{{options}}}".encode(), "OPTIONS", SitesError) if options.strip("{} ") else {}
    if not isinstance(given, dict):
        raise SitesError("Write OPTIONS as in the sites file: 'hide: [.ad], mobile: true'.")
    if "://" in what:
        return site_of({"url": what} | given, path.parent, "URL and OPTIONS")
    (site,) = choose(load_sites(path), [what])
    own = site.model_dump(exclude_unset=True) | {"name": site.name}
    return site_of(own | given, path.parent, "OPTIONS")
