"""`make bench-faces`, from a folder to the page."""

from __future__ import annotations

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from benchmarks.faces.__main__ import main
from benchmarks.faces.looking import look, named
from benchmarks.faces.pages import SIDES_PX, on_page

from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.recognizer import LocalRecognizer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [([], "make bench-faces PHOTOS=folder"), (["no/such/folder"], "is no folder")],
)
def test_what_cannot_be_measured_is_said(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--out", str(tmp_path / "out.html")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.html").exists()


def test_in_two_steps_it_is_what_the_recogniser_does_in_one(faces: Path, tmp_path: Path) -> None:
    (tmp_path / "gallery" / "Barack Obama").mkdir(parents=True)
    shutil.copy(faces / "Barack Obama" / "obama.jpg", tmp_path / "gallery" / "Barack Obama")
    recognizer = LocalRecognizer(Gallery.load(tmp_path / "gallery", tmp_path / "cache"))
    slice_, picture = on_page(faces / "Barack Obama" / "obama2.jpg", SIDES_PX[1])
    told = named(recognizer, look(slice_, picture))
    assert told == recognizer.recognize(slice_, [picture])
    assert [face.name for face in told] == ["Barack Obama"]


def test_from_photos_to_a_page(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another process would load the models again; dlib is for one thread at a time.
    monkeypatch.setattr("benchmarks.faces.looking.ProcessPoolExecutor", lambda *_, **__: ThreadPoolExecutor(1))
    obama, biden = (sorted((faces / name).iterdir()) for name in ("Barack Obama", "Joe Biden"))
    [stranger, *_] = sorted((faces / "_unknown").iterdir())
    for name, path in {
        "athletes/Barack Obama/gallery-1.jpg": obama[0],
        "athletes/Barack Obama/test-frontal-1.jpg": obama[1],
        # Named as who is on it, which is not the folder's person.
        "athletes/Barack Obama/test-not_shown-1.jpg": biden[1],
        "plain/Joe Biden/1.jpg": biden[0],
        "_unknown/1.jpg": stranger,
    }.items():
        (tmp_path / "some" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "some" / name)
    (tmp_path / "some" / "athletes" / "Barack Obama" / "test-profile-1.jpg").write_bytes(b"no picture")
    assert main([str(tmp_path / "some"), "--out", str(tmp_path / "out.html")]) == 0
    told = json.loads((tmp_path / "out.json").read_text())
    assert (told["people"], told["strangers"]) == (2, 1)
    everybody = next(one for one in told["rates"] if (one["of"], one["px"]) == ("2 (all)", 640))
    assert everybody["right"][:2] == [1, 1]
    assert everybody["strangers"][:2] == [0, 1]
    assert all(one["named"][0] == 0 for one in told["nobody"])
    html = (tmp_path / "out.html").read_text()
    assert str(tmp_path) not in html
    # Nothing is fetched: no script, and pictures are in the page.
    assert "<script" not in html
    assert not re.findall(r'(?:src|href)="(?!data:)', html)
    said = capsys.readouterr().out
    assert "1 of 1" in said
    assert "test-profile-1.jpg can't be decoded" in said
