"""Boto clients opened by Airflow connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from celeb_ops.core.aws_errors import is_permanent, message_of
from celeb_ops.core.exceptions import CelebsError, SettingsError

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
    from botocore.config import Config


def open_client(hook: AwsBaseHook, region: str, service: str, config: Config | None = None) -> Any:
    """The hook's client; ``region`` and ``config`` are defaults for what its connection does not set.

    :raises SettingsError: the connection, or boto's own configuration, is wrong.
    :raises CelebsError: the credentials could not be fetched this time.
    """
    try:
        # Not as the hook's own `region_name`, which would override the connection's.
        region_name = hook.region_name or region or None
        return hook.get_client_type(region_name, config=config.merge(hook.config) if config else None)
    except boto.NoRegionError:
        raise SettingsError(
            f"{service} needs a region: give region_name in the extra of the connection {hook.aws_conn_id}, "
            "or set AWS_DEFAULT_REGION."
        ) from None
    # botocore raises ValueError if endpoint_url has no scheme.
    except (BotoCoreError, ClientError, ValueError) as error:
        kind = SettingsError if isinstance(error, ValueError) or is_permanent(error) else CelebsError
        message = message_of(error)
        hint = " An endpoint_url begins with http:// or https://." if "Invalid endpoint" in message else ""
        raise kind(
            f"{service} can't be opened: {message}.{hint} Check the connection {hook.aws_conn_id}, or without one "
            "the AWS_… variables and files that boto reads."
        ) from error
