"""``make doctor``: what works from this machine and what does not, a sentence each; no paid call is made."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path

import requests

from celeb_ops.archive.memento import Archive
from celeb_ops.archive.rate_limiter import Deadline, RateLimiter
from celeb_ops.capture.browser import browser_name
from celeb_ops.capture.consent import AUTOCONSENT
from celeb_ops.capture.page import capture_page
from celeb_ops.core.exceptions import ArchiveBusyError, ArchiveError, CelebsError
from celeb_ops.core.settings import PROJECT, Settings
from celeb_ops.core.sites import CaptureOptions, Site, choose, load_sites
from celeb_ops.core.store import FolderStore, split_s3
from celeb_ops.core.temp_folders import scratch_folder
from celeb_ops.core.text import cleaned
from celeb_ops.gallery.wikimedia import Services
from celeb_ops.hooks.rekognition import rekognition_client
from celeb_ops.hooks.s3 import open_store
from celeb_ops.hooks.webdriver import WebDriverHook
from celeb_ops.recognition.factory import check_recognizer

_FREE_GB = 2
_CLOCK_S = 60
_PROBE = "Doctor/probe.txt"

Check = Callable[[], str]


class _Wrong(Exception):
    """A check's sentence, where something does not work."""


def doctor(names: list[str], out: Path) -> int:
    """Check what a run needs, and write it to a file that holds no secret; 1 where something does not work."""
    settings = Settings.load()
    lines, wrong = [], 0
    for name, check in _checks(settings, names):
        try:
            sign, sentence = "ok   ", check()
        except _Wrong as error:
            sign, sentence = "WRONG", str(error)
        except (CelebsError, requests.RequestException, OSError) as error:
            sentence = _sentence(error)
            sign = "WRONG"
        wrong += sign == "WRONG"
        lines.append(f"{sign}  {name:<14} {_without_places(sentence, settings)}")
        print(lines[-1], flush=True)
    head = f"Trending Celebrities, make doctor, {datetime.now(UTC):%Y-%m-%dT%H:%MZ}, Python {platform.python_version()}"
    out.write_text("\n".join([f"{head}, {platform.system()} {platform.machine()}", "", *lines, ""]), encoding="utf-8")
    print(f"\n{wrong} of {len(lines)} checks failed. {out} has this table and holds no secrets.")
    return 1 if wrong else 0


def _checks(settings: Settings, names: list[str]) -> Iterator[tuple[str, Check]]:
    yield "browser", partial(_browser, settings)
    yield "fonts", _fonts
    yield "consent rules", _consent
    yield "disk", partial(_disk, settings)
    yield "recogniser", partial(_recogniser, settings)
    yield "store", partial(_store, settings)
    if settings.recognizer == "rekognition":
        yield "Rekognition", partial(_rekognition, settings)
    sites = choose(load_sites(settings.path(settings.sites)), names)
    yield "clock", partial(_clock, sites[0])
    yield "archive", partial(_archive, settings, sites[0])
    for name, address in zip(("Wikidata", "Commons"), (Services().wikidata, Services().commons), strict=True):
        yield name, partial(_answers, address)
    for site in sites:
        yield site.name, partial(_site, settings, site)


def _browser(settings: Settings) -> str:
    with WebDriverHook(settings.browser_url).browser(CaptureOptions()) as driver:
        return f"{browser_name(driver)} starts{' remotely' if settings.browser_url else ''}."


def _fonts() -> str:
    if not shutil.which("fc-list"):
        return "fc-list is not installed, so fonts could not be checked."
    languages = {"English": "en", "Japanese": "ja", "Arabic": "ar"}
    missing = [name for name, code in languages.items() if not _said("fc-list", f":lang={code}", "family")]
    if "English" in missing:
        raise _Wrong("There is no font for Latin letters: install one, such as fonts-liberation.")
    return "There are fonts for pages in English" + (
        f"; none for {' and '.join(missing)}, whose letters are shown as boxes."
        if missing
        else ", Japanese and Arabic."
    )


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout.strip()


def _consent() -> str:
    if AUTOCONSENT.is_file():
        return "autoconsent is here: consent dialogs are answered."
    raise _Wrong("autoconsent is not here: consent dialogs are removed, not answered. `make npm` fetches it.")


