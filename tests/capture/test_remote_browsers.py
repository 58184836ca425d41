from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops.capture.browser import open_browser
from celeb_ops.capture.remote_browsers import addresses
from celeb_ops.core.sites import CaptureOptions
from tests.web import Web, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    import psutil


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the name ``browser`` stand for these addresses, as Docker's own name server does for a scaled service."""
    known = socket.getaddrinfo

    def name(*hosts: str) -> None:
        def found(host: str, port: Any, *given: Any, **more: Any) -> Any:
            if host != "browser":
                return known(host, port, *given, **more)
            return [entry for one in hosts for entry in known(one, port, *given, **more)]

        monkeypatch.setattr(socket, "getaddrinfo", found)

    return name


def sessions(number: int) -> dict[str, bytes]:
    return {"/sessions": b'{"value": [' + b", ".join([b"{}"] * number) + b"]}"}


def test_the_least_busy_comes_first_and_one_that_does_not_answer_last(named: Callable[..., None]) -> None:
    named("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
    port = free_port()
    with (
        Web(sessions(2), port, "127.0.0.1"),
        Web(sessions(0), port, "127.0.0.2"),
        Web(sessions(1), port, "127.0.0.4"),
    ):
        found = addresses(f"http://browser:{port}")
    assert found == [f"http://127.0.0.{last}:{port}" for last in (2, 4, 1, 3)]


def test_one_that_does_not_tell_its_sessions_is_as_good_as_idle(named: Callable[..., None]) -> None:
    named("127.0.0.1", "127.0.0.2")
    port = free_port()
    with Web({"/sessions": b"<html>"}, port, "127.0.0.1"), Web(sessions(3), port, "127.0.0.2"):
        assert addresses(f"http://browser:{port}")[0] == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4444", "http://localhost:4444/wd/hub", "https://browser:4444/wd", "http://[::1]:4444"]
)
def test_a_name_of_one_and_one_of_a_certificate_stay(named: Callable[..., None], url: str) -> None:
    named("127.0.0.1", "127.0.0.2")
    assert addresses(url) == [url]


@pytest.mark.browser
def test_where_one_gives_no_browser_the_next_is_asked_and_a_session_keeps_to_it(
    named: Callable[..., None], chromedriver: psutil.Popen
) -> None:
    port = int(chromedriver.url.rpartition(":")[2])
    # At the other address is a server that knows no sessions.
    named("127.0.0.2", "127.0.0.1")
    with Web(sessions(0), port, "127.0.0.2") as broken, open_browser(CaptureOptions(), f"http://browser:{port}") as it:
        named("127.0.0.2")
        assert it.execute_script("return 6 * 7") == 42
    assert "/sessions" in broken.asked
