import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from celeb_ops.core import keys
from celeb_ops.core.records import Result, Screenshot
from celeb_ops.core.removal_list import RemovalList, RemovedPerson, add
from celeb_ops.core.store import Store
from celeb_ops.dataset import captures_of, merge
from celeb_ops.dataset.celebs_csv import read_csv
from celeb_ops.dataset.schema import MENTIONS, SIGHTINGS
from celeb_ops.dataset.tables import from_parquet
from celeb_ops.privacy.blur import areas_of
from celeb_ops.privacy.purge import Purge
from celeb_ops.privacy.removal import DryRunStore, Removal
from tests.factories import RUN_TIME
from tests.privacy.conftest import COLLINS, EDGE, HOPPER, LATER, MEMORY, NEXT_MONTH, Made, Press, contents
from tests.privacy.killing import killed_and_done_again
from tests.privacy.searching import naming

RUNS = [("TMZ", RUN_TIME), ("TMZ", LATER), ("PEOPLE", NEXT_MONTH)]


def forget(store: Store) -> Purge:
    purge = Purge(store, add(store, RemovedPerson(HOPPER, since="2026-12-04")))
    purge.run()
    return purge


def rows(store: Store) -> pl.DataFrame:
    months = [from_parquet(store.read(key), SIGHTINGS, key) for key in store.list("Sightings/")]
    return pl.concat(months)


def test_she_is_everywhere_before(made: Made, press: Press) -> None:
    assert {key.split("/")[0] for key in naming(press.store, HOPPER)} >= {
        *("Answers", "Captures", "Celebs.csv", "Celebs.v1.csv", "Images", "Mentions", "Outcomes", "Results"),
        *("Sightings", "Trends"),
    }
    assert all(set(result.celebrities) == {HOPPER, COLLINS} for result in made.results)
    assert MEMORY in naming(press.store, HOPPER)
    # One of her faces goes over the edge of two parts.
    assert any(
        one.box.top < EDGE < one.box.bottom for result in made.results for one in result.sightings if one.name == HOPPER
    )


def test_no_byte_names_her_any_more(press_anywhere: Press) -> None:
    purge = forget(press_anywhere.store)
    assert naming(press_anywhere.store, HOPPER) == []
    assert naming(press_anywhere.store, COLLINS) != []
    assert purge.unreadable == []
    assert b"Grace Hopper" in press_anywhere.store.read(keys.REMOVED)
    assert purge.done["rows of Sightings"] == purge.done["crops of their faces"] == purge.done["faces on screenshots"]
    assert purge.done["rows of Sightings"] >= 6
    assert purge.done["rows of Mentions"] >= 6


def test_a_mention_of_somebody_else_stays_without_the_words_that_name_her(press: Press) -> None:
    forget(press.store)
    mentions = pl.concat([from_parquet(press.store.read(key), MENTIONS, key) for key in press.store.list("Mentions/")])
    assert mentions["name"].unique().to_list() == [COLLINS]
    # "" as it was recognised again, null where it stood in the table already.
    assert mentions["text"].null_count() == len(mentions) == len(RUNS)


def test_the_others_rows_stay_and_her_faces_are_unrecognised(press: Press, made: Made) -> None:
    before = rows(press.store).filter(pl.col("name") == COLLINS)
    captures = {(row["site"], row["time"]): row for _, when in RUNS for row in captures_of(press.store, when)}
    forget(press.store)
    texts = ["headline", "link", "alt", "picture_url"]
    after = rows(press.store)
    assert after.drop(texts).equals(before.drop(texts))
    # What named her beside another one's face is gone; her name is not in this picture's address.
    assert after["picture_url"].null_count() == 0
    assert after["headline"].null_count() == after["link"].null_count() == len(after)
    for result in made.results:
        hers = sum(one.name == HOPPER for one in result.sightings)
        row = next(row for row in captures_of(press.store, result.time) if row["site"] == result.site)
        old = captures[result.site, result.time]
        assert row["celebrities"] == [COLLINS]
        assert (row["faces"], row["unrecognised"]) == (old["faces"], old["unrecognised"] + hers)
        kept = Result.load(press.store, keys.result(keys.stem(result.site, result.time)))
        assert (kept.faces, kept.unrecognised) == (row["faces"], row["unrecognised"])
        assert [one.crop for one in kept.sightings] == sorted(
            press.store.list(keys.crops(keys.stem(result.site, result.time)))
        )


