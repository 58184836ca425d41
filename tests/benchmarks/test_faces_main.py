"""`make bench-faces`, from a folder to the page."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from benchmarks.faces import labelled
from benchmarks.faces.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ([], "is no folder"),
        (["A/1.jpg"], "nobody with two photos or more"),
        (["A/1.jpg", "B/1.jpg", "_unknown/1.jpg", "_unknown/2.jpg"], "nobody with two photos or more"),
        (["A/1.jpg", "A/2.jpg"], "nobody with two photos that show one face"),
    ],
)
def test_what_cannot_be_measured_is_said(
    made: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in made:
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no picture")
    assert main([str(tmp_path / "photos"), "--out", str(tmp_path / "out.html")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.html").exists()


def test_without_photos_it_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "make bench-faces PHOTOS=folder" in capsys.readouterr().err


def test_from_photos_to_a_page(faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, few in (("Barack Obama", 2), ("Joe Biden", 2), ("Rose Leslie", 1), ("_unknown", 2)):
        (tmp_path / "some" / name).mkdir(parents=True)
        for photo in sorted((faces / name).iterdir())[:few]:
            shutil.copy(photo, tmp_path / "some" / name)
    (tmp_path / "some" / "Joe Biden" / "broken.jpg").write_bytes(b"no picture")
    shutil.copy(tmp_path / "some" / "Joe Biden" / "biden.jpg", tmp_path / "some" / "Joe Biden" / "twice.jpg")
    assert main([str(tmp_path / "some"), "--out", str(tmp_path / "out.html")]) == 0
    told = json.loads((tmp_path / "out.json").read_text())
    assert (told["people"], told["photos"], told["strangers"]) == (3, 5, 2)
    assert told["tiers"]["face alone"]["recall"] == {"part": 4, "whole": 4, "interval": [0.5101, 1.0]}
    assert told["tiers"]["face alone"]["strangers"]["part"] == 0
    assert {file for file, _ in told["passed_over"]} == {"Joe Biden/broken.jpg", "Joe Biden/twice.jpg"}
    shown = (tmp_path / "out.html").read_text()
    assert str(tmp_path) not in shown
    assert "4 of 4" in capsys.readouterr().out


def test_small_faces_are_found_as_on_a_page(faces: Path) -> None:
    [photo] = labelled.load([("Barack Obama", faces / "Barack Obama" / "obama.jpg")]).photos
    assert set(photo.scaled) == set(labelled.SIZES_PX)
    assert photo.scaled[60] is not None
