from __future__ import annotations

import pytest

from celeb_ops.geometry import Box
from celeb_ops.recognition.naming import mentions
from celeb_ops.records import Picture


def a_picture(**words: str) -> Picture:
    return Picture(box=Box(0, 0, 10, 10), **{"src": "", **words})


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ({"alt": "Grace Hopper at her desk"}, "Grace Hopper"),
        ({"headline": "Why GRACE HOPPER’s clock ran backwards"}, "Grace Hopper"),
        ({"headline": "Beyoncé Knowles-Carter sings"}, "Beyonce Knowles Carter"),
        ({"link": "https://news.example/2026/grace-hopper-speaks/?from=home"}, "Grace Hopper"),
        ({"src": "https://cdn.example/Grace_Hopper%20portrait.jpg"}, "Grace Hopper"),
        ({"link": "https://news.example/sinead-o-shea-sings"}, "Sinéad O'Shea"),
    ],
)
def test_a_whole_name_is_found_however_it_is_written(words: dict[str, str], name: str) -> None:
    assert mentions(a_picture(**words), name)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ({"alt": "Hopper at her desk"}, "Grace Hopper"),
        ({"headline": "Grace and Dennis Hopper"}, "Grace Hopper"),
        ({"headline": "Grace Hoppers"}, "Grace Hopper"),
        ({"link": "https://grace-hopper.example/"}, "Grace Hopper"),
        ({"headline": "anything"}, "…"),
        ({}, "Grace Hopper"),
        ({"link": "https://[x/grace-hopper"}, "Grace Hopper"),
    ],
)
def test_a_part_of_it_is_not_enough(words: dict[str, str], name: str) -> None:
    assert not mentions(a_picture(**words), name)
