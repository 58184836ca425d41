"""A mail server on loopback (RFC 5321, the commands that a client needs) that keeps what it is given, also by TLS."""

from __future__ import annotations

import base64
import email
import email.policy
import re
import socketserver
import ssl
import threading
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import EmailMessage
    from typing import Self

NEVER = object()
"""A server that takes connections and says nothing."""


@dataclass(frozen=True)
class Mail:
    """A mail as it was handed over: its envelope and what stands in it."""

    sender: str
    to: list[str]
    message: EmailMessage
    encrypted: bool = False
    """Whether it came through TLS."""

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """What a reader of the mail sees."""
        body = self.message.get_body(("html", "plain"))
        return unescape(re.sub(r"<[^>]*>", "", body.get_content()))

    @property
    def html(self) -> str:
        return self.message.get_body(("html",)).get_content()


class MailServer:
    """Takes mails, for a login if one is wanted; ``greeting`` NEVER: it says nothing at all.

    :param tls: from the start (as on port 465), or from STARTTLS on (587), where it takes nothing before.
    """

    def __init__(
        self,
        login: tuple[str, str] | None = None,
        greeting: object = b"220 here\r\n",
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
    ) -> None:
        self.mails: list[Mail] = []
        self.connections = 0
        self.login = login
        self.starttls = starttls
        self.closing = threading.Event()
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def setup(self) -> None:
                server.connections += 1
                if tls:
                    self.request = tls.wrap_socket(self.request, server_side=True)
                super().setup()

            def handle(self) -> None:
                if greeting is NEVER:
                    server.closing.wait()
                    return
                self.wfile.write(greeting)
                server._talk(self)

            def encrypt(self) -> None:
                self.request = starttls.wrap_socket(self.request, server_side=True)
                super().setup()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _talk(self, client: socketserver.StreamRequestHandler) -> None:
        known = self.login is None
        sender, to = "", []

        def say(line: str) -> None:
            client.wfile.write(f"{line}\r\n".encode())

        def asked(what: str) -> str:
            say(f"334 {base64.b64encode(what.encode()).decode()}")
            return base64.b64decode(client.rfile.readline()).decode()

        while line := client.rfile.readline():
            words = line.decode().strip()
            verb = words.upper()
            encrypted = isinstance(client.connection, ssl.SSLSocket)
            if verb.startswith("EHLO"):
                say("250-here")
                # Inside TLS no server offers it (RFC 3207, 4.2).
                if self.starttls and not encrypted:
                    say("250-STARTTLS")
                if self.login:
                    say("250-AUTH LOGIN")
                say("250 SIZE 1000000")
            elif verb.startswith("HELO"):
                say("250 here")
            elif verb == "STARTTLS" and self.starttls and not encrypted:
                say("220 go on")
                client.encrypt()
            elif verb.startswith("QUIT"):
                say("221 bye")
                return
            elif verb.startswith(("NOOP", "RSET")):
                say("250 ok")
            elif self.starttls and not encrypted:
                say("530 5.7.0 STARTTLS first")
            elif verb.startswith("AUTH LOGIN"):
                given = words.split()[2:]
                name = base64.b64decode(given[0]).decode() if given else asked("Username:")
                known = (name, asked("Password:")) == self.login
                say("235 ok" if known else "535 5.7.8 who are you?")
            elif not known:
                say("530 5.7.0 log in first")
            elif verb.startswith("MAIL FROM:"):
                sender, to = re.search("<(.*?)>", words)[1], []
                say("250 ok")
            elif verb.startswith("RCPT TO:"):
                to.append(re.search("<(.*?)>", words)[1])
                say("250 ok")
            elif verb == "DATA":
                say("354 go on")
                content = b""
                while (data := client.rfile.readline()) not in (b".\r\n", b""):
                    content += data.removeprefix(b".") if data.startswith(b"..") else data
                message = email.message_from_bytes(content, policy=email.policy.default)
                self.mails.append(Mail(sender, to, message, encrypted))
                say("250 taken")
            else:
                say("500 what?")