def test_the_first_versions_rows_lose_just_her_name(press: Press) -> None:
    forget(press.store)
    assert press.store.read(keys.CSV_V1) == (
        b"Sep_01_2022_08H_00M_05S,TMZ,Eileen Collins\n"
        b"Sep_01_2022_20H_00M_05S,PEOPLE\n"
        b"Sep_02_2022_08H_00M_05S,TMZ,Eileen Collins\n"
    )
    named = [row[2] for row in read_csv(press.store.read(keys.CSV)).values()]
    assert named == [COLLINS, "", COLLINS, COLLINS, COLLINS, COLLINS]


def test_her_face_is_no_longer_known_on_the_screenshots_and_the_others_is(press: Press, made: Made) -> None:
    pages = [press.pixels(one.site, one.time) for one in made.results]
    forget(press.store)
    for result, before in zip(made.results, pages, strict=True):
        assert people(press, before) == {HOPPER, COLLINS}
        after = press.pixels(result.site, result.time)
        assert people(press, after) == {COLLINS}
        # Nowhere else was a pixel touched, but for the rounding of another encoding.
        shot = Screenshot.load(press.store, result.screenshot)
        areas = areas_of([one.box for one in result.sightings if one.name == HOPPER], shot)
        assert shot.blurred == areas
        apart = np.abs(np.asarray(before).astype(int) - np.asarray(after))
        for box in areas:
            # 16 px: the blocks of a JPEG whose colours have half the resolution.
            inside = apart[box.top : box.bottom, box.left : box.right]
            assert inside.mean() > 10
            apart[max(box.top - 16, 0) : box.bottom + 16, max(box.left - 16, 0) : box.right + 16] = 0
        assert apart.mean() < 0.3
        assert apart.max() <= (0 if result.site == "PEOPLE" else 24)
        assert list(press.store.list(f"Slices/{keys.stem(result.site, result.time)}/")) == []


def people(press: Press, page: Image.Image) -> set[str]:
    out = io.BytesIO()
    page.save(out, "PNG")
    return {face.name for face in press.local.recognize(out.getvalue()) if face.name}


def test_nothing_older_brings_anything_back_nor_does_recognising_again(press: Press, made: Made) -> None:
    forget(press.store)
    there = {key for key in press.store.list("") if not key.startswith("Slices/")}
    for result in made.results:
        # As if a task that had begun before were done only now.
        result.save(press.store, keys.result(keys.stem(result.site, result.time)))
        for one in result.sightings:
            press.store.write(one.crop, made.files[one.crop])
        assert merge(press.store, result.time, [result], []).celebrities == [COLLINS]
    assert naming(press.store, HOPPER) == []
    assert set(press.store.list("")) == there
    for content in (made.files[keys.CSV], made.files[keys.CSV_V1]):
        press.store.write(keys.CSV, content)
        press.store.delete(keys.CSV_V1)
        merge(press.store, RUN_TIME, [], [])
        assert naming(press.store, HOPPER) == []
        assert COLLINS.encode() in press.store.read(keys.CSV)
    for site, when in RUNS:
        for recognizer in (press.local, press.paid):
            assert press.recognise(site, when, recognizer).celebrities == [COLLINS]
    assert naming(press.store, HOPPER) == []


def test_no_way_into_the_dataset_goes_around_the_gate(press: Press) -> None:
    """All steps, with both recognisers that know her, on pages that name her in all ways, when she has asked before."""
    for key in list(press.store.list("")):
        press.store.delete(key)
    add(press.store, RemovedPerson(HOPPER))
    results = press.fill()
    assert naming(press.store, HOPPER) == []
    assert {key.split("/")[0] for key in naming(press.store, COLLINS)} >= {
        *("Answers", "Captures", "Celebs.csv", "Report", "Results", "Sightings", "Trends")
    }
    for result in results:
        assert result.celebrities == [COLLINS]
        # She is a face like any other, of which no crop is kept.
        assert result.unrecognised >= 2
        assert len(result.sightings) == len(list(press.store.list(keys.crops(keys.stem(result.site, result.time)))))


