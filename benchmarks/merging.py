"""What it costs to merge one run into a month, a year and ten years of history, in a folder and in S3."""

from __future__ import annotations

import itertools
import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from benchmarks import trends
from benchmarks.measure import measured
from celeb_ops import dataset
from celeb_ops.core import keys
from celeb_ops.core.store import FolderStore, S3Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cast import Cast
    from celeb_ops.core.store import Store

HISTORIES = {
    "1 month": datetime(2026, 11, 1, 8, tzinfo=UTC),
    "1 year": datetime(2025, 12, 1, 8, tzinfo=UTC),
    "10 years": trends.FIRST,
}
BUCKET = "bench"
TIMES = 3


def run(cast: Cast, folder: Path) -> Iterator[dict[str, Any]]:
    """Nine sites' results into a month, a year and ten years of two runs a day; S3 is a server on loopback."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    # It tells of every request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    try:
        for name, first in HISTORIES.items():
            place = folder / name.replace(" ", "-")
            made = measured("benchmarks.trends:make", folder=str(place), first=first.isoformat())
            captures, sightings, _ = made.value
            _upload(endpoint, place)
            in_folder = measured("benchmarks.merging:merge", folder=str(place))
            in_s3 = measured("benchmarks.merging:merge", folder=place.name, endpoint=endpoint)
            yield {
                "history": name,
                "captures": captures,
                "sightings": sightings,
                "Celebs.csv MB": round((place / keys.CSV).stat().st_size / 1e6, 2),
                "s, folder": in_folder.value,
                "peak MB, folder": round(in_folder.peak_mb),
                "s, S3": in_s3.value,
                "peak MB, S3": round(in_s3.peak_mb),
            }
    finally:
        server.stop()


def merge(folder: str, endpoint: str = "") -> float:
    """Seconds to merge a run of nine sites: the median of three runs, one after another."""
    store: Store = S3Store(_client(endpoint), BUCKET, folder) if endpoint else FolderStore(Path(folder))
    spent = []
    for number in range(1, TIMES + 1):
        when = trends.LAST + timedelta(minutes=number)
        results = [trends._result(store, site, when) for site in trends.SITES]
        start = time.perf_counter()
        dataset.merge(store, when, results, [])
        spent.append(time.perf_counter() - start)
    return round(sorted(spent)[TIMES // 2], 2)


def _upload(endpoint: str, folder: Path) -> None:
    client = _client(endpoint)
    client.create_bucket(Bucket=BUCKET)
    files = itertools.chain(*(folder.rglob(pattern) for pattern in ("*.parquet", keys.CSV)))
    for path in files:
        client.upload_file(str(path), BUCKET, f"{folder.name}/{path.relative_to(folder).as_posix()}")


def _client(endpoint: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
        config=Config(proxies={}, s3={"addressing_style": "path"}),
    )
