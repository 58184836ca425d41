"""Hosts that a page may not load from: a few of the sites file, or a file in hosts format with a hundred thousand."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from celeb_ops.core.exceptions import SitesError
from celeb_ops.core.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

LIST = re.compile(r"[\w ./-]{1,1000}\.txt")
"""The name of a file; no host ends so."""
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){0,20}\.?")
_COMMON = re.compile(
    r"(?:(?:0\.0\.0\.0|127\.0\.0\.1)[ \t]+)?((?:[A-Za-z0-9_-]{1,63}\.){1,20}[A-Za-z][A-Za-z0-9-]{0,62})"
)
"""The form of nearly all lines of a long file."""
_NOWHERE = {"0.0.0.0", "127.0.0.1", "::", "::1"}


class BlockList:
    """Hosts, with all below them."""

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self._hosts = frozenset(host.lower().rstrip(".") for host in hosts)

    def __contains__(self, host: object) -> bool:
        """There are as many look-ups as the name has parts: the length of the list does not matter."""
        name = str(host).lower().rstrip(".")
        while name:
            if name in self._hosts:
                return True
            name = name.partition(".")[2]
        return False

    def __or__(self, other: BlockList) -> BlockList:
        return BlockList(self._hosts | other._hosts)


def host_or_list(text: str) -> str:
    """ValueError for what is neither a host nor the name of a file."""
    if not LIST.fullmatch(text) and not _HOST.fullmatch(text):
        raise ValueError("this is no host; write it like ads.example.com, or the name of a .txt file beside this one")
    return text


def block_list(entries: Iterable[str]) -> BlockList:
    """
    :param entries: hosts, and files of hosts.
    :raises SitesError: as :func:`read_block_list`.
    """
    entries = list(entries)
    blocked = BlockList(one for one in entries if not LIST.fullmatch(one))
    for one in entries:
        if LIST.fullmatch(one):
            blocked |= read_block_list(Path(one))
    return blocked


def read_block_list(path: Path) -> BlockList:
    """The hosts of a file: ``0.0.0.0 ads.example.com`` or only the host, one per line; ``#`` begins a comment.

    :raises SitesError: it is not there, or the number of the first line that is neither.
    """
    try:
        changed = path.stat()
        return _read(path, changed.st_mtime_ns, changed.st_size)
    except OSError as error:
        raise SitesError(f"block_hosts: {path} can't be read: {error.strerror or error}.") from None


@lru_cache(maxsize=8)
def _read(path: Path, _changed_ns: int, _size: int) -> BlockList:
    """Once for all sites, until the file changes."""
    hosts: list[str] = []
    for number, text in enumerate(path.read_text("utf-8-sig", "replace").splitlines(), start=1):
        if common := _COMMON.fullmatch(text):
            hosts.append(common[1])
            continue
        if not (line := text.partition("#")[0].strip()):
            continue
        try:
            hosts += _hosts_of(line)
        except ValueError as error:
            raise SitesError(f"block_hosts: {path}, line {number}: {quoted(line)}: {error}.") from None
    return BlockList(hosts)


def _hosts_of(line: str) -> list[str]:
    first, *names = line.split()
    if not names and _HOST.fullmatch(first) and not _is_address(first):
        return [first]
    # A machine's own names are in such files, too: `127.0.0.1 localhost`, `255.255.255.255 broadcasthost`.
    hosts = [name for name in names if "." in name and not _is_address(name)]
    if not names or not _is_address(first) or not all(map(_HOST.fullmatch, hosts)):
        raise ValueError("this is no host; write '0.0.0.0 ads.example.com' or 'ads.example.com', one a line")
    if hosts and first not in _NOWHERE:
        raise ValueError(f"{first} leads somewhere; to block the host write '0.0.0.0 {hosts[0]}'")
    return hosts


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
