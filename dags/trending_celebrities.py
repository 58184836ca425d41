"""
Twice a day: photograph celebrity-news homepages, have the people on them recognised, merge the dataset.

Each site of `include/sites.yaml` goes through **screenshot → slice → rekognize** on its own; a site that fails stops
nobody else. **merge** then brings one row per seen site into `Celebs.csv`, and every site (seen, skipped or failed,
with the reason) into `Captures`. **watcher** turns the run red unless every failure was of an optional site.

*Something failed?* Clear the red task: only that site is done anew, and `merge` and `watcher` follow. Nothing is
doubled, however often a task or a run is repeated. A page that was not photographed within 3 h of the run time is
skipped from then on: today's page never stands for another day's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import Param, TriggerRule, dag, get_current_context, task, task_group

from celeb_ops.operators import run
from celeb_ops.operators.policy import DATASET, default_args
from celeb_ops.operators.rekognize import RekognizeCelebritiesOperator
from celeb_ops.operators.screenshot import ScreenshotOperator
from celeb_ops.operators.slice import SliceOperator
from celeb_ops.settings import Settings
from celeb_ops.sites import site_names

settings = Settings.load()
label = "{{ task.site['name'] }}"


@dag(
    schedule="0 8,20 * * *",
    # Airflow passes over the tasks of a run time before it, and calls that run a success.
    start_date=datetime(1996, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,
    doc_md=__doc__,
    tags=["celebs"],
    params={
        "sites": Param(
            [],
            type=["null", "array"],
            items={"type": "string"},
            examples=site_names(settings.path(settings.sites)),
            title="Sites",
            description_md="Names from the sites file; none: all of them.",
        ),
        "rerecognise": Param(
            False,
            type="boolean",
            title="Recognise anew",
            description_md="Ask Rekognition anew, also about pictures that it has answered about before.",
        ),
    },
    default_args=default_args(settings),
)
def trending_celebrities():
    @task
    def list_sites(params: dict) -> list[dict]:
        """Read and check the sites file; one mapped task group per site follows."""
        return run.list_sites(params["sites"])

    @task_group(group_id=run.GROUP)
    def site_steps(site: dict):
        """One site: picture, slices, names. A site that fails stops nobody else."""
        screenshot = ScreenshotOperator(
            task_id="screenshot",
            site=site,
            map_index_template=label,
            max_active_tis_per_dag=settings.browsers,
            # timeout_s for the document, load_time_s twice (loading, scrolling), and the picture itself.
            execution_timeout=timedelta(minutes=10),
        )
        plan = SliceOperator(task_id="slice", site=site, screenshot=screenshot.output, map_index_template=label)
        return RekognizeCelebritiesOperator(
            task_id="rekognize",
            site=site,
            plan=plan.output,
            map_index_template=label,
            # One task at a time, over all runs, is one client: its rate of calls adapts to the account's quota.
            max_active_tis_per_dag=1 if settings.recognizer == "rekognition" else None,
            execution_timeout=timedelta(minutes=30),
        ).output

    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[DATASET])
    def merge(sites: list[dict], results: list[str], *, outlet_events) -> list[str]:
        """Bring the survivors' rows into Celebs.csv, Captures and Sightings, and name the others."""
        done = run.merge_results(get_current_context(), sites, results)
        outlet_events[DATASET].extra = done
        return done["failed"]

    @task(trigger_rule=TriggerRule.ALL_DONE, retries=0)
    def watcher(sites: list[dict], failed: list[str] | None) -> None:
        """Turn the run red unless every failure was of an optional site."""
        run.watch(get_current_context(), sites, failed)

    sites = list_sites()
    watcher(sites, merge(sites, site_steps.expand(site=sites)))


trending_celebrities()
