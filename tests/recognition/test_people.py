"""Who is who, by QID, name and other names."""

import pytest

from celeb_ops.core.names import qid_in
from celeb_ops.recognition.people import People, Person

LOPEZ = Person("Jennifer Lopez", "Q40715", ("J.Lo", "Jenny", "Jennifer Lynn López"))
LAWRENCE = Person("Jennifer Lawrence", "Q189490", ("J-Law", "Jenny"))
YE = Person("Ye", "Q15935", ("Kanye West",))
PEOPLE = People([LOPEZ, LAWRENCE, YE, Person("Kim Ye", "Q2", ("Ye",))])


@pytest.mark.parametrize(
    ("name", "qid", "person"),
    [
        ("Jennifer Lopez", None, LOPEZ),
        ("JENNIFER  LOPEZ", None, LOPEZ),
        ("Jennifer Lynn Lopez", None, LOPEZ),
        ("jennifer_lawrence", None, LAWRENCE),
        ("Jennifer", None, None),
        ("", None, None),
        ("…", None, None),
        # A name that two people go by is nobody's; their own name comes before another's alias.
        ("Jenny", None, None),
        ("Ye", None, YE),
        # A QID says it whatever the name.
        ("Somebody", "Q40715", LOPEZ),
        ("Jennifer Lopez", "Q999999", None),
    ],
)
def test_by_qid_or_any_name_in_any_spelling(name: str, qid: str | None, person: Person | None) -> None:
    assert PEOPLE.find(name, qid) is person


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
