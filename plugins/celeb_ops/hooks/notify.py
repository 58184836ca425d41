"""The connection ``celebs_notify`` in, a way to tell people out: by mail, Slack or SNS."""

from __future__ import annotations

import json
import logging
import re
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, quote_plus

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from celeb_ops.exceptions import SettingsError
from celeb_ops.settings import NOTIFY_CONNECTION, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.sdk import Connection

    from celeb_ops.alerts.message import Message

logger = logging.getLogger(__name__)

H = TypeVar("H", bound=BaseHook)

TIMEOUT_S = 10
"""How long a server may take for an answer. It is asked once: a callback has no time for a second try."""

_PUBLIC = {"from_email", "region_name", "to"}
"""What of a connection's extra an error may show."""
_ORDINARY = {"basic", "default", "none", "oauth2", "true", "false", "True", "False"}
"""Values of an extra that are no secret, and words of other sentences."""
_ADDRESS = re.compile(r"[!-+\--9=?A-~;:]+@[A-Za-z0-9.-]+", re.ASCII)
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?", re.ASCII)


@dataclass(frozen=True)
class Channel:
    """A way to tell people, checked."""

    connection: Connection
    send: Callable[[Message], None]
    """Sends it or fails. Each answer of the server may take ``TIMEOUT_S``, all of them more: who calls it bounds it."""

    def without_secrets(self, error: Exception) -> str:
        """What an error said, in one line, without what the connection keeps secret."""
        from celeb_ops.alerts.message import one_line

        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        for secret in sorted(_secrets(self.connection), key=len, reverse=True):
            text = text.replace(secret, "…")
        return one_line(text)


def open_channel(settings: Settings) -> Channel | None:
    """How to tell people; None where there is no connection ``celebs_notify``: then nobody is told.

    :raises SettingsError: the connection, or ``CELEBS_NOTIFY_TO``, can't be used.
    """
    settings.export_connections()
    try:
        connection = BaseHook.get_connection(NOTIFY_CONNECTION)
    except AirflowNotFoundException:
        return None
    return channel(settings, connection)


async def aopen_channel(settings: Settings) -> Channel | None:
    """:func:`open_channel` for the triggerer, whose event loop may not wait for Airflow's API."""
    settings.export_connections()
    try:
        connection = await BaseHook.aget_connection(NOTIFY_CONNECTION)
    except AirflowNotFoundException:
        return None
    return channel(settings, connection)


def check_channel(settings: Settings) -> None:
    """SettingsError where there is a connection ``celebs_notify`` and people can't be told by it."""
    try:
        open_channel(settings)
    except SettingsError:
        raise
    except Exception as error:
        # Airflow's API, or a secrets backend: a run is not worth less because nobody could be told of it.
        logger.warning("The connection %s could not be fetched: %s", NOTIFY_CONNECTION, type(error).__name__)


def channel(settings: Settings, connection: Connection) -> Channel:
    """The way that a connection's type says.

    :raises SettingsError: it can't be used; the sentence shows no value that may be secret.
    """
    kind = (connection.conn_type or "").replace("-", "_")
    makers = {"smtp": _mail, "slackwebhook": _slack, "aws": _sns}
    if kind not in makers:
        raise SettingsError(
            f"The connection {NOTIFY_CONNECTION} is of type {kind or 'none'!r}: people can be told by smtp (mail), "
            "slackwebhook (a Slack channel) or aws (an SNS topic)."
        )
    return makers[kind](settings, connection)


def _mail(settings: Settings, connection: Connection) -> Channel:
    if not connection.host:
        raise SettingsError(f"The connection {NOTIFY_CONNECTION} names no mail server: give its host.")
    to = _to(settings, connection)
    addresses = [one.strip() for one in to.split(",") if one.strip()]
    if not addresses:
        raise SettingsError(
            f"The connection {NOTIFY_CONNECTION} sends mail and nothing says to whom: set CELEBS_NOTIFY_TO to "
            "addresses, with commas between them, or give the connection's extra a to."
        )
    for address in addresses:
        if not _ADDRESS.fullmatch(address):
            raise SettingsError(
                f"{_said_in(settings)}: {address!r} is no mail address; write it like press@example.com, with commas "
                "between several."
            )
    extra = _extra(connection)
    sender = str(extra.get("from_email") or connection.login or "")
    if not _ADDRESS.fullmatch(sender):
        raise SettingsError(
            f"The connection {NOTIFY_CONNECTION} has no address that mails come from: give its extra a from_email, "
            "like celebs@example.com."
        )

    def send(message: Message) -> None:
        from airflow.providers.smtp.hooks.smtp import SmtpHook

        # The hook, not SmtpNotifier: that one renders its text as a Jinja template, and the text is of others.
        with _of(SmtpHook(connection.conn_id), _once(connection)) as hook:
            hook.send_email_smtp(
                to=addresses,
                from_email=sender,
                subject=message.header,
                html_content=message.html,
                # Nobody's out-of-office reply is wanted (RFC 3834).
                custom_headers={"Auto-Submitted": "auto-generated"},
            )

    return Channel(connection, send)


