"""Ten years of made-up history: what building its trends costs, and what merging one more run into it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from tests.factories import a_screenshot

from benchmarks.measure import measured
from celeb_ops import dataset
from celeb_ops.core import keys
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Picture, RecognizerInfo, Result, Sighting
from celeb_ops.core.store import FolderStore
from celeb_ops.dataset import celebs_csv, tables
from celeb_ops.dataset.schema import CAPTURES, MENTIONS, SIGHTINGS
from celeb_ops.trends import SCHEMAS, build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cast import Cast

SITES = [f"SITE-{letter}" for letter in "ABCDEFGHI"]
FIRST, LAST = datetime(2016, 12, 1, 8, tzinfo=UTC), datetime(2026, 11, 30, 20, tzinfo=UTC)
PEOPLE = 4_000
A_PAGE = 23.6
"""Named faces on a page, on average: 1.5 million in all."""
SEEN = 0.97
NAMED, ALSO_SHOWN = 0.5, 0.8
"""Headlines that name somebody, by named face; and the share of them beside a picture that shows the person."""
SECOND_FACE = 0.15
"""Share of the faces that are on the picture of the one before."""


def run(cast: Cast, folder: Path) -> Iterator[dict[str, Any]]:
    """Ten years, nine sites, twice a day: 66,000 captures, 4,000 people, 1.5 million sightings, half the mentions."""
    made = measured("benchmarks.trends:make", folder=str(folder))
    captures, sightings, mentions = made.value
    yield _row(
        f"made: {captures:,} captures, {sightings:,} sightings, {mentions:,} mentions",
        made.seconds,
        "",
        _mb(folder, "*/*.parquet"),
    )
    for what in ("all trends", "all trends again, nothing new"):
        built = measured("benchmarks.trends:rebuild", folder=str(folder))
        yield _row(what, built.seconds, built.peak_mb, _mb(folder, "Trends/*"))
    for name in SCHEMAS:
        yield _row(f"  {keys.trends(name)}", "", "", _mb(folder, keys.trends(name)))
    merged = measured("benchmarks.trends:merge", folder=str(folder))
    for what, (seconds, pattern) in merged.value.items():
        yield _row(f"one run more: {what}", seconds, merged.peak_mb, _mb(folder, pattern))


def _row(what: str, seconds: float | str, peak_mb: float | str, mb: float) -> dict[str, Any]:
    return {
        "what": what,
        "seconds": round(seconds, 2) if isinstance(seconds, float) else seconds,
        "peak MB": round(peak_mb) if isinstance(peak_mb, float) else peak_mb,
        "MB on disk": mb,
    }


def _mb(folder: Path, pattern: str) -> float:
    return round(sum(path.stat().st_size for path in folder.glob(pattern)) / 1e6, 2)


def make(folder: str, first: str = FIRST.isoformat()) -> list[int]:
    """Write the history from ``first`` on as the months' files and ``Celebs.csv``; captures, sightings, mentions."""
    store, random = FolderStore(Path(folder)), np.random.default_rng(6)
    popularity = 1 / np.arange(1, PEOPLE + 1)
    names = np.array([f"Person {number:04d} Of-Some-Name" for number in random.permutation(PEOPLE)])
    rows: dict[tuple[str, str], tuple[str, ...]] = {}
    count = [0, 0, 0]
    start = datetime.fromisoformat(first)
    while start <= LAST:
        following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        times = [start + timedelta(hours=12 * half) for half in range((following - start).days * 2)]
        # Fashions change: each month some people take the places of others.
        a, b = random.integers(0, PEOPLE, (2, 200))
        names[a], names[b] = names[b], names[a].copy()
        captures, sightings, mentions = _month(times, names, popularity / popularity.sum(), random)
        store.write(keys.captures(start), tables.to_parquet(captures))
        store.write(keys.sightings(start), tables.to_parquet(sightings))
        store.write(keys.mentions(start), tables.to_parquet(mentions))
        for time_, site, outcome, who in captures.select("time", "site", "outcome", "celebrities").iter_rows():
            if outcome == "seen":
                when = keys.iso(time_)
                rows[when, site] = (when, site, "; ".join(who), when, "live")
        count = [old + new.height for old, new in zip(count, (captures, sightings, mentions), strict=True)]
        start = following
    store.write(keys.CSV, celebs_csv.write_csv(rows.values()))
    return count


