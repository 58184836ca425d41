from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from celeb_ops.core import keys
from celeb_ops.core.exceptions import (
    GalleryError,
    RunParamError,
    SettingsError,
    SiteFailedError,
    SitesError,
    StoreError,
)
from celeb_ops.core.records import Outcome
from celeb_ops.core.settings import Settings
from celeb_ops.dataset import captures_of
from celeb_ops.operators.run_steps import (
    check_failures,
    check_params,
    list_sites,
    merge_results,
    outcome_of,
    site_states,
)
from tests.factories import RUN_TIME, a_result, a_screenshot, a_sighting, saved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from celeb_ops.core.store import FolderStore

SITES = [
    {"name": "TMZ", "optional": False},
    {"name": "PEOPLE", "optional": False},
    {"name": "PEREZHILTON", "optional": True},
]
MANY = [f"NEWS-{number}" for number in range(1_025)]
WHOLE = {"screenshot": "success", "slice": "success", "rekognize": "success"}
DEAD = {"screenshot": "failed", "slice": "upstream_failed", "rekognize": "upstream_failed"}
CUT_OFF = {"screenshot": "success", "slice": "success", "rekognize": "failed"}
ONE_TRUTH = [WHOLE | {step: "failed"} for step in WHOLE]
SKIPPED = {"rekognize": "skipped", "slice": "skipped", "screenshot": "skipped"}


def a_run(*sites: Mapping[str, str]) -> Any:
    """The context of merge, where Airflow's supervisor would tell the states of a run's tasks."""
    states = {f"site.{step}_{index}": state for index, steps in enumerate(sites) for step, state in steps.items()}

    def get_task_states(dag_id: str, run_ids: list[str], task_ids: list[str]) -> dict[str, dict[str, str]]:
        told = {task: state for task, state in states.items() if re.sub(r"_\d+$", "", task) in task_ids}
        return {run_ids[0]: told} if told else {}

    ti = SimpleNamespace(dag_id="trending_celebrities", get_task_states=get_task_states)
    return {"logical_date": RUN_TIME, "run_id": "a run", "ti": ti}


def result_key(store: FolderStore, site: str, *names: str) -> str:
    saved(store, a_screenshot(site=site), b"")
    return a_result(site, *names).save(store, keys.result(keys.stem(site, RUN_TIME)))


def merged(store: FolderStore, context: Any, sites: Any) -> dict[str, Any]:
    return merge_results(context, sites, store, Settings())


def sidecar_of(site: str) -> str:
    return keys.sidecar(keys.stem(site, RUN_TIME))


def changed(record: Literal["result", "sidecar"] = "result", **given: Any) -> Callable[[FolderStore, str], None]:
    """Damages TMZ's result, or its screenshot's sidecar."""

    def damage(store: FolderStore, key: str) -> None:
        key = key if record == "result" else sidecar_of("TMZ")
        # Python writes and pydantic reads NaN and Infinity.
        store.write(key, json.dumps({**json.loads(store.read(key)), **given}).encode())

    return damage


def sighting(**given: Any) -> Callable[[FolderStore, str], None]:
    one = json.loads(a_sighting("Grace Hopper").model_dump_json())
    return changed(sightings=[{**one, **given}])


