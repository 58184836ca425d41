"""robots.txt: what it says of a site's page, and what is made of one that can't be had."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer

from celeb_ops.capture.visit import robots_of
from celeb_ops.core.exceptions import ReasonCode
from tests.capture.shots import site_at
from tests.capture.site import LocalSite
from tests.web import free_port


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("User-agent: *\nDisallow: /private/", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /*", False),
        ("User-agent: *\nDisallow: /\nAllow: /$", True),
        ("User-agent: TrendingCelebrities\nDisallow: /\nUser-agent: *\nAllow: /", False),
        ("User-agent: trendingcelebrities\nAllow: /\n\nUser-agent: *\nDisallow: /", True),
        ("<html>Not a robots file</html>", True),
    ],
)
def test_the_longest_rule_for_our_name_counts(text: str, allowed: bool, site: LocalSite) -> None:
    site.files["/robots.txt"] = ("text/plain", text.encode())
    robots = robots_of(site_at(f"{site.address}/", contact="press@example.org"))
    assert (robots.allowed, "robots.txt" in robots.sentence) == (allowed, True)
    asked = next(one for one in reversed(site.asked) if one.path == "/robots.txt")
    assert asked.headers["User-Agent"] == "TrendingCelebrities (+press@example.org)"


@pytest.mark.parametrize(
    ("status", "trouble", "said"),
    [
        (404, None, "everything is allowed."),
        (403, None, "everything is allowed."),
        (302, None, "leads in a circle: everything is allowed."),
        (429, ReasonCode.SERVER_FAILED, "HTTP 429, so the page is not visited"),
        (503, ReasonCode.SERVER_FAILED, "HTTP 503, so the page is not visited"),
    ],
)
def test_what_is_not_there_allows_all_and_a_failing_server_nothing(
    status: int, trouble: ReasonCode | None, said: str, httpserver: HTTPServer
) -> None:
    where = {"Location": "/robots.txt"} if status == 302 else None
    httpserver.expect_request("/robots.txt").respond_with_data(status=status, headers=where)
    robots = robots_of(site_at(httpserver.url_for("/")))
    assert (robots.allowed, robots.trouble) == (trouble is None, trouble)
    assert said in robots.sentence


def test_nobody_answers() -> None:
    robots = robots_of(site_at(f"http://127.0.0.1:{free_port()}/"))
    assert (robots.allowed, robots.trouble) == (False, ReasonCode.NO_ANSWER)
    assert "could not be fetched" in robots.sentence
