import io
import logging
import pickle
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from celeb_ops.cli.progress import Progress, rows_of, summary
from celeb_ops.core import keys
from celeb_ops.core.exceptions import CaptureError
from celeb_ops.core.records import Outcome, Plan, Slice, Span
from celeb_ops.core.store import FolderStore, Store
from tests.factories import RUN_TIME, a_picture, a_result, a_screenshot, saved

STEM = keys.stem("TMZ", RUN_TIME)


class Printed:
    """A Progress with what it has printed."""

    def __init__(self, store: Store) -> None:
        self._file = io.StringIO()
        self.progress = Progress(Console(file=self._file, soft_wrap=True), store, RUN_TIME)

    def lines(self) -> list[str]:
        return [" ".join(line.split()) for line in self._file.getvalue().splitlines()]


@pytest.fixture
def printed(folder_store: FolderStore) -> Printed:
    return Printed(folder_store)


def a_task(task_id: str, site: str | None = "TMZ", state: str = "failed") -> Any:
    """A task instance as Airflow hands it to a listener."""
    return SimpleNamespace(task_id=task_id, state=state, task=SimpleNamespace(site={"name": site}) if site else None)


def succeed(printed: Printed, step: str) -> None:
    printed.progress.on_task_instance_success("running", a_task(f"site.{step}"))


def fail(printed: Printed, task: Any, error: BaseException) -> None:
    printed.progress.on_task_instance_failed("running", task, error)


def test_what_another_process_reports_is_printed_here(printed: Printed, folder_store: FolderStore) -> None:
    there = Printed(folder_store)
    there.progress.report_to(lambda event: printed.progress.show(pickle.loads(pickle.dumps(event))))
    there.progress.on_task_instance_running("queued", a_task("site.slice"))
    with there.progress:
        logging.getLogger("celeb_ops.capture").warning("Careful.")
    fail(there, a_task("site.slice"), CaptureError("No page."))
    assert there.lines() == []
    assert printed.lines() == ["! Careful.", "✗ TMZ slice No page."]
    assert printed.progress.failures == {"TMZ": "No page."}


def test_on_a_terminal_too_only_its_own_lines_are_reported(folder_store: FolderStore) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, soft_wrap=True)
    with Progress(console, folder_store, RUN_TIME) as progress:
        progress.on_task_instance_running("queued", a_task("site.slice"))
        print("what Airflow logs")
        sys.stderr.write("what a library says\n")
        progress.on_task_instance_skipped("running", a_task("site.slice"))
    assert "TMZ slice …" in screen.getvalue()
    assert "skipped" in screen.getvalue()
    assert "what" not in screen.getvalue()


class TestAScreenshot:
    def test_is_reported_with_height_pictures_and_seconds(self, printed: Printed, folder_store: FolderStore) -> None:
        shot = a_screenshot(
            captured_at=datetime.now(UTC) + timedelta(seconds=5),
            timings={"open": 0.25, "load": 1.5},
            images_loaded=9,
            images_total=12,
            page_height=9_000,
            truncated=True,
            missing=["2 pictures", "fonts"],
        )
        saved(folder_store, shot, a_picture())
        succeed(printed, "screenshot")
        assert printed.lines() == [
            "✓ TMZ screenshot 3,000 px of 9,000 (truncated), 9 of 12 pictures, missing 2 pictures, fonts, 1.8 s"
        ]

    @pytest.mark.parametrize(
        ("source", "seen", "shown"),
        [("live", "seen", ""), ("archive", "archived", ", archived 2026-11-20 19:00 UTC")],
    )
    def test_that_was_in_the_store_says_when_it_was_seen(
        self, source: str, seen: str, shown: str, printed: Printed, folder_store: FolderStore
    ) -> None:
        at = datetime(2026, 11, 20, 19, 0, 42, tzinfo=UTC)
        shot = a_screenshot(source=source, captured_at=at, images_loaded=1, images_total=1)
        saved(folder_store, shot, a_picture())
        printed.progress.on_task_instance_running("queued", a_task("site.screenshot"))
        succeed(printed, "screenshot")
        # The same page, captured again.
        saved(folder_store, shot.model_copy(update={"timings": {"open": 2.5}}), a_picture())
        succeed(printed, "screenshot")
        assert printed.lines() == [
            f"✓ TMZ screenshot 3,000 px, reused, {seen} 2026-11-20 19:00 UTC",
            f"✓ TMZ screenshot 3,000 px{shown}, 1 of 1 picture, 2.5 s",
        ]

    def test_that_can_not_be_looked_for_before_is_no_trouble(self, printed: Printed, folder_store: FolderStore) -> None:
        folder_store.write(keys.sidecar(STEM), b"{")
        printed.progress.on_task_instance_running("queued", a_task("site.screenshot"))
        saved(folder_store, a_screenshot(captured_at=RUN_TIME), a_picture())
        succeed(printed, "screenshot")
        assert printed.lines() == ["✓ TMZ screenshot 3,000 px, 0 of 0 pictures, 1.0 s"]