def left(store: FolderStore, site: str, outcome: str, reason: str, source: str | None = None) -> None:
    facts: dict[str, Any] = {"site": site, "outcome": outcome, "reason": reason, "source": source}
    word = Outcome(**facts, time=RUN_TIME, task="screenshot")
    word.save(store, keys.outcome(keys.stem(site, RUN_TIME)))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With two sites."""
    path = tmp_path / "sites.yaml"
    path.write_text("sites: [https://www.tmz.com/, https://people.com/]")
    return Settings(sites=path, store=str(tmp_path / "store"))


class TestListSites:
    def test_gives_every_site_of_the_file_or_those_that_are_named(self, settings: Settings) -> None:
        every = list_sites(None, settings)
        assert [site["name"] for site in every] == ["TMZ", "PEOPLE"]
        assert list_sites([], settings) == every
        assert [site["url"] for site in list_sites(["people"], settings)] == ["https://people.com/"]
        # It can go through XCom.
        assert json.loads(json.dumps(every)) == every

    def test_an_unknown_name_is_an_error(self, settings: Settings) -> None:
        with pytest.raises(SitesError, match="There is no site PEOPEL: did you mean PEOPLE"):
            list_sites(["PEOPEL"], settings)

    def test_a_missing_gallery_is_an_error(self, settings: Settings, tmp_path: Path) -> None:
        with pytest.raises(GalleryError, match="there is no folder"):
            list_sites(None, settings.replaced(gallery=tmp_path / "galery"))

    def test_a_connection_that_can_not_notify_is_an_error(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_CELEBS_NOTIFY", "http://example.com")
        with pytest.raises(SettingsError, match="celebs_notify is of type 'http': use smtp"):
            list_sites(None, settings)

    def test_too_many_sites_are_an_error_that_says_what_to_do(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.sites.write_text("sites:" + "".join(f"\n- https://{name}.com/" for name in MANY))
        with pytest.raises(SitesError) as refused:
            list_sites(None, settings)
        assert str(refused.value) == (
            "1,025 sites are more than Airflow takes in one run, 1,024: trigger it for some of them, "
            "or set AIRFLOW__CORE__MAX_MAP_LENGTH=1025 where its API server and its workers run."
        )
        assert [site["name"] for site in list_sites(MANY[:-1], settings)] == MANY[:-1]
        monkeypatch.setenv("AIRFLOW__CORE__MAX_MAP_LENGTH", "1025")
        assert len(list_sites(None, settings)) == 1_025


class TestCheckParams:
    DAG = SimpleNamespace(params={"sites": [], "on_past": "archive"})

    @pytest.mark.parametrize("conf", [None, {}, {"sites": ["TMZ"], "on_past": "skip"}])
    def test_accepts_the_dags_params(self, conf: Any) -> None:
        check_params({"dag": self.DAG, "dag_run": SimpleNamespace(conf=conf)})

    def test_suggests_the_nearest_param_name(self) -> None:
        with pytest.raises(RunParamError, match=r"There is no run param 'site': did you mean sites\?"):
            check_params({"dag": self.DAG, "dag_run": SimpleNamespace(conf={"on_past": "skip", "site": ["TMZ"]})})


class TestPlaces:
    def test_warns_of_paths_in_a_replaced_checkout_once_a_run(
        self, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("celeb_ops.core.settings.PROJECT", Path("/git/.worktrees/0f3a"))
        list_sites([], settings)
        assert [one for one in caplog.messages if "sync" in one] == [
            f"{name} lies in /git/.worktrees/0f3a, which the next sync replaces: set an absolute path."
            for name in ("CELEBS_CACHE", "CELEBS_GALLERY")
        ]

    @pytest.mark.parametrize(("consent", "warned"), [("opt_out", 1), ("leave", 0)])
    def test_warns_if_autoconsent_is_missing(
        self, consent: str, warned: int, settings: Settings, caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    ) -> None:  # fmt: skip
        monkeypatch.setattr("celeb_ops.capture.consent.AUTOCONSENT", tmp_path / "none.js")
        path = settings.path(settings.sites)
        path.write_text(f"defaults: {{consent: {consent}}}\n{path.read_text()}")
        list_sites([], settings)
        said = [one for one in caplog.messages if one.startswith("Consent dialogs are removed, not answered")]
        assert len(said) == warned


def test_a_site_s_longest_name_has_room_in_airflow_s_label() -> None:
    from airflow.models.taskinstance import TaskInstance

    assert TaskInstance.__table__.c.rendered_map_index.type.length >= len("A" * 64)


class TestSiteStates:
    def test_are_by_site_and_step(self) -> None:
        assert site_states(a_run(WHOLE, DEAD), SITES[:2]) == {"TMZ": WHOLE, "PEOPLE": DEAD}

    def test_are_queried_per_step_and_match_their_sites(self) -> None:
        """Airflow waits five seconds for an answer, and needs three for one step of 1,000 sites when it is busy."""
        many, asked = [{"name": name, "optional": False} for name in MANY[:12]], []
        run = a_run(*[WHOLE] * 11, DEAD)
        answer = run["ti"].get_task_states
        run["ti"].get_task_states = lambda **given: asked.append(given["task_ids"]) or answer(**given)
        assert site_states(run, many) == dict.fromkeys(MANY[:11], WHOLE) | {MANY[11]: DEAD}
        assert asked == [["site.screenshot"], ["site.slice"], ["site.rekognize"]]

    def test_of_a_removed_index_are_ignored(self) -> None:
        assert site_states(a_run(WHOLE, dict.fromkeys(WHOLE, "removed")), SITES[:2]) == {"TMZ": WHOLE, "PEOPLE": {}}

    def test_of_a_site_without_tasks_are_empty(self) -> None:
        assert site_states(a_run(), SITES[:1]) == {"TMZ": {}}


class TestOutcomeOf:
    def test_is_what_the_step_left(self, folder_store: FolderStore) -> None:
        left(folder_store, "TMZ", "failed", "TMZ sent no page.")
        assert outcome_of(folder_store, "TMZ", RUN_TIME, DEAD, True).reason == "TMZ sent no page."

    @pytest.mark.parametrize(
        ("states", "content"),
        [
            (DEAD, {"outcome": "skipped"}),
            # Of an earlier try of another task: it stays there where the store forbids its deletion.
            (WHOLE | {"slice": "failed", "rekognize": "upstream_failed"}, {"outcome": "failed"}),
            (DEAD, None),
        ],
        ids=["of one that ended otherwise", "of another task", "damaged"],
    )
    def test_ignores_a_record_that_does_not_fit(
        self, states: dict[str, str], content: dict[str, str] | None, folder_store: FolderStore
    ) -> None:
        if content:
            left(folder_store, "TMZ", reason="TMZ sent no page.", **content)
        else:
            folder_store.write(keys.outcome(keys.stem("TMZ", RUN_TIME)), b"{")
        assert "without a reason" in outcome_of(folder_store, "TMZ", RUN_TIME, states, True).reason

    @pytest.mark.parametrize(
        ("states", "live", "expected"),
        [
            (DEAD, True, ("failed", "screenshot", "live")),
            (DEAD, False, ("failed", "screenshot", None)),
            ({}, True, ("failed", "unknown", "live")),
            (SKIPPED, True, ("skipped", "screenshot", None)),
            (WHOLE | {"slice": "failed", "rekognize": "upstream_failed"}, True, ("failed", "slice", "archive")),
            (CUT_OFF, False, ("failed", "rekognize", "archive")),
        ],
        ids=["in time", "too late", "nothing began", "skipped", "after the screenshot", "after it, too late"],
    )
    def test_without_a_record_comes_from_the_states_and_the_page_tried(
        self, states: dict[str, str], live: bool, expected: tuple[str, str, str | None], folder_store: FolderStore
    ) -> None:
        saved(folder_store, a_screenshot(source="archive"), b"")
        told = outcome_of(folder_store, "TMZ", RUN_TIME, states, live)
        assert (told.outcome, told.task, told.source) == expected
        assert "see its log" in told.reason

    def test_has_no_source_without_a_screenshot(self, folder_store: FolderStore) -> None:
        assert outcome_of(folder_store, "TMZ", RUN_TIME, CUT_OFF, True).source is None


class TestMergeResults:
    def test_passes_the_run_type_to_the_trends(self, folder_store: FolderStore) -> None:
        # What Airflow gives a task: a text of its own type.
        given = a_run(WHOLE) | {"dag_run": SimpleNamespace(run_type=SimpleNamespace(value="backfill"))}
        result_key(folder_store, "TMZ")
        assert merged(folder_store, given, SITES[:1])["run_type"] == "backfill"

    def test_brings_seen_skipped_and_failed_sites_into_the_dataset(
        self, folder_store: FolderStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        left(folder_store, "PEREZHILTON", "failed", "PEREZHILTON sent no page.")
        result_key(folder_store, "TMZ", "Grace Hopper")
        done = merged(folder_store, a_run(WHOLE, SKIPPED, DEAD), SITES)

        assert (done["seen"], done["skipped"], done["failed"]) == (["TMZ"], ["PEOPLE"], ["PEREZHILTON"])
        assert (done["time"], done["celebrities"], done["changed"]) == ("2026-11-23T08:00:00Z", 1, True)
        assert done["run_type"] == ""
        assert folder_store.read(keys.CSV).decode().splitlines()[1:] == [
            "2026-11-23T08:00:00Z,TMZ,Grace Hopper,2026-11-23T08:00:00Z,live"
        ]
        reasons = {row["site"]: row["reason"] for row in captures_of(folder_store, RUN_TIME)}
        assert reasons["TMZ"] is None
        assert reasons["PEREZHILTON"] == "PEREZHILTON sent no page."
        assert "PEREZHILTON failed at screenshot: PEREZHILTON sent no page." in caplog.text

    def test_records_which_page_a_failure_tried(self, folder_store: FolderStore) -> None:
        """Of a word what the step knew, of a result that is damaged the screenshot, of a killed one the time."""
        left(folder_store, "PEREZHILTON", "failed", "PEREZHILTON sent no page.", "live")
        key = result_key(folder_store, "TMZ", "Grace Hopper")
        folder_store.write(key, b"{")
        merged(folder_store, a_run(WHOLE, DEAD, DEAD), SITES)
        sources = {row["site"]: row["source"] for row in captures_of(folder_store, RUN_TIME)}
        assert sources == {"TMZ": "live", "PEOPLE": None, "PEREZHILTON": "live"}

    def test_a_site_that_was_killed_at_its_time_was_tried_live(self, folder_store: FolderStore) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        merged(folder_store, {**a_run(DEAD), "logical_date": now}, SITES[:1])
        assert [(row["outcome"], row["source"]) for row in captures_of(folder_store, now)] == [("failed", "live")]

    def test_rerun_changes_nothing(self, folder_store: FolderStore) -> None:
        for site in ("TMZ", "PEOPLE"):
            result_key(folder_store, site)
        merged(folder_store, a_run(WHOLE, WHOLE), SITES[:2])
        before = {key: folder_store.read(key) for key in folder_store.list("")}
        assert not merged(folder_store, a_run(WHOLE, WHOLE), SITES[:2])["changed"]
        assert {key: folder_store.read(key) for key in folder_store.list("")} == before

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            (lambda store, key: store.write(key, b"{"), "is not a Result record"),
            (lambda store, key: store.delete(key), "is not there"),
            (lambda store, key: store.write(sidecar_of("TMZ"), b"{"), "is not a Screenshot record"),
            (changed(cost_usd=math.nan), "is not a Result record (cost_usd: "),
            (changed(seconds=math.inf), "is not a Result record (seconds: "),
            (changed(faces=-1), "is not a Result record (faces: "),
            (changed(calls=2**31), "is not a Result record (calls: "),
            (sighting(picture=0), "has a person on picture 0 (counted from 0), but the page has only 0 pictures"),
            (sighting(picture=-1), "is not a Result record (sightings.0.picture: "),
            (sighting(confidence=math.nan), "is not a Result record (sightings.0.confidence: "),
            (sighting(margin=-math.inf), "is not a Result record (sightings.0.margin: "),
            (sighting(box=[0, -900, 9, 9]), "is not a Result record (sightings.0.box: "),
            (sighting(box=[0, 0, 2**31, 9]), "is not a Result record (sightings.0.box: "),
            (changed("sidecar", viewport=[0, 0]), "is not a Screenshot record (viewport.0: "),
            (changed(site="PEOPLE"), "is for PEOPLE at 2026-11-23T08:00:00Z, not TMZ at 2026-11-23T08:00:00Z"),
            (changed(time="2026-11-22T08:00:00Z"), "is for TMZ at 2026-11-22T08:00:00Z, not TMZ at 2026-11-23T08:00"),
            (
                changed(screenshot=sidecar_of("PEOPLE")),
                "was made from Images/PEOPLE_Nov_23_2026_08H_00M_00S.json, the live page of 2026-11-23T08:00:00Z, but",
            ),
            (changed("sidecar", site="PEOPLE"), "is for PEOPLE at 2026-11-23T08:00:00Z, not TMZ"),
        ],
    )
    def test_a_result_that_can_not_be_read_is_a_failure_of_its_site_alone(
        self, damage: Callable[[FolderStore, str], None], said: str, folder_store: FolderStore
    ) -> None:
        both = [result_key(folder_store, site, "Grace Hopper") for site in ("TMZ", "PEOPLE")]
        damage(folder_store, both[0])
        # Of an earlier try: it is not the reason.
        left(folder_store, "TMZ", "failed", "TMZ sent no page.")

        done = merged(folder_store, a_run(WHOLE, WHOLE), SITES[:2])

        assert (done["seen"], done["failed"]) == (["PEOPLE"], ["TMZ"])
        assert b",PEOPLE,Grace Hopper," in folder_store.read(keys.CSV)
        (reason,) = (row["reason"] for row in captures_of(folder_store, RUN_TIME) if row["site"] == "TMZ")
        assert said in reason

    @pytest.mark.parametrize("names", [["Grace Hopper"], []], ids=["somebody", "nobody"])
    @pytest.mark.parametrize(
        "facts", [{"captured_at": RUN_TIME + timedelta(hours=1)}, {"source": "archive"}], ids=["time", "source"]
    )
    def test_a_result_of_a_replaced_screenshot_is_a_failure_of_its_site(
        self, names: list[str], facts: dict[str, Any], folder_store: FolderStore
    ) -> None:
        key = result_key(folder_store, "TMZ", *names)
        saved(folder_store, a_screenshot(**facts), b"")
        done = merged(folder_store, a_run(WHOLE), SITES[:1])
        assert (done["seen"], done["failed"]) == ([], ["TMZ"])
        (row,) = captures_of(folder_store, RUN_TIME)
        assert row["outcome"] == "failed"
        assert f"{key} was made from {sidecar_of('TMZ')}, the live page of 2026-11-23T08:00:00Z, but" in row["reason"]
        assert row["reason"].endswith("Clear rekognize.")

    @pytest.mark.parametrize("content", [None, b"{"], ids=["gone", "damaged"])
    def test_a_site_without_people_is_seen_even_without_a_sidecar(
        self, content: bytes | None, folder_store: FolderStore
    ) -> None:
        result_key(folder_store, "TMZ")
        folder_store.delete(sidecar_of("TMZ")) if content is None else folder_store.write(sidecar_of("TMZ"), content)
        assert merged(folder_store, a_run(WHOLE), SITES[:1])["seen"] == ["TMZ"]

    def test_a_store_that_can_not_be_read_is_merge_s_own_failure(
        self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def down(key: str) -> bytes:
            raise StoreError("The network is down.")

        result_key(folder_store, "TMZ")
        monkeypatch.setattr(folder_store, "read", down)
        with pytest.raises(StoreError, match="network"):
            merged(folder_store, a_run(WHOLE), SITES[:1])

    def test_a_shorter_list_duplicates_nothing(self, folder_store: FolderStore) -> None:
        """PEOPLE goes, and PEREZHILTON's tasks stand in its place; those of the last index are removed ones."""
        for site in SITES:
            result_key(folder_store, site["name"], "Grace Hopper")
        merged(folder_store, a_run(WHOLE, WHOLE, WHOLE), SITES)
        before = {key: folder_store.read(key) for key in folder_store.list("")}
        shorter = a_run(WHOLE, WHOLE, dict.fromkeys(WHOLE, "removed"))
        assert merged(folder_store, shorter, [SITES[0], SITES[2]])["seen"] == ["PEREZHILTON", "TMZ"]
        assert {key: folder_store.read(key) for key in folder_store.list("")} == before

    def test_is_skipped_where_list_sites_failed(self, folder_store: FolderStore) -> None:
        with pytest.raises(AirflowSkipException, match="list_sites gave no sites"):
            merged(folder_store, a_run(), None)


