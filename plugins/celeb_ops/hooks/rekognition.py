"""The Rekognition hook and its client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

from celeb_ops.core.exceptions import SettingsError
from celeb_ops.core.settings import REKOGNITION_CONNECTION, Settings

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient


class RekognitionHook(AwsBaseHook):
    """The amazon provider's hook for Rekognition; takes the arguments of ``AwsBaseHook``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "rekognition"
        super().__init__(*args, **kwargs)


def rekognition_client(
    settings: Settings,
    aws_conn_id: str = REKOGNITION_CONNECTION,
    region_name: str | None = None,
    verify: bool | str | None = None,
    botocore_config: dict[str, Any] | None = None,
) -> RekognitionClient:
    """The client, with boto's adaptive retries: throttled, it calls more slowly.

    :raises SettingsError: the connection, or boto's own configuration, is wrong, or its region has no Rekognition.
    """
    from botocore.config import Config

    from celeb_ops.hooks.aws_client import open_client

    defaults = Config(retries={"mode": "adaptive", "total_max_attempts": 10}, connect_timeout=10, read_timeout=30)
    options = Config(**botocore_config) if botocore_config else None
    hook = RekognitionHook(aws_conn_id=aws_conn_id, region_name=region_name, verify=verify, config=options)
    client: RekognitionClient = open_client(hook, settings.region, "Rekognition", defaults)
    _check_region(client, aws_conn_id)
    return client


def _check_region(client: RekognitionClient, aws_conn_id: str) -> None:
    """In a region without Rekognition a call would fail as if the network were down."""
    from boto3.session import Session

    region, endpoint = client.meta.region_name, client.meta.endpoint_url
    if not endpoint.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return
    session = Session()
    regions = session.get_available_regions("rekognition", session.get_partition_for_region(region))
    if region not in regions:
        raise SettingsError(
            f"There is no Rekognition in the region {region!r}: give the connection {aws_conn_id} a region_name that "
            f"has it: {', '.join(one for one in sorted(regions) if '-fips' not in one)}."
        )
