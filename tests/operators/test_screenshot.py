from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from celeb_ops import keys
from celeb_ops.archive import memento
from celeb_ops.dataset import merge
from celeb_ops.dataset.tables import captures_of, update_captures
from celeb_ops.exceptions import (
    ArchiveError,
    BrowserError,
    CaptureError,
    MissedError,
    NotPermittedError,
    PermanentError,
    ReasonCode,
)
from celeb_ops.hooks.webdriver import WebDriverHook
from celeb_ops.missed import missed
from celeb_ops.operators.screenshot import BEGAN, ScreenshotOperator
from celeb_ops.records import Outcome, Part, Screenshot, Span
from celeb_ops.removed import Person, add
from celeb_ops.seeing import GONE
from tests.archive.recording import Recording
from tests.archive.server import archive
from tests.factories import a_picture, a_result, a_screenshot, saved
from tests.web import Web, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celeb_ops.sites import Site
    from celeb_ops.store import FolderStore
    from tests.archive.server import Archive

NOW = datetime.now(UTC).replace(microsecond=0)
STEM = keys.stem("TMZ", NOW)
SIDECAR = f"Images/{STEM}.json"
PAGE = f"""<title>News</title><body style="margin: 0; background: tan">
<h1>Nothing new</h1><p>{"All is quiet in the harbour. " * 40}</p><div style="height: 2000px">"""


def screenshot(url: str = "https://www.tmz.com/", **options: Any) -> ScreenshotOperator:
    return ScreenshotOperator(task_id="screenshot", site={"name": "TMZ", "url": url, "load_time_s": 2} | options)


def missed_reason(store: FolderStore, when: datetime) -> str | None:
    found = missed(store, "TMZ", when)
    return found and found.reason


@pytest.fixture
def context() -> dict[str, Any]:
    """A run time of now: only now's page can be photographed."""
    return {"logical_date": NOW}


