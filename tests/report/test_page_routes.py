from __future__ import annotations

import io
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal
from unittest.mock import Mock
from urllib.parse import urljoin

import pytest

from celeb_ops import trends
from celeb_ops.core import keys
from celeb_ops.core.exceptions import StoreError
from celeb_ops.core.records import Outcome
from celeb_ops.dataset import merge, tables
from celeb_ops.report import assets
from celeb_ops.report.host import HostRun
from tests.asgi import get
from tests.factories import a_picture, a_result, a_screenshot, saved
from tests.report import history
from tests.report.conftest import app_of

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from celeb_ops.core.store import FolderStore

HTML = {"Accept": "text/html,*/*;q=0.8"}
RUN = f"/runs/{keys.iso(history.END)}"
PAGES = ["/", "/people/Grace%20Hopper", "/sites", "/runs", RUN, "/about"]


@pytest.fixture
def app(past: FolderStore) -> FastAPI:
    return app_of(past)


def text(answer: httpx.Response) -> str:
    """What a page says, without its marks."""
    assert answer.status_code == 200
    return words(answer.text)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"<script.*?</script>", "", html, flags=re.S)).split())


@pytest.mark.parametrize("page", PAGES)
class TestPages:
    def test_runs_no_script_but_its_own_and_has_what_a_screen_reader_goes_by(self, app: FastAPI, page: str) -> None:
        answer = get(app, page)
        html, policy = answer.text, answer.headers["content-security-policy"]
        assert {f"{one} 'self'" for one in ("script-src", "style-src", "frame-ancestors")} <= set(policy.split("; "))
        assert "unsafe" not in policy
        for script in re.findall(r"<script[^>]*>", html):
            assert " src=" in script or "application/json" in script
        assert not re.search(r"<style|\sstyle=|\son\w+=", html)
        assert '<html lang="en">' in html
        assert html.count("<h1") == 1
        assert html.count("<main") == html.count('href="#main"') == 1
        assert all('aria-label="' in nav for nav in re.findall(r"<nav[^>]*>", html))
        assert all("alt=" in image for image in re.findall(r"<img[^>]*>", html))
        assert all("<title>" in drawing for drawing in re.findall(r'<svg class="spark".*?</svg>', html, re.S))

    @pytest.mark.parametrize("mount", ["/celebs", "/airflow/celebs"])
    def test_leads_to_pages_that_are_there_wherever_it_is_mounted(self, app: FastAPI, page: str, mount: str) -> None:
        found = set(re.findall(r'(?:href|src)="(?!#|https?:)([^"]+)"', get(app, page).text))
        assert found
        for link in found:
            target = urljoin(f"{mount}{page}", link.replace("&amp;", "&"))
            assert target.startswith(f"{mount}/"), link
            if "/files/Faces/" not in target:
                answer = get(app, target.removeprefix(mount).partition("#")[0])
                assert answer.status_code == 200, target


DAGS = {"capture": "/airflow/dags/capture", "trends": "/airflow/dags/trends"}


def a_host_run(time: datetime, state: str = "success", kind: str = "scheduled") -> HostRun:
    return HostRun(time, f"{kind}__1", kind, state, f"/airflow/dags/capture/runs/{kind}__1")


class TestInAirflow:
    """What Airflow knows of the runs stands beside what the dataset knows."""

    def test_a_run_says_how_it_came_about_and_leads_there(self, past: FolderStore) -> None:
        asked = []

        def runs(first: datetime, last: datetime) -> list[HostRun]:
            asked.append((first, last))
            return [a_host_run(history.END)]

        tasks = {"screenshot": "/airflow/dags/capture/runs/1/tasks/site.screenshot/mapped/0"}
        app = app_of(past, runs=runs, tasks=lambda run, site: tasks)
        answer = get(app, RUN)
        assert asked == [(history.END, history.END)]
        for name, address in (("scheduled", "/airflow/dags/capture/runs/scheduled__1"), *tasks.items()):
            assert f'<a class="airflow" href="{address}">{name}</a>' in answer.text
        assert "scheduled" in text(get(app, "/runs"))

    def test_runs_under_way_and_such_as_merged_nothing_are_shown(self, past: FolderStore) -> None:
        now, before = history.END + timedelta(hours=1), history.END + timedelta(minutes=1)
        running, failed = a_host_run(now, "running", "manual"), a_host_run(before, "failed", "backfill")
        app = app_of(past, runs=lambda first, last: [running, failed])
        body = text(get(app, "/runs"))
        first, second = (
            f"{now:%-d %b %Y, %H:%M} UTC manual in progress",
            f"{before:%-d %b %Y, %H:%M} UTC backfill failed:",
        )
        assert body.index(first) < body.index(second) < body.index(f"{history.END:%-d %b %Y, %H:%M} UTC")
        # Their own pages are there, as are those of sites whose steps have begun.
        answer = get(app, f"/runs/{keys.iso(now)}?site=TMZ")
        assert "There are no results yet" in text(answer)

    def test_a_site_has_its_part_before_its_run_is_merged(self, folder_store: FolderStore) -> None:
        app = app_of(folder_store)
        assert get(app, f"{RUN}?site=TMZ").status_code == 404
        saved(folder_store, a_screenshot(site="TMZ", time=history.END), a_picture(1440, 3_000))
        body = get(app, f"{RUN}?site=TMZ")
        assert "not merged yet" in text(body)
        assert "Screenshot of TMZ" in body.text
        missed("TMZ", "failed", "The site sent no page.").save(
            folder_store, keys.outcome(keys.stem("TMZ", history.END))
        )
        assert "This site failed: The site sent no page." in text(get(app, f"{RUN}?site=TMZ"))


