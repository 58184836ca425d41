"""Sends mail, Slack or SNS messages through ``celebs_notify``, with the providers' hooks."""

from __future__ import annotations

import json
import logging
import re
from copy import copy
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow.sdk import BaseHook
from airflow.sdk.log import redact  # type: ignore[attr-defined]

from celeb_ops.core.aws_errors import message_of
from celeb_ops.core.exceptions import SettingsError
from celeb_ops.core.settings import NOTIFY_CONNECTION, Settings
from celeb_ops.core.text import cleaned
from celeb_ops.hooks.airflow_names import AirflowNotFoundException

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Connection

    from celeb_ops.notifications.messages import Message

logger = logging.getLogger(__name__)

TIMEOUT_S = 10
"""A callback has no time for a second try."""

_NO_REPLIES = {"Auto-Submitted": "auto-generated"}
"""Stops out-of-office replies (RFC 3834)."""
_ADDRESS = re.compile(r"[!-+\--9=?A-~;:]+@[A-Za-z0-9.-]+", re.ASCII)
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?", re.ASCII)


@dataclass(frozen=True)
class Channel:
    """A checked way to send messages."""

    kind: str
    """``smtp``, ``slackwebhook`` or ``aws``."""
    connection: Connection
    to: Sequence[str]

    @classmethod
    def of(cls, settings: Settings, connection: Connection) -> Channel:
        """:raises SettingsError: the connection or ``CELEBS_NOTIFY_TO`` is wrong."""
        if not isinstance(connection.extra_dejson, dict):
            raise SettingsError(f"The connection {NOTIFY_CONNECTION} has an extra that is no JSON object.")
        recipients = settings.notify_to or connection.extra_dejson.get("to") or ()
        to = map(str.strip, recipients.split(",")) if isinstance(recipients, str) else map(str, recipients)
        channel = cls((connection.conn_type or "").replace("-", "_"), connection, [one for one in to if one])
        if problem := channel._problem():
            raise SettingsError(f"The connection {NOTIFY_CONNECTION} {problem}.")
        return channel

    def send(self, message: Message) -> bool:
        """Send it; return whether that worked. If not, a logged warning says why."""
        try:
            self._deliver(message)
        except Exception as error:
            # Removes credentials from AWS's errors.
            message_of(error)
            logger.warning(
                "Sending by the connection %s failed (%s): %s. Check the connection, and whether its server "
                "can be reached from here.",
                NOTIFY_CONNECTION,
                cleaned(str(redact(f"{type(error).__name__}: {error}")), 400),
                message.subject,
            )
            return False
        else:
            logger.info("Sent by the connection %s: %s", NOTIFY_CONNECTION, message.subject)
            return True

    @property
    def _sender(self) -> str:
        return str(self.connection.extra_dejson.get("from_email") or self.connection.login or "")

    def _problem(self) -> str:
        """A text that says what is wrong and how to fix it, without any secret value; empty if nothing is wrong."""
        to = repr(", ".join(self.to)) if self.to else "nothing"
        match self.kind:
            case "smtp" if not self.connection.host:
                return "names no mail server: give its host"
            case "smtp" if not self.to or not all(map(_ADDRESS.fullmatch, self.to)):
                return (
                    f"sends mail to {to}, which is not a mail address: set CELEBS_NOTIFY_TO, or 'to' in the extra, "
                    "like press@example.com (commas between several)"
                )
            case "smtp" if not _ADDRESS.fullmatch(self._sender):
                return "has no sender address: give its extra a from_email, like celebs@example.com"
            case "slackwebhook" if not (self.connection.password or "").strip():
                return "has no Slack webhook: give its address, https://hooks.slack.com/…, as the password"
            case "slackwebhook" if self.to:
                return "is a Slack webhook, which sets its own channel: remove CELEBS_NOTIFY_TO, or 'to' in the extra"
            case "aws" if len(self.to) != 1 or not _TOPIC.fullmatch(self.to[0]):
                return (
                    f"publishes to {to}, which is not the ARN of an SNS topic: set CELEBS_NOTIFY_TO like "
                    "arn:aws:sns:eu-west-1:123456789012:celebs"
                )
            case "smtp" | "slackwebhook" | "aws":
                return ""
        return f"is of type {self.kind!r}: use smtp (mail), slackwebhook (a Slack channel) or aws (an SNS topic)"

    def _deliver(self, message: Message) -> None:
        if self.kind == "smtp":
            from airflow.providers.smtp.hooks.smtp import SmtpHook

            extra = self.connection.extra_dejson | {"retry_limit": 0, "timeout": TIMEOUT_S}
            connection = copy(self.connection)
            # No server takes STARTTLS inside TLS.
            connection.extra = json.dumps(extra if extra.get("disable_ssl") else extra | {"disable_tls": True})
            with _hook_with(SmtpHook, connection)(NOTIFY_CONNECTION) as mail:
                if message.mail:
                    # The hook's own way sends pictures as files, which few mail programs show on the page.
                    mail._smtp_client.send_message(self._mail(message))
                    return
                mail.send_email_smtp(
                    to=list(self.to),
                    from_email=self._sender,
                    subject=message.subject,
                    html_content=message.html,
                    custom_headers=_NO_REPLIES,
                )
        elif self.kind == "slackwebhook":
            from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

            hook = _hook_with(SlackWebhookHook, self.connection)
            slack = hook(slack_webhook_conn_id=NOTIFY_CONNECTION, timeout=TIMEOUT_S)
            # No markup: the text holds words from pages.
            blocks = list(message.blocks) or None
            slack.send(text=message.slack, blocks=blocks, mrkdwn=False, unfurl_links=False, unfurl_media=False)
        else:
            from airflow.providers.amazon.aws.hooks.sns import SnsHook
            from botocore.config import Config

            (topic,) = self.to
            config = Config(retries={"total_max_attempts": 1}, connect_timeout=TIMEOUT_S / 2, read_timeout=TIMEOUT_S)
            # A topic answers in its own region only.
            sns = _hook_with(SnsHook, self.connection)(region_name=topic.split(":")[3], config=config)
            fifo = {"message_group_id": "celebs", "message_deduplication_id": uuid4().hex}
            subject = message.subject.encode("ascii", "replace").decode()
            sns.publish_to_target(topic, message.text, subject, **fifo if topic.endswith(".fifo") else {})

    def _mail(self, message: Message) -> EmailMessage:
        """A page with its pictures, and the text for programs that show no pages."""
        mail = EmailMessage()
        headers = {"Subject": message.subject, "From": self._sender, "To": ", ".join(self.to), **_NO_REPLIES}
        for name, value in headers.items() | {("Date", formatdate()), ("Message-ID", make_msgid(domain="celebs"))}:
            mail[name] = value
        mail.set_content(message.text)
        mail.add_alternative(message.mail, subtype="html")
        *_, page = mail.iter_parts()
        for name, jpeg in message.pictures.items():
            page.add_related(jpeg, "image", "jpeg", cid=f"<{name}>", disposition="inline", filename=name)
        return mail


def open_channel(settings: Settings) -> Channel | None:
    """The channel; None without a connection ``celebs_notify``. SettingsError if it is invalid."""
    try:
        return Channel.of(settings, BaseHook.get_connection(NOTIFY_CONNECTION))
    except AirflowNotFoundException:
        return None


def check_channel(settings: Settings) -> None:
    """SettingsError where no message could ever be sent. A connection that can't be read now is only a warning."""
    try:
        open_channel(settings)
    except SettingsError:
        raise
    except Exception as error:
        logger.warning(
            "The connection celebs_notify could not be read (%s): messages may not be sent. The run goes on.",
            type(error).__name__,
        )


def _hook_with(hook: type[BaseHook], connection: Connection) -> Any:
    """A hook class that already has its connection: a thread of the triggerer can't ask Airflow for one."""
    return type(hook.__name__, (hook,), {"get_connection": lambda self, conn_id: connection})