def test_slices_and_faces_are_counted_and_named(printed: Printed, folder_store: FolderStore) -> None:
    one = Slice(key="x", bands=[Span(0, 1)], columns=Span(0, 1))
    Plan(screenshot="x", slices=[one], seconds=0.4).save(folder_store, keys.plan(STEM))
    succeed(printed, "slice")
    for names in ((), ("Grace Hopper", "Eileen [Collins]")):
        a_result("TMZ", *names).save(folder_store, keys.result(STEM))
        succeed(printed, "rekognize")
    assert printed.lines() == [
        "✓ TMZ slice 1 slice, 0.4 s",
        "✓ TMZ rekognize 0 faces: nobody named",
        "✓ TMZ rekognize 2 faces: Eileen [Collins], Grace Hopper",
    ]


@pytest.mark.parametrize("left", ["removed the slices of 2 captures (6 files, 1.2 MB), older than 7 days", None])
def test_tidying_is_reported_where_something_went(left: str | None, printed: Printed) -> None:
    task = SimpleNamespace(task_id="tidy", task=None, xcom_pull=lambda task_ids: {"tidy": left}[task_ids])
    printed.progress.on_task_instance_success("running", task)
    assert printed.lines() == ([f"✓ tidy {left}"] if left else [])


@pytest.mark.parametrize("reason", ["It was too late.", None], ids=["with its reason", "without a reason"])
def test_a_skip_is_reported_and_kept(reason: str | None, printed: Printed, folder_store: FolderStore) -> None:
    if reason:
        word = Outcome(site="TMZ", time=RUN_TIME, outcome="skipped", task="screenshot", reason=reason)
        word.save(folder_store, keys.outcome(STEM))
    printed.progress.on_task_instance_skipped("running", a_task("site.screenshot"))
    assert printed.lines() == ["– TMZ screenshot skipped"]
    assert printed.progress.skips == {"TMZ": reason or "screenshot was skipped, reason unknown: see the log."}
    assert printed.progress.failures == {}


class TestAWarning:
    def test_is_reported_once_and_no_other_line_of_the_log(self, printed: Printed) -> None:
        with printed.progress:
            for photo in ("one.jpg", "one.jpg", "[two].jpg"):
                logging.getLogger("celeb_ops.recognition.local.gallery").warning("%s shows no face.", photo)
            logging.getLogger("celeb_ops.recognition.page").info("Slice 1 of 2: 3 faces")
            logging.getLogger("airflow.task").warning("Slice 1 of 2: 3 faces")
        assert printed.lines() == ["! one.jpg shows no face.", "! [two].jpg shows no face."]

    def test_of_merge_is_reported_if_no_line_of_a_step_has_said_it(self, printed: Printed) -> None:
        """A result that merge can't read: all steps of the site were fine."""
        with printed.progress:
            fail(printed, a_task("site.screenshot"), CaptureError("No page."))
            for site in ("TMZ", "TMZ.CO"):
                logging.getLogger("celeb_ops.operators.run_steps").warning("%s failed at rekognize: Half.", site)
        assert printed.lines() == ["✗ TMZ screenshot No page.", "! TMZ.CO failed at rekognize: Half."]


