"""Rekognition by an Airflow connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

from celeb_ops.settings import REKOGNITION_CONNECTION, Settings

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient


class RekognitionHook(AwsBaseHook):
    """
    Interact with AWS Rekognition.

    Provide thin wrapper around :external+boto3:py:class:`boto3.client("rekognition") <Rekognition.Client>`.

    Additional arguments (such as ``aws_conn_id``) may be specified and are passed down to the underlying AwsBaseHook.

    .. seealso::
        - :class:`airflow.providers.amazon.aws.hooks.base_aws.AwsBaseHook`
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "rekognition"
        super().__init__(*args, **kwargs)


def rekognition_client(settings: Settings, aws_conn_id: str = REKOGNITION_CONNECTION) -> RekognitionClient:
    """The client, with boto's own retries for throttling and short failures.

    :raises SettingsError: the connection, or what boto reads without one, is unusable.
    """
    from botocore.config import Config

    from celeb_ops.aws import open_client

    settings.export_connections()
    config = Config(retries={"mode": "standard", "total_max_attempts": 6}, connect_timeout=10, read_timeout=60)
    hook = RekognitionHook(aws_conn_id=aws_conn_id, config=config)
    client: RekognitionClient = open_client(hook, settings.region, "Rekognition")
    return client
