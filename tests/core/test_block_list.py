from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.core.block_list import BlockList, read_block_list
from celeb_ops.core.exceptions import SitesError

HOSTS = """\ufeff# A list of somebody's
127.0.0.1 localhost localhost.localdomain
255.255.255.255 broadcasthost
::1 ip6-localhost
ff00::0 ip6-mcastprefix
fe80::1%lo0 localhost
0.0.0.0 0.0.0.0

0.0.0.0 Ads.Example.com # the worst
0.0.0.0\tone.example two.example.\r
:: three.example
plain.example
intranet
"""


def test_each_form_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "hosts.txt"
    path.write_text(HOSTS, encoding="utf-8")
    hosts = read_block_list(path)
    for host in ("ads.example.com", "a.b.ads.example.com", "ADS.example.com.", "one.example", "two.example"):
        assert host in hosts
    for host in ("three.example", "plain.example", "intranet", "www.plain.example"):
        assert host in hosts
    for host in ("example.com", "badads.example.com", "localhost", "example", "0.0.0.0", "127.0.0.1", ""):
        assert host not in hosts


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("||ads.example.com^", "this is no host; write '0.0.0.0 ads.example.com' or 'ads.example.com', one a line."),
        ("https://ads.example.com/", "this is no host"),
        ("*.example.com", "this is no host"),
        ("ads.example.com tracker.example.com", "this is no host"),
        ("0.0.0.0", "this is no host"),
        ("10.0.0.7 nas.example.com", "10.0.0.7 leads somewhere; to block the host write '0.0.0.0 nas.example.com'."),
        ("h\xf6st.example", "this is no host"),
    ],
)
def test_a_line_that_can_t_be_read_is_named_by_its_number(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "hosts.txt"
    path.write_text(f"# first\nads.example.org\n{line}\n", encoding="utf-8")
    with pytest.raises(SitesError) as error:
        read_block_list(path)
    assert str(error.value).startswith(f"block_hosts: {path}, line 3: '")
    assert said in str(error.value)


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "hosts.txt"
    path.write_text("one.example\n", encoding="utf-8")
    assert "one.example" in read_block_list(path)
    path.write_text("other.example\n", encoding="utf-8")
    assert "one.example" not in read_block_list(path)


LABELS = st.lists(st.sampled_from(["a", "b", "ads", "com"]), min_size=1, max_size=4).map(".".join)


@given(st.lists(LABELS, max_size=6), LABELS)
def test_a_host_is_in_it_where_it_is_one_or_below_one(hosts: list[str], host: str) -> None:
    assert (host in BlockList(hosts)) == any(f".{host}".endswith(f".{one}") for one in hosts)
