"""People are told: by a real mail server, a real web server in Slack's place, and moto's SNS."""

from __future__ import annotations

import json
import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from celeb_ops.alerts.message import Message
from celeb_ops.exceptions import SettingsError
from celeb_ops.hooks import notify
from celeb_ops.hooks.notify import Channel, check_channel, open_channel
from celeb_ops.settings import Settings
from tests.alerts.smtp import NEVER, MailServer
from tests.alerts.tls import self_signed
from tests.web import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VARIABLE = "AIRFLOW_CONN_CELEBS_NOTIFY"
MESSAGE = Message(
    "Trending Celebrities: Zoë <b>\r\nBcc: everybody@example.com",
    ("Zoë & <!channel> {{ conn.celebs_notify.password }}\n- a line", "http://127.0.0.1/dags/x"),
)
PLAIN = {"disable_ssl": True, "disable_tls": True, "from_email": "celebs@example.com"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:celebs"


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Channel | None]:
    """Open the channel of a connection, with ``CELEBS_NOTIFY_TO`` if ``to`` is given."""

    def connect(to: str = "", **connection: Any) -> Channel | None:
        monkeypatch.setenv(VARIABLE, json.dumps(connection))
        monkeypatch.setenv("CELEBS_NOTIFY_TO", to)
        return open_channel(Settings.load())

    return connect


class TestWithoutConnection:
    def test_nobody_is_told_and_nothing_is_said_of_it(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO):
            assert open_channel(Settings.load()) is None
            check_channel(Settings.load())
        assert caplog.text == ""

    def test_one_of_the_dotenv_is_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, restored: None) -> None:
        (tmp_path / ".env").write_text(
            f"{VARIABLE}='smtp://127.0.0.1:25/?from_email=celebs%40example.com'\nCELEBS_NOTIFY_TO=a@example.com\n"
        )
        settings = Settings.load(dotenv=tmp_path / ".env")
        assert open_channel(settings).connection.host == "127.0.0.1"

    @pytest.fixture
    def restored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # The settings write it into the environment: what monkeypatch has set once, it takes out again.
        monkeypatch.setenv(VARIABLE, "")
        monkeypatch.delenv(VARIABLE)


