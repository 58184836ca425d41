import json
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from celeb_ops.core.exceptions import NotStoredError, PermanentError, RecordError
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Consent, LeftOut, Outcome, Picture, Plan, Result, Screenshot, Slice, Span
from celeb_ops.core.store import FolderStore, Store
from tests.factories import RUN_TIME, a_result, a_screenshot, a_sighting

KEY = "Results/TMZ_Nov_23_2026_08H_00M_00S.json"

# Whatever a page says; a browser hands on no half of a surrogate pair.
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(WORDS)
def test_a_record_is_the_same_after_json(said: str) -> None:
    picture = Picture(box=Box(1, 2, 3, 4), src=said, alt=said, headline=said)
    cut = Slice(key=said, bands=[Span(0, 9), Span(20, 30)], columns=Span(0, 5))
    for record in (
        a_screenshot(title=said, pictures=[picture], consent=Consent(found=[said]), missing=[said]),
        Plan(screenshot=said, slices=[cut], left_out=[LeftOut(rows=Span(9, 20), reason=said)]),
        a_result(sightings=[a_sighting(said, id=said, urls=[said], margin=0.1, picture=3)]),
        Outcome(site=said, time=RUN_TIME, outcome="failed", task="screenshot", reason=said, source="archive"),
    ):
        assert type(record).model_validate_json(record.model_dump_json()) == record


def test_a_saved_record_is_loaded_from_its_key(store: Store) -> None:
    result = a_result("TMZ", "Grace Hopper")
    assert result.save(store, KEY) == KEY
    assert Result.load(store, KEY) == result


def test_a_sidecar_reads_as_the_docs_say(folder_store: FolderStore) -> None:
    """Scripts outside the project read these files."""
    pictures = [Picture(box=Box(1, 2, 3, 4), src="https://a/b.jpg", alt="Grace")]
    a_screenshot(pictures=pictures).save(folder_store, KEY)
    stored = json.loads(folder_store.read(KEY))
    assert stored["site"] == "TMZ"
    assert stored["time"] == "2026-11-23T08:00:00Z"
    assert stored["viewport"] == [1440, 900]
    assert stored["parts"] == [{"key": "Images/TMZ_Nov_23_2026_08H_00M_00S.jpeg", "rows": [0, 3000]}]
    assert stored["pictures"] == [
        {"box": [1, 2, 3, 4], "src": "https://a/b.jpg", "alt": "Grace", "link": "", "headline": "", "placement": None}
    ]


class TestLoad:
    def test_of_nothing_says_that_nothing_is_there(self, store: Store) -> None:
        with pytest.raises(NotStoredError, match="is not there"):
            Result.load(store, KEY)

    @pytest.mark.parametrize(
        ("content", "what"),
        [
            pytest.param(b"", r"the file: Invalid JSON: EOF", id="empty"),
            pytest.param(b"\xff\xd8\xff\xe0JFIF", r"the file: Invalid JSON: ", id="a picture"),
            pytest.param(b"[]", r"the file: input should be an object", id="a list"),
            pytest.param(a_screenshot().model_dump_json().encode(), r"screenshot: Field required", id="another record"),
            pytest.param(
                a_result("TMZ", "A").model_dump_json().replace("[10,20,", '["x",20,').encode(),
                r"sightings\.0\.box\.0: input should be a valid integer",
                id="a field inside",
            ),
        ],
    )
    def test_of_another_thing_says_what_and_what_to_do(self, store: Store, content: bytes, what: str) -> None:
        store.write(KEY, content)
        with pytest.raises(RecordError, match=rf"is not a Result record \({what}") as error:
            Result.load(store, KEY)
        assert str(error.value).startswith(store.url(KEY))
        assert str(error.value).endswith("). Delete it and clear the task that writes it.")
        assert isinstance(error.value, PermanentError)

    def test_passes_over_what_a_newer_version_added(self, folder_store: FolderStore) -> None:
        folder_store.write(KEY, json.dumps(a_screenshot().model_dump(mode="json") | {"mood": "calm"}).encode())
        assert Screenshot.load(folder_store, KEY) == a_screenshot()


class TestTimes:
    def test_are_written_in_utc_and_whole_seconds(self) -> None:
        berlin = timezone(timedelta(hours=1))
        result = a_result(time=RUN_TIME.astimezone(berlin), captured_at=RUN_TIME.replace(microsecond=987_654))
        stored = json.loads(result.model_dump_json())
        assert (stored["time"], stored["captured_at"]) == ("2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z")

    @pytest.mark.parametrize("field", ["time", "captured_at"])
    def test_without_a_zone_are_refused(self, field: str) -> None:
        with pytest.raises(ValidationError, match="timezone"):
            a_result(**{"time": RUN_TIME, "captured_at": RUN_TIME, field: RUN_TIME.replace(tzinfo=None)})


def test_celebrities_are_unique_and_sorted() -> None:
    result = a_result(sightings=[a_sighting(name) for name in ("Zoe Kravitz", "Adele", "Zoe Kravitz")])
    assert result.celebrities == ["Adele", "Zoe Kravitz"]
    assert a_result().celebrities == []
    composed = a_result(sightings=[a_sighting("Beyonce\u0301"), a_sighting("Beyonc\u00e9")])
    assert composed.celebrities == ["Beyonc\u00e9"]
