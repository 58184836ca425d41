from __future__ import annotations

from pathlib import Path

import pytest

from celeb_ops.core.exceptions import WatchListError
from celeb_ops.core.settings import PROJECT
from celeb_ops.core.watch_list import Rule, load_watch_list, unknown


def test_names_and_qids_with_sites_and_rules(tmp_path: Path) -> None:
    path = tmp_path / "watch.yaml"
    path.write_text(
        "watch:\n- {name: Grace Hopper, when: First  seen}\n"
        "- {name: q7259, sites: [tmz, ' PEOPLE '], when: [back after 14 days, on 3 sites at once, rising]}\n"
    )
    hopper, lovelace = load_watch_list(path)
    assert (hopper.name, hopper.qid, hopper.sites, hopper.when) == ("Grace Hopper", None, (), (Rule("first"),))
    assert (lovelace.qid, lovelace.sites) == ("Q7259", ("PEOPLE", "TMZ"))
    assert lovelace.when == (Rule("back", 14), Rule("on", 3), Rule("rising"))
    assert [str(rule) for rule in lovelace.when] == ["back after 14 days", "on 3 sites at once", "rising"]
    assert "Hopper" not in hopper.digest(Rule("first"))


def test_the_projects_own_list_is_empty_and_one_that_is_not_there_too(tmp_path: Path) -> None:
    assert load_watch_list(PROJECT / "include" / "watch.yaml") == []
    assert load_watch_list(tmp_path / "none.yaml") == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("- Cher", "watch.yaml needs a list, `watch:` and below it `- {name: Grace Hopper"),
        ("watch: [Cher]", r"entry 1, needs the form `\{name: Grace Hopper"),
        ("watch: [{name: Cher, when: [rising]}, {name: Cher}]", "entry 2, .*when: Field required"),
        ("watch: [{name: Cher, when: sometimes}]", "'sometimes' is none of first seen, back after 14 days"),
        ("watch: [{name: Cher, when: back after 0 days}]", "'back after 0 days' is none of"),
        ("watch: [{name: Cher, when: rising, site: TMZ}]", "there is no field site; did you mean sites"),
        ("watch: [{name: '', when: rising}]", "name: String should have at least 1 character"),
        ("watch: {", "watch.yaml"),
    ],
)
def test_what_can_not_be_used_is_told_with_the_entry(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "watch.yaml").write_text(content)
    with pytest.raises(WatchListError, match=said):
        load_watch_list(tmp_path / "watch.yaml")


def test_an_unknown_name_gets_the_nearest_known_one(tmp_path: Path) -> None:
    path = tmp_path / "watch.yaml"
    path.write_text("watch: [{name: Grace Hoper, when: rising}, {name: Cher, when: rising}, {name: Q9, when: rising}]")
    assert unknown(load_watch_list(path), ["Grace Hopper", "Chér"]) == [
        "Grace Hoper is in neither gallery nor dataset: did you mean Grace Hopper?",
        "Q9 is in neither gallery nor dataset: no name is similar.",
    ]
