"""``Report/index.html``: the leaderboard, the people most shown and the newest pictures in one file, for any browser.

It needs nothing else: Vega, style and pictures are in it, and its own content security policy lets nothing else in.
"""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TYPE_CHECKING

from markupsafe import Markup

from celeb_ops.core import keys
from celeb_ops.report import assets, leaderboard, person_page
from celeb_ops.report.crops import small_crop
from celeb_ops.report.rendering import Urls, render
from celeb_ops.report.table_cache import Tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celeb_ops.core.store import Store
    from celeb_ops.report.table_cache import Load

logger = logging.getLogger(__name__)

ROWS = 150
"""People on each leaderboard."""
NAMED_ROWS = 50
"""In the list of people whom headlines name."""
PEOPLE = (100, 60, 30, 10)
"""People with a part of their own: as many of these as the file has room for."""
PICTURES = 3
"""Pictures of each of them."""
MAX_BYTES = 5_000_000
"""The file's limit: what a mail takes."""
CROPS_BYTES = 1_400_000
"""The limit for all pictures, as encoded in the style: one has some 2 kB."""
_CROP_PX = 96
_READERS = 8


def write(store: Store, base: str = "") -> str:
    """Write the report of the present trends; return its key. :param base: the address of ``Report/``; empty:
    unknown."""
    load = Tables(store).now()
    for people in PEOPLE:
        content = _report(store, load, people, base).encode()
        if len(content) <= MAX_BYTES:
            break
    store.update(keys.REPORT, lambda _: content)
    logger.info("The report, %.1f MB with %d people: %s", len(content) / 1e6, people, store.url(keys.REPORT))
    return keys.REPORT


def _report(store: Store, load: Load, people: int, base: str) -> str:
    """The page. :param people: how many have a part of their own."""
    boards = [leaderboard.board(load, leaderboard.Query(period), ROWS) for period in ("28d", "all")]
    named = leaderboard.board(load, leaderboard.Query("28d", by="named"), NAMED_ROWS)
    # Mostly people of the present, the others of all time.
    present, ever = ([row["name"] for row in board.rows] for board in boards)
    names = list(dict.fromkeys([*present[: people * 3 // 4], *ever, *present]))[:people]
    persons = {f"person-{at}": person_page.person(load, name, "half") for at, name in enumerate(names, start=1)}
    anchors = {person.name: f"#{anchor}" for anchor, person in persons.items()}
    latest, moving = leaderboard.latest(load), leaderboard.lead(load)
    # Those come first that most people see: there is room for so many bytes of pictures only.
    evidence = [row for at in range(PICTURES) for person in persons.values() for row in person.evidence[at : at + 1]]
    pictures = (*moving, *latest, *(person.facts for person in persons.values()), *evidence)
    crops = Crops(store, [row["crop"] for row in pictures])
    style = assets.content("page.css") + crops.style
    scripts = [assets.content(assets.VEGA), assets.content("page.js")]
    return render(
        "report.html",
        up="",
        here="",
        urls=Urls(person=lambda name: anchors.get(name, ""), picture=crops.name, run=None, inline=True),
        policy=f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; style-src {_hash(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'",
        style=inside(style),
        base=base,
        scripts=[inside(script) for script in scripts],
        boards=boards,
        named=named if any(row["named"] for row in named.rows) else None,
        persons=persons,
        moving=moving,
        latest=latest,
        pictures=PICTURES,
    )


def inside(own: str) -> Markup:
    """A style or script of ours, unescaped inside its element: it must not contain the end of that element."""
    if re.search(r"</(script|style)|<!--", own, re.IGNORECASE):
        raise ValueError("a style or script for the report would end its own element")
    return Markup(own)


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


class Crops:
    """The pictures of the report: small, each once, as classes of its style; the first ones that there is room for."""

    def __init__(self, store: Store, wanted: Iterable[str | None], room: int = CROPS_BYTES) -> None:
        self._names: dict[str, str] = {}
        rules = []
        candidates = [key for key in dict.fromkeys(wanted) if key][: CROPS_BYTES // 1_000]
        with ThreadPoolExecutor(_READERS, thread_name_prefix="crops") as pool:
            pictures = pool.map(lambda key: b64encode(small_crop(store, key, _CROP_PX)).decode(), candidates)
            for key, picture in zip(candidates, pictures, strict=True):
                if picture and len(picture) <= room:
                    room -= len(picture)
                    self._names[key] = name = f"crop-{len(self._names)}"
                    rules.append(f".{name}{{background-image:url(data:image/jpeg;base64,{picture})}}")
        self.style = "".join(rules)

    def name(self, key: str) -> str:
        """The class of the picture at a key; empty if there is none."""
        return self._names.get(key, "")
