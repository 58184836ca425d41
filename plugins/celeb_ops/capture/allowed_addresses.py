"""Which addresses a site's pages may reach.

Those of a public site reach public addresses; those of a site at a private address private ones, too; those of a site
on loopback all but what is nobody's. The site's entry in the sites file is the permission.
"""

from __future__ import annotations

import contextlib
import re
import socket
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Scope(IntEnum):
    """How internal an address is."""

    PUBLIC = 0
    PRIVATE = 1
    LOOPBACK = 2
    NEVER = 3
    """Link-local, multicast, reserved, a cloud's own services: no page of any site has business there."""


_PRIVATE = [ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")]
_GLOBAL6 = ip_network("2000::/3")
# Protocols' own, tunnels to IPv4, whose far end is anybody's, and documentation: some Pythons take them for global.
_NOT_GLOBAL = [ip_network(one) for one in ("192.0.0.0/24", "2001::/32", "2002::/16", "3fff::/20")]
_NAT64 = ip_network("64:ff9b::/96")
_CLOUDS = [ip_address(one) for one in ("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")]
"""Addresses that give out credentials and settings at Alibaba, Azure, AWS and Google, besides the link-local
169.254.169.254."""

# RFC 6761, 6762 (appendix G), 8375; ICANN has reserved `internal`.
_INTERNAL_NAME = re.compile(
    r"(.*\.)?(localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa)|[^.:]*", re.IGNORECASE
)
_THIS_MACHINE = "localhost"
_MOST_HOSTS = 10_000
"""The number of hosts that are remembered: a page can make up any number of names."""


def parsed(address: str) -> IPv4Address | IPv6Address:
    """The IP address to connect to: an IPv4 address written as IPv6 becomes IPv4.

    :raises ValueError: it is none.
    """
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def scope(address: str) -> Scope:
    """Where an IP address lies.

    :raises ValueError: it is none.
    """
    ip = parsed(address)
    if ip in _CLOUDS:
        return Scope.NEVER
    # The unspecified address is this machine to whoever connects to it.
    if ip.is_loopback or ip.is_unspecified:
        return Scope.LOOPBACK
    if any(ip in network for network in _PRIVATE):
        return Scope.PRIVATE
    ordinary = (ip.version == 4 or ip in _GLOBAL6) and not any(ip in network for network in _NOT_GLOBAL)
    return Scope.PUBLIC if ordinary and ip.is_global and not ip.is_multicast else Scope.NEVER


def internal_name(host: str) -> bool:
    """Whether a name is one of no public host, whoever resolves it."""
    return bool(_INTERNAL_NAME.fullmatch(host.rstrip(".")))


def resolve(host: str) -> list[str]:
    """The addresses of a host.

    :raises OSError: the name is not known.
    :raises UnicodeError: it can't be one.
    """
    return list(dict.fromkeys(str(one[4][0]) for one in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))


class InternalError(Exception):
    """A page may not reach this; the text says where it is."""


class Reach:
    """
    What the pages of one site may reach.

    :param host: the site's. Its addresses are looked up once: later ones can't gain its pages more.
    :param port: the site's.
    :param resolve: the addresses of a name, as :func:`resolve`.
    """

    def __init__(self, host: str, port: int, resolve: Callable[[str], list[str]] = resolve) -> None:
        self._port = port
        self._resolve = resolve
        self._closed: set[tuple[str, int]] = set()
        self._own = {str(one.address).split("%")[0] for all_ in psutil.net_if_addrs().values() for one in all_}
        self._known: dict[str, list[str]] = {}
        self.resolves = True
        """Whether names of hosts are known here at all: behind a company's proxy they may not be."""
        try:
            inside = min(map(self._scope, self.addresses(host)))
        except (OSError, ValueError):
            self.resolves = False
            inside = Scope.PRIVATE if internal_name(host) else Scope.PUBLIC
        self._inside = inside if inside < Scope.NEVER else Scope.PUBLIC

    def block(self, places: Iterable[tuple[str, int]]) -> None:
        """Let no page reach these hosts' ports from now on, by these names or by any address of theirs."""
        for host, port in places:
            self._closed.add((host.lower(), port))
            with contextlib.suppress(OSError, ValueError):
                self._closed |= {(self._place(one), port) for one in self._resolve(host)}

    def addresses(self, host: str) -> list[str]:
        """A host's addresses, the same as before.

        :raises OSError: the name is not known.
        :raises UnicodeError: it can't be one.
        """
        found = self._known.get(host)
        if found is None:
            found = self._resolve(host)
            if len(self._known) < _MOST_HOSTS:
                self._known[host] = found
        return found

    def allowed(self, host: str, port: int) -> list[str]:
        """The addresses of a host that a page may reach at a port.

        :raises InternalError: all of them lie further inside than the site.
        :raises OSError: the name is not known.
        :raises UnicodeError: it can't be one.
        """
        self.check_name(host, port)
        found = self.addresses(host)
        good = [one for one in found if self._may(one, port)]
        if not good:
            raise InternalError(f"at {found[0]}")
        return good

    def check_name(self, host: str, port: int, unseen: bool = False) -> None:
        """Check a name without its addresses.

        :param unseen: somebody else will resolve it.
        :raises InternalError: a page may not reach it.
        """
        hidden = unseen and self._inside == Scope.PUBLIC and internal_name(host)
        if hidden or (host.rstrip("."), port) in self._closed:
            raise InternalError("a name of this network")

    def _may(self, address: str, port: int) -> bool:
        here = self._scope(address)
        if here > self._inside or (self._place(address), port) in self._closed:
            return False
        return here < Scope.LOOPBACK or port == self._port or not _browser_listens(port)

    def _scope(self, address: str) -> Scope:
        """Where it lies. This machine's own public address leads past its firewall."""
        here = scope(address)
        return Scope.LOOPBACK if here < Scope.LOOPBACK and str(parsed(address)) in self._own else here

    def _place(self, address: str) -> str:
        """An address; this machine's are one."""
        ip = str(parsed(address))
        return _THIS_MACHINE if scope(address) == Scope.LOOPBACK or ip in self._own else ip


def _browser_listens(port: int) -> bool:
    """Whether it is a browser or its driver that listens at a port of this machine, as far as this user can see.

    A driver does what any page says: `/shutdown` ends it, and the capture of another site with it.
    """
    # On macOS only root sees them.
    with contextlib.suppress(psutil.Error):
        for one in psutil.net_connections("tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port and one.pid:
                return psutil.Process(one.pid).name().startswith("chrom")
    return False
