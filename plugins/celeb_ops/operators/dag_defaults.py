"""What the project's DAGs have in common: the dataset's asset, and how a task is tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

if TYPE_CHECKING:
    from celeb_ops.core.settings import Settings

# Without a URI: for one with a scheme Airflow imports every provider's handlers, and boto3 with them, at each parsing.
DATASET = Asset("celebs_dataset", group="celebs")
"""Changed by every merge."""

_NO_SECOND_TRY = RetryRule(
    exception="celeb_ops.core.exceptions.PermanentError",
    action=RetryAction.FAIL,
    reason="a second try would meet the same",
)


def default_args(settings: Settings) -> dict[str, Any]:
    """For every task of a DAG: who owns it, how often and after how long it is tried again, and when it is ended."""
    return {
        "owner": "celebs",
        # What fails a third time needs somebody: a site that is down, a quota that is spent.
        "retries": 2,
        "retry_delay": timedelta(seconds=settings.retry_delay_s),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=15),
        "retry_policy": ExceptionRetryPolicy(rules=[_NO_SECOND_TRY]),
        "execution_timeout": timedelta(minutes=5),
    }
