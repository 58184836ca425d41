"""The proxy between a page and the network: what it hands on, what it refuses, and another proxy behind it."""

from __future__ import annotations

import socket
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests

from celeb_ops.capture.allowed_addresses import Reach
from celeb_ops.capture.forwarding import parsed
from celeb_ops.capture.site_proxy import Failure, SiteProxy
from tests.web import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.capture.site import LocalSite

PROXIES = [name for lower in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (lower, lower.upper())]
BIG = bytes(range(256)) * 40_000


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def egress(site: LocalSite) -> Iterator[SiteProxy]:
    """Of a site on loopback."""
    with SiteProxy(Reach("127.0.0.1", urlsplit(site.address).port or 0)) as egress:
        yield egress


def session(egress: SiteProxy) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"http": egress.address, "https": egress.address}
    return session


def said(egress: SiteProxy, text: bytes) -> bytes:
    """All that the proxy answers to some bytes."""
    with socket.create_connection((urlsplit(egress.address).hostname, urlsplit(egress.address).port), 5) as connection:
        connection.sendall(text)
        return b"".join(iter(lambda: connection.recv(9_999), b""))


class TestHandsOn:
    def test_requests_one_after_another_on_one_connection(self, site: LocalSite, egress: SiteProxy) -> None:
        site.files["/big"] = ("application/octet-stream", BIG)
        before = len(site.asked)
        with session(egress) as asked:
            assert asked.get(f"{site.address}/big?a=1").content == BIG
            assert asked.post(f"{site.address}/status/200", data=BIG).status_code == 200
            assert asked.get(f"{site.address}/status/503").status_code == 503
        assert site.paths()[before:] == ["/big?a=1", "/status/200", "/status/503"]
        assert not [name for one in site.asked[before:] for name in one.headers if name.lower().startswith("proxy")]

    def test_a_tunnel_both_ways(self, egress: SiteProxy) -> None:
        with socket.create_server(("127.0.0.1", 0)) as far:

            def echo() -> None:
                connection, _ = far.accept()
                with connection:
                    while data := connection.recv(99_999):
                        connection.sendall(data)

            threading.Thread(target=echo, daemon=True).start()
            place = f"127.0.0.1:{far.getsockname()[1]}"
            near = urlsplit(egress.address)
            with socket.create_connection((near.hostname, near.port), 5) as connection:
                connection.sendall(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
                assert connection.recv(999) == b"HTTP/1.1 200 Connection established\r\n\r\n"
                connection.sendall(b"news")
                connection.shutdown(socket.SHUT_WR)
                assert connection.recv(999) == b"news"
                assert connection.recv(999) == b""


class TestRefuses:
    @pytest.mark.parametrize(
        "head",
        [
            b"GET / HTTP/1.1",
            b"GET ftp://127.0.0.1/ HTTP/1.1",
            b"GET http:/// HTTP/1.1",
            b"GET http://\x1b[2J/ HTTP/1.1",
            b"CONNECT 127.0.0.1:99999 HTTP/1.1",
            b"CONNECT [::1%25lo]:80 HTTP/1.1",
            b"news",
        ],
    )
    def test_what_no_browser_says(self, head: bytes, egress: SiteProxy) -> None:
        assert said(egress, head + b"\r\n\r\n") == b""

    def test_itself(self, egress: SiteProxy) -> None:
        place = urlsplit(egress.address)
        assert said(egress, f"CONNECT {place.netloc} HTTP/1.1\r\n\r\n".encode()).startswith(b"HTTP/1.1 502 ")
        assert egress.failed == {("127.0.0.1", place.port): Failure("a name of this network", internal=True)}

    def test_a_second_machine(self, egress: SiteProxy) -> None:
        place = urlsplit(egress.address)
        assert said(egress, b"CONNECT nobody.invalid:80 HTTP/1.1\r\n\r\n")
        with socket.create_connection((place.hostname, place.port), 5, ("127.0.0.2", 0)) as connection:
            assert connection.recv(99) == b""

    def test_what_is_not_there_and_says_why(self, egress: SiteProxy) -> None:
        port = free_port()
        assert said(egress, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode()).startswith(b"HTTP/1.1 502 ")
        assert said(egress, b"GET http://nobody.invalid/ HTTP/1.1\r\n\r\n") == b""
        assert egress.failed == {
            ("127.0.0.1", port): Failure("ERR_CONNECTION_REFUSED"),
            ("nobody.invalid", 80): Failure("ERR_NAME_NOT_RESOLVED"),
        }

    def test_a_name_that_turns_inside_while_the_page_is_shown(self, site: LocalSite) -> None:
        """DNS rebinding: whatever a name becomes, the connection is to the address that was looked at."""
        answers = iter([["93.184.215.14"], ["127.0.0.1"], ["127.0.0.1"]])
        connected = []

        async def connect(addresses: list[str], port: int) -> socket.socket:
            connected.append((addresses, port))
            raise ConnectionRefusedError

        with SiteProxy(
            Reach("8.8.8.8", 80, lambda host: next(answers) if host == "turns.test" else [host]), connect=connect
        ) as egress:
            for _ in range(3):
                said(egress, b"CONNECT turns.test:80 HTTP/1.1\r\n\r\n")
        assert connected == [(["93.184.215.14"], 80)] * 3


class Company(ThreadingHTTPServer):
    """A company's proxy: it alone knows gossip.example, and wants a password."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Company)
        self.url = f"http://me:s%40cret@127.0.0.1:{self.server_port}"


class _Company(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Company

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        right = self.headers["Proxy-Authorization"] == f"Basic {b64encode(b'me:s@cret').decode()}"
        body = b"" if self.command == "CONNECT" else b"news" if right else b"no"
        self.send_response(200 if right else 407)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        self.do_GET()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.mark.parametrize(
    "length",
    [b"Transfer-Encoding: chunked", b"Content-Length: 5\r\nContent-Length: 50", b"Content-Length :5"],
)
def test_a_request_of_unclear_length_is_not_handed_on(length: bytes) -> None:
    with pytest.raises(ValueError, match="not clear"):
        parsed(b"POST http://gossip.example/ HTTP/1.1\r\n" + length + b"\r\n\r\n")


class TestBesideACompanysProxy:
    @pytest.fixture
    def company(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
        with Company() as company:
            threading.Thread(target=company.serve_forever, args=(0.05,), daemon=True).start()
            for name in ("http_proxy", "https_proxy"):
                monkeypatch.setenv(name, company.url)
            monkeypatch.setenv("no_proxy", "direct.example")
            yield company
            company.shutdown()

    @pytest.fixture
    def egress(self, company: Company, site: LocalSite) -> Iterator[SiteProxy]:
        """Of a public site, on a machine that resolves nothing but its own."""

        def resolve(host: str) -> list[str]:
            if host.endswith(".example"):
                raise socket.gaierror
            return ["10.1.2.3"] if host == "wiki.test" else [host]

        with SiteProxy(Reach("gossip.example", 80, resolve)) as egress:
            yield egress

    def test_asks_that_one(self, company: Company, egress: SiteProxy) -> None:
        with session(egress) as asked:
            assert [asked.get(f"http://gossip.example/{n}").text for n in range(2)] == ["news", "news"]
        answer = said(egress, b"CONNECT gossip.example:443 HTTP/1.1\r\n\r\n")
        assert answer == b"HTTP/1.1 200 Connection established\r\n\r\n"
        assert company.asked == [
            "GET http://gossip.example/0",
            "GET http://gossip.example/1",
            "CONNECT gossip.example:443",
        ]

    def test_does_not_for_what_is_inside_as_far_as_one_can_see(self, company: Company, egress: SiteProxy) -> None:
        hosts = [
            "169.254.169.254",
            "10.1.2.3",
            "[::1]",
            "127.0.0.1",
            "payroll",
            "metadata.google.internal",
            "wiki.test",
        ]
        for host in hosts:
            assert said(egress, f"GET http://{host}/ HTTP/1.1\r\n\r\n".encode()) == b""
            assert said(egress, f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode()).startswith(b"HTTP/1.1 502 ")
        assert company.asked == []
        assert {host for host, _ in egress.failed} == {host.strip("[]") for host in hosts}
        assert all(one.internal for one in egress.failed.values())

    def test_says_when_that_one_gives_nothing(self, egress: SiteProxy, monkeypatch: pytest.MonkeyPatch) -> None:
        for proxy in (f"http://127.0.0.1:{free_port()}", f"socks5://127.0.0.1:{free_port()}", "quic://127.0.0.1:1"):
            monkeypatch.setenv("https_proxy", proxy)
            egress.failed.clear()
            said(egress, b"CONNECT gossip.example:443 HTTP/1.1\r\n\r\n")
            assert egress.failed == {("gossip.example", 443): Failure("ERR_PROXY_CONNECTION_FAILED")}