class TestAFailure:
    @pytest.mark.parametrize(
        ("task", "lines", "failures", "errors"),
        [
            (a_task("site.screenshot"), ["✗ TMZ screenshot Sent [no] page."], {"TMZ": "Sent [no] page."}, []),
            # It is tried again: it is none yet.
            (a_task("site.slice", state="up_for_retry"), ["↻ TMZ slice Sent [no] page. Trying again."], {}, []),
            (a_task("merge", site=None), ["✗ merge Sent [no] page."], {}, ["merge: Sent [no] page."]),
            # Says nothing new.
            (a_task("watcher", site=None), [], {}, []),
        ],
        ids=["of a site", "that is tried again", "outside the sites", "of the watcher"],
    )
    def test_is_reported_and_kept(
        self, task: Any, lines: list[str], failures: dict[str, str], errors: list[str], printed: Printed
    ) -> None:
        fail(printed, task, CaptureError("Sent [no] page."))
        assert printed.lines() == lines
        assert (printed.progress.failures, printed.progress.errors) == (failures, errors)

    def test_of_a_process_that_died_says_so_instead_of_airflow_s_states(self, printed: Printed) -> None:
        task = a_task("site.screenshot")
        printed.progress.on_task_instance_running("queued", task)
        task.task = None
        printed.progress.crashed["site.screenshot", -1] = "It was killed."
        printed.progress.on_task_instance_failed("running", task, "Executor X reported that …")
        assert printed.lines() == ["✗ TMZ screenshot It was killed."]
        assert printed.progress.failures == {"TMZ": "It was killed."}

    def test_by_ctrl_c_ends_the_run(self, printed: Printed) -> None:
        """Airflow's task runner takes it for any other failure, and would go on with the next task."""
        with pytest.raises(KeyboardInterrupt):
            fail(printed, a_task("site.screenshot", state="up_for_retry"), KeyboardInterrupt("SIGINT"))


def seen(site: str, *names: str, faces: int = 2) -> dict[str, Any]:
    bill = {"calls": 0, "calls_saved": 0, "cost_usd": 0.0}
    return {"site": site, "outcome": "seen", "faces": faces, "celebrities": list(names), "seconds": 4.26} | bill


def missed(site: str, outcome: str, reason: str) -> dict[str, Any]:
    return {"site": site, "outcome": outcome, "reason": reason}


def test_rows_are_those_of_the_runs_sites_with_what_this_run_says_of_them() -> None:
    """Also where the site was seen before, or failed; and where its failure could not be merged."""
    captures = [seen("A"), seen("B"), missed("C", "failed", "No page."), seen("OTHER")]
    assert rows_of(["C", "B", "A", "D", "NEVER"], captures, {"B": "No gallery.", "D": "Full."}, {"C": "Late."}) == [
        seen("A"),
        missed("B", "failed", "No gallery."),
        missed("C", "skipped", "Late."),
        missed("D", "failed", "Full."),
    ]


def table_of(rows: list[dict[str, Any]]) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=100).print(summary(rows))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_the_table_shows_what_came_of_each_site() -> None:
    rows = [
        seen("DAILY-PLAIN", "Eileen Collins", "Grace [Hopper]"),
        seen("LAZY-POST", faces=0),
        missed("PEOPLE", "skipped", "It was too late."),
        missed("TMZ", "failed", "TMZ sent [no] page."),
    ]
    assert table_of(rows) == [
        "site         faces  celebrities                     seconds",
        "DAILY-PLAIN      2  Eileen Collins; Grace [Hopper]      4.3",
        "LAZY-POST        0  nobody named                        4.3",
        "PEOPLE           –  skipped: It was too late.             –",
        "TMZ              –  failed: TMZ sent [no] page.           –",
    ]


def test_the_table_shows_what_a_paid_recogniser_cost() -> None:
    rows = [
        seen("LAZY-POST", "Eileen Collins") | {"calls": 3, "calls_saved": 5, "cost_usd": 0.003},
        seen("PEOPLE", faces=1) | {"calls": 0, "calls_saved": 8},
        missed("TMZ", "failed", "No page."),
    ]
    assert table_of(rows) == [
        "site       faces  celebrities       seconds  calls  saved    cost",
        "LAZY-POST      2  Eileen Collins        4.3      3      5  $0.003",
        "PEOPLE         1  nobody named          4.3      0      8  $0.000",
        "TMZ            –  failed: No page.        –",
        "all            3                                 3     13  $0.003",
    ]


def test_what_a_page_says_does_not_reach_the_terminal_as_it_is(printed: Printed) -> None:
    fail(printed, a_task("site.screenshot"), ValueError("\x1b]0;owned\x07[red]" + "x" * 10**6))
    with printed.progress:
        logging.getLogger("celeb_ops.capture").warning("The title: \x1b[2J%s", "x" * 10**6)
    [failed, warned] = printed.lines()
    for line in (failed, warned, printed.progress.failures["TMZ"]):
        assert line.isprintable()
        assert len(line) < 2_100
    assert "]0;owned [red]x" in failed
