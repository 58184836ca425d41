"""`make gallery-show`: a person's page, and who is in the gallery."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from celeb_ops.cli.main import main
from celeb_ops.core.exceptions import GalleryError
from celeb_ops.gallery import photo_analysis
from celeb_ops.gallery.photo_analysis import PhotoAnalysis
from celeb_ops.gallery.references import References, page
from celeb_ops.recognition.local import gallery_file
from celeb_ops.recognition.local.face_model import DLIB
from celeb_ops.recognition.local.gallery_file import About, Entry, GalleryContent, Reference
from celeb_ops.recognition.people import Person


def a_whole() -> GalleryContent:
    rows = np.zeros((2, 128), np.float32)
    references = (
        Reference("File:Grace <b>.jpg", "ab" * 20, "<script>alert(1)</script>", "CC0", "javascript:alert(1)"),
        Reference("File:Grace 2.jpg", "cd" * 20, "Ann Other", "CC BY 4.0", "https://creativecommons.org/by"),
    )
    grace = Entry(Person("Grace Hopper", "Q11641", ("Amazing Grace",)), "computer scientist", 99, rows, references)
    about = About(made="2026-11-24", confusable=(("Eileen Collins", "Grace Hopper", 0.41),))
    eileen = Entry(Person("Eileen Collins", "Q234250"), "", 50, rows[:1] + 0.5, references[1:])
    return GalleryContent([grace, eileen], about, [("Q1", "Mixed Up", "their photos disagree")])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    gallery_file.write(tmp_path / "gallery" / gallery_file.FILE, a_whole())
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(out, "JPEG")
    look = PhotoAnalysis(embedding=np.zeros(128), crop=out.getvalue())
    photo_analysis.save(tmp_path / "cache" / "gallery", "cd" * 20, look, DLIB)
    for name in ("store", "gallery", "cache"):
        monkeypatch.setenv(f"CELEBS_{name.upper()}", str(tmp_path / name))
    monkeypatch.setenv("CELEBS_CONTACT", "")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["Grace Hopper", "amazing grace", "q11641"])
def test_shows_the_faces_and_whose_photos_they_are(place: Path, name: str) -> None:
    assert main(["gallery", "show", name]) == 0
    shown = (place / "gallery-person.html").read_text()
    assert shown.count("data:image/jpeg;base64,") == 1
    assert "its face is not in this machine" in shown
    assert "Ann Other" in shown
    assert 'href="https://creativecommons.org/by"' in shown
    assert "https://commons.wikimedia.org/wiki/File%3AGrace_2.jpg" in shown
    assert "looks like Eileen Collins (distance 0.41)" in shown
    assert "also: Amazing Grace" in shown
    # What others wrote is no markup.
    assert "<script>" not in shown
    assert "javascript:" not in shown
    assert "Grace &lt;b&gt;.jpg" in shown


def test_nobody_of_that_name_says_who_is_near_or_why(place: Path) -> None:
    with pytest.raises(GalleryError, match="Did you mean Grace Hopper"):
        page(a_whole(), "Grace Hoper", place)
    with pytest.raises(GalleryError, match="Mixed Up is not in the gallery: their photos disagree"):
        page(a_whole(), "mixed up", place)


def test_info(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gallery", "info"]) == 0
    out = capsys.readouterr().out
    assert "2 people with 3 photos, made on 2026-11-24" in out
    assert "0.41  Eileen Collins – Grace Hopper" in out
    assert "Mixed Up (Q1): their photos disagree" in out
    assert "A face alone gets a name within" in out


def test_what_can_not_be_done_says_what_to_do(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "gallery" / gallery_file.FILE).unlink()
    assert main(["gallery", "info"]) == 2
    assert "make gallery" in capsys.readouterr().err
    # Without a contact nobody is asked anything.
    assert main(["gallery", "build"]) == 2
    assert "CELEBS_CONTACT=you@example.org" in capsys.readouterr().err


def test_references_of_a_run(place: Path) -> None:
    references = References(place / "gallery", place / "cache")
    assert references.face("Grace Hopper/File:Grace 2.jpg").startswith(b"\xff\xd8")
    assert references.face("Grace Hopper/File:Grace <b>.jpg") == b""
    assert references.face("Grace Hopper/mine.jpg") == b""
    assert references.face(None) == b""
    assert References(place / "none", place / "cache").face("Grace Hopper/File:Grace 2.jpg") == b""
