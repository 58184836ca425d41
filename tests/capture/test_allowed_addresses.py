"""Which addresses a site's pages may reach."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import Mock

import psutil
import pytest

from celeb_ops.capture.allowed_addresses import InternalError, Reach, Scope, internal_name, scope

if TYPE_CHECKING:
    from collections.abc import Callable

PUBLIC = "93.184.215.14"


def named(**names: list[str]) -> Callable[[str], list[str]]:
    """A resolver of these names; what is none stands for itself, as an address does."""
    return lambda host: names.get(host.partition(".")[0], [host])


WHERE = {
    Scope.PUBLIC: f"{PUBLIC} 2606:2800:21f:cb07:6820:80da:af6b:8b2c 64:ff9b::5db8:d70e",
    Scope.PRIVATE: "10.1.2.3 172.31.255.255 192.168.0.1 100.64.0.1 fd12::1 ::ffff:10.1.2.3 64:ff9b::10.1.2.3",
    Scope.LOOPBACK: "127.0.0.1 127.255.1.1 0.0.0.0 :: ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1",
    # Link-local and clouds' own; tunnels to IPv4; reserved, documentation, multicast.
    Scope.NEVER: "169.254.169.254 ::ffff:169.254.169.254 64:ff9b::169.254.169.254 fd00:ec2::254 168.63.129.16 "
    "100.100.100.200 fe80::1 fe80::1%eth0 fec0::1 2002:7f00:1:: 2001:0:4136:e378:8000:63bf:80ff:fffe ::127.0.0.1 "
    "64:ff9b:1::7f00:1 0.1.2.3 192.0.0.192 192.0.2.1 2001:db8::1 224.0.0.251 ff02::fb 240.0.0.1 255.255.255.255",
}


@pytest.mark.parametrize(("where", "address"), [(where, one) for where, all_ in WHERE.items() for one in all_.split()])
def test_where_an_address_lies(where: Scope, address: str) -> None:
    assert scope(address) == where


@pytest.mark.parametrize("host", ["localhost", "a.LOCALHOST.", "payroll", "metadata.google.internal", "printer.local"])
def test_a_name_of_no_public_host(host: str) -> None:
    assert internal_name(host)


@pytest.mark.parametrize("host", ["www.tmz.com", "notlocal.com", "10.1.2.3", "2606::1"])
def test_a_name_that_may_be_public(host: str) -> None:
    assert not internal_name(host)


class TestReach:
    @pytest.mark.parametrize(
        ("site", "reached"),
        [
            (PUBLIC, [PUBLIC]),
            ("10.1.2.3", [PUBLIC, "192.168.0.1", "fd12::1"]),
            ("127.0.0.1", [PUBLIC, "192.168.0.1", "fd12::1", "127.0.0.1", "::1"]),
            ("169.254.169.254", [PUBLIC]),
        ],
    )
    def test_goes_as_far_inside_as_the_site(self, site: str, reached: list[str]) -> None:
        reach = Reach(site, 80, named())
        found = []
        for address in (PUBLIC, "192.168.0.1", "fd12::1", "127.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254"):
            try:
                found += reach.allowed(address, 80)
            except InternalError:
                continue
        assert found == reached

    def test_takes_the_outermost_address_of_a_site_of_several(self) -> None:
        reach = Reach("news.example", 80, named(news=[PUBLIC, "10.1.2.3"]))
        with pytest.raises(InternalError):
            reach.allowed("10.9.9.9", 80)
        assert reach.allowed("news.example", 80) == [PUBLIC]

    def test_is_a_public_site_s_where_its_name_is_not_known(self) -> None:
        reach = Reach("news.example", 80, Mock(side_effect=[OSError, ["10.1.2.3"]]))
        with pytest.raises(InternalError, match=r"at 10\.1\.2\.3"):
            reach.allowed("intra.example", 80)

    def test_does_not_change_with_the_site_s_addresses(self) -> None:
        reach = Reach("news.example", 80, Mock(side_effect=[[PUBLIC], ["127.0.0.1"]]))
        assert reach.allowed("news.example", 80) == [PUBLIC]
        with pytest.raises(InternalError):
            reach.allowed("rebound.example", 80)

    def test_leaves_out_a_name_s_inner_addresses(self) -> None:
        reach = Reach(PUBLIC, 80, named(mixed=["127.0.0.1", PUBLIC, "169.254.169.254"]))
        assert reach.allowed("mixed.example", 80) == [PUBLIC]

    def test_ends_at_a_closed_port_under_every_name_and_address(self) -> None:
        reach = Reach("127.0.0.1", 8000, named(airflow=[PUBLIC]))
        own = [one.address.split("%")[0] for all_ in psutil.net_if_addrs().values() for one in all_]
        own = [one for one in own if "." in one or one.count(":") > 5]
        reach.block([("localhost", 8080), ("airflow.example", 443)])
        for host, port in (
            ("127.0.0.1", 8080),
            ("127.9.9.9", 8080),
            ("0.0.0.0", 8080),
            ("::1", 8080),
            ("::ffff:127.0.0.1", 8080),
            ("localhost", 8080),
            ("airflow.example", 443),
            ("airflow.example.", 443),
            (PUBLIC, 443),
            *((one, 8080) for one in own if scope_or_none(one) in {Scope.PUBLIC, Scope.PRIVATE}),
        ):
            with pytest.raises(InternalError):
                reach.allowed(host, port)
        assert reach.allowed("127.0.0.1", 8000) == ["127.0.0.1"]
        assert reach.allowed(PUBLIC, 80) == [PUBLIC]


def scope_or_none(address: str) -> Scope | None:
    try:
        return scope(address)
    except ValueError:
        # A network card's own.
        return None
