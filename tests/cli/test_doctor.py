"""What works from a machine, and what does not: a small web on loopback in the place of the real one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from celeb_ops.cli import doctor as doctor_module
from celeb_ops.cli.doctor import doctor
from celeb_ops.gallery.wikimedia import Services
from tests.web import Web, free_port

pytestmark = pytest.mark.browser

STORIES = "".join(f'<p><a href="/ferry/{n}">The ferry came late again, day {n}</a>' for n in range(9))
PAGE = f"<h1>Alpha</h1>{STORIES}" + "<p>" + "All is quiet in the harbour, and nobody knows when the ferry comes. " * 20


@pytest.fixture
def web() -> Iterator[Web]:
    with Web({"/": PAGE, "/wikidata": "{}", "/commons": 503}) as web:
        yield web


@pytest.fixture
def told(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, str]]:
    """Sign and sentence of each check."""
    dead = f"http://127.0.0.1:{free_port()}/"
    sites = [{"url": f"{web.address}/", "name": "ALPHA"}, {"url": dead, "name": "DEAD"}]
    (tmp_path / "sites.yaml").write_text(json.dumps({"defaults": {"load_time_s": 1}, "sites": sites}))
    for name, value in {
        "CELEBS_SITES": tmp_path / "sites.yaml",
        "CELEBS_STORE": tmp_path / "store",
        "CELEBS_CACHE": tmp_path / "cache",
        "CELEBS_ARCHIVE_URL": f"{web.address}/timegate/",
        "CELEBS_RECOGNIZER": "local",
    }.items():
        monkeypatch.setenv(name, str(value))
    # Nothing here may ask the real ones.
    services = Services(wikidata=f"{web.address}/wikidata", commons=f"{web.address}/commons")
    monkeypatch.setattr(doctor_module, "Services", lambda: services)
    status = doctor([], tmp_path / "doctor.txt")
    lines = (tmp_path / "doctor.txt").read_text().splitlines()
    told = {line[7:21].strip(): (line[:5].strip(), line[22:]) for line in lines[2:]}
    assert status == any(sign == "WRONG" for sign, _ in told.values())
    return told


def test_each_thing_has_a_sentence(told: dict[str, tuple[str, str]], web: Web, tmp_path: Path) -> None:
    assert told["browser"][0] == "ok"
    assert told["store"] == ("ok", "The dataset's folder can be written.")
    assert told["clock"][0] == "ok"
    assert told["archive"] == ("ok", f"{web.address[7:]} answers; it has no copy of {web.address}/.")
    assert told["Wikidata"] == ("ok", f"{web.address}/wikidata answers.")
    assert told["Commons"] == ("WRONG", f"{web.address}/commons answered with HTTP 503: try later.")
    sign, sentence = told["ALPHA"]
    assert (sign, sentence[:8]) == ("ok", "Seen in ")
    sign, sentence = told["DEAD"]
    assert sign == "WRONG"
    assert "could not be reached" in sentence
    # The dataset is as it was, and the file to send knows no folder of this machine.
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []
    assert str(Path.home()) + "/" not in (tmp_path / "doctor.txt").read_text()
