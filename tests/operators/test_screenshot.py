from __future__ import annotations

import contextlib
import json
import logging
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from celeb_ops.archive import memento
from celeb_ops.capture.page_source import GONE
from celeb_ops.core import keys
from celeb_ops.core.exceptions import ArchiveError, CaptureError, MissedError, PermanentError, ReasonCode
from celeb_ops.core.records import Outcome, Part, Screenshot, Span
from celeb_ops.core.removal_list import RemovedPerson, add
from celeb_ops.core.settings import Settings
from celeb_ops.dataset import captures_of, merge
from celeb_ops.dataset.missed_captures import missed
from celeb_ops.dataset.tables import update_captures
from celeb_ops.hooks.webdriver import WebDriverHook
from celeb_ops.operators.run_steps import list_sites
from celeb_ops.operators.screenshot import BEGAN, ScreenshotOperator
from tests.archive.recording import Recording
from tests.archive.server import archive
from tests.factories import a_picture, a_result, a_screenshot, saved
from tests.web import Web, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celeb_ops.core.sites import Site
    from celeb_ops.core.store import Store
    from celeb_ops.operators.base import Step
    from tests.archive.server import Archive
    from tests.operators.conftest import Watched

NOW = datetime.now(UTC).replace(microsecond=0)
STEM = keys.stem("TMZ", NOW)
SIDECAR = keys.sidecar(STEM)
WORD = keys.outcome(STEM)
LIVE = {"logical_date": NOW}
PAGE = f"""<title>News</title><body style="margin: 0; background: tan">
<h1>Nothing new</h1><p>{"All is quiet in the harbour. " * 60}</p><div style="height: 2000px">"""
TMZ = "https://www.tmz.com/"
SINCE = " Its page can no longer be captured, so the site stays failed: "

Shoot = Callable[..., str]


@pytest.fixture
def shoot(watched: Watched, tmp_path: Path) -> Shoot:
    """Executes the step on a page; nobody answers at the archive, unless a setting says where one is."""

    def shoot(
        context: dict[str, Any], url: str = TMZ, format: str = "jpeg", robots: bool = False, **settings: Any
    ) -> str:
        given = {"store": str(watched.root), "cache": tmp_path / "cache", "archive_url": "http://127.0.0.1:9/"}
        site = {"name": "TMZ", "url": url, "load_time_s": 2, "format": format, "respect_robots": robots}
        operator = ScreenshotOperator(task_id="screenshot", site=site, settings=Settings(**(given | settings)))
        operator.store = watched
        return operator.execute(context)

    return shoot


@pytest.fixture
def blind(shoot: Shoot) -> Shoot:
    """As :func:`shoot`, where a step that starts a browser fails."""
    return lambda *given, **settings: shoot(*given, browser_url=f"http://127.0.0.1:{free_port()}", **settings)


def left(store: Store, key: str = WORD) -> tuple[str, str | None, str]:
    word = Outcome.load(store, key)
    return word.outcome, word.source, word.reason


def failed(store: Store, reason: str, when: datetime = NOW) -> Outcome:
    """The site's live page failed."""
    facts = {"site": "TMZ", "time": when, "outcome": "failed", "task": "screenshot", "source": "live"}
    word = Outcome(**facts, reason=reason, reason_code=ReasonCode.NO_ANSWER)
    word.save(store, keys.outcome(keys.stem("TMZ", when)))
    return word


def missed_reason(store: Store, when: datetime) -> str | None:
    found = missed(store, "TMZ", when)
    return found and found.reason