def test_cost_has_a_place_only_where_something_costs(past: FolderStore, folder_store: FolderStore) -> None:
    history.fill(folder_store, days=2, cost=0)
    for store, shown in ((past, True), (folder_store, False)):
        for page in ("/runs", "/sites"):
            assert ("Cost" in text(get(app_of(store), page))) is shown, page


def test_see_it_on_the_page_leads_to_the_box_of_the_face(app: FastAPI) -> None:
    address = re.search(r'href="([^"]+)">See it on the page', get(app, "/people/Grace%20Hopper").text)[1]
    page, _, anchor = urljoin("/people/x", address.replace("&amp;", "&")).partition("#")
    assert re.fullmatch(r"box-\d+", anchor)
    assert re.search(f'id="{anchor}"[^>]*><rect.*?Grace Hopper', get(app, page).text)


def missed(site: str, outcome: Literal["failed", "skipped"], reason: str) -> Outcome:
    return Outcome(site=site, time=history.END, outcome=outcome, task="screenshot", reason=reason, source="live")


class TestTrending:
    def test_shows_who_is_shown(self, app: FastAPI) -> None:
        body = text(get(app, "/"))
        assert "2 people on" in body
        assert body.index("Grace Hopper") < body.index("Eileen Collins")
        assert "▲ rising" in body

    def test_takes_its_filters_from_the_address(self, app: FastAPI) -> None:
        assert "Eileen Collins" not in text(get(app, "/?q=hopper"))
        assert "No match" in text(get(app, "/?q=zzz"))
        body = text(get(app, "/?site=DAILY-PLAIN&period=year"))
        assert "Eileen Collins" not in body
        assert "by whole weeks, on 1 of 3 sites" in body
        # Movement is of all sites, where the rest is not.
        assert "(all sites)" in text(get(app, "/?site=DAILY-PLAIN"))
        assert "(all sites)" not in text(get(app, "/"))

    @pytest.mark.parametrize("query", ["period=9d", "site=NOWHERE", "move=sideways", "p=-3", "p=99", "q=%00", "p=x"])
    def test_makes_the_best_of_a_query_that_makes_no_sense(self, app: FastAPI, query: str) -> None:
        assert get(app, f"/?{query}").status_code in (200, 422)

    def test_of_an_empty_store_says_what_will_come(self, folder_store: FolderStore) -> None:
        for page in ("/", "/?period=7d&site=TMZ", "/?period=all", "/sites", "/runs"):
            assert "No run yet" in text(get(app_of(folder_store), page))
        answer = get(app_of(folder_store, dags=DAGS, paused=lambda: ["capture"]), "/")
        assert '<a class="airflow" href="/airflow/dags/capture">The DAG capture</a>' in answer.text
        assert "once the DAG capture is no longer paused. To start now: Trigger on the DAG’s page" in text(answer)

    def test_of_runs_without_trends_says_what_is_paused(self, folder_store: FolderStore) -> None:
        tables.update_captures(folder_store, history.END, [a_result("TMZ", time=history.END)], [])
        for paused, said in ((["trends"], "is paused: switch it on"), ([], "its trends are being made")):
            answer = get(app_of(folder_store, dags=DAGS, paused=lambda paused=paused: paused), "/")
            assert said in text(answer)
            assert 'href="/airflow/dags/trends"' in answer.text

    def test_of_a_run_that_failed_says_so(self, folder_store: FolderStore) -> None:
        outcomes = [missed("TMZ", "failed", history.REASON), missed("PEOPLE", "skipped", "Too far from now.")]
        tables.update_captures(folder_store, history.END, [], outcomes)
        trends.build(folder_store)
        app = app_of(folder_store)
        assert "No page could be seen in this time" in text(get(app, "/"))
        assert "The latest capture failed" in text(get(app, "/sites"))
        body = text(get(app, RUN))
        assert "This site failed: " + history.REASON in body
        assert "There is no screenshot of it." in body
        assert "This site was skipped: Too far from now." in text(get(app, f"{RUN}?site=PEOPLE"))

    def test_of_one_run_shows_it_without_a_trend(self, folder_store: FolderStore) -> None:
        tables.update_captures(folder_store, history.END, [a_result("TMZ", time=history.END)], [])
        trends.build(folder_store)
        app = app_of(folder_store)
        body = text(get(app, "/"))
        assert "nobody on them was named" in body
        # The 28 days began before anything was captured.
        assert f"from the first capture, {history.END:%-d %b %Y} , to" in body
        assert "TMZ" in text(get(app, "/sites"))

    def test_may_be_turned_over(self, folder_store: FolderStore) -> None:
        history.fill(folder_store, [history.Figure(f"Person {at:03d}", 1.0) for at in range(60)], days=2)
        app = app_of(folder_store)
        first, second = get(app, "/"), get(app, "/?p=2")
        assert 'rel="next"' in first.text
        assert 'rel="prev"' in second.text
        assert words(get(app, "/?p=99").text) == words(second.text)
        assert (first.text.count("data-name"), second.text.count("data-name")) == (50, 10)