def test_kept_answers_that_still_name_her_are_not_believed(press: Press) -> None:
    # The list is there, and nothing is purged yet.
    add(press.store, RemovedPerson(HOPPER))
    result = press.recognise("TMZ", LATER, press.paid)
    assert result.calls == 1
    assert result.celebrities == [COLLINS]
    # Nor are the words of a screenshot of before.
    merge(press.store, LATER, [result], [])
    assert set(rows(press.store).filter(pl.col("time") == LATER)["headline"]) == {""}
    forget(press.store)
    assert naming(press.store, HOPPER) == []


def test_killed_anywhere_a_second_time_finishes(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # They take long to make, and name nobody once the tables do not.
    monkeypatch.setattr(Removal, "make_reports_again", lambda removal: None)
    # Of one run's screenshots: blurring takes long too, and the others' are as if they were tidied away.
    stem = keys.stem("TMZ", LATER)
    files = {
        key: content
        for key, content in made.files.items()
        if not key.startswith(("Trends/", "Report/")) and keys.stem_in(key) in (None, stem)
    }
    tables = []
    for store in killed_and_done_again(tmp_path / "store", files, forget):
        assert naming(store, HOPPER) == []
        assert not list(store.list("Slices/"))
        tables.append({key: one for key, one in contents(store).items() if key.startswith(("Cap", "Cel", "Sig"))})
    assert len(tables) >= 20
    assert all(one == tables[-1] for one in tables)


def test_a_dry_run_changes_no_byte_and_counts_the_same_and_a_second_time_has_nothing_to_do(press: Press) -> None:
    before = contents(press.store)
    dry = Purge(DryRunStore(press.store), RemovalList((RemovedPerson(HOPPER),)))
    dry.run()
    assert contents(press.store) == before
    assert dry.done == forget(press.store).done
    before = contents(press.store)
    again = forget(press.store)
    assert not [what for what, number in again.done.items() if number and "made again" not in what]
    after = contents(press.store)
    changed = {key for key in before | after if before.get(key) != after.get(key)}
    assert {key.split("/")[0] for key in changed} <= {"Report", "Trends"}
    assert changed <= after.keys()


def test_a_picture_that_can_not_be_blurred_is_deleted(press: Press) -> None:
    shot = Screenshot.load(press.store, keys.sidecar(keys.stem("TMZ", RUN_TIME)))
    content = press.store.read(shot.parts[1].key)
    press.store.write(shot.parts[1].key, content[: len(content) // 2])
    purge = forget(press.store)
    assert purge.done["pictures that could not be blurred"] == 2
    assert [key for key in press.store.list(f"Images/{keys.stem('TMZ', RUN_TIME)}")] == [
        keys.sidecar(keys.stem("TMZ", RUN_TIME))
    ]
    assert naming(press.store, HOPPER) == []


def test_what_was_tidied_away_is_not_missed(press: Press) -> None:
    store = press.store
    for key in list(store.list("Images/")) + list(store.list("Slices/")) + list(store.list("Results/")):
        store.delete(key)
    forget(store)
    assert naming(store, HOPPER) == []
    assert [key for key in store.list("Faces/")] == sorted(rows(store)["crop"].to_list())


def test_damaged_records_are_reported_and_tables_are_an_error(press: Press) -> None:
    store = press.store
    store.write("Results/X_Nov_23_2026_08H_00M_00S.json", b'{"name": "Grace Hopper')
    assert forget(store).unreadable == ["Results/X_Nov_23_2026_08H_00M_00S.json"]


def test_somebody_removed_while_a_merge_is_under_way_is_not_in_it(
    press: Press, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The merge has read the list before; the purge has come by the tables before the merge's rows are in them."""
    from celeb_ops import dataset

    store, result = press.store, made.results[0]
    plain = dataset.update_csv  # type: ignore[attr-defined]

    def late(*arguments: object) -> bool:
        monkeypatch.setattr(dataset, "update_csv", plain)
        forget(store)
        return plain(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(dataset, "update_csv", late)
    merge(store, result.time, [result], [])
    assert naming(store, HOPPER) == []
