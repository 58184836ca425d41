"""Whom a page's words name. Names made of everyday words need the installed dictionary (``make setup``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Headline, Mention, Picture
from celeb_ops.recognition.common_words import DICTIONARY, CommonWords
from celeb_ops.recognition.mentions import Names, mentions
from celeb_ops.recognition.people import Person
from tests.factories import a_screenshot, a_sighting

PEOPLE = [
    Person("Taylor Swift"),
    Person("Rihanna", "Q36844", ("Robyn Rihanna Fenty", "RiRi")),
    Person("Beyoncé", "Q36153", ("Beyoncé Knowles", "Queen Bey")),
    Person("Sinéad O'Connor"),
    Person("J. K. Rowling"),
    Person("Robert Downey Jr."),
    Person("Catherine, Princess of Wales", "Q10479", ("Kate Middleton", "Duchess of Cambridge")),
    Person("Charles III", "Q43274", ("King Charles", "Prince Charles", "Prince of Wales")),
    Person("LeBron James", "Q36159", ("King James",)),
    Person("Michael Jordan", "Q41421"),
    Person("Michael B. Jordan", "Q15665", ("Michael Jordan",)),
    Person("Emma Stone"),
    Person("Kate Winslet"),
    Person("Anna Kendrick"),
    Person("Will Smith"),
    Person("Will Young"),
    Person("Jack Black"),
    Person("Ice Cube", "Q173637", ("O'Shea Jackson",)),
    Person("The Rock"),
    Person("Future"),
    Person("Pink", "Q160009", ("P!nk",)),
    Person("Ye"),
    Person("周杰倫"),
    Person("王菲"),
    Person("will.i.am"),
]
NAMES = Names(PEOPLE, CommonWords(DICTIONARY))

needs_dictionary = pytest.mark.skipif(not DICTIONARY.is_file(), reason="npm could not install the dictionary")


def named(text: str, names: Names = NAMES) -> list[str]:
    return [" or ".join(one.name for one in people) for people in names.people_in(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Taylor Swift’s new album", "Taylor Swift"),
        ("TAYLOR SWIFT'S NEW ALBUM", "Taylor Swift"),
        ("photo of taylor swift on stage", "Taylor Swift"),
        ("Taylor  Swift: why she left", "Taylor Swift"),
        ("Swift, Taylor", "Taylor Swift"),
        ("Archive: Swift, Taylor (2009)", "Taylor Swift"),
        ("A Taylor Swift-inspired look", "Taylor Swift"),
        ("the pre-Taylor Swift era", "Taylor Swift"),
        ("Beyonce Drops A Record", "Beyoncé"),
        ("BEYONCÉ DROPS A RECORD", "Beyoncé"),
        ("Beyoncé is back", "Beyoncé"),
        ("Sinead O’Connor dies", "Sinéad O'Connor"),
        ("J.K. Rowling says", "J. K. Rowling"),
        ("JK Rowling's house", "J. K. Rowling"),
        ("Robert Downey, Jr. returns", "Robert Downey Jr."),
        ("Kate Middleton wears blue", "Catherine, Princess of Wales"),
        ("King Charles waves", "Charles III"),
        ("Will Smith Slaps Somebody", "Will Smith"),
        ("Jack Black Sings", "Jack Black"),
        ("Michael Jordan sells a house", "Michael Jordan"),
        ("Michael B. Jordan sells a house", "Michael B. Jordan"),
        ("台灣歌手周杰倫演唱會", "周杰倫"),
        ("Rihanna Shows Off Her House", "Rihanna"),
        ("A song by will.i.am", "will.i.am"),
    ],
)
def test_a_name_is_found_however_it_is_written(text: str, name: str) -> None:
    assert named(text) == [name]


@pytest.mark.parametrize(
    "text",
    [
        # A part of a name, and names side by side.
        "Swift delivery, says Taylor",
        "Taylor Swifts",
        "Swift Taylor",
        "Taylor, Swift and others",
        "Swift, Taylor Lautner and others",
        "Jordan, Michael, and Scottie",
        # A longer name is another person's.
        "Anna Kate Winslet opens a shop",
        "Kate Winslet-Jones opens a shop",
        "Mary-Emma Stone opens a shop",
        "Taylor Swift Jr. opens a shop",
        "Rihanna Exarchopoulos opens a shop",
        # What stands for whoever has the office, or for a book.
        "Why the Prince of Wales smiled",
        "The Duchess of Cambridge waves",
        "King James Bible sells at auction",
        "Queen Bey on the throne of bees",
        # Too short, or a part of another word.
        "Ye olde shop",
        "王菲來了",
        "Will I am the one to go?",
        "",
    ],
)
def test_what_is_no_name_names_nobody(text: str) -> None:
    assert named(text) == []


@needs_dictionary
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Will Young Voters Turn Out?", []),
        ("Why will young people stay at home", []),
        ("Ice Cube Tricks for Summer", []),
        ("the rapper said that Ice Cube was right about the deal", ["Ice Cube"]),
        ("The Rock fell on the road", []),
        ("they met The Rock backstage on Monday evening", ["The Rock"]),
        ("The Future Looks Bright", []),
        ("Future looks bright for the station", []),
        ("an album which Future wrote with friends", ["Future"]),
        ("Pink Dresses Are Back", []),
        ("she wore pink with everything", []),
        ("when they toured with Pink that year", ["Pink"]),
    ],
)
def test_everyday_words_are_names_where_their_capital_letter_says_something(text: str, names: list[str]) -> None:
    assert named(text) == names


def test_without_the_dictionary_a_name_of_one_word_needs_that_too(tmp_path: Path) -> None:
    names = Names(PEOPLE, CommonWords(tmp_path / "no.dic"))
    assert named("Rihanna Shows Off Her House", names) == []
    assert named("the house that belongs to Rihanna since spring", names) == ["Rihanna"]
    assert named("Taylor Swift Shows Off Her House", names) == ["Taylor Swift"]


def a_picture(headline: str, alt: str = "", link: str = "https://x.example/story") -> Picture:
    return Picture(box=Box(0, 0, 100, 100), src="https://x.example/1.jpg", alt=alt, link=link, headline=headline)


class TestMentions:
    def test_a_row_a_person_and_text_and_whether_the_story_shows_them(self) -> None:
        screenshot = a_screenshot(
            pictures=[
                a_picture("Taylor Swift and Will Smith meet", "Will Smith waves"),
                # The same story with a second picture, on which her face is.
                a_picture("Taylor Swift and Will Smith meet", "Taylor Swift and Will Smith meet"),
                a_picture("Jane Doe, 34, meets nobody", link=""),
            ],
            headlines=[Headline(text="Kate Winslet at home", link="https://x.example/other")],
        )
        found = mentions(screenshot, [a_sighting("Taylor Swift", picture=1)], NAMES)
        both = "Taylor Swift and Will Smith meet"
        rows = [(one.name, one.part, one.text, one.picture, one.shown) for one in found]
        assert rows == [
            ("Taylor Swift", "headline", both, 0, True),
            ("Will Smith", "headline", both, 0, False),
            ("Will Smith", "alt", "Will Smith waves", 0, False),
            ("Kate Winslet", "headline", "Kate Winslet at home", None, False),
        ]
        assert found[0].picture_url == "https://x.example/1.jpg"
        assert found[-1].link == "https://x.example/other"

    def test_of_two_people_with_one_name_only_a_face_says_who(self) -> None:
        namesakes = [Person("Chris Evans", "Q178348"), Person("Chris Evans (Q2964710)", "Q2964710", ("Chris Evans",))]
        names = Names(namesakes, CommonWords(DICTIONARY))
        screenshot = a_screenshot(pictures=[a_picture("Chris Evans is back")])

        def found(*faces: str) -> list[Mention]:
            return mentions(screenshot, [a_sighting(name, picture=0) for name in faces], names)

        assert found() == []
        assert [one.qid for one in found("Chris Evans (Q2964710)")] == ["Q2964710"]
        assert found("Chris Evans", "Chris Evans (Q2964710)") == []

    def test_an_alias_of_two_people_is_nobodys(self) -> None:
        people = [Person("Ann Other", aliases=("Annie Bell",)), Person("Bea Other", aliases=("Annie Bell",))]
        assert named("Annie Bell and Ann Other", Names(people, CommonWords(DICTIONARY))) == ["Ann Other"]
