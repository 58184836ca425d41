"""More sites than nine: what a run's own steps do then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops.exceptions import SitesError
from celeb_ops.operators.run import list_sites, site_states
from celeb_ops.settings import Settings
from tests.operators.test_run import WHOLE, a_run

if TYPE_CHECKING:
    from pathlib import Path


NAMES = [f"NEWS-{number}" for number in range(1_025)]


class TestListSites:
    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        path = tmp_path / "sites.yaml"
        path.write_text("sites:" + "".join(f"\n- https://{name}.com/" for name in NAMES))
        return Settings(sites=path, store=str(tmp_path / "store"))

    def test_more_than_airflow_takes_are_an_error_that_says_what_to_do(self, settings: Settings) -> None:
        with pytest.raises(SitesError) as refused:
            list_sites(None, settings)
        assert str(refused.value) == (
            "1,025 sites are more than Airflow takes in one run, 1,024: trigger it for some of them, "
            "or set AIRFLOW__CORE__MAX_MAP_LENGTH=1025 where its API server and its workers run."
        )
        assert [site["name"] for site in list_sites(NAMES[:-1], settings)] == NAMES[:-1]

    def test_airflow_can_be_told_to_take_more(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AIRFLOW__CORE__MAX_MAP_LENGTH", "1025")
        assert len(list_sites(None, settings)) == 1_025


def test_no_question_is_about_the_tasks_of_more_than_one_step() -> None:
    """Airflow waits five seconds for an answer, and needs three for those of 1,000 sites on a machine that is busy."""
    run, asked = a_run(*[WHOLE] * 30), []
    answer = run["ti"].get_task_states

    def get_task_states(**given: Any) -> Any:
        asked.append(given)
        return answer(**given)

    run["ti"].get_task_states = get_task_states
    sites = [{"name": name, "optional": False} for name in NAMES[:30]]
    assert site_states(run, sites) == dict.fromkeys(NAMES[:30], WHOLE)
    assert [one["task_ids"] for one in asked] == [["site.screenshot"], ["site.slice"], ["site.rekognize"]]


def test_a_site_s_longest_name_has_room_in_airflow_s_label() -> None:
    from airflow.models.taskinstance import TaskInstance

    assert TaskInstance.__table__.c.rendered_map_index.type.length >= len("A" * 64)