class TestMail:
    def test_goes_to_all_addresses_as_text_that_nothing_in_it_can_change(self, connect: Any) -> None:
        with MailServer() as server:
            channel = connect(
                "a@example.com, b@example.com", conn_type="smtp", host="127.0.0.1", port=server.port, extra=PLAIN
            )
            channel.send(MESSAGE)
        (mail,) = server.mails
        assert (mail.sender, mail.to) == ("celebs@example.com", ["a@example.com", "b@example.com"])
        assert mail.subject == "Trending Celebrities: Zoë <b> Bcc: everybody@example.com"
        assert mail.message["Bcc"] is None
        assert mail.message["Auto-Submitted"] == "auto-generated"
        # No template is rendered and nothing is markup.
        assert mail.text.rstrip("\n") == MESSAGE.text
        assert "&lt;!channel&gt;" in mail.html

    def test_logs_in(self, connect: Any) -> None:
        with MailServer(("celebs@example.com", "secret-of-the-server")) as server:
            channel = connect(
                conn_type="smtp",
                host="127.0.0.1",
                port=server.port,
                login="celebs@example.com",
                password="secret-of-the-server",
                extra={"disable_ssl": True, "disable_tls": True, "to": ["a@example.com"]},
            )
            channel.send(MESSAGE)
        assert [(mail.sender, mail.to) for mail in server.mails] == [("celebs@example.com", ["a@example.com"])]

    def test_a_wrong_password_is_an_error_that_shows_none(self, connect: Any) -> None:
        with MailServer(("celebs", "right-password")) as server:
            channel = connect(
                "a@example.com",
                conn_type="smtp",
                host="127.0.0.1",
                port=server.port,
                login="celebs",
                password="wrong-password",
                extra=PLAIN,
            )
            with pytest.raises(Exception, match="who are you") as error:
                channel.send(MESSAGE)
        assert "535" in channel.without_secrets(error.value)
        assert "wrong-password" not in channel.without_secrets(error.value)
        assert server.mails == []

    @pytest.mark.parametrize(
        ("given", "extra"),
        [("tls", {}), ("tls", {"disable_tls": True}), ("starttls", {"disable_ssl": True})],
        ids=["from the start", "from the start, and so said", "STARTTLS"],
    )
    def test_goes_through_tls(
        self, given: str, extra: dict[str, bool], connect: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        context, certificate = self_signed(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        login = ("celebs@example.com", "secret-of-the-server")
        with MailServer(login, **{given: context}) as server:
            channel = connect(
                "a@example.com",
                conn_type="smtp",
                host="127.0.0.1",
                port=server.port,
                login=login[0],
                password=login[1],
                extra=extra,
            )
            channel.send(MESSAGE)
        assert [mail.encrypted for mail in server.mails] == [True]

    @pytest.mark.parametrize(("given", "extra"), [("tls", {}), ("starttls", {"disable_ssl": True})])
    def test_a_certificate_that_nobody_has_signed_gets_none(
        self, given: str, extra: dict[str, bool], connect: Any, tmp_path: Path
    ) -> None:
        with MailServer(**{given: self_signed(tmp_path)[0]}) as server:
            extra = {"from_email": "celebs@example.com", **extra}
            channel = connect("a@example.com", conn_type="smtp", host="127.0.0.1", port=server.port, extra=extra)
            with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
                channel.send(MESSAGE)
        assert server.mails == []

    def test_a_server_that_hangs_up_is_asked_once(self, connect: Any) -> None:
        with MailServer(greeting=b"") as server:
            server._talk = lambda client: None
            channel = connect("a@example.com", conn_type="smtp", host="127.0.0.1", port=server.port, extra=PLAIN)
            with pytest.raises(Exception, match="Unable to connect to smtp server"):
                channel.send(MESSAGE)
        assert server.connections == 1

    def test_a_silent_server_is_left_after_seconds_whatever_the_connection_says(
        self, connect: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(notify, "TIMEOUT_S", 1)
        start = time.monotonic()
        with MailServer(greeting=NEVER) as server:
            extra = PLAIN | {"timeout": 300, "retry_limit": 9}
            channel = connect("a@example.com", conn_type="smtp", host="127.0.0.1", port=server.port, extra=extra)
            with pytest.raises(Exception, match="Unable to connect to smtp server"):
                channel.send(MESSAGE)
        assert time.monotonic() - start < 5
        assert server.connections == 1


class Slack:
    """A web server that takes Slack's webhooks, or answers with ``status`` and ``body``."""

    def __init__(self, status: int = 200, body: bytes = b"ok") -> None:
        self.asks = 0
        self.asked: list[tuple[str, Any]] = []
        slack = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                given = self.rfile.read(int(self.headers["Content-Length"]))
                slack.asks += 1
                if self.headers["Content-Type"].startswith("application/json"):
                    slack.asked.append((self.path, json.loads(given)))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Slack:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class TestSlack:
    TOKEN = "T0000/B0000/secretsecret"

    def test_gets_text_that_calls_nobody(self, connect: Any) -> None:
        with Slack() as slack:
            address = f"http://127.0.0.1:{slack.server.server_port}/services"
            connect(conn_type="slackwebhook", host=address, password=self.TOKEN).send(MESSAGE)
        ((path, body),) = slack.asked
        assert path == f"/services/{self.TOKEN}"
        assert body["text"].startswith("Trending Celebrities: Zoë &lt;b&gt; Bcc: everybody@example.com\n\n")
        assert "Zoë &amp; &lt;!channel&gt; {{ conn.celebs_notify.password }}\n- a line" in body["text"]
        assert body | {"text": ""} == {"text": "", "unfurl_links": False, "unfurl_media": False, "mrkdwn": False}

    def test_its_refusal_is_an_error_without_the_token(self, connect: Any) -> None:
        with Slack(404, b"no_service") as slack:
            address = f"http://127.0.0.1:{slack.server.server_port}/services/{self.TOKEN}"
            channel = connect(conn_type="slackwebhook", password=address)
            with pytest.raises(Exception, match="no_service") as error:
                channel.send(MESSAGE)
        assert "404" in channel.without_secrets(error.value)

    def test_nobody_there_is_an_error_without_the_token(self, connect: Any, caplog: pytest.LogCaptureFixture) -> None:
        channel = connect(conn_type="slackwebhook", password=f"http://127.0.0.1:{free_port()}/services/{self.TOKEN}")
        start = time.monotonic()
        with pytest.raises(OSError, match="refused") as error:
            channel.send(MESSAGE)
        assert time.monotonic() - start < 10
        assert "secretsecret" not in channel.without_secrets(error.value) + caplog.text

    def test_what_an_error_says_of_the_connection_is_taken_out(self, connect: Any) -> None:
        channel = connect(conn_type="slackwebhook", password=f"https://hooks.slack.com/services/{self.TOKEN}")
        said = channel.without_secrets(OSError(f"https://hooks.slack.com/services/{self.TOKEN}?a=b\nfailed"))
        assert said == "OSError: …?a=b failed"
        assert "secretsecret" not in channel.without_secrets(OSError("/B0000/secretsecret failed"))


class TestSns:
    @pytest.fixture
    def endpoint(self, s3_endpoint: str) -> Iterator[str]:
        """moto answers for SNS where it answers for S3."""
        return s3_endpoint

    def connected(self, connect: Any, endpoint: str, to: str) -> Channel:
        extra = {"endpoint_url": endpoint, "region_name": "us-east-1"}
        return connect(to, conn_type="aws", login="testing", password="testing-secret", extra=extra)

    def client(self, endpoint: str, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name="eu-west-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    @pytest.mark.parametrize("name", ["celebs", "celebs.fifo"])
    def test_a_topic_s_subscribers_get_it(self, name: str, connect: Any, endpoint: str) -> None:
        sns, sqs = self.client(endpoint, "sns"), self.client(endpoint, "sqs")
        fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        topic = sns.create_topic(Name=name, Attributes={"FifoTopic": "true"} if fifo else {})["TopicArn"]
        queue = sqs.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

        # Its region is another than the connection's.
        self.connected(connect, endpoint, topic).send(MESSAGE)

        (got,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)["Messages"]
        told = json.loads(got["Body"])
        assert told["Subject"] == "Trending Celebrities: Zo? <b> Bcc: everybody@example.com"
        assert told["Message"] == MESSAGE.text

    def test_a_topic_that_is_not_there_is_an_error_without_keys(self, connect: Any, endpoint: str) -> None:
        channel = self.connected(connect, endpoint, f"{TOPIC}-gone")
        with pytest.raises(Exception, match="NotFound") as error:
            channel.send(MESSAGE)
        assert "testing-secret" not in channel.without_secrets(error.value)

    def test_a_server_in_trouble_is_asked_once(self, connect: Any) -> None:
        with Slack(503, b"") as sns:
            channel = self.connected(connect, f"http://127.0.0.1:{sns.server.server_port}", TOPIC)
            with pytest.raises(Exception, match="503"):
                channel.send(MESSAGE)
        assert sns.asks == 1


class TestSecrets:
    @pytest.mark.parametrize("said", ["login s3cret: no", "https://x/?key=s3cret", "('s3cret',)"])
    def test_a_short_password_is_one(self, said: str, connect: Any) -> None:
        channel = connect("a@example.com", conn_type="smtp", host="127.0.0.1", password="s3cret", extra=PLAIN)
        assert channel.without_secrets(OSError(said)) == f"OSError: {said}".replace("s3cret", "…")

    def test_so_is_what_is_deep_in_the_extra(self, connect: Any) -> None:
        extra = PLAIN | {
            "auth_type": "oauth2",
            "oauth": {"client": {"client_secret": "abc123"}, "keys": ["k1-of-it", 465, True]},
        }
        channel = connect("a@example.com", conn_type="smtp", host="127.0.0.1", port=465, extra=extra)
        said = channel.without_secrets(OSError("oauth2 at port 465 with abc123 and k1-of-it: True"))
        assert said == "OSError: oauth2 at port 465 with … and …: True"

    def test_so_is_an_address_s_form_of_it(self, connect: Any) -> None:
        channel = connect("a@example.com", conn_type="smtp", host="127.0.0.1", password="a b/c&d", extra=PLAIN)
        said = channel.without_secrets(OSError("smtp://a%20b%2Fc%26d@x, ?key=a+b%2Fc%26d, a b/c&d"))
        assert said == "OSError: smtp://…@x, ?key=…, …"

    def test_what_is_none_is_shown(self, connect: Any) -> None:
        channel = connect("a@example.com", conn_type="smtp", host="127.0.0.1", login="news", extra=PLAIN)
        said = "news of celebs@example.com at 127.0.0.1: True"
        assert channel.without_secrets(OSError(said)) == f"OSError: {said}"


MAIL = {"conn_type": "smtp", "host": "mail.example.com", "extra": {"from_email": "celebs@example.com"}}
HOOK = {"conn_type": "slackwebhook", "password": "https://hooks.slack.com/services/T/B/x"}


@pytest.mark.parametrize(
    ("to", "connection", "said"),
    [
        ("", {"conn_type": "http", "host": "x"}, "is of type 'http': people can be told by smtp"),
        ("", MAIL, "nothing says to whom: set CELEBS_NOTIFY_TO"),
        ("a@example.com", MAIL | {"host": ""}, "names no mail server"),
        ("a@example.com", MAIL | {"extra": {}}, "no address that mails come from: give its extra a from_email"),
        ("press", MAIL, "CELEBS_NOTIFY_TO: 'press' is no mail address"),
        ("a@example.com; b@example.com", MAIL, "is no mail address"),
        (TOPIC, MAIL, "is no mail address"),
        ("", MAIL | {"extra": MAIL["extra"] | {"to": "x"}}, "The to in the extra of the connection celebs_notify: 'x'"),
        ("", {"conn_type": "slackwebhook"}, "has no Slack webhook"),
        ("#press", HOOK, "has its channel in itself: leave it out"),
        ("", {"conn_type": "aws"}, "nothing names its SNS topic: set CELEBS_NOTIFY_TO like arn:aws:sns:"),
        ("celebs", {"conn_type": "aws"}, "CELEBS_NOTIFY_TO='celebs' is no ARN of an SNS topic"),
        ("arn:aws:sqs:eu-west-1:123456789012:celebs", {"conn_type": "aws"}, "is no ARN of an SNS topic"),
    ],
)
def test_what_can_not_be_used_is_an_error_that_says_what_is_right(
    to: str, connection: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, json.dumps(connection | {"password": connection.get("password", "never-shown")}))
    if said == "has no Slack webhook":
        monkeypatch.setenv(VARIABLE, json.dumps(connection))
    monkeypatch.setenv("CELEBS_NOTIFY_TO", to)
    with pytest.raises(SettingsError) as error:
        check_channel(Settings.load())
    assert said in str(error.value)
    assert "never-shown" not in str(error.value)


def test_a_connection_that_can_not_be_fetched_is_no_reason_not_to_begin(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from airflow.sdk import BaseHook

    def down(conn_id: str) -> None:
        raise ConnectionError("the API is down")

    monkeypatch.setattr(BaseHook, "get_connection", down)
    check_channel(Settings.load())
    assert "celebs_notify could not be fetched: ConnectionError" in caplog.text
