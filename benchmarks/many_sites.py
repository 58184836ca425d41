"""Many sites: what the sites file, the DAG file and Airflow itself cost at 9, 200 and 1,000 of them.

``BENCH_SITES=9,200 make bench ARGS=many``. To measure an Airflow that runs elsewhere, as a stack of containers does:
serve the pages to it with ``python -m benchmarks.many_sites --sites 200 --listen 0.0.0.0:8999 --address
http://this-host:8999 --out sites.yaml``, give it that file as ``CELEBS_SITES``, and then
``BENCH_URL=http://127.0.0.1:8080 BENCH_USER=admin BENCH_PASSWORD=… make bench ARGS=many``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sqlite3
import statistics
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.airflow.running import Airflow, airflow
from tests.web import Web

from benchmarks.measure import measured
from benchmarks.watching import TASK, Counters, Watch
from celeb_ops.cli.airflow_home import environment
from celeb_ops.core import keys
from celeb_ops.core.settings import PROJECT
from celeb_ops.operators.run_steps import GROUP, STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.cast import Cast

DAG = "/api/v2/dags/trending_celebrities"
POOL = "/api/v2/pools/default_pool"
BROWSERS = 2
RUN_S = 3 * 3600
IDLE_S = 30
"""How long Airflow is watched at rest."""
ANSWER_S = 300
"""Of Airflow's API: SQLite lets one write at a time."""
NOBODY = "http://127.0.0.1:9/"
"""Where no archive answers."""
_WORDS = "<p>" + "All is quiet in the harbour, and nobody could say when the ferry would come. " * 8


def run_parse(cast: Cast, folder: Path) -> Iterator[dict[str, Any]]:
    """Reading the sites and the DAG file, and what Airflow stores of them, at 9, 200, 1,000 sites."""
    for number in (9, 200, 1_000):
        path = write_sites(folder / f"{number}.yaml", names(number))
        # Airflow reads its configuration when it is imported.
        with _environment(environment(folder / "airflow")):
            row = measured("benchmarks.many_sites:parse", sites=str(path)).value
        yield {"sites": number, "sites file kB": kilobytes(path.stat().st_size), **row}


def run_overhead(cast: Cast, folder: Path) -> Iterator[dict[str, Any]]:
    """Airflow's own seconds and memory per site: a whole run on trivial pages, beside the same steps without it."""
    if url := os.environ.get("BENCH_URL"):
        api = Airflow(url.rstrip("/"), os.environ["BENCH_PASSWORD"], os.environ.get("BENCH_USER", "admin"))
        yield elsewhere(api)
        return
    for number in wanted("9"):
        yield overhead(cast, folder / str(number), number)


def run_expanded(cast: Cast, folder: Path) -> Iterator[dict[str, Any]]:
    """Airflow with all sites' tasks made and none of them run, then merge and watcher: see docs/many-sites.md."""
    for number in wanted("200"):
        yield expanded(cast, folder / str(number), number)


def wanted(default: str) -> list[int]:
    return [int(number) for number in os.environ.get("BENCH_SITES", default).split(",")]


def names(number: int) -> list[str]:
    return [f"NEWS-{index:04d}" for index in range(number)]


def write_sites(path: Path, sites: Sequence[str], address: str = "") -> Path:
    """A sites file; every tenth site is optional."""
    entries = [
        {"url": f"{address}/{name.lower()}" if address else f"https://www.{name.lower()}.example/", "name": name}
        | ({"optional": True} if index % 10 == 0 else {})
        for index, name in enumerate(sites)
    ]
    lines = [f"- {{{', '.join(f'{key}: {json.dumps(value)}' for key, value in entry.items())}}}" for entry in entries]
    # In one step: Airflow may be reading it.
    new = path.with_suffix(".new")
    new.write_text("\n".join(["sites:", *lines, ""]), encoding="utf-8")
    new.replace(path)
    return path


def kilobytes(size: float) -> float:
    return round(size / 1e3, 1)


def megabytes(size: float) -> float:
    return round(size / 1e6, 2)


# --- reading and parsing --------------------------------------------------------------------------


