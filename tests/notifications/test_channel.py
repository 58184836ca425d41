"""Messages are sent: by a real mail server, a real web server in Slack's place, and moto's SNS."""

from __future__ import annotations

import json
import logging
import re
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import trustme
from airflow.sdk import BaseHook
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.core.exceptions import SettingsError
from celeb_ops.core.settings import Settings
from celeb_ops.notifications import channel
from celeb_ops.notifications.channel import check_channel, open_channel
from celeb_ops.notifications.messages import Message
from tests.mail import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_httpserver import HTTPServer

VARIABLE = "AIRFLOW_CONN_CELEBS_NOTIFY"
MESSAGE = Message.of(
    "Zoë <b>\r\nBcc: everybody@example.com",
    "Zoë & <!channel> {{ conn.celebs_notify.password }}\n- a line",
    "http://127.0.0.1/dags/x",
)
PLAIN = {"disable_ssl": True, "disable_tls": True, "from_email": "celebs@example.com"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:celebs"
SECRET = "secret-of-the-server"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_nothing_in_it_is_a_header_markup_or_a_mention(text: str) -> None:
    message = Message.of(text, text)
    # Of SNS, too, which takes no more.
    assert re.fullmatch(r"[ -~]{1,100}", message.subject.encode("ascii", "replace").decode())
    assert not re.search("[<>]", message.slack)
    # Those of the element around it.
    assert re.findall("[<>]", message.html) == ["<", ">", "<", ">"]


@pytest.fixture
def send(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Callable[..., str]:
    """Send the message by a connection, with ``CELEBS_NOTIFY_TO`` if ``to`` is given: what is logged of it."""

    def send(to: str = "", **connection: Any) -> str:
        monkeypatch.setenv(VARIABLE, json.dumps(connection))
        monkeypatch.setenv("CELEBS_NOTIFY_TO", to)
        with caplog.at_level(logging.INFO, "celeb_ops"):
            open_channel(Settings.load()).send(MESSAGE)
        said = "\n".join(one.getMessage() for one in caplog.records if one.name.startswith("celeb_ops"))
        assert SECRET not in said
        return said

    return send


def smtp(port: int, **extra: Any) -> dict[str, Any]:
    login = {"login": "celebs@example.com", "password": SECRET}
    return {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": PLAIN | extra} | login


class TestMail:
    def test_goes_to_all_addresses_as_text_that_nothing_in_it_can_change(self, send: Callable[..., str]) -> None:
        with MailServer() as server:
            assert "Sent by the connection celebs_notify: Trending" in send(
                "a@example.com, b@example.com", **smtp(server.port) | {"login": ""}
            )
        (mail,) = server.mails
        assert (mail.sender, mail.to) == ("celebs@example.com", ["a@example.com", "b@example.com"])
        assert mail.subject == "Trending Celebrities: Zoë <b> Bcc: everybody@example.com"
        assert mail.message["Bcc"] is None
        assert mail.message["Auto-Submitted"] == "auto-generated"
        # No template is rendered and nothing is markup.
        assert mail.text == MESSAGE.text
        assert "&lt;!channel&gt;" in mail.html

    @pytest.mark.parametrize(
        ("given", "extra"),
        [
            (None, {}),
            ("tls", {"disable_ssl": False, "disable_tls": False}),
            ("tls", {"disable_ssl": False, "disable_tls": True}),
            ("starttls", {"disable_tls": False}),
        ],
        ids=["plain", "TLS from the start", "TLS from the start, and so said", "STARTTLS"],
    )
    def test_logs_in(
        self,
        given: str | None,
        extra: dict[str, bool],
        send: Callable[..., str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        authority, context = certified()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        with MailServer(("celebs@example.com", SECRET), **{given: context} if given else {}) as server:
            send(**smtp(server.port, to=["a@example.com"], **extra))
        assert [mail.to for mail in server.mails] == [["a@example.com"]]

    def test_a_certificate_that_nobody_has_signed_gets_none(self, send: Callable[..., str]) -> None:
        with MailServer(starttls=certified()[1]) as server:
            assert "CERTIFICATE_VERIFY_FAILED" in send("a@example.com", **smtp(server.port, disable_tls=False))
        assert server.mails == []

    def test_a_wrong_password_is_a_warning_that_shows_none(self, send: Callable[..., str]) -> None:
        with MailServer(("celebs@example.com", "another")) as server:
            said = send("a@example.com", **smtp(server.port))
        assert "Sending by the connection celebs_notify failed (SMTPAuthenticationError" in said
        assert "535" in said
        assert "Check the connection" in said

    def test_a_silent_server_is_left_after_seconds_whatever_the_connection_says(
        self, send: Callable[..., str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(channel, "TIMEOUT_S", 1)
        start = time.monotonic()
        with socket.create_server(("127.0.0.1", 0)) as server:
            send("a@example.com", **smtp(server.getsockname()[1], timeout=300, retry_limit=9))
        assert time.monotonic() - start < 5


def certified() -> tuple[trustme.CA, ssl.SSLContext]:
    """Who signs a server's certificate, and the server's context."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return authority, context


class TestSlack:
    TOKEN = f"T0000/B0000/{SECRET}"

    def test_gets_text_that_calls_nobody(self, send: Callable[..., str], httpserver: HTTPServer) -> None:
        httpserver.expect_request(f"/services/{self.TOKEN}").respond_with_data("ok")
        send(conn_type="slackwebhook", host=httpserver.url_for("/services"), password=self.TOKEN)
        ((request, _),) = httpserver.log
        body = request.get_json()
        assert body["text"].startswith("Trending Celebrities: Zoë &lt;b&gt; Bcc: everybody@example.com\n\n")
        assert "Zoë &amp; &lt;!channel&gt; {{ conn.celebs_notify.password }}\n- a line" in body["text"]
        assert body | {"text": ""} == {"text": "", "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}

    def test_its_refusal_is_a_warning_without_the_token(self, send: Callable[..., str], httpserver: HTTPServer) -> None:
        httpserver.expect_request(f"/services/{self.TOKEN}").respond_with_data("no_service", 404)
        assert "no_service" in send(conn_type="slackwebhook", password=httpserver.url_for(f"/services/{self.TOKEN}"))

    def test_so_is_an_address_that_is_none(self, send: Callable[..., str]) -> None:
        # slack_sdk names it in its error.
        assert "Invalid URL detected: ***" in send(conn_type="slackwebhook", password=f"htp://x/services/{self.TOKEN}")


class TestSns:
    def connection(self, endpoint: str) -> dict[str, Any]:
        extra = {"endpoint_url": endpoint, "region_name": "us-east-1"}
        return {"conn_type": "aws", "login": "testing", "password": SECRET, "extra": extra}

    @pytest.mark.parametrize("name", ["celebs", "celebs.fifo"])
    def test_a_topic_s_subscribers_get_it(self, name: str, send: Callable[..., str], s3_endpoint: str) -> None:
        # Moto's, in another region than the connection's.
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "eu-west-1"}
        client: Callable[..., Any] = boto3.client
        sns, sqs = (client(name, endpoint_url=s3_endpoint, **keys) for name in ("sns", "sqs"))
        kind = {"Attributes": {"FifoTopic": "true"}} if name.endswith(".fifo") else {}
        topic = sns.create_topic(Name=name, **kind)["TopicArn"]
        kind = {"Attributes": {"FifoQueue": "true"}} if kind else {}
        queue = sqs.create_queue(QueueName=name, **kind)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        assert "NotFound" in send(topic.replace(":celebs", ":gone"), **self.connection(s3_endpoint))
        send(topic, **self.connection(s3_endpoint))
        (got,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)["Messages"]
        told = json.loads(got["Body"])
        assert told["Subject"] == "Trending Celebrities: Zo? <b> Bcc: everybody@example.com"
        assert told["Message"] == MESSAGE.text

    def test_a_server_in_trouble_is_asked_once(self, send: Callable[..., str], httpserver: HTTPServer) -> None:
        httpserver.expect_request("/").respond_with_data("", 503)
        assert "503" in send(TOPIC, **self.connection(httpserver.url_for("")))
        assert len(httpserver.log) == 1


MAIL = {"conn_type": "smtp", "host": "mail.example.com", "extra": {"from_email": "celebs@example.com"}}
HOOK = {"conn_type": "slackwebhook", "password": "https://hooks.slack.com/services/T/B/x"}


@pytest.mark.parametrize(
    ("to", "connection", "said"),
    [
        ("", {"conn_type": "http", "host": "x"}, "is of type 'http': use smtp"),
        ("", MAIL, "sends mail to nothing, which is not a mail address: set CELEBS_NOTIFY_TO"),
        ("a@example.com", MAIL | {"host": ""}, "names no mail server"),
        ("a@example.com", MAIL | {"extra": {}}, "no sender address: give its extra a from_email"),
        ("press", MAIL, "'press', which is not a mail address"),
        ("a@example.com; b@example.com", MAIL, "is not a mail address"),
        (
            "",
            MAIL | {"extra": MAIL["extra"] | {"to": "x"}},
            "'x', which is not a mail address: set CELEBS_NOTIFY_TO, or 'to' in",
        ),
        ("", HOOK | {"password": ""}, "has no Slack webhook"),
        ("#press", HOOK, "sets its own channel: remove CELEBS_NOTIFY_TO"),
        (
            "",
            {"conn_type": "aws"},
            "publishes to nothing, which is not the ARN of an SNS topic: set CELEBS_NOTIFY_TO like arn:aws:sns:",
        ),
        ("arn:aws:sqs:eu-west-1:123456789012:celebs", {"conn_type": "aws"}, "is not the ARN of an SNS topic"),
        ("", MAIL | {"extra": ["x"]}, "has an extra that is no JSON object"),
    ],
)
def test_what_can_not_be_used_is_an_error_that_says_what_is_right(
    to: str, connection: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, json.dumps({"password": "never-shown"} | connection))
    monkeypatch.setenv("CELEBS_NOTIFY_TO", to)
    with pytest.raises(SettingsError) as error:
        open_channel(Settings.load())
    assert said in str(error.value)
    assert "never-shown" not in str(error.value)


def test_a_connection_that_can_not_be_had_stops_no_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def denied(_: str) -> None:
        raise PermissionError("the backend denies it")

    monkeypatch.setattr(BaseHook, "get_connection", denied)
    check_channel(Settings.load())
    assert "(PermissionError): messages may not be sent. The run goes on." in caplog.text