def _disk(settings: Settings) -> str:
    store = "" if split_s3(settings.store) else str(settings.path(Path(settings.store)))
    for folder in filter(None, (tempfile.gettempdir(), store)):
        there = next(one for one in (Path(folder), *Path(folder).parents) if one.exists())
        free = shutil.disk_usage(there).free / 1e9
        if free < _FREE_GB:
            raise _Wrong(f"{folder} has {free:.1f} GB left: a browser and a page need up to {_FREE_GB} GB.")
    return f"At least {_FREE_GB} GB are free."


def _recogniser(settings: Settings) -> str:
    check_recognizer(settings)
    return f"The settings of the {settings.recognizer} recogniser are OK."


def _store(settings: Settings) -> str:
    store = open_store(settings)
    if isinstance(store, FolderStore):
        store.write(_PROBE, b"probe")
        store.delete(_PROBE)
        return "The dataset's folder can be written."
    able, unable = [], []
    steps: dict[str, Callable[[], object]] = {
        "write": lambda: store.write(_PROBE, b"probe"),
        "read": lambda: store.read(_PROBE),
        "change": lambda: store.update(_PROBE, lambda _: b"probe again"),
        "list": lambda: list(store.list("Doctor/")),
        "delete": lambda: store.delete(_PROBE),
    }
    for name, step in steps.items():
        try:
            step()
            able.append(name)
        except CelebsError as error:
            unable.append(f"{name} ({error})")
    if unable:
        raise _Wrong(f"This account may not {'; '.join(unable)} (docs/aws.md has the permissions).")
    return f"The bucket lets this account {', '.join(able)}."


def _rekognition(settings: Settings) -> str:
    region = rekognition_client(settings).meta.region_name
    return f"A client for {region} was created. Calls were not tested, because each one costs money."


def _clock(site: Site) -> str:
    answer = requests.head(site.url, timeout=15)
    off = abs((datetime.now(UTC) - parsedate_to_datetime(answer.headers["Date"])).total_seconds())
    if off > _CLOCK_S:
        raise _Wrong(f"This machine's clock is {off:.0f} s off {site.url}'s: set it.")
    return f"The clock here and that of {site.url} agree within {_CLOCK_S} s."


def _archive(settings: Settings, site: Site) -> str:
    limiter = RateLimiter(settings.path(settings.cache), settings.archive_url, 1)
    with Archive(settings.archive_url, limiter) as archive:
        try:
            found = archive.nearest(site.url, datetime.now(UTC), Deadline(60))
        except ArchiveBusyError:
            raise _Wrong(f"{archive.host} is busy or limits requests: try again later.") from None
        except ArchiveError:
            # Its own sentence is for a task, which is cleared later.
            raise _Wrong(
                f"{archive.host} could not be reached: is the network up, and CELEBS_ARCHIVE_URL right?"
            ) from None
    when = f"its newest copy of {site.url} is from {found.when:%Y-%m-%d}" if found else f"it has no copy of {site.url}"
    return f"{archive.host} answers; {when}."


def _answers(address: str) -> str:
    answer = requests.get(address, timeout=15, headers={"User-Agent": "TrendingCelebrities doctor"}, stream=True)
    if answer.status_code >= 500 or answer.status_code in (403, 429):
        raise _Wrong(f"{address} answered with HTTP {answer.status_code}: try later.")
    return f"{address} answers."


def _site(settings: Settings, site: Site) -> str:
    hook = WebDriverHook(settings.browser_url)
    with scratch_folder("doctor") as folder, hook.visit(site) as driver:
        page = capture_page(driver, site, folder)
    missing = f"; missing: {'; '.join(page.missing)}" if page.missing else ""
    seconds = sum(page.timings.values())
    return f"Seen in {seconds:.0f} s: {page.images_loaded} of {page.images_total} pictures loaded{missing}."


def _sentence(error: CelebsError | requests.RequestException | OSError) -> str:
    if isinstance(error, requests.RequestException):
        # Its own text may hold a proxy's login.
        address = str(error.request.url) if error.request else "The address"
        return f"{address} could not be reached ({type(error).__name__}): is the network up?"
    return str(error)


def _without_places(sentence: str, settings: Settings) -> str:
    """The sentence on one line, without a bucket's name and this machine's folders."""
    bucket = split_s3(settings.store)
    for place, name in ((bucket[0] if bucket else "", "<bucket>"), (str(PROJECT), "."), (os.path.expanduser("~"), "~")):
        sentence = sentence.replace(place, name) if len(place) > 1 else sentence
    return cleaned(sentence, 600)
