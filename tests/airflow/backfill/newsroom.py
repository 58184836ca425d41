"""Three news sites of five days in 2021 as an archive has them, who was on them, and what must not leak into them.

At eight of the ten run times the archive has each site, a while before or after. ALPHA's scripts fetch pictures from a
server of today; BETA shows pictures that were archived years later only; GAMMA's lead picture has one address, and
another person on it each time.
"""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.archive.recording import Recording
from tests.archive.server import archive
from tests.web import Web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.archive.server import Archive

FIRST_DAY = datetime(2021, 3, 8, tzinfo=UTC)
TIMES = [FIRST_DAY + timedelta(hours=hours) for hours in range(8, 5 * 24, 12)]
"""The run times of the five days, 08:00 and 20:00 UTC."""
GAPS = [TIMES[3], TIMES[6]]
"""Those of which the archive has nothing."""
SEEN = [when for when in TIMES if when not in GAPS]
LATER = timedelta(days=3 * 365)
WINDOW_H = 5

HOPPER, COLLINS = "Grace Hopper", "Eileen Collins"
PORTRAITS = {HOPPER: "hopper.jpeg", COLLINS: "collins.jpeg"}
SCENES = ["coffee.jpeg", "rocket.jpeg", "chelsea.jpeg"]
SITES = ("ALPHA", "BETA", "GAMMA")
TODAY = "TODAY"
"""A site that is there now, and was never archived."""

_WHO = {"H": {HOPPER}, "C": {COLLINS}, "B": {HOPPER, COLLINS}, "-": set()}
PEOPLE = {
    (site, when): _WHO[letter]
    for site, letters in (("ALPHA", "HC-HCCH-"), ("BETA", "CH-BHC-H"), ("GAMMA", "H-CCBHCH"))
    for when, letter in zip(SEEN, letters, strict=True)
}
"""Who was on a site at a run time, by site and run time."""

_OFF_MIN = {"ALPHA": 7, "BETA": -23, "GAMMA": 55}
_STORIES = "".join(f'<p><a href="/ferry/{n}">The ferry came late again, day {n}</a>' for n in range(5))
_WORDS = "<p>" + "All is quiet in the harbour, and nobody could say when the ferry would come. " * 8 + _STORIES


@dataclass(frozen=True)
class Newsroom:
    """The sites of the past, and one of today."""

    archive: Archive
    pictures: Web
    """A server of today with everybody's portrait, that no page of the past may ask."""
    settings: dict[str, str]


def archived_at(site: str, when: datetime) -> datetime:
    """When the archive took the page that stands for a run time."""
    return when + timedelta(minutes=_OFF_MIN[site], seconds=13)


def address(site: str) -> str:
    return f"https://{site.lower()}.example/"


@contextmanager
def newsroom(folder: Path, demo: Path) -> Iterator[Newsroom]:
    """The archive and the servers of today, for as long as the context lasts; ``demo`` has the demo's files."""
    pictures = {path.name: path.read_bytes() for path in (demo / "www" / "pictures").iterdir()}
    with (
        Web({f"/{name}": content for name, content in pictures.items()}) as live,
        Web({"/": f"<title>{TODAY}</title><h1>{TODAY}</h1>{_WORDS}"}) as today,
    ):
        with Recording(folder / "days.warc.gz") as made:
            for site in SITES:
                for number, when in enumerate(SEEN):
                    _record(made, site, when, pictures, SCENES[number % len(SCENES)], live.address)
        entries = [{"url": address(site), "name": site} for site in SITES] + [{"url": today.address, "name": TODAY}]
        sites = folder / "sites.yaml"
        sites.write_text(json.dumps({"sites": entries}))
        gallery = folder / "gallery"
        shutil.copytree(demo / "gallery", gallery)
        with archive(folder / "pywb", [folder / "days.warc.gz"]) as running:
            settings = {
                "CELEBS_SITES": str(sites),
                "CELEBS_GALLERY": str(gallery),
                "CELEBS_ARCHIVE_URL": running.timegate,
                "CELEBS_ARCHIVE_WINDOW_H": str(WINDOW_H),
            }
            yield Newsroom(running, live, settings)


def _record(
    made: Recording, site: str, when: datetime, pictures: dict[str, bytes], scene: str, address_of_today: str
) -> None:
    """One page with its pictures, and what must not be seen on it: whoever is not on it that day."""
    at = archived_at(site, when)
    people = PEOPLE[site, when]
    others = [name for name in PORTRAITS if name not in people]
    shown = [picture for name, picture in PORTRAITS.items() if name in people] or [scene]
    body = []
    for number, picture in enumerate(shown):
        # One address whose picture changes, as a site's lead picture has it; elsewhere each picture has its own.
        name = f"lead-{number}.jpeg" if site == "GAMMA" else f"{when:%m-%d-%H}-{picture}"
        made.page(f"{address(site)}{name}", at + timedelta(minutes=1), pictures[picture], "image/jpeg")
        body.append(f'<article><h2>{site} {when:%A}</h2><img src="/{name}" width="480"></article>')
    if site == "ALPHA":
        live = [f"{address_of_today}/{PORTRAITS[name]}" for name in others]
        body.append(f"<script>{_FETCH % live}</script>")
    if site == "BETA":
        for name in others:
            late = f"{when:%m-%d-%H}-late-{PORTRAITS[name]}"
            made.page(f"{address(site)}{late}", at + LATER, pictures[PORTRAITS[name]], "image/jpeg")
            body.append(f'<img src="/{late}" width="480" height="480">')
    made.page(address(site), at, f"<!doctype html><title>{site}</title><h1>{site}</h1>{_WORDS}{''.join(body)}")


_FETCH = """
for (const address of %s) {
  const picture = new Image(480, 480);
  picture.src = address;
  document.body.append(picture);
  fetch(address).then(answer => answer.blob()).then(blob => {
    const copy = new Image(480, 480);
    copy.src = URL.createObjectURL(blob);
    document.body.append(copy);
  }).catch(() => {});
}
"""
