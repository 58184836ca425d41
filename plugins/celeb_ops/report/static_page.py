"""``Report/index.html``: the leaderboard, the people most shown and the newest pictures in one file, for any browser.

It needs nothing else: Vega, style and pictures are in it, and its own content security policy lets nothing else in.
"""

from __future__ import annotations

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TYPE_CHECKING

from celeb_ops.core import keys
from celeb_ops.core.exceptions import InvalidKeyError, NotStoredError
from celeb_ops.report import assets, charts, leaderboard
from celeb_ops.report import person_page as people
from celeb_ops.report.rendering import Places, environment
from celeb_ops.report.table_cache import Tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celeb_ops.core.store import Store
    from celeb_ops.report.leaderboard import Board
    from celeb_ops.report.table_cache import Load

ROWS = 150
"""People on each leaderboard."""
PEOPLE = (100, 60, 30, 10)
"""People with a part of their own: as many of these as the file has room for."""
PICTURES = 3
"""Pictures of each of them."""
MOST_BYTES = 5_000_000
"""Of the file: what a mail takes."""
LATEST = 8
"""Of the newest pictures."""

CROP_PX = 96
CROP_QUALITY = 60
CROPS_BYTES = 1_400_000
"""Of all pictures as they are in the style."""
_CROPS = CROPS_BYTES // 1_000
"""Crops that are read: one is 2 kB, so more never find room."""
_READERS = 8


def write(store: Store) -> str:
    """Make the report of the trends as they are; its key."""
    load = Tables(store).now()
    for most in PEOPLE:
        content = _report(store, load, most).encode()
        if len(content) <= MOST_BYTES:
            break
    store.write(keys.REPORT, content)
    return keys.REPORT


def _report(store: Store, load: Load, most: int) -> str:
    """The page. :param most: people with a part of their own."""
    boards = [leaderboard.board(load, leaderboard.Query(period=period), ROWS) for period in ("28d", "all")]
    persons = [people.person(load, name, "half") for name in _most_shown(boards, most)]
    parts = {one.name: f"person-{at}" for at, one in enumerate(persons, start=1)}
    latest, moving = leaderboard.latest(load, LATEST), leaderboard.lead(load)
    # Those come first that most people see: there is room for so many bytes of pictures only.
    proofs = [proof for at in range(PICTURES) for one in persons for proof in one.evidence[at : at + 1]]
    pictures = (*moving, *latest, *(one.facts for one in persons), *proofs)
    crops = Crops(store, [one["crop"] for one in pictures])
    style = assets.content("page.css") + crops.style()
    scripts = [assets.content(assets.VEGA), assets.content("page.js")]
    return (
        environment()
        .get_template("report.html")
        .render(
            up="",
            here="",
            places=Places(
                person=lambda name: f"#{parts[name]}" if name in parts else "",
                picture=crops.name,
                run=None,
                inline=True,
            ),
            policy=_policy(style, scripts),
            style=charts.inside(style),
            scripts=[charts.inside(script) for script in scripts],
            specs=charts.specs(),
            boards=boards,
            persons=[(parts[one.name], one, charts.share_chart(one), charts.sites_chart(one)) for one in persons],
            moving=moving,
            latest=latest,
            pictures=PICTURES,
        )
    )


def _most_shown(boards: list[Board], most: int) -> list[str]:
    """Mostly those of the present, the others of all time."""
    present, ever = ([row.name for row in board.rows] for board in boards)
    return list(dict.fromkeys([*present[: most * 3 // 4], *ever, *present]))[:most]


def _policy(style: str, scripts: list[str]) -> str:
    allowed = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


class Crops:
    """The pictures of the report: small, each once, as classes of its style; as many as there is room for.

    :param wanted: their keys, those first that matter most. One that is not there is left out.
    """

    def __init__(self, store: Store, wanted: Iterable[str | None], room: int = CROPS_BYTES) -> None:
        self._store = store
        self._pictures: dict[str, str] = {}
        """In base64, by key."""
        todo = [key for key in dict.fromkeys(wanted) if key][:_CROPS]
        with ThreadPoolExecutor(_READERS, thread_name_prefix="crops") as pool:
            for key, picture in zip(todo, pool.map(self._small, todo), strict=True):
                if picture and len(picture) <= room:
                    room -= len(picture)
                    self._pictures[key] = picture
        self._names = {key: f"crop-{at}" for at, key in enumerate(self._pictures)}

    def name(self, key: str) -> str:
        """The class of the picture at a key; empty: there is none."""
        return self._names.get(key, "")

    def style(self) -> str:
        return "".join(
            f".{self._names[key]}{{background-image:url(data:image/jpeg;base64,{picture})}}"
            for key, picture in self._pictures.items()
        )

    def _small(self, key: str) -> str:
        import pyvips

        from celeb_ops.core.vips import opaque

        try:
            content = self._store.read(key)
            image = pyvips.Image.thumbnail_buffer(content, CROP_PX, height=CROP_PX, size="down")
            return b64encode(bytes(opaque(image).jpegsave_buffer(Q=CROP_QUALITY, strip=True))).decode()
        except (NotStoredError, InvalidKeyError, pyvips.Error):
            # Tidied away, a key that somebody else wrote into a table, or no picture.
            return ""