class TestSitesFile:
    """The site is the one that the file has when the task is cleared."""

    def step_site(self, path: Path, context: dict[str, Any]) -> Site:
        given = {"name": "TMZ", "url": "https://tmz.example/"}
        operator = ScreenshotOperator(task_id="screenshot", site=given, sites_file=path)
        with pytest.raises(BrowserError):
            operator.execute(context)
        assert operator.step
        return operator.step.site

    def test_a_corrected_address_is_used(
        self, tmp_path: Path, context: dict[str, Any], no_browser: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "sites.yaml"
        path.write_text("sites: [https://people.com/, {url: https://www.tmz.com/, timeout_s: 90}]")
        site = self.step_site(path, context)
        assert (site.name, site.url, site.timeout_s) == ("TMZ", "https://www.tmz.com/", 90)
        assert "used is what it has now: {'timeout_s': 90.0, 'url': 'https://www.tmz.com/'}" in capsys.readouterr().out

    @pytest.mark.parametrize("content", ["sites: [https://people.com/]", "sites: [", None], ids=["gone", "bad", "none"])
    def test_else_the_one_of_list_sites(
        self, tmp_path: Path, context: dict[str, Any], no_browser: None, content: str | None
    ) -> None:
        path = tmp_path / "sites.yaml"
        if content:
            path.write_text(content)
        assert self.step_site(path, context).url == "https://tmz.example/"


def reason_left(store: FolderStore) -> str:
    return Outcome.load(store, keys.outcome(STEM)).reason


@pytest.mark.browser
@pytest.mark.parametrize("format", ["jpeg", "png"])
def test_the_sidecar_is_written_last_and_its_key_handed_on(
    format: str, context: dict[str, Any], folder_store: FolderStore, written: list[str]
) -> None:
    with Web({"/": PAGE}) as web:
        key = screenshot(f"{web.address}/", format=format).execute(context)

    assert key == SIDECAR
    assert written == [keys.outcome(STEM), f"Images/{STEM}.{format}", SIDECAR]
    assert list(folder_store.list("Outcomes/")) == []
    shot = Screenshot.load(folder_store, key)
    assert (shot.site, shot.time, shot.title, shot.http_status, shot.source) == ("TMZ", NOW, "News", 200, "live")
    assert shot.captured_height == shot.parts[0].rows.stop >= 2000
    assert abs(shot.captured_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.browser
def test_its_facts_name_nobody_who_asked_not_to_be_there(context: dict[str, Any], folder_store: FolderStore) -> None:
    add(folder_store, Person("Grace Hopper"))
    page = PAGE.replace("News", "Grace Hopper today") + (
        '<a href="/grace-hopper"><img src="/ship.png" alt="Grace Hopper’s ship" width=200 height=200></a>'
    )
    with Web({"/": page, "/ship.png": a_picture(200, 200, "PNG")}) as web:
        key = screenshot(f"{web.address}/").execute(context)
        ship = f"{web.address}/ship.png"
    shot = Screenshot.load(folder_store, key)
    assert shot.title == ""
    assert [(one.src, one.alt, one.link) for one in shot.pictures] == [(ship, "", "")]


def test_a_screenshot_in_the_store_is_used_again(
    context: dict[str, Any], folder_store: FolderStore, written: list[str], no_browser: None
) -> None:
    saved(folder_store, a_screenshot(time=NOW), a_picture())
    written.clear()
    assert screenshot().execute(context) == SIDECAR
    assert written == []


def test_a_picture_without_its_sidecar_is_not_a_screenshot(
    context: dict[str, Any], folder_store: FolderStore, no_browser: None
) -> None:
    folder_store.write(f"Images/{STEM}.jpeg", a_picture())
    with pytest.raises(BrowserError):
        screenshot().execute(context)


def test_a_screenshot_that_lacks_a_part_is_taken_anew(
    context: dict[str, Any], folder_store: FolderStore, no_browser: None
) -> None:
    saved(folder_store, a_screenshot(time=NOW), a_picture())
    folder_store.delete(f"Images/{STEM}.jpeg")
    with pytest.raises(BrowserError):
        screenshot().execute(context)


def test_a_damaged_sidecar_is_no_screenshot(
    context: dict[str, Any], folder_store: FolderStore, no_browser: None
) -> None:
    folder_store.write(SIDECAR, b"{}")
    with pytest.raises(BrowserError):
        screenshot().execute(context)


@pytest.mark.parametrize(
    ("away", "params"),
    [
        (timedelta(hours=-3.2), {"on_past": "skip"}),
        (timedelta(hours=-3.2), {"rerecognise": True}),
        (timedelta(days=4), {}),
    ],
    ids=["the archive is not to be asked", "only what is stored is to be recognised", "it is to come"],
)
def test_a_run_time_far_from_now_is_skipped(
    away: timedelta, params: dict[str, Any], folder_store: FolderStore, no_browser: None
) -> None:
    """The archive of the tests is dead: a step that asked it would fail."""
    when = datetime.now(UTC) + away
    with pytest.raises(AirflowSkipException, match=f"The run time {keys.iso(when)} is more than 3 h from now: "):
        screenshot().execute({"logical_date": when, "params": params})

    left = Outcome.load(folder_store, keys.outcome(keys.stem("TMZ", when)))
    assert left.outcome == "skipped"
    assert "today's page is not that time's page" in left.reason


def test_an_old_screenshot_is_used_whatever_the_time(folder_store: FolderStore, no_browser: None) -> None:
    when = NOW - timedelta(days=30)
    key = saved(folder_store, a_screenshot(time=when), a_picture())
    assert screenshot().execute({"logical_date": when}) == key


@pytest.mark.browser
def test_a_dead_site_fails_with_a_sentence(context: dict[str, Any], folder_store: FolderStore) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(CaptureError):
        screenshot(url).execute(context)
    assert reason_left(folder_store).startswith(f"{url} could not be reached")
    assert list(folder_store.list("Images/")) == []


@pytest.mark.browser
@pytest.mark.parametrize("status", [403, 500])
def test_an_error_page_is_no_page(status: int, context: dict[str, Any], folder_store: FolderStore) -> None:
    with Web({"/": status}) as web, pytest.raises(CaptureError):
        screenshot(f"{web.address}/").execute(context)
    assert f"answered with HTTP {status}" in reason_left(folder_store)
    assert list(folder_store.list("Images/")) == []


# --- pages of the past ----------------------------------------------------------------------------------

THEN = datetime(2026, 11, 20, 8, tzinfo=UTC)
SEEN = datetime(2026, 11, 20, 8, 3, 7, tzinfo=UTC)
STEM_THEN = keys.stem("TMZ", THEN)
SIDECAR_THEN = f"Images/{STEM_THEN}.json"
WORD_THEN = keys.outcome(STEM_THEN)
OLD = "https://old.example/"


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """An archive with one page, and one of two pictures."""
    folder = tmp_path_factory.mktemp("archive")
    page = f'{PAGE}<img src="/ship.jpg" width=300 height=200><img src="/gone.jpg" width=300 height=200>'
    with Recording(folder / "old.warc.gz") as made:
        made.page(OLD, SEEN, page)
        made.page(f"{OLD}ship.jpg", SEEN, a_picture(300, 200), "image/jpeg")
    with archive(folder / "pywb", [folder / "old.warc.gz"]) as running:
        yield running


@pytest.fixture
def past(archived: Archive, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """The archive as it is set."""
    monkeypatch.setenv("CELEBS_ARCHIVE_URL", archived.timegate)
    monkeypatch.setenv("CELEBS_ARCHIVE_RATE", "1000")
    return archived


@pytest.fixture
def no_copy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """An archive without a copy of anything."""
    with Web({}) as web:
        monkeypatch.setenv("CELEBS_ARCHIVE_URL", f"{web.address}/")
        monkeypatch.setenv("CELEBS_ARCHIVE_RATE", "1000")
        yield web


@pytest.fixture(autouse=True)
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that gives no answer is asked again at once."""
    monkeypatch.setattr(memento, "FIRST_PAUSE_S", 0.001)


def then(**params: Any) -> dict[str, Any]:
    return {"logical_date": THEN, "params": params}


def word_of(store: FolderStore, key: str = WORD_THEN) -> tuple[str, str | None, str]:
    left = Outcome.load(store, key)
    return left.outcome, left.source, left.reason


def failed_then(store: FolderStore, reason: str = "It sent no page.") -> None:
    """The site's live page failed at its time, and so it stands in Captures."""
    outcome = Outcome(
        site="TMZ",
        time=THEN,
        outcome="failed",
        task="screenshot",
        reason=reason,
        reason_code=ReasonCode.NO_ANSWER,
        source="live",
    )
    outcome.save(store, WORD_THEN)
    update_captures(store, THEN, [], [outcome])


@pytest.mark.browser
def test_a_page_of_the_past_comes_from_the_archive_and_says_so(past: Archive, folder_store: FolderStore) -> None:
    step = screenshot(OLD)
    assert step.execute(then()) == SIDECAR_THEN
    shot = Screenshot.load(folder_store, SIDECAR_THEN)
    assert (shot.source, shot.time, shot.captured_at) == ("archive", THEN, SEEN)
    assert shot.memento == f"{past.timegate}20261120080307/{OLD}"
    assert (shot.url, shot.final_url, shot.title) == (OLD, OLD, "News")
    assert (shot.images_loaded, shot.images_total, shot.images_missing) == (1, 2, 1)
    assert shot.missing == ["1 picture is not archived"]
    assert step.seen_by == "archive"
    assert not folder_store.exists(WORD_THEN)


@pytest.mark.browser
def test_a_live_page_says_which_pictures_did_not_come(context: dict[str, Any], folder_store: FolderStore) -> None:
    with Web({"/": f"{PAGE}<img src=/lost.jpg width=200 height=200>"}) as web:
        key = screenshot(f"{web.address}/").execute(context)
    shot = Screenshot.load(folder_store, key)
    assert (shot.images_loaded, shot.images_total, shot.images_missing, shot.memento) == (0, 1, 1, None)


def test_a_time_without_a_copy_is_skipped_with_the_archives_word(
    no_copy: Web, folder_store: FolderStore, no_browser: None
) -> None:
    with pytest.raises(AirflowSkipException, match=r"has no copy of https://www\.tmz\.com/ of any time\."):
        screenshot().execute(then())
    assert word_of(folder_store)[:2] == ("skipped", None)


def test_a_time_whose_nearest_copy_is_too_far_is_skipped_with_its_time(
    past: Archive, folder_store: FolderStore, no_browser: None
) -> None:
    context = {"logical_date": THEN - timedelta(days=2)}
    with pytest.raises(AirflowSkipException, match=r"the nearest one is of 2026-11-20T08:03:07Z, 48\.1 h after"):
        screenshot(OLD).execute(context)


def test_an_archive_that_is_down_is_a_failure_and_no_word_about_the_site(
    folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch, no_browser: None
) -> None:
    with pytest.raises(ArchiveError):
        screenshot().execute(then())
    outcome, source, reason = word_of(folder_store)
    assert (outcome, source) == ("failed", "archive")
    assert reason.startswith("The archive 127.0.0.1:9 gave no answer")
    # Once it is up and has no copy, the site was not missed: nobody had tried at its time.
    with Web({}) as web:
        monkeypatch.setenv("CELEBS_ARCHIVE_URL", f"{web.address}/")
        with pytest.raises(AirflowSkipException):
            screenshot().execute(then())
    assert word_of(folder_store)[:2] == ("skipped", None)


class TestRecapture:
    @pytest.fixture
    def kept(self, folder_store: FolderStore) -> str:
        """A screenshot of the run, in two parts."""
        parts = [Part(key=keys.image(STEM_THEN, n, "jpeg"), rows=Span(100 * n - 100, 100 * n)) for n in (1, 2)]
        shot = a_screenshot(time=THEN, title="Of before", captured_height=200, parts=parts)
        return saved(folder_store, shot, a_picture(seed=1), a_picture(seed=2))

    @pytest.mark.browser
    def test_takes_a_new_picture(self, past: Archive, kept: str, folder_store: FolderStore) -> None:
        before = folder_store.read(f"Images/{STEM_THEN}.jpeg")
        assert screenshot(OLD).execute(then(recapture=True)) == kept
        shot = Screenshot.load(folder_store, kept)
        assert (shot.title, shot.source, shot.captured_at) == ("News", "archive", SEEN)
        assert folder_store.read(f"Images/{STEM_THEN}.jpeg") != before
        # A part of the picture of before is none of this one's.
        assert set(folder_store.list("Images/")) == {kept, *(part.key for part in shot.parts)}

    @pytest.mark.parametrize("params", [{"recapture": True}, {"recapture": True, "on_past": "skip"}])
    def test_keeps_the_old_one_where_no_page_can_be_seen(
        self,
        params: dict[str, Any],
        no_copy: Web,
        kept: str,
        folder_store: FolderStore,
        written: list[str],
        no_browser: None,
    ) -> None:
        before = {key: folder_store.read(key) for key in folder_store.list("Images/")}
        step = screenshot()
        assert step.execute(then(**params)) == kept
        assert written == []
        assert {key: folder_store.read(key) for key in folder_store.list("Images/")} == before
        assert step.seen_by == "live"

    def test_keeps_the_old_one_where_the_archive_is_down(
        self, kept: str, folder_store: FolderStore, no_browser: None
    ) -> None:
        before = {key: folder_store.read(key) for key in folder_store.list("Images/")}
        with pytest.raises(ArchiveError):
            screenshot().execute(then(recapture=True))
        assert {key: folder_store.read(key) for key in folder_store.list("Images/")} == before

    @pytest.mark.browser
    def test_that_is_killed_between_pictures_and_sidecar_is_done_whole_by_the_next_try(
        self, past: Archive, kept: str, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def killed(*_: object) -> str:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Screenshot, "save", killed)
            with pytest.raises(KeyboardInterrupt):
                screenshot(OLD).execute(then(recapture=True))
        # No sidecar of the old picture stands beside the new one.
        assert not folder_store.exists(kept)
        screenshot(OLD).execute(then())
        assert Screenshot.load(folder_store, kept).title == "News"

    def test_is_not_asked_for_by_recognising_anew(
        self, kept: str, folder_store: FolderStore, written: list[str], no_browser: None
    ) -> None:
        assert screenshot().execute(then(rerecognise=True)) == kept
        assert written == []


class TestPicturesThatAreGone:
    """Their facts and their result are there, as where CELEBS_KEEP_IMAGES_DAYS has tidied."""

    @pytest.fixture
    def before(self, folder_store: FolderStore) -> dict[str, bytes]:
        """The dataset, without the picture."""
        saved(folder_store, a_screenshot(time=THEN, title="Of before"), a_picture())
        result = a_result("TMZ", "Grace Hopper", time=THEN)
        result.save(folder_store, keys.result(STEM_THEN))
        merge(folder_store, THEN, [result], [])
        folder_store.delete(f"Images/{STEM_THEN}.jpeg")
        return self.files(folder_store)

    def files(self, store: FolderStore) -> dict[str, bytes]:
        return {key: store.read(key) for key in store.list("")}

    @pytest.mark.parametrize("params", [{}, {"rerecognise": True}, {"on_past": "skip"}])
    def test_change_nothing_of_what_is_known(
        self,
        params: dict[str, Any],
        past: Archive,
        before: dict[str, bytes],
        folder_store: FolderStore,
        no_browser: None,
    ) -> None:
        with pytest.raises(AirflowSkipException) as caught:
            screenshot(OLD).execute(then(**params))
        assert str(caught.value) == GONE
        left = Outcome.load(folder_store, WORD_THEN)
        assert (left.outcome, left.reason) == ("skipped", GONE)
        folder_store.delete(WORD_THEN)
        # As merge has it of the skipped step.
        merge(folder_store, THEN, [], [left])
        assert self.files(folder_store) == before

    @pytest.mark.browser
    def test_are_taken_from_the_archive_where_that_is_asked(
        self, past: Archive, before: dict[str, bytes], folder_store: FolderStore
    ) -> None:
        screenshot(OLD).execute(then(recapture=True))
        assert Screenshot.load(folder_store, SIDECAR_THEN).source == "archive"

    def test_of_a_page_that_nobody_has_recognised_are_looked_for_in_the_archive(
        self, no_copy: Web, before: dict[str, bytes], folder_store: FolderStore, no_browser: None
    ) -> None:
        folder_store.delete(keys.result(STEM_THEN))
        with pytest.raises(AirflowSkipException, match="has no copy"):
            screenshot().execute(then())


class Killed(BaseException):
    """No error that anything could catch by mistake."""


class TestALiveCaptureThatIsKilled:
    """Nothing that it could leave behind afterwards is of use: it says first that it has begun."""

    @pytest.fixture
    def killed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def die(*_: object) -> None:
            raise Killed

        monkeypatch.setattr("celeb_ops.capture.page.capture_page", die)
        monkeypatch.setattr(WebDriverHook, "visit", lambda *_: contextlib.nullcontext())

    def test_is_known_as_missed_when_its_hours_are_over(
        self,
        killed: None,
        no_copy: Web,
        context: dict[str, Any],
        folder_store: FolderStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with pytest.raises(Killed):
            screenshot().execute(context)
        assert word_of(folder_store, keys.outcome(STEM)) == ("failed", "live", BEGAN)
        monkeypatch.setenv("CELEBS_LIVE_WINDOW_H", "0.0001")
        time.sleep(0.4)
        for _ in range(2):
            with pytest.raises(MissedError) as caught:
                screenshot().execute(context)
            assert str(caught.value).startswith(f"{BEGAN} Since then its page can't be seen any more")
            assert str(caught.value).count("stays missed") == 1

    @pytest.mark.parametrize("at", ["before the browser", "in the browser"])
    def test_does_not_lose_the_failure_of_the_try_before(
        self,
        at: str,
        killed: None,
        context: dict[str, Any],
        folder_store: FolderStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        first = Outcome(site="TMZ", time=NOW, outcome="failed", task="screenshot", reason="HTTP 503", source="live")
        first.save(folder_store, keys.outcome(STEM))
        if at == "before the browser":

            def die(*_: object) -> None:
                raise Killed

            monkeypatch.setattr("celeb_ops.operators.screenshot.view", die)
        with pytest.raises(Killed):
            screenshot().execute(context)
        assert word_of(folder_store, keys.outcome(STEM))[:2] == ("failed", "live")
        assert missed_reason(folder_store, NOW) == ("HTTP 503" if at == "before the browser" else BEGAN)

    @pytest.mark.parametrize("before", ["HTTP 503", None])
    def test_is_not_one_that_a_person_has_stopped(
        self,
        before: str | None,
        killed: None,
        context: dict[str, Any],
        folder_store: FolderStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def stopped(*_: object) -> None:
            raise KeyboardInterrupt

        if before:
            word = Outcome(site="TMZ", time=NOW, outcome="failed", task="screenshot", reason=before, source="live")
            word.save(folder_store, keys.outcome(STEM))
        monkeypatch.setattr("celeb_ops.capture.page.capture_page", stopped)
        with pytest.raises(KeyboardInterrupt):
            screenshot().execute(context)
        assert missed_reason(folder_store, NOW) == before
        assert list(folder_store.list("")) == ([keys.outcome(STEM)] if before else [])

    def test_leaves_nothing_behind_once_a_later_try_uses_what_is_stored(
        self, killed: None, context: dict[str, Any], folder_store: FolderStore
    ) -> None:
        with pytest.raises(Killed):
            screenshot().execute(context)
        # It had come as far as that.
        saved(folder_store, a_screenshot(time=NOW), a_picture())
        assert screenshot().execute(context) == SIDECAR
        assert list(folder_store.list("Outcomes/")) == []


@pytest.mark.browser
@pytest.mark.parametrize("may_delete", [True, False])
def test_what_a_live_capture_says_while_it_works_is_no_failure_afterwards(
    may_delete: bool,
    context: dict[str, Any],
    folder_store: FolderStore,
    written: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(key: str) -> None:
        raise NotPermittedError(f"{key} could not be deleted: AccessDenied.")

    if not may_delete:
        monkeypatch.setattr(folder_store, "delete", forbidden)
    with Web({"/": PAGE}) as web:
        assert screenshot(f"{web.address}/").execute(context) == SIDECAR
    assert written[0] == keys.outcome(STEM)
    assert missed(folder_store, "TMZ", NOW) is None
    assert folder_store.exists(keys.outcome(STEM)) is not may_delete


@pytest.mark.browser
def test_pictures_of_an_earlier_try_that_are_none_of_this_one_go(
    context: dict[str, Any], folder_store: FolderStore, written: list[str]
) -> None:
    others = [f"Images/{keys.stem('TMZ', NOW - timedelta(hours=12))}.jpeg", f"Images/X_{STEM}.png", "Images/notes.png"]
    old = [keys.image(STEM, part, "png") for part in (1, 2)] + [keys.image(STEM, part, "jpeg") for part in (2, 4)]
    for key in (*others, *old):
        folder_store.write(key, a_picture())
    with Web({"/": PAGE}) as web:
        screenshot(f"{web.address}/").execute(context)
    assert set(folder_store.list("Images/")) == {*others, SIDECAR, f"Images/{STEM}.jpeg"}


@pytest.mark.browser
def test_pictures_that_may_not_be_listed_stay_with_a_warning(
    context: dict[str, Any],
    folder_store: FolderStore,
    written: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refused(prefix: str) -> list[str]:
        raise NotPermittedError(f"{prefix} could not be listed: AccessDenied.")

    monkeypatch.setattr(folder_store, "list", refused)
    with Web({"/": PAGE}) as web:
        assert screenshot(f"{web.address}/").execute(context) == SIDECAR
    assert f"stay: Images/{STEM}. could not be listed: AccessDenied." in capsys.readouterr().out


class TestASiteThatFailedAtItsTime:
    def test_fails_again_with_the_same_words_however_often_it_is_tried(
        self, no_copy: Web, folder_store: FolderStore, no_browser: None
    ) -> None:
        failed_then(folder_store)
        said = set()
        for params in ({}, {}, {"on_past": "skip"}, {}):
            with pytest.raises(MissedError) as caught:
                screenshot().execute(then(**params))
            text = str(caught.value)
            assert text.startswith("It sent no page. Since then its page can't be seen any more")
            assert text.count("stays missed") == 1
            assert word_of(folder_store) == ("failed", "live", text)
            update_captures(folder_store, THEN, [], [Outcome.load(folder_store, WORD_THEN)])
            (row,) = captures_of(folder_store, THEN)
            assert (row["reason"], row["reason_code"]) == ("It sent no page.", "no_answer")
            said.add(text)
        assert len(said) == 2

    @pytest.mark.browser
    def test_does_so_when_the_hours_of_its_page_are_over(
        self, no_copy: Web, context: dict[str, Any], folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Web({"/": 500}) as web:
            url = f"{web.address}/"
            with pytest.raises(CaptureError):
                screenshot(url).execute(context)
            first = word_of(folder_store, keys.outcome(STEM))
            assert first[:2] == ("failed", "live")
            monkeypatch.setenv("CELEBS_LIVE_WINDOW_H", "0.0001")
            with pytest.raises(MissedError) as caught:
                screenshot(url).execute(context)
        assert str(caught.value).startswith(f"{first[2]} Since then")

    def test_is_not_forgotten_while_the_archive_is_down(
        self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch, no_browser: None
    ) -> None:
        failed_then(folder_store)
        # Merge has not read it yet.
        folder_store.delete(keys.captures(THEN))
        for _ in range(2):
            with pytest.raises(ArchiveError, match="gave no answer") as caught:
                screenshot().execute(then())
            assert not isinstance(caught.value, PermanentError)
            assert str(caught.value).startswith(
                "It sent no page. Since then its page can't be seen any more, so it stays missed: The archive "
            )
        with Web({}) as web:
            monkeypatch.setenv("CELEBS_ARCHIVE_URL", f"{web.address}/")
            with pytest.raises(MissedError, match=r"^It sent no page\."):
                screenshot().execute(then())

    def test_is_not_forgotten_when_the_browser_fails(
        self, past: Archive, folder_store: FolderStore, no_browser: None
    ) -> None:
        failed_then(folder_store)
        folder_store.delete(keys.captures(THEN))
        with pytest.raises(BrowserError):
            screenshot(OLD).execute(then())
        assert missed_reason(folder_store, THEN) == "It sent no page."

    @pytest.mark.browser
    def test_is_seen_where_the_archive_has_its_page(self, past: Archive, folder_store: FolderStore) -> None:
        failed_then(folder_store)
        assert screenshot(OLD).execute(then()) == SIDECAR_THEN
        assert Screenshot.load(folder_store, SIDECAR_THEN).source == "archive"
        assert not folder_store.exists(WORD_THEN)