class TestWatch:
    @pytest.mark.parametrize("failed", [[], ["PEREZHILTON"]])
    def test_a_run_is_good_unless_a_required_site_failed(
        self, failed: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        check_failures(SITES, failed)
        said = [f"{one} failed; it is optional, so the run may be green." for one in failed]
        assert caplog.messages == (said or ["0 of 3 sites failed: the run is green."])

    @pytest.mark.parametrize(
        ("sites", "failed", "said"),
        [
            (SITES, ["PEOPLE", "PEREZHILTON"], r"^1 of 3 sites failed: PEOPLE\. .* clear the failed"),
            (SITES, None, "merge failed, or was marked as done by hand: the dataset may lack this run"),
            (None, None, "list_sites failed, so no site was visited"),
        ],
    )
    def test_else_it_fails_and_says_why(self, sites: Any, failed: list[str] | None, said: str) -> None:
        with pytest.raises(SiteFailedError, match=said):
            check_failures(sites, failed)

    @pytest.mark.parametrize("states", ONE_TRUTH, ids=str)
    def test_counts_a_site_as_merge_does(self, states: dict[str, str], folder_store: FolderStore) -> None:
        """Also where a step that had ended well was marked by hand, or a single one was cleared."""
        result_key(folder_store, "TMZ", "Grace Hopper")
        run = a_run(states)
        done = merged(folder_store, run, SITES[:1])
        with pytest.raises(SiteFailedError, match="1 of 1 sites failed: TMZ"):
            check_failures(SITES[:1], done["failed"])
        assert (done["seen"], done["failed"]) == ([], ["TMZ"])
        assert [row["outcome"] for row in captures_of(folder_store, RUN_TIME)] == ["failed"]