class TestSitesFile:
    """The site is the one that the file has when the task is cleared."""

    def used(self, path: Path) -> Site:
        class Told(ScreenshotOperator):
            def run_step(self, step: Step) -> str:
                self.used = step.site
                return SIDECAR

        operator = Told(task_id="screenshot", site={"name": "TMZ", "url": "https://tmz.example/"}, sites_file=path)
        operator.execute(LIVE)
        return operator.used

    def test_a_corrected_address_is_used(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "sites.yaml"
        path.write_text("sites: [https://people.com/, {url: https://www.tmz.com/, timeout_s: 90}]")
        site = self.used(path)
        assert (site.name, site.url, site.timeout_s) == ("TMZ", "https://www.tmz.com/", 90)
        assert "now used: {'timeout_s': 90.0, 'url': 'https://www.tmz.com/'}" in capsys.readouterr().out

    @pytest.mark.parametrize("content", ["sites: [https://people.com/]", "sites: [", None], ids=["gone", "bad", "none"])
    def test_falls_back_to_list_sites(self, tmp_path: Path, content: str | None) -> None:
        path = tmp_path / "sites.yaml"
        if content:
            path.write_text(content)
        assert self.used(path).url == "https://tmz.example/"


class TestLive:
    @pytest.mark.browser
    def test_the_sidecar_is_written_last_and_its_key_handed_on(
        self, watched: Watched, shoot: Shoot, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with Web({"/": f"{PAGE}<img src=/lost.jpg width=200 height=200>"}) as web:
            assert shoot(LIVE, f"{web.address}/", "png") == SIDECAR
        log = capsys.readouterr().out
        for said in (
            "Opening http",
            "HTTP 200, 'News'",
            "No consent dialog",
            "Loaded 0 of 1 picture,",
            "Stored 1 picture",
        ):
            assert said in log
        assert f"MB: {watched.url(f'Images/{STEM}.png')}" in log
        assert "pyvips" not in log.lower()
        assert watched.written == [WORD, f"Images/{STEM}.png", SIDECAR]
        assert list(watched.list("Outcomes/")) == []
        shot = Screenshot.load(watched, SIDECAR)
        assert (shot.site, shot.time, shot.title, shot.http_status, shot.source) == ("TMZ", NOW, "News", 200, "live")
        assert (shot.images_loaded, shot.images_total, shot.images_missing, shot.memento) == (0, 1, 1, None)
        assert shot.captured_height == shot.parts[0].rows.stop >= 2000
        assert abs(shot.captured_at - datetime.now(UTC)) < timedelta(minutes=1)

    @pytest.mark.browser
    def test_its_metadata_names_no_removed_person(self, watched: Watched, shoot: Shoot) -> None:
        add(watched, RemovedPerson("Grace Hopper"))
        page = PAGE.replace("News", "Grace Hopper today") + (
            '<a href="/grace-hopper"><img src="/ship.png" alt="Grace Hopper’s ship" width=200 height=200></a>'
        )
        with Web({"/": page, "/ship.png": a_picture(200, 200, "PNG")}) as web:
            shoot(LIVE, f"{web.address}/")
            ship = f"{web.address}/ship.png"
        shot = Screenshot.load(watched, SIDECAR)
        assert shot.title == ""
        assert [(one.src, one.alt, one.link) for one in shot.pictures] == [(ship, "", "")]

    @pytest.mark.browser
    @pytest.mark.parametrize(("status", "said"), [(403, "answered with HTTP 403"), (None, " could not be reached")])
    def test_a_site_that_gives_no_page_fails_with_a_sentence(
        self, status: int | None, said: str, watched: Watched, shoot: Shoot
    ) -> None:
        with Web({"/": status or 200}) as web:
            url = f"{web.address}/" if status else f"http://127.0.0.1:{free_port()}/"
            with pytest.raises(CaptureError):
                shoot(LIVE, url)
        assert left(watched)[:2] == ("failed", "live")
        assert said in left(watched)[2]
        assert list(watched.list("Images/")) == []

    @pytest.mark.browser
    def test_leftover_pictures_of_an_earlier_try_are_deleted(self, watched: Watched, shoot: Shoot) -> None:
        before = keys.stem("TMZ", NOW - timedelta(hours=12))
        others = [f"Images/{before}.jpeg", f"Images/X_{STEM}.png", "Images/notes.png"]
        old = [keys.image(STEM, part, "png") for part in (1, 2)] + [keys.image(STEM, part, "jpeg") for part in (2, 4)]
        for key in (*others, *old):
            watched.write(key, a_picture())
        with Web({"/": PAGE}) as web:
            shoot(LIVE, f"{web.address}/")
        assert set(watched.list("Images/")) == {*others, SIDECAR, f"Images/{STEM}.jpeg"}

    @pytest.mark.browser
    def test_capture_succeeds_without_list_or_delete_permission(
        self, watched: Watched, shoot: Shoot, capsys: pytest.CaptureFixture[str]
    ) -> None:
        watched.denied = {"list", "delete"}
        with Web({"/": PAGE}) as web:
            assert shoot(LIVE, f"{web.address}/") == SIDECAR
        assert capsys.readouterr().out.count(f"stay: Images/{STEM}.: no list.") == 1
        assert left(watched)[0] == "skipped"
        assert missed(watched, "TMZ", NOW) is None


class TestWhatIsStored:
    def test_is_reused_at_any_time(self, watched: Watched, blind: Shoot) -> None:
        for when in (NOW, NOW - timedelta(days=30)):
            key = saved(watched, a_screenshot(time=when), a_picture())
            watched.written.clear()
            assert blind({"logical_date": when}) == key
            assert watched.written == []

    @pytest.mark.parametrize("lacks", ["the sidecar", "a part", "a readable sidecar"])
    def test_is_ignored_if_incomplete(self, lacks: str, watched: Watched, blind: Shoot) -> None:
        saved(watched, a_screenshot(time=NOW), a_picture())
        if lacks == "a readable sidecar":
            watched.write(SIDECAR, b"{}")
        else:
            watched.delete(SIDECAR if lacks == "the sidecar" else f"Images/{STEM}.jpeg")
        with pytest.raises(CaptureError, match="browser"):
            blind(LIVE)


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
    away: timedelta, params: dict[str, Any], watched: Watched, blind: Shoot
) -> None:
    """The archive of the tests is dead: a step that asked it would fail."""
    when = NOW + away
    with pytest.raises(AirflowSkipException, match=f"The run time {keys.iso(when)} is more than 3 h from now: "):
        blind({"logical_date": when, "params": params})
    outcome, _, reason = left(watched, keys.outcome(keys.stem("TMZ", when)))
    assert outcome == "skipped"
    assert "today's page is not from then" in reason


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_secrets_of_a_site_s_connections_are_in_no_log_xcom_or_file(
    watched: Watched,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    secrets = ("s3cretheader", "s3cretcookie", "s3cretword")
    extra = {"headers": {"X-Key": secrets[0]}, "cookies": {"session": secrets[1]}}
    monkeypatch.setenv("AIRFLOW_CONN_CELEBS_SITE_TMZ", json.dumps({"conn_type": "http", "extra": extra}))
    caplog.set_level(logging.DEBUG)
    with Web({}) as web, Web({"/": PAGE, "/gone": 404}) as proxied:
        # A web server is a proxy that answers itself: this one is asked for whole addresses.
        proxied.pages |= {f"{web.address}{path}": page for path, page in proxied.pages.items()}
        place = proxied.address.removeprefix("http://")
        monkeypatch.setenv("AIRFLOW_CONN_CELEBS_PROXY", f"http://us:{secrets[2]}@{place}")
        options = "headers: true, cookies: true, proxy: celebs_proxy, load_time_s: 2"
        left = []
        for path in ("/", "/gone"):
            (tmp_path / "sites.yaml").write_text(f"sites: [{{url: '{web.address}{path}', name: TMZ, {options}}}]")
            settings = Settings(store=str(watched.root), cache=tmp_path / "cache", sites=tmp_path / "sites.yaml")
            (site,) = list_sites(["TMZ"], settings)
            operator = ScreenshotOperator(task_id="screenshot", site=site, settings=settings, sites_file=settings.sites)
            operator.store = watched
            try:
                left += [str(site), operator.execute(LIVE | {"params": {"recapture": True}})]
            except CaptureError as error:
                left.append(repr(error))
        assert {f"{web.address}/", f"{web.address}/gone"} <= set(proxied.asked)
        assert web.asked == []
    assert "HTTP 404" in left[-1]
    log = capfd.readouterr()
    left += [caplog.text, log.out, log.err, *map(str, watched.contents().values())]
    for secret in (*secrets, b64encode(f"us:{secrets[2]}".encode()).decode()):
        assert not [text for text in left if secret in text]


# --- pages of the past ----------------------------------------------------------------------------------

THEN = datetime(2026, 11, 20, 8, tzinfo=UTC)
SEEN = datetime(2026, 11, 20, 8, 3, 7, tzinfo=UTC)
STEM_THEN = keys.stem("TMZ", THEN)
SIDECAR_THEN = keys.sidecar(STEM_THEN)
WORD_THEN = keys.outcome(STEM_THEN)
OLD = "https://old.example/"


def test_a_page_that_robots_txt_closes_is_skipped_where_that_is_respected(watched: Watched, blind: Shoot) -> None:
    with Web({"/": PAGE, "/robots.txt": "User-agent: *\nDisallow: /"}) as web:
        with pytest.raises(AirflowSkipException, match="closes the page to TrendingCelebrities"):
            blind(LIVE, web.address, robots=True)
        assert web.asked == ["/robots.txt"]
        word = Outcome.load(watched, WORD)
        assert (word.outcome, word.reason_code) == ("skipped", ReasonCode.ROBOTS)
        # Without the option it is not asked for.
        with pytest.raises(CaptureError):
            blind(LIVE, web.address)
        assert web.asked == ["/robots.txt"]


def test_a_site_whose_robots_txt_can_t_be_had_fails_and_is_not_skipped(watched: Watched, blind: Shoot) -> None:
    with Web({"/": PAGE, "/robots.txt": 503}) as web:
        with pytest.raises(CaptureError, match=r"robots.txt answered with HTTP 503, .* \(respect_robots\)"):
            blind(LIVE, web.address, robots=True)
        assert web.asked == ["/robots.txt"]
        word = Outcome.load(watched, WORD)
        assert (word.outcome, word.reason_code) == ("failed", ReasonCode.SERVER_FAILED)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """An archive with one page, and one of two pictures."""
    folder = tmp_path_factory.mktemp("archive")
    page = f'{PAGE}<img src="/ship.jpg" width=300 height=200><img src="/gone.jpg" width=300 height=200>'
    with Recording(folder / "old.warc.gz") as made:
        made.page(OLD, SEEN, page)
        made.page(f"{OLD}ship.jpg", SEEN, a_picture(300, 200), "image/jpeg")
    with archive(folder / "pywb", [folder / "old.warc.gz"]) as running:
        yield running


@pytest.fixture
def no_copy() -> Iterator[str]:
    """The address of an archive without a copy of anything."""
    with Web({}) as web:
        yield f"{web.address}/"


@pytest.fixture(autouse=True)
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that gives no answer is asked again at once."""
    monkeypatch.setattr(memento, "FIRST_PAUSE_S", 0.001)


def then(**params: Any) -> dict[str, Any]:
    return {"logical_date": THEN, "params": params}


class TestPast:
    @pytest.mark.browser
    def test_a_page_comes_from_the_archive_and_says_so_also_where_the_site_had_failed_at_its_time(
        self, past: Archive, watched: Watched, shoot: Shoot
    ) -> None:
        update_captures(watched, THEN, [], [failed(watched, "It sent no page.", THEN)])
        assert shoot(then(), OLD, archive_url=past.timegate) == SIDECAR_THEN
        shot = Screenshot.load(watched, SIDECAR_THEN)
        assert (shot.source, shot.time, shot.captured_at) == ("archive", THEN, SEEN)
        assert shot.memento == f"{past.timegate}20261120080307/{OLD}"
        assert (shot.url, shot.final_url, shot.title) == (OLD, OLD, "News")
        assert (shot.images_loaded, shot.images_total, shot.images_missing) == (1, 2, 1)
        assert shot.missing == ["1 picture is not archived"]
        assert not watched.exists(WORD_THEN)

    def test_a_time_without_a_copy_is_skipped_with_its_reason(
        self, no_copy: str, watched: Watched, blind: Shoot
    ) -> None:
        with pytest.raises(AirflowSkipException, match=r"has no copy of https://www\.tmz\.com/ at all\."):
            blind(then(), archive_url=no_copy)
        assert left(watched, WORD_THEN)[:2] == ("skipped", None)

    def test_a_time_whose_nearest_copy_is_too_far_is_skipped_with_its_time(self, past: Archive, blind: Shoot) -> None:
        context = {"logical_date": THEN - timedelta(days=2)}
        with pytest.raises(AirflowSkipException, match=r"the nearest is from 2026-11-20T08:03:07Z, 48\.1 h after"):
            blind(context, OLD, archive_url=past.timegate)

    def test_an_archive_that_is_down_is_a_failure_but_not_a_miss(
        self, no_copy: str, watched: Watched, blind: Shoot
    ) -> None:
        with pytest.raises(ArchiveError):
            blind(then())
        outcome, source, reason = left(watched, WORD_THEN)
        assert (outcome, source) == ("failed", "archive")
        assert reason.startswith("The archive 127.0.0.1:9 gave no answer")
        # Once it is up and has no copy, the site was not missed: nobody had tried at its time.
        with pytest.raises(AirflowSkipException):
            blind(then(), archive_url=no_copy)


class TestRecapture:
    @pytest.fixture
    def kept(self, watched: Watched) -> str:
        """A screenshot of the run, in two parts."""
        parts = [Part(key=keys.image(STEM_THEN, n, "jpeg"), rows=Span(100 * n - 100, 100 * n)) for n in (1, 2)]
        shot = a_screenshot(time=THEN, title="Of before", captured_height=200, parts=parts)
        return saved(watched, shot, a_picture(seed=1), a_picture(seed=2))

    @pytest.mark.browser
    def test_takes_a_new_picture(self, past: Archive, kept: str, watched: Watched, shoot: Shoot) -> None:
        before = watched.read(f"Images/{STEM_THEN}.jpeg")
        assert shoot(then(recapture=True), OLD, archive_url=past.timegate) == kept
        shot = Screenshot.load(watched, kept)
        assert (shot.title, shot.source, shot.captured_at) == ("News", "archive", SEEN)
        assert watched.read(f"Images/{STEM_THEN}.jpeg") != before
        # A part of the picture of before is none of this one's.
        assert set(watched.list("Images/")) == {kept, *(part.key for part in shot.parts)}

    @pytest.mark.parametrize(
        "params", [{"recapture": True}, {"recapture": True, "on_past": "skip"}, {"rerecognise": True}], ids=str
    )
    def test_keeps_the_old_one_where_no_page_can_be_seen(
        self, params: dict[str, Any], no_copy: str, kept: str, watched: Watched, blind: Shoot
    ) -> None:
        before = watched.contents()
        assert blind(then(**params), archive_url=no_copy) == kept
        assert watched.contents() == before

    def test_keeps_the_old_one_where_the_archive_is_down(self, kept: str, watched: Watched, blind: Shoot) -> None:
        before = watched.contents("Images/")
        with pytest.raises(ArchiveError):
            blind(then(recapture=True))
        assert watched.contents("Images/") == before

    @pytest.mark.browser
    def test_killed_before_the_sidecar_starts_over_on_the_next_try(
        self, past: Archive, kept: str, watched: Watched, shoot: Shoot, blind: Shoot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Screenshot, "save", raises(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shoot(then(recapture=True), OLD, archive_url=past.timegate)
        # No sidecar of the old picture stands beside the new one.
        assert not watched.exists(kept)
        with pytest.raises(CaptureError, match="browser"):
            blind(then(), OLD, archive_url=past.timegate)


class TestPicturesThatAreGone:
    """Their facts and their result are there, as where CELEBS_KEEP_IMAGES_DAYS has tidied."""

    @pytest.fixture
    def before(self, watched: Watched) -> dict[str, bytes]:
        """The dataset, without the picture."""
        saved(watched, a_screenshot(time=THEN, title="Of before"), a_picture())
        result = a_result("TMZ", "Grace Hopper", time=THEN)
        result.save(watched, keys.result(STEM_THEN))
        merge(watched, THEN, [result], [])
        watched.delete(f"Images/{STEM_THEN}.jpeg")
        return watched.contents()

    @pytest.mark.parametrize("params", [{}, {"rerecognise": True}, {"on_past": "skip"}])
    def test_leave_the_dataset_unchanged(
        self, params: dict[str, Any], before: dict[str, bytes], watched: Watched, blind: Shoot
    ) -> None:
        with pytest.raises(AirflowSkipException) as caught:
            blind(then(**params), OLD)
        assert str(caught.value) == GONE
        word = Outcome.load(watched, WORD_THEN)
        assert (word.outcome, word.reason) == ("skipped", GONE)
        watched.delete(WORD_THEN)
        # As merge has it of the skipped step.
        merge(watched, THEN, [], [word])
        assert watched.contents() == before

    @pytest.mark.parametrize(
        "recapture", [True, False], ids=["where that is asked", "where nobody has recognised them"]
    )
    def test_are_taken_from_the_archive(
        self, recapture: bool, past: Archive, before: dict[str, bytes], watched: Watched, blind: Shoot
    ) -> None:
        if not recapture:
            watched.delete(keys.result(STEM_THEN))
        # Its copy is there and is to be opened.
        with pytest.raises(CaptureError, match="browser"):
            blind(then(recapture=recapture), OLD, archive_url=past.timegate)
        assert left(watched, WORD_THEN)[1] == "archive"


class Killed(BaseException):
    """No error that anything could catch by mistake."""


def raises(error: type[BaseException]) -> Callable[..., Any]:
    def end(*_: object) -> None:
        raise error

    return end


class TestALiveCaptureThatIsKilled:
    """A killed step can record nothing, so it records its start first."""

    @pytest.fixture(autouse=True)
    def killed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("celeb_ops.capture.page.capture_page", raises(Killed))
        monkeypatch.setattr(WebDriverHook, "visit", lambda *_: contextlib.nullcontext())

    def test_is_missed_after_its_live_window(self, no_copy: str, watched: Watched, shoot: Shoot) -> None:
        with pytest.raises(Killed):
            shoot(LIVE)
        assert left(watched) == ("failed", "live", BEGAN)
        time.sleep(0.4)
        for _ in range(2):
            with pytest.raises(MissedError) as caught:
                shoot(LIVE, live_window_h=0.0001, archive_url=no_copy)
            assert str(caught.value).startswith(f"{BEGAN}{SINCE}")
            assert str(caught.value).count(SINCE) == 1

    @pytest.mark.parametrize(("at", "known"), [("before the browser", "HTTP 503"), ("in the browser", BEGAN)])
    def test_does_not_lose_the_failure_of_the_try_before(
        self, at: str, known: str, watched: Watched, shoot: Shoot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failed(watched, "HTTP 503")
        if at == "before the browser":
            monkeypatch.setattr("celeb_ops.operators.screenshot.choose_source", raises(Killed))
        with pytest.raises(Killed):
            shoot(LIVE)
        assert left(watched)[:2] == ("failed", "live")
        assert missed_reason(watched, NOW) == known

    @pytest.mark.parametrize("before", ["HTTP 503", None])
    def test_excludes_one_stopped_by_hand(
        self, before: str | None, watched: Watched, shoot: Shoot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if before:
            failed(watched, before)
        monkeypatch.setattr("celeb_ops.capture.page.capture_page", raises(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shoot(LIVE)
        assert missed_reason(watched, NOW) == before
        assert list(watched.list("")) == ([WORD] if before else [])

    def test_leaves_nothing_behind_once_a_later_try_uses_what_is_stored(self, watched: Watched, shoot: Shoot) -> None:
        with pytest.raises(Killed):
            shoot(LIVE)
        # It had come as far as that.
        saved(watched, a_screenshot(time=NOW), a_picture())
        assert shoot(LIVE) == SIDECAR
        assert list(watched.list("Outcomes/")) == []


class TestASiteThatFailedAtItsTime:
    @pytest.fixture
    def word(self, watched: Watched) -> Outcome:
        return failed(watched, "It sent no page.", THEN)

    def test_fails_again_with_the_same_words_however_often_it_is_tried(
        self, no_copy: str, word: Outcome, watched: Watched, blind: Shoot
    ) -> None:
        said = set()
        for params in ({}, {}, {"on_past": "skip"}, {}):
            with pytest.raises(MissedError) as caught:
                blind(then(**params), archive_url=no_copy)
            text = str(caught.value)
            assert text.startswith(f"It sent no page.{SINCE}")
            assert text.count(SINCE) == 1
            assert left(watched, WORD_THEN) == ("failed", "live", text)
            update_captures(watched, THEN, [], [Outcome.load(watched, WORD_THEN)])
            (row,) = captures_of(watched, THEN)
            assert (row["reason"], row["reason_code"]) == ("It sent no page.", "no_answer")
            said.add(text)
        assert len(said) == 2

    def test_fails_again_after_its_live_window(self, no_copy: str, watched: Watched, blind: Shoot) -> None:
        with pytest.raises(CaptureError, match="browser"):
            blind(LIVE)
        outcome, source, reason = left(watched)
        assert (outcome, source) == ("failed", "live")
        time.sleep(0.4)
        with pytest.raises(MissedError) as caught:
            blind(LIVE, live_window_h=0.0001, archive_url=no_copy)
        assert str(caught.value).startswith(f"{reason}{SINCE}")

    def test_is_not_forgotten_while_the_archive_is_down(self, no_copy: str, word: Outcome, blind: Shoot) -> None:
        for _ in range(2):
            with pytest.raises(ArchiveError, match="gave no answer") as caught:
                blind(then())
            assert not isinstance(caught.value, PermanentError)
            assert str(caught.value).startswith(f"It sent no page.{SINCE}The archive ")
        with pytest.raises(MissedError, match=r"^It sent no page\."):
            blind(then(), archive_url=no_copy)

    def test_is_not_forgotten_when_the_browser_fails(
        self, past: Archive, word: Outcome, watched: Watched, blind: Shoot
    ) -> None:
        with pytest.raises(CaptureError, match="browser"):
            blind(then(), OLD, archive_url=past.timegate)
        assert missed_reason(watched, THEN) == "It sent no page."
