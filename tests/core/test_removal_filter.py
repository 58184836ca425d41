import json

from celeb_ops.core.removal_filter import scrubbed
from celeb_ops.core.removal_list import RemovalList, RemovedPerson
from tests.factories import a_result, a_screenshot, a_sighting

SITE = "https://perezhilton.com/"
MEMENTO = f"https://web.archive.org/web/20261123061200/{SITE}"


def test_the_addresses_of_a_site_that_bears_their_name_stay() -> None:
    before = a_screenshot(url=SITE, final_url=SITE, memento=MEMENTO, source="archive", title="Perez Hilton")
    after = scrubbed(before.model_dump_json().encode(), RemovalList((RemovedPerson("Perez Hilton"),)))
    assert after is not None
    assert json.loads(after) == json.loads(before.model_dump_json()) | {"title": ""}


def test_an_answers_face_is_theirs_by_its_address_at_wikidata() -> None:
    box = [1, 2, 3, 4]
    known = {"box": box, "name": "Yeezus", "id": "7", "urls": ["www.wikidata.org/wiki/Q15935"], "confidence": 99.0}
    other = {**known, "name": "Cher", "urls": ["www.wikidata.org/wiki/Q12003"]}
    after = scrubbed(json.dumps({"faces": [known, other]}).encode(), RemovalList((RemovedPerson("Ye", ("Q15935",)),)))
    assert after is not None
    assert json.loads(after) == {"faces": [{"box": box}, other]}


def test_a_sighting_is_theirs_by_its_qid_whatever_the_name() -> None:
    before = a_result(sightings=[a_sighting("Yeezus", qid="Q15935"), a_sighting("Cher", qid="Q12003")])
    after = scrubbed(before.model_dump_json().encode(), RemovalList((RemovedPerson("Ye", ("Q15935",)),)))
    assert after is not None
    assert [one["name"] for one in json.loads(after)["sightings"]] == ["Cher"]
    assert json.loads(after)["unrecognised"] == before.unrecognised + 1
