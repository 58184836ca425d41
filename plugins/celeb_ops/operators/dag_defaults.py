"""Defaults that the project's DAGs share: the dataset's asset, and how a task is retried."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset

from celeb_ops.hooks.airflow_names import VERSION

if TYPE_CHECKING:
    from celeb_ops.core.settings import Settings

# Without a URI: for one with a scheme Airflow imports every provider's handlers, and boto3 with them, at each parsing.
DATASET = Asset("celebs_dataset", group="celebs")
"""Changed by every merge."""


def default_args(settings: Settings) -> dict[str, Any]:
    """The arguments for every task of a DAG: owner, number of retries, retry delay and timeout."""
    return {
        "owner": "celebs",
        # A third failure needs a person: the site is down, or the quota is used up.
        "retries": 2,
        "retry_delay": timedelta(seconds=settings.retry_delay_s),
        "retry_exponential_backoff": 2.0 if VERSION >= (3, 2) else True,
        "max_retry_delay": timedelta(minutes=15),
        "execution_timeout": timedelta(minutes=5),
        **_retry_policy(),
    }


def browser_pool_and_queue(settings: Settings) -> dict[str, str]:
    """The pool and the queue of tasks with a browser, if they are set."""
    places = {"pool": settings.browser_pool, "queue": settings.browser_queue}
    return {argument: name for argument, name in places.items() if name}


def _retry_policy() -> dict[str, Any]:
    """From Airflow 3.3 on, permanent errors fail a task without retries."""
    if VERSION < (3, 3):
        return {}
    from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

    rule = RetryRule(
        exception="celeb_ops.core.exceptions.PermanentError",
        action=RetryAction.FAIL,
        reason="a retry would fail as well",
    )
    return {"retry_policy": ExceptionRetryPolicy(rules=[rule])}
