"""The connection ``celebs_notify`` and ``CELEBS_NOTIFY_TO`` in, a provider's Notifier out, checked before any work."""

from __future__ import annotations

import json
import logging
import re
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import redact  # type: ignore[attr-defined]

from celeb_ops.core.aws_errors import message_of
from celeb_ops.core.exceptions import SettingsError
from celeb_ops.core.settings import NOTIFY_CONNECTION, Settings
from celeb_ops.core.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Connection

    from celeb_ops.notifications.messages import Message

logger = logging.getLogger(__name__)

TIMEOUT_S = 10
"""How long a server may take for an answer. It is asked once: a callback has no time for a second try."""

_ADDRESS = re.compile(r"[!-+\--9=?A-~;:]+@[A-Za-z0-9.-]+", re.ASCII)
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?", re.ASCII)


@dataclass(frozen=True)
class Channel:
    """A way to send messages, checked."""

    kind: str
    """``smtp``, ``slackwebhook`` or ``aws``."""
    connection: Connection
    to: Sequence[str]

    @classmethod
    def of(cls, settings: Settings, connection: Connection) -> Channel:
        """:raises SettingsError: the connection, or ``CELEBS_NOTIFY_TO``, can't be used."""
        if not isinstance(connection.extra_dejson, dict):
            raise SettingsError(f"The connection {NOTIFY_CONNECTION} has an extra that is no JSON object.")
        given = settings.notify_to or connection.extra_dejson.get("to") or ()
        to = map(str.strip, given.split(",")) if isinstance(given, str) else map(str, given)
        channel = cls((connection.conn_type or "").replace("-", "_"), connection, [one for one in to if one])
        if problem := channel._problem():
            raise SettingsError(f"The connection {NOTIFY_CONNECTION} {problem}.")
        return channel

    def send(self, message: Message) -> None:
        """Send it; where that fails, a warning in the log says so."""
        try:
            # Not by calling it, which takes what it sends for a template.
            self._notifier(message).notify({})
        except Exception as error:
            # Whatever a provider raises: the run is over. AWS's may have credentials in it, which go.
            message_of(error)
            logger.warning(
                "This could not be sent by the connection %s (%s): %s. Check the connection, and that its server can "
                "be reached from here.",
                NOTIFY_CONNECTION,
                cleaned(str(redact(f"{type(error).__name__}: {error}")), 400),
                message.subject,
            )
        else:
            logger.info("Sent by the connection %s: %s", NOTIFY_CONNECTION, message.subject)

    @property
    def _sender(self) -> str:
        return str(self.connection.extra_dejson.get("from_email") or self.connection.login or "")

    def _problem(self) -> str:
        """What is wrong with it, and what would be right; empty: nothing. It shows no value that may be secret."""
        to = repr(", ".join(self.to)) if self.to else "nothing"
        match self.kind:
            case "smtp" if not self.connection.host:
                return "names no mail server: give its host"
            case "smtp" if not self.to or not all(map(_ADDRESS.fullmatch, self.to)):
                return (
                    f"sends mail, and {to} is no mail address: set CELEBS_NOTIFY_TO, or the extra's to, like "
                    "press@example.com, with commas between several"
                )
            case "smtp" if not _ADDRESS.fullmatch(self._sender):
                return "has no address that mails come from: give its extra a from_email, like celebs@example.com"
            case "slackwebhook" if not (self.connection.password or "").strip():
                return "has no Slack webhook: give its address, https://hooks.slack.com/…, as the password"
            case "slackwebhook" if self.to:
                return (
                    "is a Slack webhook, which has its channel in itself: leave CELEBS_NOTIFY_TO or the extra's to out"
                )
            case "aws" if len(self.to) != 1 or not _TOPIC.fullmatch(self.to[0]):
                return (
                    f"is AWS's, and {to} is no ARN of an SNS topic: set CELEBS_NOTIFY_TO like "
                    "arn:aws:sns:eu-west-1:123456789012:celebs"
                )
            case "smtp" | "slackwebhook" | "aws":
                return ""
        return f"is of type {self.kind!r}: use smtp (mail), slackwebhook (a Slack channel) or aws (an SNS topic)"

    def _notifier(self, message: Message) -> Any:
        if self.kind == "smtp":
            from airflow.providers.smtp.hooks.smtp import SmtpHook
            from airflow.providers.smtp.notifications.smtp import SmtpNotifier

            # Nobody's out-of-office reply is wanted (RFC 3834).
            headers = {"Auto-Submitted": "auto-generated"}
            mail = SmtpNotifier(list(self.to), self._sender, message.subject, message.html, custom_headers=headers)
            mail.hook = _in_hand(SmtpHook, _asked_once(self.connection))(NOTIFY_CONNECTION)
            return mail
        if self.kind == "slackwebhook":
            from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook
            from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

            slack = SlackWebhookNotifier(text=message.slack, unfurl_links=False, unfurl_media=False)
            webhook = _in_hand(SlackWebhookHook, self.connection)
            hook = webhook(slack_webhook_conn_id=NOTIFY_CONNECTION, timeout=TIMEOUT_S)
            # The Notifier has no argument for it: what a page says is no markup.
            hook.send = partial(hook.send, mrkdwn=False)
            slack.hook = hook
            return slack
        from airflow.providers.amazon.aws.hooks.sns import SnsHook
        from airflow.providers.amazon.aws.notifications.sns import SnsNotifier
        from botocore.config import Config

        subject = message.subject.encode("ascii", "replace").decode()
        sns = SnsNotifier(target_arn=self.to[0], message=message.text, subject=subject)
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=TIMEOUT_S / 2, read_timeout=TIMEOUT_S)
        # A topic can be reached in its own region only.
        hook = _in_hand(SnsHook, self.connection)(region_name=self.to[0].split(":")[3], config=config)
        if self.to[0].endswith(".fifo"):
            # The Notifier knows nothing of such topics, the hook does.
            of_topic = {"message_group_id": "celebs", "message_deduplication_id": uuid4().hex}
            hook.publish_to_target = partial(hook.publish_to_target, **of_topic)
        sns.hook = hook
        return sns


def open_channel(settings: Settings) -> Channel | None:
    """How to send messages; None where there is no connection ``celebs_notify``: then nobody is told.

    :raises SettingsError: it can't be used.
    """
    try:
        return Channel.of(settings, BaseHook.get_connection(NOTIFY_CONNECTION))
    except AirflowNotFoundException:
        return None


def check_channel(settings: Settings) -> None:
    """Fail where messages could never be sent. A connection that can't be had just now is a warning: no page waits.

    :raises SettingsError: the connection can't be used.
    """
    try:
        open_channel(settings)
    except SettingsError:
        raise
    except Exception as error:
        # Of whatever holds the connections: a database, a secrets backend.
        logger.warning(
            "The connection celebs_notify could not be read (%s): messages may not be sent. The run goes on.",
            type(error).__name__,
        )


def _in_hand(hook: type[BaseHook], connection: Connection) -> Any:
    """A kind of hook that has its connection: in a thread of the triggerer it can't ask Airflow for one."""
    return type(hook.__name__, (hook,), {"get_connection": lambda self, conn_id: connection})


def _asked_once(connection: Connection) -> Connection:
    """A mail server's connection: asked once, and without STARTTLS inside TLS, which no server takes."""
    extra = connection.extra_dejson | {"retry_limit": 0, "timeout": TIMEOUT_S}
    once = copy(connection)
    once.extra = json.dumps(extra if extra.get("disable_ssl") else extra | {"disable_tls": True})
    return once