class TestPerson:
    def test_shows_share_sites_proofs_company_and_charts_as_tables_too(self, app: FastAPI) -> None:
        answer = get(app, "/people/Grace%20Hopper")
        body = text(answer)
        assert "First seen 28 Jun 2026" in body or "First seen 29 Jun 2026" in body
        assert "The counting changed once." in body
        assert "Eileen Collins" in body
        assert "% sure, by the face alone" in body
        assert 'href="https://news.example/story" rel="noopener noreferrer nofollow"' in answer.text
        html = get(app, "/people/Grace%20Hopper?span=quarter").text
        assert html.count("<figure") == html.count("The same as a table") == 2
        assert html.count("nothing seen") == history.WHOLE_QUIET_DAYS

    def test_who_is_not_there_is_told(self, app: FastAPI) -> None:
        answer = get(app, "/people/Nobody", HTML)
        assert answer.status_code == 404
        assert "Nobody by this name is in the trends" in answer.text


class TestRun:
    def test_shows_the_names_on_the_screenshot(self, app: FastAPI) -> None:
        html = get(app, f"{RUN}?site=DAILY-PLAIN").text
        assert re.findall(r'<rect x="([\d.]+)%" y="([\d.]+)%" width="([\d.]+)%" height="([\d.]+)%"', html) == [
            ("10.4167", "4.0", "8.3333", "4.0"),
            ("10.4167", "17.3333", "8.3333", "4.0"),
        ]
        assert 'href="#face-1" id="box-1"' in html
        assert 'id="face-1"' in html

    def test_shows_failures_first_and_says_whose_files_are_gone(self, app: FastAPI) -> None:
        body = text(get(app, RUN))
        assert body.index("WALLED-TIMES") < body.index("DAILY-PLAIN")
        assert history.REASON in body
        assert "no longer in the store" in text(get(app, f"{RUN}?site=LAZY-POST"))

    @pytest.mark.parametrize(
        "time", ["2026-11-25T09:00:00Z", "2026-13-45T08:00:00Z", "yesterday", "..%2f..%2fsecret", "2026-11-25"]
    )
    def test_that_was_not_is_told(self, app: FastAPI, time: str) -> None:
        assert get(app, f"/runs/{time}").status_code == 404


