"""
Twice a day: photograph celebrity-news homepages, recognise the people on them, merge the dataset.

Each site of `include/sites.yaml` goes through **screenshot → slice → rekognize** on its own; a site that fails stops
nobody else. **merge** then brings one row per seen site into `Celebs.csv`, and every site (seen, skipped or failed,
with the reason) into `Captures`. **tidy** removes slices that are old enough (`CELEBS_KEEP_SLICES_DAYS`), and pictures
where that is set (`CELEBS_KEEP_IMAGES_DAYS`). **watcher** turns the run red unless every failure was of an optional
site. With a connection `celebs_notify`, messages say when a scheduled run failed or is late, or when a site fails again
and again: `docs/alerts.md`.

*Something failed?* Clear the red task: only that site is repeated, and `merge` and `watcher` follow. Nothing is
doubled, however often a task or a run is repeated. Today's page never stands for another day's: further than 3 h from
the run time, its copy in a web archive does (`source` is *archive* then), and without a copy within 12 h the site is
skipped. For a range of days press **Trigger → Backfill**. More: `docs/backfill.md`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import (  # type: ignore[attr-defined]
    AsyncCallback,
    CronTriggerTimetable,
    DeadlineAlert,
    DeadlineReference,
    Param,
    TriggerRule,
    dag,
    get_current_context,
    task,
    task_group,
)

from celeb_ops.core.settings import Settings
from celeb_ops.core.sites import site_names
from celeb_ops.hooks.s3 import open_store
from celeb_ops.notifications import callbacks
from celeb_ops.operators import run_steps
from celeb_ops.operators.dag_defaults import DATASET, default_args
from celeb_ops.operators.rekognize import RekognizeCelebritiesOperator
from celeb_ops.operators.retention import tidy as tidy_store
from celeb_ops.operators.screenshot import ScreenshotOperator
from celeb_ops.operators.slice import SliceOperator

settings = Settings.load()
label = "{{ task.site['name'] }}"


@dag(
    # The first run is the next one, which Airflow may create up to a minute late. No start_date: Airflow would skip a
    # backfill's tasks before it.
    schedule=CronTriggerTimetable("0 8,20 * * *", timezone="UTC", run_immediately=timedelta(minutes=1)),
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
        "on_past": Param(
            "archive",
            enum=["archive", "skip"],
            title="Pages of the past",
            description_md="What stands for a page that can't be seen any more: its nearest copy in the web archive, "
            "or nothing (*skip*).",
        ),
        "recapture": Param(
            False,
            type="boolean",
            title="Capture again",
            description_md="Photograph the page again, even if a screenshot of the run is stored, or was stored and "
            "its pictures were removed. Without a page to see, the dataset stays as it is.",
        ),
        "rerecognise": Param(
            False,
            type="boolean",
            title="Recognise again",
            description_md="Recognise the stored screenshots again, with today's recogniser and gallery. Rekognition "
            "is asked again about every picture; the archive is not asked.",
        ),
    },
    default_args=default_args(settings),
    on_failure_callback=callbacks.run_failed,
    on_success_callback=callbacks.run_succeeded,
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_LOGICAL_DATE,
        interval=timedelta(hours=settings.late_h),
        # In the triggerer: no worker may be free.
        callback=AsyncCallback(callbacks.run_late),
    )
    # With one, `airflow dags test` of 3.3.2 ends in a traceback.
    if settings.tells_late
    else None,
)
def trending_celebrities():
    @task
    def list_sites(params: dict) -> list[dict]:
        """Read and check the sites file; one mapped task group per site follows."""
        return run_steps.list_sites(params["sites"], settings)

    @task_group(group_id=run_steps.GROUP)
    def site_steps(site: dict) -> None:
        """One site: picture, slices, names. A site that fails stops nobody else."""
        screenshot = ScreenshotOperator(
            task_id="screenshot",
            site=site,
            settings=settings,
            sites_file=settings.path(settings.sites),
            map_index_template=label,
            max_active_tis_per_dag=settings.browsers,
            # A live page takes five minutes at most; from an archive up to three copies are tried.
            execution_timeout=timedelta(minutes=30),
        )
        plan = SliceOperator(
            task_id="slice", site=site, settings=settings, screenshot=screenshot.output, map_index_template=label
        )
        RekognizeCelebritiesOperator(
            task_id="rekognize",
            site=site,
            settings=settings,
            plan=plan.output,
            map_index_template=label,
            # One client at a time, over all runs: its rate adapts to the account's quota.
            max_active_tis_per_dag=1 if settings.recognizer == "rekognition" else None,
            execution_timeout=timedelta(minutes=30),
        )

    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[DATASET])
    def merge(sites: list[dict], *, outlet_events) -> list[str]:
        """Merge the results into Celebs.csv, Captures and Sightings; returns the failed sites."""
        done = run_steps.merge_results(get_current_context(), sites, open_store(settings), settings)
        outlet_events[DATASET].extra = done
        return done["failed"]

    @task(max_active_tis_per_dag=1)
    def tidy() -> str | None:
        """Remove old slices and pictures, of all sites and runs."""
        return tidy_store(open_store(settings), settings)

    @task(trigger_rule=TriggerRule.ALL_DONE, retries=0)
    def watcher(sites: list[dict], failed: list[str] | None) -> None:
        """Turn the run red unless every failure was of an optional site."""
        run_steps.watch(sites, failed)

    sites = list_sites()  # type: ignore[call-arg]
    merged = merge(sites)  # type: ignore[call-arg]
    site_steps.expand(site=sites) >> merged >> tidy()
    watcher(sites, merged)


trending_celebrities()