def _month(
    times: list[datetime], names: np.ndarray, popularity: np.ndarray, random: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    pages = pl.DataFrame({"time": times}, schema={"time": pl.Datetime("ms", "UTC")}).join(
        pl.DataFrame({"site": SITES}), how="cross"
    )
    pages = pages.with_columns(
        pl.when(pl.Series(random.random(pages.height) < SEEN))
        .then(pl.lit("seen"))
        .otherwise(pl.lit("failed"))
        .alias("outcome"),
        pl.Series("faces", random.poisson(A_PAGE, pages.height)),
    )
    seen = pages.filter(pl.col("outcome") == "seen")
    faces = seen.select(pl.col("time", "site").repeat_by("faces")).explode("time", "site").drop_nulls()
    size = faces.height
    who = random.choice(PEOPLE, size, p=popularity)
    # A picture stays for two days, four runs; every person has up to three of them on a site.
    of = np.where(random.random(size) < SECOND_FACE, np.roll(who, 1), who)
    top = random.integers(0, 15_000, size)
    side = random.integers(60, 260, size)
    faces = faces.with_columns(
        pl.Series("name", names[who]),
        pl.Series("of", of),
        pl.Series("number", random.integers(0, 3, size)),
        pl.Series("confidence", random.uniform(50, 100, size)),
        pl.Series("top", top),
        pl.Series("left", random.integers(0, 1_200, size)),
        pl.Series("width", side),
        pl.Series("height", side),
        pl.Series("above_fold", top < 900),
        pl.Series("page_share", side**2 / 1_440 / 15_000),
        pl.Series("prominence", 100 * side**2 / 1_440 / 900 / (1 + top / 900)),
        pl.Series("picture", random.integers(0, 60, size)),
    )
    day = pl.col("time").dt.epoch("d") // 2
    stem = pl.format("{}_{}", "site", pl.col("time").dt.strftime("%b_%d_%Y_%HH_%MM_%SS"))
    faces = faces.with_columns(
        pl.col("time").alias("captured_at"),
        pl.lit("live").alias("source"),
        pl.lit("face").alias("basis"),
        pl.lit(0.1).alias("margin"),
        pl.format("nm{}", "of").alias("id"),
        pl.format("https://cdn.{}.example/photos/{}/{}-{}-at-the-premiere.jpg", "site", day, "of", "number").alias(
            "picture_url"
        ),
        pl.format("https://www.{}.example/news/{}/{}-{}-was-there", "site", day, "of", "number").alias("link"),
        pl.format("{} was there on day {}, and so were {} others", "name", day, "number").alias("headline"),
        pl.format("{} at the premiere", "name").alias("alt"),
        pl.format("Images/{}.json", stem).alias("screenshot"),
        pl.format("Faces/{}/{}.jpeg", stem, pl.int_range(pl.len()).over("time", "site")).alias("crop"),
    )
    named = faces.group_by("time", "site").agg(pl.col("name").unique().sort().alias("celebrities"))
    captures = pages.join(named, on=["time", "site"], how="left").with_columns(
        pl.col("celebrities").fill_null([]),
        *(
            pl.when(pl.col("outcome") == "seen").then(pl.lit(value)).alias(column)
            for column, value in {
                "source": "live",
                "recognizer": "rekognition",
                "recognizer_version": "7.0",
                "unrecognised": 10,
                "slices": 6,
                "calls": 5,
                "calls_saved": 1,
                "cost_usd": 0.005,
                "seconds": 9.5,
            }.items()
        ),
        pl.when(pl.col("outcome") == "seen").then("time").alias("captured_at"),
        pl.when(pl.col("outcome") != "seen").then(pl.lit("The site gave no answer in 60 s.")).alias("reason"),
    )
    # Of its own, so that the faces are those of before there were mentions.
    (draws,) = random.spawn(1)
    words = faces.filter(pl.Series(draws.random(size) < NAMED)).with_columns(text="headline", part=pl.lit("headline"))
    mentions = words.with_columns(pl.Series("shown", draws.random(words.height) < ALSO_SHOWN))
    return (
        _in_form(captures, CAPTURES.dtypes),
        _in_form(faces, SIGHTINGS.dtypes),
        _in_form(mentions.unique(["time", "site", "name", "text"], maintain_order=True), MENTIONS.dtypes),
    )


def _in_form(table: pl.DataFrame, schema: dict[str, Any]) -> pl.DataFrame:
    lacking = [pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in table.columns]
    return table.with_columns(lacking).select(list(schema)).cast(pl.Schema(schema))


def rebuild(folder: str) -> int:
    """As ``make report`` does, without the report."""
    return len(build(FolderStore(Path(folder))).changed)


def merge(folder: str) -> dict[str, tuple[float, str]]:
    """Merge one run more; and read and write ``Celebs.csv``, which is most of that: seconds, and which file."""
    store, when = FolderStore(Path(folder)), LAST + timedelta(hours=1)
    results = [_result(store, site, when) for site in SITES]
    start = time.perf_counter()
    dataset.merge(store, when, results, [])
    merged = time.perf_counter()
    store.write(keys.CSV, celebs_csv.write_csv(celebs_csv.read_csv(store.read(keys.CSV)).values()))
    return {
        "merge": (merged - start, "[CMS]*/2026-11.parquet"),
        "  Celebs.csv alone, read and written": (time.perf_counter() - merged, keys.CSV),
    }


def _result(store: FolderStore, site: str, when: datetime) -> Result:
    stem = keys.stem(site, when)
    pictures = [Picture(box=Box(0, top, 300, 300), src=f"https://x.example/{top}.jpg") for top in range(0, 9_000, 400)]
    screenshot = a_screenshot(site=site, time=when, captured_height=9_000, parts=[], pictures=pictures)
    sightings = [
        Sighting(
            name=f"Person {number:04d} Of-Some-Name",
            confidence=90,
            basis="face",
            box=picture.box,
            picture=number,
            above_fold=False,
            page_share=0.01,
            crop=keys.crop(stem, number),
        )
        for number, picture in enumerate(pictures)
    ]
    return Result(
        site=site,
        time=when,
        captured_at=when,
        source="live",
        screenshot=screenshot.save(store, keys.sidecar(stem)),
        recognizer=RecognizerInfo(name="rekognition", version="7.0"),
        slices=6,
        calls=5,
        cost_usd=0.005,
        faces=33,
        unrecognised=10,
        sightings=sightings,
        seconds=9.5,
    )
