import pytest

from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Picture
from celeb_ops.recognition.naming import names_person

HOPPER = "Grace Hopper"


@pytest.mark.parametrize(
    ("words", "name", "there"),
    [
        # A whole name, however it is written.
        ({"alt": "Grace Hopper at her desk"}, HOPPER, True),
        ({"headline": "Why GRACE HOPPER’s clock ran backwards"}, HOPPER, True),
        ({"headline": "Beyoncé Knowles-Carter sings"}, "Beyonce Knowles Carter", True),
        ({"link": "https://news.example/2026/grace-hopper-speaks/?from=home"}, HOPPER, True),
        ({"src": "https://cdn.example/Grace_Hopper%20portrait.jpg"}, HOPPER, True),
        ({"link": "https://news.example/sinead-o-shea-sings"}, "Sinéad O'Shea", True),
        # A part of it is not enough.
        ({"alt": "Hopper at her desk"}, HOPPER, False),
        ({"headline": "Grace and Dennis Hopper"}, HOPPER, False),
        ({"headline": "Grace Hoppers"}, HOPPER, False),
        ({"link": "https://grace-hopper.example/"}, HOPPER, False),
        ({"headline": "anything"}, "…", False),
        ({}, HOPPER, False),
        ({"link": "https://[x/grace-hopper"}, HOPPER, False),
    ],
)
def test_a_name_is_mentioned(words: dict[str, str], name: str, there: bool) -> None:
    assert names_person(Picture(box=Box(0, 0, 10, 10), **{"src": "", **words}), name) is there
