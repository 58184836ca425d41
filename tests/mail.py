"""A mail server on loopback that keeps what it is given."""

import email
import email.policy
import re
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from html import unescape
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.web import free_port


@dataclass(frozen=True)
class Mail:
    """A mail as it was handed over: its envelope and what stands in it."""

    sender: str
    to: list[str]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def html(self) -> str:
        return self.message.get_body(("html",)).get_content()

    @property
    def text(self) -> str:
        """What a reader of the mail sees."""
        return unescape(re.sub(r"<[^>]*>", "", self.html)).rstrip("\n")


class MailServer:
    """Takes mails, for a login if one is wanted.

    :param tls: from the start (as on port 465), or from STARTTLS on (587), where it takes nothing before.
    """

    def __init__(
        self,
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
    ) -> None:
        self.mails: list[Mail] = []
        self.login = login
        self.port = free_port()

        def known(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
            return AuthResult(success=(given.login.decode(), given.password.decode()) == login, handled=False)

        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=tls,
            tls_context=starttls,
            require_starttls=bool(starttls),
            authenticator=known,
            auth_require_tls=False,
        )

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.login and not session.authenticated:
            return "530 5.7.0 log in first"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append(Mail(envelope.mail_from, envelope.rcpt_tos, message))
        return "250 taken"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()
