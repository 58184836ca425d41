"""How Wikimedia is asked: by its rules."""

import json
from pathlib import Path

import pytest

from celeb_ops.core.exceptions import NotAtWikimediaError, WikimediaError
from celeb_ops.gallery.wikimedia import Wikimedia
from tests.wikimedia.server import Faults, serving
from tests.wikimedia.world import File, World


@pytest.fixture
def small() -> World:
    made = World()
    made.add(File("File:A.jpg", b"\xff\xd8"), "Things")
    made.human("Q1", "Somebody", 9, "File:A.jpg")
    return made


ENTITIES = {"action": "wbgetentities", "ids": "Q1"}


def test_each_question_has_maxlag_and_json_and_is_asked_once(small: World, tmp_path: Path) -> None:
    with serving(small) as served:
        for _ in range(2):
            one = Wikimedia("test@example.org", tmp_path / "answers", services=served.services)
            assert one.ask(served.services.wikidata, ENTITIES)["entities"]["Q1"]["id"] == "Q1"
        [asked] = served.asked("wikidata")
        assert (asked["maxlag"], asked["format"], asked["formatversion"]) == ("5", "json", "2")
        # Of a file that was cut by a full disk nothing is taken.
        [kept] = (tmp_path / "answers").rglob("*.json")
        kept.write_bytes(kept.read_bytes()[:20])
        one.ask(served.services.wikidata, ENTITIES)
        assert len(served.asked("wikidata")) == 2


def test_no_error_is_kept_as_an_answer(small: World, tmp_path: Path) -> None:
    with serving(small, Faults(0.6, seed=3)) as served:
        one = Wikimedia("test@example.org", tmp_path / "answers", unit_s=0.01, services=served.services)
        for number in range(10):
            one.ask(served.services.wikidata, {**ENTITIES, "n": number})
        assert served.faults.happened.total() > 5
    for path in (tmp_path / "answers").rglob("*.json"):
        assert "entities" in json.loads(path.read_bytes())


def test_a_refusal_is_not_tried_again(small: World, tmp_path: Path) -> None:
    with serving(small) as served:
        one = Wikimedia("test@example.org", tmp_path / "answers", unit_s=0.01, services=served.services)
        with pytest.raises(NotAtWikimediaError, match="answered 400: MalformedQueryException"):
            one.query("SELECT nonsense")
        with pytest.raises(WikimediaError, match="Too many values"):
            one.ask(served.services.wikidata, {**ENTITIES, "ids": "|".join(f"Q{n}" for n in range(1, 60))})
        assert len(served.requests) == 2
