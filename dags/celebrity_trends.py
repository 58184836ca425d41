"""
Who is trending: rebuilds the trends and the report whenever the dataset has changed.

Sends news about people in the run who are on the watch list (`include/watch.yaml`), once, and the digest, if one is
set (`CELEBS_DIGEST`): `docs/people.md`.

Everything is rebuilt from `Captures`, `Sightings` and `Mentions`: clearing a task, or triggering the DAG by hand, is
always safe. [About]({about}) says how the trends are counted, and what they mean; [Trending]({trending}) shows them.

*Something failed?* The log names the file and what to do. The old trends stay until new ones can be built.
"""

from __future__ import annotations

# First: it rejects an Airflow that is too old.
from celeb_ops.operators.dag_defaults import DATASET, default_args

# isort: split
from airflow.sdk import dag, get_current_context, task

from celeb_ops.core.settings import Settings
from celeb_ops.hooks.s3 import open_store
from celeb_ops.links.step_links import in_airflow
from celeb_ops.notifications import callbacks
from celeb_ops.operators import notifying

settings = Settings.load()


@dag(
    dag_display_name="Celebrities: trends",
    description="Who is shown where, and who is rising; starts automatically when the dataset changes.",
    schedule=[DATASET],
    catchup=False,
    # Paused as new DAGs often are, it would be overlooked, and the Trending page would stay empty.
    is_paused_upon_creation=False,
    # Else the older of two runs could write last.
    max_active_runs=1,
    doc_md=__doc__.format(about=in_airflow("about"), trending=in_airflow("")),
    tags=["celebs", "trends"],
    default_args=default_args(settings),
    on_failure_callback=callbacks.run_failed,
)
def celebrity_trends():
    @task(doc_md=f"Count who is shown where, and who is rising: [the method]({in_airflow('about')}).")
    def build_trends() -> None:
        from celeb_ops.trends import build

        build(open_store(settings))

    @task(doc_md=f"Write `Report/`: a page to share, feeds, the digest; [Trending]({in_airflow('')}) shows the same.")
    def write_report() -> None:
        from celeb_ops.report import writing

        writing.write_report(open_store(settings), settings)

    @task(doc_md=f"Send the watch list's news and the digest; [Trending]({in_airflow('')}) shows everybody.")
    def tell_people() -> str | None:
        return notifying.notify_people(get_current_context(), open_store(settings), settings)

    build_trends() >> write_report() >> tell_people()


celebrity_trends()
