"""
Who is trending: rebuilds `Trends/*.parquet` and `Report/index.html` whenever the dataset has changed.

Everything is rebuilt from `Captures` and `Sightings`: clearing a task, or triggering the DAG by hand, is always safe.
`docs/trends.md` says how the trends are counted, and what they mean.

*Something failed?* The log names the file and what to do. The old trends stay until new ones can be built.
"""

from __future__ import annotations

from airflow.sdk import dag, task

from celeb_ops.core.settings import Settings
from celeb_ops.hooks.s3 import open_store
from celeb_ops.notifications import callbacks
from celeb_ops.operators.dag_defaults import DATASET, default_args

settings = Settings.load()


@dag(
    schedule=[DATASET],
    catchup=False,
    # Of two runs at once the older could write last.
    max_active_runs=1,
    doc_md=__doc__,
    tags=["celebs"],
    default_args=default_args(settings),
    on_failure_callback=callbacks.run_failed,
)
def celebrity_trends():
    @task
    def build_trends() -> None:
        """Count who is shown where, and who more than before."""
        from celeb_ops.trends import build

        build(open_store(settings))

    @task
    def write_report() -> None:
        """Write the page that shows the trends."""
        from celeb_ops.report.static_page import write

        write(open_store(settings))

    build_trends() >> write_report()


celebrity_trends()