def parse(sites: str) -> dict[str, float]:
    """In a process of its own: medians of five, after a first time that imports what there is to import."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    from celeb_ops.core.sites import load_sites

    os.environ["CELEBS_SITES"] = sites
    dag_file = str(PROJECT / "dags" / "trending_celebrities.py")
    dag = DagBag(dag_folder=dag_file).dags["trending_celebrities"]
    xcom = [site.model_dump(mode="json") for site in load_sites(Path(sites))]
    return {
        "read ms": _median_ms(lambda: load_sites(Path(sites))),
        "DAG file ms": _median_ms(lambda: DagBag(dag_folder=dag_file)),
        "serialized DAG kB": kilobytes(len(json.dumps(DagSerialization.to_dict(dag)))),
        "XCom of list_sites kB": kilobytes(len(json.dumps(xcom))),
    }


def _median_ms(call: Any) -> float:
    spent = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    return round(1e3 * statistics.median(spent), 1)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ |= variables
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


# --- a whole run ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """A run that has ended, as its task instances tell it."""

    wall_s: float
    tasks: list[dict[str, Any]]

    @property
    def sites(self) -> int:
        return sum(task["task_id"] == f"{GROUP}.{STEPS[0]}" for task in self.tasks)

    def seconds_of(self, task_id: str) -> float:
        return sum(task["duration"] or 0 for task in self.tasks if task["task_id"] == task_id)

    def waits_s(self) -> list[float]:
        """From the end of a site's step to the start of its next."""
        at = {(task["task_id"], task["map_index"]): task for task in self.tasks if task["start_date"]}
        pairs = [
            (at.get((f"{GROUP}.{before}", index)), at.get((f"{GROUP}.{after}", index)))
            for before, after in itertools.pairwise(STEPS)
            for index in range(self.sites)
        ]
        return [
            (_moment(after["start_date"]) - _moment(before["end_date"])).total_seconds()
            for before, after in pairs
            if before and after
        ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def overhead(cast: Cast, folder: Path, number: int) -> dict[str, Any]:
    """A row: a run of Airflow's on trivial pages, less the same steps in two processes without it."""
    folder.mkdir()
    sites = names(number)
    page = f"<title>News</title><h1>News</h1>{_WORDS * 3}"
    with Web({f"/{name.lower()}": page for name in sites}) as web, Counters() as counters:
        path = write_sites(folder / "sites.yaml", sites[:1], web.address)
        settings = {
            "CELEBS_SITES": str(path),
            "CELEBS_GALLERY": str(cast.gallery),
            "CELEBS_BROWSERS": str(BROWSERS),
            "CELEBS_ARCHIVE_URL": NOBODY,
        }
        with airflow(folder, settings | counters.settings) as up:
            up.api.answer_s = ANSWER_S
            _quiet(up.api)
            write_sites(path, sites, web.address)
            _parsed(up.api, number)
            places = _Places(folder)
            with Watch(up.process.pid) as idle:
                time.sleep(IDLE_S)
            counters.times.clear()
            with Watch(up.process.pid) as watch:
                done = _run_told(up.api, number)
        grown = places.grown_mb()
        _say("the same steps without Airflow …")
        # Enough to know what a site takes, whatever their number.
        plain = _without_airflow(folder, settings, [f"{web.address}/{name.lower()}" for name in sites[:20]])
    usage = watch.usage
    loops = counters.times["scheduler.scheduler_loop_duration"]
    seen = [task for task in done.tasks if task["task_id"] == f"{GROUP}.{STEPS[-1]}" and task["state"] == "success"]
    return {
        "sites": number,
        "seen": len(seen),
        "wall s a site": round(done.wall_s / number, 2),
        "without Airflow": round(plain["wall_s"], 2),
        "CPU s a site": round(usage.without_browsers_s / number, 2),
        "of it services": round(usage.cpu_s.get("services", 0) / number, 2),
        "CPU without Airflow": round(plain["cpu_s"], 2),
        "idle CPU s a minute": round(60 * idle.usage.without_browsers_s / IDLE_S, 1),
        "services MB, idle": round(usage.idle_mb),
        "services MB, peak": round(usage.peak_mb.get("services", 0)),
        "tasks MB, peak": round(usage.peak_mb.get(TASK, 0)),
        "tasks at once": usage.tasks_at_once,
        "s between steps": round(statistics.median(done.waits_s() or [0]), 2),
        "scheduler loop s, worst": round(max(loops or [0]) / 1e3, 2),
        "merge s": round(done.seconds_of("merge"), 2),
        "watcher s": round(done.seconds_of("watcher"), 2),
        **grown,
    }


def elsewhere(api: Airflow) -> dict[str, Any]:
    """A row of an Airflow that runs elsewhere: what its API tells. Its memory is for ``docker stats`` to tell."""
    done = _run_told(api, 0)
    steps = {step: round(done.seconds_of(f"{GROUP}.{step}") / done.sites, 2) for step in STEPS}
    return {
        "sites": done.sites,
        "wall s a site": round(done.wall_s / done.sites, 2),
        **{f"{step} s": seconds for step, seconds in steps.items()},
        "s between steps": round(statistics.median(done.waits_s() or [0]), 2),
        "merge s": round(done.seconds_of("merge"), 2),
        "watcher s": round(done.seconds_of("watcher"), 2),
    }


def _run_told(api: Airflow, number: int) -> Run:
    """Trigger a run and wait for its end, with a line every ten seconds."""
    start = time.monotonic()
    run = api.trigger(logical_date=keys.iso(datetime.now(UTC).replace(microsecond=0)))
    told = start
    while (state := api.ask(f"{DAG}/dagRuns/{run}")["state"]) not in ("success", "failed"):
        if time.monotonic() - start > RUN_S:
            raise TimeoutError(f"{run} is still {state} after {RUN_S} s")
        if time.monotonic() - told > 10:
            told = time.monotonic()
            if number:
                # This Airflow is ours.
                _end_others(api, run)
            ended = api.ask(f"{DAG}/dagRuns/{run}/taskInstances?limit=1&state=success")["total_entries"]
            _say(f"{told - start:5.0f} s: {ended} tasks of {3 * number + 4 if number else 'all'} are done")
        time.sleep(0.5)
    wall_s = time.monotonic() - start
    return Run(wall_s, _all_tasks(api, run))


def _all_tasks(api: Airflow, run: str) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = []
    while page := api.ask(f"{DAG}/dagRuns/{run}/taskInstances?limit=100&offset={len(tasks)}&order_by=id")[
        "task_instances"
    ]:
        tasks += page
    return tasks


def _without_airflow(folder: Path, settings: dict[str, str], urls: list[str]) -> dict[str, float]:
    places = {"CELEBS_STORE": str(folder / "plain"), "CELEBS_CACHE": str(folder / "plain-cache")}
    with _environment(settings | places), Watch(os.getpid()) as watch:
        done = measured("benchmarks.many_sites:plain", urls=urls)
    return {"wall_s": done.value / len(urls), "cpu_s": watch.usage.without_browsers_s / len(urls)}


def plain(urls: list[str]) -> float:
    """The steps of each page in turn, as many pages at once as browsers; seconds."""
    from concurrent.futures import ProcessPoolExecutor

    start = time.perf_counter()
    with ProcessPoolExecutor(BROWSERS) as pool:
        list(pool.map(steps, urls))
    return time.perf_counter() - start


def steps(url: str) -> None:
    from benchmarks import tasks

    now, name = keys.iso(datetime.now(UTC).replace(microsecond=0)), url.rpartition("/")[2].upper()
    sidecar = tasks.screenshot(url, now, name)
    tasks.rekognize(url, now, tasks.slice_(url, now, sidecar, name), name)


class _Places:
    """What a run adds to Airflow's database and logs, in MB."""

    def __init__(self, folder: Path) -> None:
        self._home = folder / "airflow"
        self._before = self._sizes()

    def grown_mb(self) -> dict[str, float]:
        return {name: megabytes(size - self._before[name]) for name, size in self._sizes().items()}

    def _sizes(self) -> dict[str, int]:
        with closing(sqlite3.connect(self._home / "airflow.db", timeout=60)) as database:
            tables = dict(database.execute("SELECT name, sum(pgsize - unused) FROM dbstat GROUP BY name"))
        logs = sum(path.stat().st_size for path in (self._home / "logs").rglob("*.log"))
        rendered = tables.get("rendered_task_instance_fields", 0)
        return {"database MB": sum(tables.values()), "of it rendered fields": rendered, "logs MB": logs}


def _say(text: str) -> None:
    sys.stderr.write(f"    {text}\n")


# --- expanded only --------------------------------------------------------------------------------


def expanded(cast: Cast, folder: Path, number: int) -> dict[str, Any]:
    """A row: the real DAG in a real Airflow, its sites' tasks made, marked as done and merged.

    No slot of the pool is free while the tasks are made, so none of them runs. Then every tenth site's are marked as
    failed, the others' as done, by the API; the records they would have left are written into the store.
    """
    folder.mkdir()
    sites = names(number)
    path = write_sites(folder / "sites.yaml", sites[:1])
    settings = {"CELEBS_SITES": str(path), "CELEBS_GALLERY": str(cast.gallery), "CELEBS_ARCHIVE_URL": NOBODY}
    with Counters() as counters, airflow(folder, settings | counters.settings) as up:
        api = up.api
        api.answer_s = ANSWER_S
        _quiet(api)
        write_sites(path, sites)
        _parsed(api, number)
        places = _Places(folder)
        counters.times.clear()
        when = datetime.now(UTC).replace(microsecond=0)
        run = api.trigger(logical_date=keys.iso(when))
        at = f"{DAG}/dagRuns/{run}/taskInstances"
        _until(lambda: api.ask(f"{at}/list_sites")["state"] in ("running", "success", "failed"), 60)
        with _no_slots(api):
            _until(lambda: api.ask(f"{at}/list_sites")["state"] in ("success", "failed"), 60)
            start = time.monotonic()
            _until(lambda: api.ask(f"{at}?limit=1")["total_entries"] == 3 * number + 4, 400)
            made_s = time.monotonic() - start
            _say(f"{3 * number} tasks made in {made_s:.1f} s")
            # As often as not the scheduler is still at it.
            time.sleep(10)
            counted = len(counters.times["scheduler.scheduler_loop_duration"])
            time.sleep(20)
            idle = counters.times["scheduler.scheduler_loop_duration"][counted:]
            _say("writing what the tasks would have left …")
            _mark(api, run, when, sites, up.store)
            _end_others(api, run)
        start = time.monotonic()
        _until(lambda: api.ask(f"{DAG}/dagRuns/{run}")["state"] in ("success", "failed"), RUN_S)
        _say(f"merged and watched in {time.monotonic() - start:.1f} s")
        state = api.ask(f"{DAG}/dagRuns/{run}")["state"]
        merge, watcher = (api.ask(f"{at}/{task}") for task in ("merge", "watcher"))
        if screens := os.environ.get("BENCH_SCREENS"):
            _screens(up, run, Path(screens), number)
    grown = places.grown_mb()
    loops = counters.times["scheduler.scheduler_loop_duration"]
    return {
        "sites": number,
        "run": state,
        "tasks made s": round(made_s, 1),
        "scheduler loop s, waiting": round(statistics.mean(idle or [0]) / 1e3, 2),
        "scheduler loop s, worst": round(max(loops) / 1e3, 2),
        "merge s": round(merge["duration"] or 0, 2),
        "watcher s": round(watcher["duration"] or 0, 2),
        "DAG file s": round(statistics.median(counters.times["dag_processing.last_duration"] or [0]), 2),
        **grown,
    }


def _quiet(api: Airflow) -> None:
    """End the run that the schedule begins in a new home, and wait until it has ended."""
    # It comes a moment after the DAG.
    time.sleep(10)
    _until(lambda: not _end_others(api), 120)


def _end_others(api: Airflow, but: str = "") -> int:
    """End all other runs, those of the schedule that come meanwhile too; how many there were."""
    runs = [one for dag in ("trending_celebrities", "celebrity_trends") for one in _runs(api, dag)]
    others = [one for one in runs if one["state"] not in ("success", "failed") and one["dag_run_id"] != but]
    for one in others:
        api.ask(f"/api/v2/dags/{one['dag_id']}/dagRuns/{one['dag_run_id']}", {"state": "failed"}, "PATCH")
    return len(others)


def _runs(api: Airflow, dag: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = api.ask(f"/api/v2/dags/{dag}/dagRuns?limit=100")["dag_runs"]
    return runs


def _parsed(api: Airflow, number: int) -> None:
    """Wait until Airflow has read the DAG file with so many sites."""
    _until(lambda: len(api.ask(f"{DAG}/details")["params"]["sites"]["schema"].get("examples", [])) == number, 120)


@contextmanager
def _no_slots(api: Airflow) -> Iterator[None]:
    slots = api.ask(POOL)["slots"]

    def give(number: int) -> None:
        body = {"name": "default_pool", "slots": number, "include_deferred": False}
        api.ask(f"{POOL}?update_mask=slots", body, "PATCH")

    give(0)
    try:
        yield
    finally:
        give(slots)


def _mark(api: Airflow, run: str, when: datetime, sites: list[str], store: Any) -> None:
    from tests.factories import a_result, a_screenshot, a_sighting

    from celeb_ops.core.records import Outcome

    states: dict[str, list[dict[str, Any]]] = {"failed": [], "success": []}
    for index, name in enumerate(sites):
        stem = keys.stem(name, when)
        state = "success" if index % 10 else "failed"
        ids = [f"{GROUP}.{step}" for step in (STEPS if state == "success" else STEPS[:1])]
        states[state] += [{"task_id": task, "map_index": index, "new_state": state} for task in ids]
        if state == "failed":
            reason = "The site gave no answer in 60 s."
            word = Outcome(site=name, time=when, outcome="failed", task=STEPS[0], reason=reason, source="live")
            word.save(store, keys.outcome(stem))
            continue
        a_screenshot(site=name, time=when, parts=[]).save(store, keys.sidecar(stem))
        sightings = [a_sighting(f"Person {(index * 7 + one) % 400:03d}") for one in range(5)]
        a_result(name, time=when, sightings=sightings, faces=5).save(store, keys.result(stem))
    for entities in states.values():
        for first in range(0, len(entities), 50):
            actions = [{"action": "update", "entities": entities[first : first + 50]}]
            api.ask(f"{DAG}/dagRuns/{run}/taskInstances", {"actions": actions}, "PATCH")


def _screens(up: Any, run: str, folder: Path, number: int) -> None:
    """Pictures of the pages that show many sites, to look at."""
    from tests.airflow.screens import log_in

    from celeb_ops.capture.browser import open_browser
    from celeb_ops.core.sites import CaptureOptions

    folder.mkdir(parents=True, exist_ok=True)
    base = f"{up.api.address}/dags/trending_celebrities"
    pages = {"run": f"{base}/runs/{run}", "sites": f"{base}/runs/{run}/tasks/{GROUP}.{STEPS[0]}/mapped"}
    with open_browser(CaptureOptions(viewport=(1440, 900))) as browser:
        browser.get(up.api.address)
        log_in(browser, up)
        time.sleep(3)
        for name, address in pages.items():
            browser.get(address)
            time.sleep(6)
            browser.save_screenshot(str(folder / f"{number}-{name}.png"))


def _until(done: Any, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {within_s:g} s.")
        time.sleep(0.2)


# --- pages for an Airflow that runs elsewhere -----------------------------------------------------


def main(arguments: list[str]) -> int:
    """Serve trivial pages until Ctrl-C, and write their sites file."""
    parser = argparse.ArgumentParser(prog="benchmarks.many_sites", description=main.__doc__)
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--listen", default="0.0.0.0:8999", help="address and port to serve on")
    parser.add_argument("--address", required=True, help="how the workers reach it: http://this-host:8999")
    parser.add_argument("--out", type=Path, required=True, help="the sites file")
    options = parser.parse_args(arguments)
    host, _, port = options.listen.rpartition(":")
    sites = names(options.sites)
    page = f"<title>News</title><h1>News</h1>{_WORDS * 3}"
    with Web({f"/{name.lower()}": page for name in sites}, int(port), host):
        write_sites(options.out, sites, options.address.rstrip("/"))
        sys.stderr.write(f"{len(sites)} pages on {options.listen}; sites file: {options.out}. Ctrl-C ends it.\n")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
