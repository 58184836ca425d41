"""Ten thousand names, headlines and links that want to be more than text, the whole way from result to page."""

from __future__ import annotations

import csv
import io
import random
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import urlsplit

import polars as pl
import pytest

from celeb_ops import trends
from celeb_ops.core import keys
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Picture
from celeb_ops.core.store import FolderStore
from celeb_ops.dataset import merge
from celeb_ops.dataset.celebs_csv import FORMULA
from celeb_ops.report.sanitizing import address
from celeb_ops.report.static_page import write
from tests.asgi import get
from tests.factories import RUN_TIME, a_picture, a_result, a_screenshot, a_sighting, saved
from tests.report.conftest import app_of

pytestmark = pytest.mark.timeout(280)

STRINGS = 10_000
CAPTURES = 10
PIECES = """\
<script>window.hacked=1</script>¦</script><script>window.hacked=1</script>¦<img src=x onerror=window.hacked=1>
"><svg onload=window.hacked=1>¦javascript:window.hacked=1¦data:text/html,<script>window.hacked=1</script>
=cmd|' /C calc'!A0¦+1+1¦-2+3¦@SUM(A1)¦＝1¦{{ 7*7 }}¦${7*7}¦<!--¦]]>¦&lt;b&gt;¦'; DROP TABLE people; --
../../etc/passwd¦%2e%2e%2f¦; ¦, ¦Zoë¦😀""".replace("\n", "¦").split("¦")
PIECES += ["\u202egnp", "\u2066\u2067x", "\r\nSet-Cookie: a=b", "\t=1", "\u00a0=1", "\u200b=1", "\u05d0\u05d1\u05d2"]
PIECES += ["L" * 3_000, " ", "\0"]


def a_string(dice: random.Random) -> str:
    return "".join(dice.choice(PIECES) for _ in range(dice.randint(1, 4)))


@pytest.fixture(scope="module")
def strings() -> list[str]:
    dice = random.Random(5)
    return [f"{a_string(dice)}{number}" for number in range(STRINGS)]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, strings: list[str]) -> FolderStore:
    """Ten captures of one site; each of its faces has a hostile name, headline, alternative text and link."""
    store = FolderStore(tmp_path_factory.mktemp("hostile"))
    each = STRINGS // CAPTURES
    for capture in range(CAPTURES):
        when = RUN_TIME + timedelta(hours=12 * capture)
        mine = strings[capture * each : (capture + 1) * each]
        pictures = [
            Picture(box=Box(0, 100 * n, 90, 90), src=f"https://x.example/{n}{one}", alt=one, link=one, headline=one)
            for n, one in enumerate(mine)
        ]
        key = saved(store, a_screenshot(time=when, pictures=pictures, captured_height=100 * each), a_picture())
        crop = keys.crop(keys.stem("TMZ", when), 1)
        store.write(crop, a_picture(64, 64))
        sightings = [a_sighting(name, picture=n, box=Box(5, 100 * n, 60, 60), crop=crop) for n, name in enumerate(mine)]
        result = a_result("TMZ", time=when, sightings=sightings, faces=each, screenshot=key)
        result.save(store, keys.result(keys.stem("TMZ", when)))
        merge(store, when, [result], [])
    trends.build(store)
    write(store)
    return store


def starts_a_formula(cell: str) -> bool:
    return cell.lstrip("\t\r\n \u00a0\u200b\u202e\u2066\u2067\0").startswith(FORMULA)


def test_no_cell_starts_a_formula_and_none_is_lost(hostile: FolderStore) -> None:
    rows = list(csv.DictReader(io.StringIO(hostile.read(keys.CSV).decode(), newline="")))
    assert len(rows) == CAPTURES
    assert [cell for row in rows for cell in row.values() if starts_a_formula(cell)] == []
    names = [name for row in rows for name in row["celebrities"].split("; ")]
    assert len(names) == STRINGS
    assert [name for name in names if starts_a_formula(name)] == []


def test_the_tables_have_them_as_they_were(hostile: FolderStore, strings: list[str]) -> None:
    table = pl.read_parquet(hostile.root / "Sightings" / "*.parquet").sort("time", "top")
    assert [table[column].to_list() for column in ("headline", "alt", "link", "name")] == [strings] * 4


class Marks(HTMLParser):
    """Scripts and links of a page, and what an event would run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.runs: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.runs += [name for name in given if name.startswith("on")]
        self.runs += ["script"] if tag == "script" and "src" not in given and "type" not in given else []
        self.links |= {urlsplit(given[name] or "").scheme for name in ("href", "src") if name in given}


def test_no_script_of_theirs_is_on_a_page(hostile: FolderStore, strings: list[str]) -> None:
    app = app_of(hostile)
    pages = ["/", "/?period=all", "/sites", *(f"/people/{address(name)}" for name in strings[::200])]
    for path in pages:
        marks = Marks(get(app, path).text)
        assert (marks.runs, marks.links <= {"", "http", "https"}) == ([], True), path
    report = Marks(hostile.read(keys.REPORT).decode())
    # Vega's and ours.
    assert (report.runs, report.links <= {"", "https"}) == (["script"] * 2, True)
