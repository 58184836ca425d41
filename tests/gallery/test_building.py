"""`make gallery` against Wikidata and Commons on loopback: complete, no wrong photo, resumed, brought up to date."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from celeb_ops.cli.main import main
from celeb_ops.core.exceptions import GalleryError, OfflineError, RecognitionError, WikimediaError
from celeb_ops.core.geometry import Box
from celeb_ops.core.removal_list import RemovalList, RemovedPerson
from celeb_ops.core.settings import PROJECT, Settings
from celeb_ops.gallery.building import BuildProgress, Built, build
from celeb_ops.gallery.query import Query
from celeb_ops.gallery.wikimedia import CONNECTIONS
from celeb_ops.recognition.local import gallery_file, onnx_models
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.recognizer import LocalRecognizer
from celeb_ops.recognition.people import Person
from tests.wikimedia.server import Faults, Wikimedia, serving
from tests.wikimedia.world import File, World

KNOWN = {"Barack Obama", "Joe Biden", "Kit Harington", "Rose Leslie", "Simon Helberg", "Kevin Sussman"}
EVERYBODY = KNOWN | {"John Smith", "John Smith (Q203)", "Died Lately"}
COMMAND = """
import sys
from celeb_ops.cli.main import main
from celeb_ops.gallery import wikimedia
services = wikimedia.Services(*sys.argv[1:])
wikimedia.Services = lambda: services
sys.exit(main(["gallery", "build"]))
"""
"""The command, with other services."""


def built(
    served: Wikimedia,
    folder: Path,
    query: Query | None = None,
    removed: RemovalList | None = None,
    report: Callable[[BuildProgress], None] = lambda _: None,
) -> Built:
    settings = Settings(**places(folder))  # type: ignore[arg-type]
    # Errors are followed by the shortest of waits.
    return build(query or Query(), settings, removed or RemovalList(), report, unit_s=0.02, services=served.services)


def places(folder: Path) -> dict[str, str]:
    """The settings that a build needs."""
    return {name: str(folder / name) for name in ("store", "gallery", "cache")} | {"contact": "test@example.org"}


def names(made: Built) -> list[str]:
    """Of people with photos."""
    return [entry.person.name for entry in made.whole.entries if entry.references]


def usable_in(folder: Path) -> set[str]:
    """The people whom a run would name now."""
    return set(Gallery.load(folder / "gallery", folder / "cache").people)


@pytest.fixture(scope="module")
def undisturbed(first_world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Built]:
    """A gallery made without faults, and its folder."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with serving(first_world) as served:
        return folder, built(served, folder)