def _once(connection: Connection) -> Connection:
    """A mail server's connection as the provider's hook needs it: asked once, within ``TIMEOUT_S``.

    The hook sends STARTTLS unless ``disable_tls`` is set, also inside TLS, where no server takes it. So that is set
    wherever TLS is there from the start.
    """
    extra = _extra(connection)
    extra |= {"retry_limit": 0, "timeout": min(int(extra.get("timeout") or TIMEOUT_S), TIMEOUT_S)}
    if not extra.get("disable_ssl"):
        extra["disable_tls"] = True
    once = copy(connection)
    once.extra = json.dumps(extra)
    return once


def _slack(settings: Settings, connection: Connection) -> Channel:
    if not (connection.password or "").strip():
        raise SettingsError(
            f"The connection {NOTIFY_CONNECTION} has no Slack webhook: give its address, https://hooks.slack.com/…, "
            "as the password."
        )
    if _to(settings, connection):
        raise SettingsError(
            f"{_said_in(settings)} is set, and a Slack webhook has its channel in itself: leave it out, or make a "
            "webhook for the other channel."
        )

    def send(message: Message) -> None:
        from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

        # Not SlackWebhookNotifier, as with mails.
        hook = SlackWebhookHook(slack_webhook_conn_id=connection.conn_id, timeout=TIMEOUT_S)
        _of(hook, connection).send(text=message.slack, unfurl_links=False, unfurl_media=False, mrkdwn=False)

    return Channel(connection, send)


def _sns(settings: Settings, connection: Connection) -> Channel:
    topic = _to(settings, connection)
    if not (found := _TOPIC.fullmatch(topic)):
        given = f"{_said_in(settings)}={topic!r} is no ARN of an SNS topic" if topic else "nothing names its SNS topic"
        raise SettingsError(
            f"The connection {NOTIFY_CONNECTION} is AWS's, and {given}: set CELEBS_NOTIFY_TO like "
            "arn:aws:sns:eu-west-1:123456789012:celebs."
        )

    def send(message: Message) -> None:
        from uuid import uuid4

        from airflow.providers.amazon.aws.hooks.sns import SnsHook
        from botocore.config import Config

        from celeb_ops.aws import FAULTS, said_by

        config = Config(
            retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=TIMEOUT_S / 2, read_timeout=TIMEOUT_S
        )
        # Not SnsNotifier, as with mails. A topic can be reached in its own region only.
        hook = SnsHook(  # type: ignore[no-untyped-call]
            aws_conn_id=connection.conn_id, region_name=found[1], config=config
        )
        in_order = topic.endswith(".fifo")
        try:
            _of(hook, connection).publish_to_target(
                topic,
                message.text,
                message.ascii_subject,
                message_group_id="celebs" if in_order else None,
                message_deduplication_id=str(uuid4()) if in_order else None,
            )
        except FAULTS as error:
            said_by(error)  # It takes credentials out of the error.
            raise

    return Channel(connection, send)


def _of(hook: H, connection: Connection) -> H:
    """The hook, of a connection that is known already.

    It may be used in a thread, and where Airflow's API can only be asked by an event loop.
    """
    hook.__dict__["get_connection"] = lambda conn_id: connection
    return hook


def _to(settings: Settings, connection: Connection) -> str:
    """Where to, as it is given: by the setting, or else by the connection."""
    to = settings.notify_to or _extra(connection).get("to") or ""
    return ",".join(map(str, to)) if isinstance(to, list) else str(to).strip()


def _said_in(settings: Settings) -> str:
    return "CELEBS_NOTIFY_TO" if settings.notify_to else f"The to in the extra of the connection {NOTIFY_CONNECTION}"


def _extra(connection: Connection) -> dict[str, Any]:
    extra = connection.extra_dejson
    return dict(extra) if isinstance(extra, dict) else {}


def _secrets(connection: Connection) -> set[str]:
    """What no log may show: the password, login and schema, what is in the extra, and the parts of an address."""
    private = {key: value for key, value in _extra(connection).items() if key not in _PUBLIC}
    whole = {connection.password or "", *_texts(private)}
    parts = {connection.login or "", connection.schema or ""}
    for text in whole | parts:
        parts |= set(text.split("/"))
    # A short part is a word of other sentences, or a port. A short secret is still one.
    found = {one for one in whole if one.strip()} | {one for one in parts if len(one) >= 8}
    return found | {quote(one, safe="") for one in found} | {quote_plus(one) for one in found}


def _texts(value: object) -> Iterator[str]:
    """The texts in an extra, however deep; of numbers and switches none is a secret."""
    if isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str) and value not in _ORDINARY:
        yield value
