"""Who is who, by QID, name and other names."""

from __future__ import annotations

import pytest

from celeb_ops.names import qid_in
from celeb_ops.recognition.people import People, Person

LOPEZ = Person("Jennifer Lopez", "Q40715", ("J.Lo", "Jenny", "Jennifer Lynn López"))
LAWRENCE = Person("Jennifer Lawrence", "Q189490", ("J-Law", "Jenny"))
PEOPLE = People([LOPEZ, LAWRENCE, Person("Ye", "Q15935", ("Kanye West",))])


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("Jennifer Lopez", LOPEZ),
        ("JENNIFER  LOPEZ", LOPEZ),
        ("Jennifer Lynn Lopez", LOPEZ),
        ("jennifer_lawrence", LAWRENCE),
        ("Jennifer", None),
        ("", None),
        ("…", None),
    ],
)
def test_by_any_name_in_any_spelling(name: str, person: Person | None) -> None:
    assert PEOPLE.find(name) is person


def test_a_name_that_two_people_go_by_is_nobodys() -> None:
    assert PEOPLE.find("Jenny") is None


def test_a_persons_own_name_comes_before_anothers_alias() -> None:
    people = People([Person("Ye", "Q1"), Person("Kim Ye", "Q2", ("Ye",))])
    assert people.find("Ye").qid == "Q1"


def test_a_qid_says_it_whatever_the_name() -> None:
    assert PEOPLE.find("Somebody", "Q40715") is LOPEZ
    assert PEOPLE.find("Jennifer Lopez", "Q999999") is None


@pytest.mark.parametrize(
    ("urls", "qid"),
    [
        (["www.imdb.com/name/nm0000182", "www.wikidata.org/wiki/Q40715"], "Q40715"),
        (["https://www.wikidata.org/entity/Q42"], "Q42"),
        (["https://m.wikidata.org/wiki/Q7259"], "Q7259"),
        (["www.imdb.com/name/nm0000182"], None),
        (["https://example.org/www.wikidata.org/wiki/Q42"], None),
        (["www.wikidata.org/wiki/Property:P18"], None),
        ([], None),
    ],
)
def test_the_qid_of_rekognitions_addresses(urls: list[str], qid: str | None) -> None:
    assert qid_in(urls) == qid