class TestArchived:
    """A run of the past: one page of each way in which it may have been seen or not."""

    SEEN = history.END - timedelta(hours=1, minutes=48)
    MEMENTO = "https://web.archive.org/web/20261125061200/https://archived.example/"

    @pytest.fixture
    def past_run(self, folder_store: FolderStore) -> FolderStore:
        when, archived = history.END, {"source": "archive", "memento": self.MEMENTO, "captured_at": self.SEEN}
        results = [
            a_result("ARCHIVED", "Grace Hopper", time=when, images_missing=9, **archived),
            a_result("HOSTILE", time=when, images_missing=1, **archived | {"memento": "javascript:window.hacked=1"}),
            a_result("LIVE", time=when, images_missing=2),
            a_result("WHOLE", time=when),
        ]
        for one in results:
            facts = one.model_dump(include={"site", "time", "source", "memento", "captured_at", "images_missing"})
            saved(folder_store, a_screenshot(**facts), a_picture(144, 300))
            one.save(folder_store, keys.result(keys.stem(one.site, when)))
        outcomes = [missed("FAILED", "failed", "HTTP 503."), missed("SKIPPED", "skipped", "No copy is near enough.")]
        merge(folder_store, when, results, outcomes)
        trends.build(folder_store)
        return folder_store

    def test_the_run_and_the_list_of_runs_count_each_way(self, past_run: FolderStore, app: FastAPI) -> None:
        for page in (RUN, "/runs"):
            assert "2 live 2 archived 1 skipped 1 failed" in text(get(app_of(past_run), page))
        # A way that nothing went is counted too.
        html = get(app, RUN).text
        assert '<span class="badge live">2 live</span>' in html
        assert '<span class="badge none">0 archived</span>' in html

    def test_a_row_tells_from_when_its_page_is_and_what_it_lacks(self, past_run: FolderStore) -> None:
        body = text(get(app_of(past_run), RUN))
        how = "archived 25 Nov 2026, 06:12 UTC , 1 h 48 min before the run"
        page = f"{how} · the archived page"
        assert f"ARCHIVED archived Grace Hopper {page} · 9 pictures missing from the archive" in body
        assert f"HOSTILE archived Seen, but nobody was named {how} · 1 picture missing from the archive 0" in body
        assert "LIVE live Seen, but nobody was named 2 pictures did not load 0" in body
        assert "WHOLE live Seen, but nobody was named 0" in body
        assert "FAILED failed HTTP 503." in body
        assert "SKIPPED skipped No copy is near enough." in body
        # So do the chosen site's details.
        archived = details(get(app_of(past_run), f"{RUN}?site=ARCHIVED"))
        assert "1 h 48 min before the run · the archived page · 9 pictures missing from the archive" in archived
        assert "from the archive · 1 face" in archived
        live = details(get(app_of(past_run), f"{RUN}?site=LIVE"))
        assert "seen 25 Nov 2026, 08:00 UTC · 2 pictures did not load · 0 faces" in live

    def test_the_archived_page_is_led_to_where_it_is_one(self, past_run: FolderStore) -> None:
        # In its row, and in the details where it is the chosen one.
        for site, links in (("ARCHIVED", 2), ("HOSTILE", 1)):
            html = get(app_of(past_run), f"{RUN}?site={site}").text
            found = re.findall(r'<a class="out" href="([^"]*)" rel="([^"]*)">the archived page', html)
            assert found == [(self.MEMENTO, "noopener noreferrer nofollow")] * links
            assert "javascript:" not in html
        assert "25 Nov 2026, 08:00 UTC · from an archive" in text(get(app_of(past_run), "/people/Grace%20Hopper"))

    def test_trends_of_before_archives_are_of_live_pages(self, past_run: FolderStore) -> None:
        old = trends.load(past_run, "runs").drop("archived")
        content = io.BytesIO()
        old.write_parquet(content)
        past_run.write(keys.trends("runs"), content.getvalue())
        assert "4 live 1 skipped 1 failed" in text(get(app_of(past_run), "/runs"))

    def test_a_picture_that_was_tidied_away_is_told_and_not_shown_broken(self, past_run: FolderStore) -> None:
        app = app_of(past_run)
        page = f"{RUN}?site=ARCHIVED"
        shown = get(app, page).text
        stem = keys.stem("ARCHIVED", history.END)
        picture = keys.image(stem, 1, "jpeg")
        assert (picture in shown, "Where it is on the page" in shown) == (True, True)
        past_run.delete(picture)
        after = get(app, page)
        assert (picture in after.text, "Where it is on the page" in after.text) == (False, False)
        assert "The screenshot was deleted because of its age." in text(after)
        assert "Grace Hopper" in details(after)
        assert get(app, f"/screenshots/{stem}").status_code == 404


def details(answer: httpx.Response) -> str:
    """What the run's page says of the chosen site."""
    return words(answer.text.partition('<section id="screenshot"')[2])


class TestAssets:
    @pytest.mark.parametrize("name", assets.ASSETS)
    def test_are_kept_for_ever_under_an_address_of_their_content(self, app: FastAPI, name: str) -> None:
        answer = get(app, f"/{assets.asset_path(name)}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert get(app, f"/assets/0123456789abcdef/{name}").status_code == 404


def test_the_stores_trouble_is_told_to_a_person_as_a_page(
    folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = StoreError("s3://<b>bucket</b>/Trends/ could not be listed: SlowDown.")
    monkeypatch.setattr(folder_store, "files", Mock(side_effect=error))
    answer = get(app_of(folder_store), "/", HTML)
    assert answer.status_code == 503
    assert "could not be listed: SlowDown." in answer.text
    assert "<b>" not in answer.text