@pytest.fixture
def folder(undisturbed: tuple[Path, Built], tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    shutil.copytree(undisturbed[0], tmp_path / "copy")
    return tmp_path / "copy"


def content(folder: Path) -> bytes:
    return (folder / "gallery" / gallery_file.FILE).read_bytes()


def test_has_everybody_and_no_wrong_photo_and_says_whose_they_are(
    undisturbed: tuple[Path, Built], first_world: World
) -> None:
    folder, made = undisturbed
    assert set(names(made)) == EVERYBODY
    chosen = {one.file for entry in made.whole.entries for one in entry.references}
    assert {first_world.files[file].truth for file in chosen} == {"right"}
    theirs = {title for name in KNOWN for title in first_world.categories[name]}
    right = {title for title in theirs if first_world.files[title].truth == "right"}
    # One photo of them is in one tint: a statue's, as far as pixels tell.
    assert len(right - chosen) <= 1
    assert made.whole.left_out == [
        ("Q200", "Mixed Up", "their photos disagree"),
        ("Q201", "Camera Shy", "no usable photo"),
    ]
    obama = made.whole.entries[0]
    assert obama.person == Person("Barack Obama", "Q100", ("Barack Obama II", "Barack the Great"))
    assert obama.references[0].author == "Ann Other"
    assert obama.references[0].licence == "CC BY-SA 4.0"
    assert obama.references[0].licence_url.startswith("https://creativecommons.org/")
    recognizer = LocalRecognizer(Gallery.load(folder / "gallery", folder / "cache"))
    photo = first_world.files["File:Kit Harington 1.jpg"].content
    named = [face for face in recognizer.recognize(photo, [Box(0, 0, 900, 900)]) if face.name]
    assert [(face.name, face.qid) for face in named] == [("Kit Harington", "Q102")]


def test_killed_or_stopped_at_any_point_another_call_makes_the_same_file(
    undisturbed: tuple[Path, Built], first_world: World, tmp_path: Path
) -> None:
    with serving(first_world) as served:
        killed = begun(served, tmp_path)
        wait_for_files(served, 1)
        killed.kill()
        killed.wait()
        stopped = begun(served, tmp_path)
        wait_for_files(served, 25)
        # Ctrl-C ends it soon, also while everybody has to wait.
        served.faults.retry_after = "600"
        time.sleep(0.5)
        os.killpg(stopped.pid, signal.SIGINT)
        stderr = end_of(stopped)
        assert stopped.returncode == 130, stderr
        assert stderr.endswith("What was fetched is kept: `make gallery` goes on from there.\n")
        served.faults.retry_after = ""
        again = begun(served, tmp_path)
        stderr = end_of(again)
    assert again.returncode == 0, stderr
    assert content(tmp_path) == content(undisturbed[0])
    # What was fetched before was not fetched again.
    titles = [params["title"] for params in served.asked("file")]
    assert len(titles) <= len(set(titles)) + 2 * (CONNECTIONS + 2)


def begun(served: Wikimedia, folder: Path) -> subprocess.Popen[str]:
    """A build in a process, and a group, of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *served.services],
        env=os.environ
        | {f"CELEBS_{name.upper()}": value for name, value in places(folder).items()}
        | {"PYTHONPATH": str(PROJECT / "plugins"), "PYTHONFAULTHANDLER": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        start_new_session=True,
    )


def end_of(process: subprocess.Popen[str]) -> str:
    """What it wrote until it ended; where it does not end, where it hangs is in there."""
    try:
        return process.communicate(timeout=120)[1]
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        pytest.fail(process.communicate()[1])


def wait_for_files(served: Wikimedia, number: int) -> None:
    """Until so many more photos were asked for."""
    number += len(served.asked("file"))
    deadline = time.monotonic() + 60
    while len(served.asked("file")) < number and time.monotonic() < deadline:
        time.sleep(0.05)


def test_everybody_is_known_by_name_before_the_first_photo(first_world: World, tmp_path: Path) -> None:
    def report(_: BuildProgress) -> None:
        raise Stopped

    with serving(first_world) as served, pytest.raises(Stopped):
        built(served, tmp_path, report=report)
    people = gallery_file.people_of(tmp_path / "gallery")
    # Somebody without a usable photo too.
    assert EVERYBODY | {"Camera Shy", "Mixed Up"} <= set(people.names)
    assert people.find("Barack the Great") == people.find(qid="Q100")
    assert usable_in(tmp_path) == set()


class Stopped(Exception):
    """What ends a build in a test."""


def test_it_is_of_use_while_it_grows_and_the_same_with_faults_at_20_percent(
    undisturbed: tuple[Path, Built], first_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celeb_ops.gallery.building.GROWS_BY", 2)
    known: list[set[str]] = []

    def report(progress: BuildProgress) -> None:
        known.append(usable_in(tmp_path))
        assert progress.usable == len(known[-1])

    faults = Faults(0.2)
    with serving(first_world, faults) as served:
        made = built(served, tmp_path, report=report)
    # The best known first, and nobody who was there goes again.
    best = {"Barack Obama", "Joe Biden"}
    assert known[:4] == [set(), best, best, best | {"Kit Harington", "Rose Leslie"}]
    assert all(one <= other for one, other in pairwise(known))
    assert made.changed
    assert content(tmp_path) == content(undisturbed[0])
    assert {"maxlag", "429", "503", "closed", "broken"} <= set(faults.happened)
    assert sum(faults.happened.values()) > 20
    assert served.at_once <= CONNECTIONS


def test_the_progress_says_that_it_is_of_use_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def build(query: Query, settings: object, removed: RemovalList, report: Callable[[BuildProgress], None]) -> Built:
        report(BuildProgress(50, 150, "Ann", 0))
        report(BuildProgress(100, 150, "Bea", 93))
        raise OfflineError("gone")

    monkeypatch.setattr("celeb_ops.gallery.building.build", build)
    for name, value in {"CONTACT": "test@example.org", "STORE": tmp_path / "store", "GALLERY": tmp_path}.items():
        monkeypatch.setenv(f"CELEBS_{name}", str(value))
    assert main(["gallery", "build"]) == 1
    assert capsys.readouterr().out.splitlines()[:2] == [
        "50 of 150 people",
        "100 of 150 people; `make run` names 93 already",
    ]


def test_stopped_while_it_grows_it_goes_on_to_the_same_file(
    undisturbed: tuple[Path, Built],
    first_world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("celeb_ops.gallery.building.GROWS_BY", 2)

    def report(progress: BuildProgress) -> None:
        if progress.done == 5:
            raise Stopped

    with serving(first_world) as served:
        with pytest.raises(Stopped):
            built(served, tmp_path, report=report)
        monkeypatch.setenv("CELEBS_GALLERY", str(tmp_path / "gallery"))
        assert main(["gallery", "info"]) == 0
        assert "4 people with" in (shown := capsys.readouterr().out)
        assert "still growing to" in shown
        made = built(served, tmp_path)
    assert made.resumed
    assert len(made.added) == len(EVERYBODY) - 4
    assert content(tmp_path) == content(undisturbed[0])


def test_an_update_takes_nobody_away_before_its_end(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celeb_ops.gallery.building.GROWS_BY", 2)
    world.humans["Q100"].name = "B. H. Obama"
    world.humans["Q105"].occupations = ()
    known: list[set[str]] = []

    with serving(world) as served:
        made = built(served, folder, report=lambda _: known.append(usable_in(folder)))
    renamed = EVERYBODY - {"Barack Obama"} | {"B. H. Obama"}
    assert known[0] == EVERYBODY
    assert all(names == renamed for names in known[1:])
    assert set(names(made)) == renamed - {"Kevin Sussman"}
    assert made.removed == ("Barack Obama", "Kevin Sussman")


def test_only_what_changed_upstream_is_fetched(folder: Path, world: World) -> None:
    before = content(folder)
    with serving(world) as served:
        assert not built(served, folder).changed
    assert (served.asked("file"), len(served.asked("sparql")) > 0) == ([], True)
    assert content(folder) == before
    # A new photo, a photo that was uploaded again, somebody else's name, somebody who is not wanted any more.
    obama, leslie = (world.files[f"File:{name}.jpg"] for name in ("Barack Obama 1", "Rose Leslie 0"))
    world.add(File("File:Joe Biden again.jpg", _larger(obama.content)), "Barack Obama")
    leslie.content = _larger(leslie.content)
    world.humans["Q104"].name = "Simon M. Helberg"
    world.humans["Q105"].occupations = ()
    with serving(world) as served:
        made = built(served, folder)
    fetched = {params["title"] for params in served.asked("file")}
    assert fetched == {"File:Joe Biden again.jpg", "File:Rose Leslie 0.jpg"}
    assert made.changed
    assert made.added == ("Simon M. Helberg",)
    assert made.removed == ("Kevin Sussman", "Simon Helberg")


def test_a_renamed_main_picture_is_found_where_it_is_now(world: World, tmp_path: Path) -> None:
    world.humans["Q103"].image = "File:old name.jpg"
    world.redirects["File:Old name.jpg"] = "File:Rose Leslie 1.jpg"
    with serving(world) as served:
        made = built(served, tmp_path, Query(people=("Q103",)))
        files = [one.file for one in made.whole.entries[0].references]
        assert files == ["File:Rose Leslie 1.jpg", "File:Rose Leslie 0.jpg"]
        # One that was deleted is passed over.
        world.humans["Q103"].image = "File:Rose Leslie 0.jpg"
        served.gone.add("File:Rose Leslie 1.jpg")
        made = built(served, tmp_path / "elsewhere", Query(people=("Q103",)))
    assert [one.file for one in made.whole.entries[0].references] == ["File:Rose Leslie 0.jpg"]
    assert made.rejected["could not be fetched"] == 1


def test_a_merged_item_is_the_other_one(folder: Path, world: World) -> None:
    world.redirects["Q999"] = "Q100"
    with serving(world) as served:
        made = built(served, folder, Query(people=("Q999", "joe biden", "Nobody Atall", "Q207", "Q100")))
    assert [entry.person.qid for entry in made.whole.entries] == ["Q100", "Q101"]
    assert ("", "Nobody Atall", "nobody of this name at Wikidata") in made.whole.left_out
    assert ("Q207", "Q207", "there is no such item at Wikidata") in made.whole.left_out


def test_countries_and_occupations_choose(folder: Path, world: World) -> None:
    with serving(world) as served:
        british = built(served, folder, Query(countries=("GB",)))
        singers = built(served, folder, Query(occupations=("Q177220",)))
        first = built(served, folder, Query(count=2))
        before = content(folder)
        with pytest.raises(GalleryError, match="knows nobody like that"):
            built(served, folder, Query(occupations=("Q1",)))
    assert names(british) == ["Kit Harington", "Rose Leslie"]
    assert names(singers) == ["Died Lately"]
    assert names(first) == ["Barack Obama", "Joe Biden"]
    assert content(folder) == before


def test_without_a_model_nothing_is_fetched(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("yunet", "dlib"):
        monkeypatch.setattr(onnx_models, name.upper(), f"no {name}.onnx")
        with serving(world) as served, pytest.raises(RecognitionError, match=f"no {name}.onnx is missing: run `make"):
            built(served, tmp_path)
        assert served.requests == []
        monkeypatch.undo()


@pytest.mark.parametrize(
    ("faults", "error", "message"),
    [
        (Faults(offline=True), OfflineError, r"unchanged\.$"),
        (Faults(retry_after="3600"), WikimediaError, "wait 60 minutes"),
    ],
)
def test_without_answers_the_gallery_stays_as_it_was(
    faults: Faults, error: type[WikimediaError], message: str, folder: Path, world: World
) -> None:
    before = content(folder)
    with serving(world, faults) as served, pytest.raises(error, match=message):
        built(served, folder)
    assert content(folder) == before


def test_when_the_answers_stop_the_gallery_stays_as_it_was(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Photos that can't be fetched are not taken for photos that do not exist."""
    before = content(folder)
    shutil.rmtree(folder / "cache")
    monkeypatch.setattr("celeb_ops.gallery.wikimedia._TRIES", 3)
    with serving(world) as served:

        def report(_: BuildProgress) -> None:
            served.faults.offline = True

        with pytest.raises(WikimediaError, match="goes on from there"):
            built(served, folder, report=report)
        assert content(folder) == before
        served.faults.offline = False
        assert not built(served, folder).changed


def test_people_who_asked_not_to_be_in_it_is_not_fetched(world: World, tmp_path: Path) -> None:
    removed = RemovalList((RemovedPerson("barack the great"), RemovedPerson("Joe Biden")))
    with serving(world) as served:
        made = built(served, tmp_path, Query(people=("Q100", "Q101", "Q103")), removed)
    assert names(made) == ["Rose Leslie"]
    assert made.whole.left_out == []
    assert not [params for params in served.asked("file") if "Obama" in params["title"] or "Biden" in params["title"]]


def _larger(jpeg: bytes) -> bytes:
    """The same photo as another file: a comment more."""
    return jpeg[:2] + b"\xff\xfe\x00\x08edited" + jpeg[2:]
