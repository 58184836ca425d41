"""
Twice a day: photograph celebrity-news homepages, recognise the people on them, merge the dataset.

Each site of the sites file goes through **screenshot → slice → rekognize** on its own; a site that fails stops no
other. **merge** then writes one row per seen site to `Celebs.csv`, and every site (seen, skipped or failed, and why) to
`Captures`: see [the runs]({runs}). **tidy** removes slices that are old enough (`CELEBS_KEEP_SLICES_DAYS`),
and, if set, pictures (`CELEBS_KEEP_IMAGES_DAYS`). **watcher** turns the run red unless every failure was of
an optional site. Then [celebrity_trends]({trends_dag}) rebuilds the [Trending]({trending}) page by itself. With a
connection `celebs_notify`, messages say when a scheduled run failed or is late, or when a site fails again and again:
`docs/alerts.md`.

*Something failed?* Clear the red task: only that site is repeated, and `merge` and `watcher` follow. Nothing is
duplicated, however often a task or run is repeated. Today's page is never used for another day: more than 3 h from
the run time a web archive's copy is (`source` is *archive* then); without one within 12 h the site is skipped. For a
range of days press **Trigger → Backfill**. More: `docs/backfill.md`.
"""

from __future__ import annotations

from datetime import timedelta

# First: it has a sentence for an Airflow that is too old.
from celeb_ops.hooks.airflow_names import AsyncCallback, CronTriggerTimetable, DeadlineAlert, DeadlineReference

# isort: split
from airflow.sdk import Param, TriggerRule, dag, get_current_context, task, task_group

from celeb_ops.core.settings import Settings
from celeb_ops.core.sites import site_names
from celeb_ops.hooks.s3 import open_store
from celeb_ops.links.step_links import dag_page, in_airflow
from celeb_ops.notifications import callbacks
from celeb_ops.operators import run_steps
from celeb_ops.operators.dag_defaults import DATASET, browser_pool_and_queue, default_args
from celeb_ops.operators.rekognize import RekognizeCelebritiesOperator
from celeb_ops.operators.retention import tidy as tidy_store
from celeb_ops.operators.screenshot import ScreenshotOperator
from celeb_ops.operators.slice import SliceOperator

settings = Settings.load()
label = "{{ task.site['name'] }}"
its_run = f"[the runs]({in_airflow('runs')}) show each site's outcome."


@dag(
    dag_display_name="Celebrities: capture and recognise",
    description="Photographs celebrity-news homepages twice a day, names the people on them, merges the dataset.",
    # The first run is the next one, which Airflow may create up to a minute late. No start_date: Airflow would skip a
    # backfill's tasks before it.
    schedule=CronTriggerTimetable("0 8,20 * * *", timezone="UTC", run_immediately=timedelta(minutes=1)),
    catchup=False,
    max_active_runs=4,
    doc_md=__doc__.format(runs=in_airflow("runs"), trending=in_airflow(""), trends_dag=dag_page("celebrity_trends")),
    tags=["celebs", "capture"],
    params={
        "sites": Param(
            [],
            type=["null", "array"],
            items={"type": "string"},
            examples=site_names(settings.path(settings.sites)),
            title="Sites",
            description_md="Names from the sites file; empty means all.",
        ),
        "on_past": Param(
            "archive",
            enum=["archive", "skip"],
            title="Past pages",
            description_md="What to use if a page is no longer live: its nearest copy in the web archive, or "
            "nothing (*skip*).",
        ),
        "recapture": Param(
            False,
            type="boolean",
            title="Capture again",
            description_md="Photograph the page again, even if a screenshot of the run is stored, or was stored and "
            "its pictures were removed. If no page is available, the dataset stays as is.",
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
        # In the triggerer: workers may be busy.
        callback=AsyncCallback(callbacks.run_late),
    )
    # `airflow dags test` of 3.3.2 fails if there is one.
    if settings.reports_late_runs
    else None,
)
def trending_celebrities():
    @task(doc_md=f"Check the run's params, sites, gallery and store: [the sites]({in_airflow('sites')}).")
    def list_sites(params: dict) -> list[dict]:
        run_steps.check_params(get_current_context())
        return run_steps.list_sites(params["sites"], settings)

    @task_group(group_id=run_steps.GROUP)
    def site_steps(site: dict) -> None:
        """One site: picture, slices, names. A site that fails stops no other."""
        screenshot = ScreenshotOperator(
            task_id="screenshot",
            site=site,
            settings=settings,
            sites_file=settings.path(settings.sites),
            map_index_template=label,
            doc_md=f"Photograph the whole page. **Screenshot** shows it; {its_run}",
            max_active_tis_per_dag=settings.browsers,
            **browser_pool_and_queue(settings),
            # A live page takes five minutes at most; from an archive up to three copies are tried.
            execution_timeout=timedelta(minutes=30),
        )
        plan = SliceOperator(
            task_id="slice",
            site=site,
            settings=settings,
            screenshot=screenshot.output,
            map_index_template=label,
            doc_md=f"Cut the picture into slices that the recogniser reads well; {its_run}",
        )
        RekognizeCelebritiesOperator(
            task_id="rekognize",
            site=site,
            settings=settings,
            plan=plan.output,
            map_index_template=label,
            doc_md=f"Find faces on the slices and name those of known people. **Result** shows them; {its_run}",
            # One client at a time, over all runs: its rate adapts to the account's quota.
            max_active_tis_per_dag=1 if settings.recognizer == "rekognition" else None,
            execution_timeout=timedelta(minutes=30),
        )

    @task(
        trigger_rule=TriggerRule.ALL_DONE,
        outlets=[DATASET],
        doc_md=f"Merge the results into `Celebs.csv`, `Captures` and `Sightings`: {its_run}",
    )
    def merge(sites: list[dict], *, outlet_events) -> list[str]:
        done = run_steps.merge_results(get_current_context(), sites, open_store(settings), settings)
        outlet_events[DATASET].extra = done
        return done["failed"]

    @task(
        max_active_tis_per_dag=1,
        doc_md=f"Remove old slices and pictures of all sites. The rows of [all runs]({in_airflow('runs')}) stay.",
    )
    def tidy() -> str | None:
        return tidy_store(open_store(settings), settings)

    @task(
        trigger_rule=TriggerRule.ALL_DONE,
        retries=0,
        doc_md=f"Turn the run red unless every failure was of an optional site: {its_run}",
    )
    def watcher(sites: list[dict], failed: list[str] | None) -> None:
        run_steps.check_failures(sites, failed)

    sites = list_sites()  # type: ignore[call-arg]
    merged = merge(sites)  # type: ignore[call-arg]
    site_steps.expand(site=sites) >> merged >> tidy()
    watcher(sites, merged)


trending_celebrities()
