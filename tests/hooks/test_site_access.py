"""Headers, cookies and proxies of sites, from Airflow connections."""

from __future__ import annotations

import json
from typing import Any

import pytest

from celeb_ops.core.exceptions import SettingsError
from celeb_ops.core.sites import Site
from celeb_ops.hooks.site_access import check_access, site_access

OWN = "AIRFLOW_CONN_CELEBS_SITE_MY_PRESS"
PROXY = "AIRFLOW_CONN_CELEBS_PROXY"


def press(**options: Any) -> Site:
    return Site(url="https://a.com/", name="MY-PRESS", **options)


def test_each_option_takes_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"headers": {"X-Key": "one"}, "cookies": {"session": "two"}}
    monkeypatch.setenv(OWN, json.dumps({"conn_type": "http", "extra": extra}))
    monkeypatch.setenv(PROXY, "socks5://us:s%2Fx@proxy.example:1081")
    assert site_access(press()).headers == {}
    assert (site_access(press(headers=True)).headers, site_access(press(headers=True)).cookies) == (
        {"X-Key": "one"},
        {},
    )
    both = site_access(press(headers=True, cookies=True, proxy="celebs_proxy"))
    assert (both.headers, both.cookies) == ({"X-Key": "one"}, {"session": "two"})
    assert both.proxy
    assert both.proxy.geturl() == "socks5://us:s%2Fx@proxy.example:1081"
    assert repr(both) == "Access()"


@pytest.mark.parametrize(
    ("connection", "options", "said"),
    [
        (None, {"headers": True}, "MY-PRESS has the option headers, but there is no Airflow connection celebs_site_my"),
        (None, {"proxy": "celebs_proxy"}, "has the option proxy, but there is no Airflow connection celebs_proxy"),
        ({}, {"cookies": True}, 'has no cookies: write {"cookies": {"name": "value"}} into its extra.'),
        ({"headers": "s3cret"}, {"headers": True}, "has no headers: write "),
        ({"headers": {"A": "s3cret\r\nB: c"}}, {"headers": True}, "has headers with 'A', which can't be sent"),
        ({"headers": {"Host": "s3cret"}}, {"headers": True}, "has headers with 'Host', which can't be sent"),
        ({"cookies": {"a": "s3cret; b"}}, {"cookies": True}, "has cookies with 'a', which can't be sent"),
        ({"headers": {"A": 3}}, {"headers": True}, "has headers with 'A', which can't be sent"),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(
    connection: dict[str, Any] | None, options: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection is not None:
        monkeypatch.setenv(OWN, json.dumps({"conn_type": "http", "extra": connection}))
    with pytest.raises(SettingsError) as error:
        check_access([press(**options)])
    assert said in str(error.value)
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("uri", ["https://proxy.example", "http://", "aws://us:s3cret@"])
def test_a_proxy_of_another_kind(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROXY, uri)
    with pytest.raises(SettingsError, match="give it the type http, socks4 or socks5, a host and a port") as error:
        site_access(press(proxy="celebs_proxy"))
    assert "s3cret" not in str(error.value)
