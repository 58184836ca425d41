"""What `make gallery-check` says of a gallery's photos."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from celeb_ops.cli.main import main
from celeb_ops.core.geometry import Box
from celeb_ops.gallery import check as gallery
from celeb_ops.gallery import photo_analysis
from celeb_ops.recognition.local import face_model
from celeb_ops.recognition.local.detector import find_faces


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path) -> dict[str, gallery.Photo]:
    """A gallery with a photo of every trouble, looked at; by person and file."""
    pictures = demo_folder / "www" / "pictures"
    folder = tmp_path_factory.mktemp("gallery")
    hopper, collins = (Image.open(pictures / f"{name}.jpeg").convert("RGB") for name in ("hopper", "collins"))
    (hopper_face,) = find_faces(np.asarray(hopper))
    two = Image.new("RGB", (hopper.width + collins.width, max(hopper.height, collins.height)))
    two.paste(hopper.resize((hopper.width // 2, hopper.height // 2)), (0, 0))
    two.paste(collins, (hopper.width, 0))
    factor = 40 / max(hopper_face.box.width, 1)
    photos = {
        "Grace Hopper/one.jpg": hopper,
        "Grace Hopper/two.jpg": hopper.rotate(4, fillcolor="white"),
        "Grace Hopper/somebody else.jpg": collins,
        "Grace Hopper/small.png": hopper.resize((round(hopper.width * factor), round(hopper.height * factor))),
        "Eileen Collins/one.jpg": collins,
        "Eileen Collins/two people.jpg": two,
        "Eileen Collins/a cup.jpg": Image.open(pictures / "coffee.jpeg").convert("RGB"),
        "_left out/one.jpg": hopper,
    }
    for name, image in photos.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        image.save(path, quality=95)
    (folder / "Eileen Collins" / "damaged.jpg").write_bytes((folder / "Eileen Collins" / "one.jpg").read_bytes()[:900])
    return {f"{photo.name}/{photo.path.name}": photo for photo in gallery.check(folder, face_model.best())}


@pytest.mark.parametrize(
    ("photo", "problem"),
    [
        ("Eileen Collins/a cup.jpg", "no face found"),
        ("Eileen Collins/damaged.jpg", "unreadable"),
        ("Eileen Collins/two people.jpg", "2 faces: the largest is taken"),
        ("Grace Hopper/small.png", "small face"),
        ("Grace Hopper/somebody else.jpg", "unlike Grace Hopper's other photos"),
        ("Grace Hopper/somebody else.jpg", "like Eileen Collins's"),
    ],
)
def test_photos_have_problems(photo: str, problem: str, checked: dict[str, gallery.Photo]) -> None:
    assert any(one.startswith(problem) for one in checked[photo].problems), checked[photo].problems


def test_reports_a_table_and_a_count(checked: dict[str, gallery.Photo]) -> None:
    out = io.StringIO()
    folder = next(iter(checked.values())).path.parents[1]
    gallery.report(list(checked.values()), folder, Console(file=out, width=200))
    assert "a cup.jpg" in out.getvalue()
    assert "2 people, 6 usable photos of 8" in out.getvalue()
    good = [name for name, photo in checked.items() if not photo.problems]
    assert good == ["Grace Hopper/one.jpg", "Grace Hopper/two.jpg"]


def test_the_command_ends_with_what_it_found(
    tmp_path: Path, demo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(demo_folder / "gallery", tmp_path / "gallery")
    assert main(["gallery", "check", str(tmp_path / "gallery")]) == 0
    assert "2 people, 2 usable photos of 2; 0 to look at." in capsys.readouterr().out
    (tmp_path / "gallery" / "Grace Hopper" / "no.jpg").write_bytes(b"no picture")
    (tmp_path / "gallery" / "astray.jpg").write_bytes(b"no picture")
    assert main(["gallery", "check", str(tmp_path / "gallery")]) == 1
    out = capsys.readouterr().out
    assert "no.jpg" in out
    assert "astray.jpg" in out
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "nowhere"):
        assert main(["gallery", "check", str(tmp_path / folder)]) == 2
        assert "has no photos: put them into <Name>/" in capsys.readouterr().err


@pytest.mark.parametrize(("nose", "turned"), [((50, 70), False), ((44, 70), False), ((75, 70), True), ((25, 72), True)])
def test_a_face_turned_away_is_known_by_its_nose(
    nose: tuple[int, int], turned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    eyes = [(80, 40), (70, 40), (20, 40), (30, 40)]
    monkeypatch.setattr(photo_analysis, "landmarks", lambda *_: [*eyes, nose])
    turn = photo_analysis.turned(np.zeros((1, 1, 3), np.uint8), Box(0, 0, 1, 1))
    assert (turn > photo_analysis.TURNED) is turned
