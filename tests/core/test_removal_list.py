import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.core import keys
from celeb_ops.core.exceptions import RecordError
from celeb_ops.core.removal_list import RemovalList, RemovedPerson, add
from celeb_ops.core.store import FolderStore, Store
from celeb_ops.dataset.celebs_csv import name_cell

HOPPER = RemovedPerson("Grace Hopper", ("Amazing Grace",), "2026-11-24")
NAMES = st.text(min_size=1, max_size=40).filter(lambda name: name.strip())
HOSTILE = [
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "Hopper; Grace",
    "\u202egnp.exe",
    'Say "Hi"',
    "!!!",
    "x" * 10_000,
]


def of(*names: str) -> RemovalList:
    return RemovalList(tuple(RemovedPerson(name) for name in names))


class TestHolds:
    @pytest.mark.parametrize(
        "name", ["Grace Hopper", "grace hopper", "GRACE  HOPPER ", "Grâce Hôpper", "Grace-Hopper", "amazing grace"]
    )
    def test_in_whatever_spelling(self, name: str) -> None:
        assert RemovalList((HOPPER,)).holds(name)

    @pytest.mark.parametrize("name", ["Grace", "Hopper", "Grace Hopper Jr.", "", " ", None, "Eileen Collins"])
    def test_nobody_else(self, name: str | None) -> None:
        assert not RemovalList((HOPPER,)).holds(name)

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_names_as_the_csv_writes_them(self, name: str) -> None:
        assert of(name).holds(name)
        assert of(name).holds(name_cell(name))
        assert not of(name).holds("Eileen Collins")

    def test_anybody_with_their_qid_under_any_name(self) -> None:
        removed = RemovalList((RemovedPerson("Ye", ("Q15935",)),))
        assert removed.holds("Yeezus", "Q15935")
        assert removed.holds("Q15935")
        assert removed.holds(None, "Q15935")
        assert not removed.holds("Cher", "Q12003")
        assert not removed.holds("Cher", None)

    @given(NAMES)
    def test_any_name_is_its_own(self, name: str) -> None:
        assert of(name).holds(name)


class TestMentioned:
    @pytest.mark.parametrize(
        "text",
        [
            "Grace Hopper’s ship",
            "a photo of GRACE HÓPPER, 1952",
            "Grace\nHopper",
            "TheGraceHopperStory",
            "https://www.tmz.com/2026/grace-hopper_ship.html?page=2",
            "https://img.example/a.jpg?name=Grace%20Hopper",
            "/relative/grace_hopper",
        ],
    )
    def test_the_whole_name_in_a_text_or_an_address(self, text: str) -> None:
        assert of("Grace Hopper").mentioned(text)
        assert of("Grace Hopper").may_be_in(text.encode())

    @pytest.mark.parametrize("text", ["Grace", "Hopper", "disgrace hoppers", "https://gracehopper.com/", "", None])
    def test_nothing_less(self, text: str | None) -> None:
        assert not of("Grace Hopper").mentioned(text)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("Grace Hopper", "Grace Hop\u00adper"),
            ("Grace Hopper", "Gr\u200bace Hopper, \u202eGrace"),
            ("Grace Hopper", "https://e.com/i?url=https%3A%2F%2Fx.com%2FGrace%2520Hopper.jpg"),
            ("Grace Hopper", "Grace&nbsp;Hopper at sea"),
            ("Sinéad O'Connor", "Sin&eacute;ad O&#39;Connor sings"),
            ("Lukasz Kot", "Łukasz Kot"),
            ("Øystein Æbelø", "Oystein Aebelo"),
            ("李小龙", "李小龙去世"),
            ("김연아", "김연아가"),
        ],
    )
    def test_what_is_not_seen_or_escaped_hides_no_name(self, name: str, text: str) -> None:
        removed = of(name)
        assert removed.mentioned(text)
        assert not removed.mentioned("Eileen Collins at sea")
        for content in (text, json.dumps({"alt": text}), json.dumps({"alt": text}, ensure_ascii=False)):
            assert removed.may_be_in(content.encode())

    def test_a_short_name_is_no_part_of_a_word(self) -> None:
        assert not of("Cher").mentioned("the teacher")
        assert of("Cher").mentioned("the teacher of Cher")
        assert not of("Al Go").mentioned("an algorithm")

    @given(NAMES, st.text(max_size=30), st.text(max_size=30))
    def test_a_quick_look_misses_nothing(self, name: str, before: str, after: str) -> None:
        removed = of(name)
        text = f"{before} {name} {after}"
        for escaped in (True, False):
            content = json.dumps({"alt": text, "name": name}, ensure_ascii=escaped)
            assert removed.may_be_in(content.encode(errors="surrogatepass"))


class TestFile:
    def test_where_there_is_none_nobody_is_removed(self, store: Store) -> None:
        assert RemovalList.load(store) == RemovalList()
        assert not RemovalList.load(store)

    def test_is_one_that_people_can_read(self, store: Store) -> None:
        add(store, HOPPER)
        add(store, RemovedPerson("Beyoncé", since="2026-11-25"))
        text = store.read(keys.REMOVED).decode()
        assert text.startswith("# People who asked not to be in the dataset.")
        assert text.endswith(
            "\n- name: Grace Hopper\n  aliases:\n  - Amazing Grace\n  since: '2026-11-24'\n"
            "- name: Beyoncé\n  since: '2026-11-25'\n"
        )
        assert RemovalList.load(store) == RemovalList((HOPPER, RemovedPerson("Beyoncé", since="2026-11-25")))

    @pytest.mark.parametrize(
        ("ours", "stays"),
        [
            (b"# by letter of 3 May\n- {name: Ye, aliases: [Kanye West], since: 2026-05-03}\n", True),
            # Below this one nothing can be written.
            (b"[{name: Ye, aliases: [Kanye West]}]", False),
        ],
    )
    def test_what_a_person_has_written_stays(self, ours: bytes, stays: bool, folder_store: FolderStore) -> None:
        folder_store.write(keys.REMOVED, ours)
        assert [one.name for one in add(folder_store, HOPPER).people] == ["Ye", "Grace Hopper"]
        assert folder_store.read(keys.REMOVED).startswith(ours) is stays
        assert RemovalList.load(folder_store).holds("kanye west")

    def test_nobody_is_in_it_twice(self, store: Store) -> None:
        add(store, HOPPER)
        before = store.read(keys.REMOVED)
        add(store, RemovedPerson("GRACE HOPPER"))
        assert store.read(keys.REMOVED) == before
        # But a new alias is news.
        assert add(store, RemovedPerson("Grace Hopper", ("Rear Admiral",))).holds("rear admiral")

    @pytest.mark.parametrize(
        "name", [*HOSTILE, "- x", "name: y", "# z", "yes", "null", "50", "2026-11-24", "a\nb", "'", '"']
    )
    def test_any_name_can_be_in_it(self, name: str, folder_store: FolderStore) -> None:
        add(folder_store, HOPPER)
        add(folder_store, RemovedPerson(name))
        assert RemovalList.load(folder_store).people == (HOPPER, RemovedPerson(name.strip()))

    def test_a_name_with_what_no_file_can_hold_closes_it_for_nobody(self, folder_store: FolderStore) -> None:
        assert add(folder_store, RemovedPerson("Grace\x07\ud800Hopper")).holds("grace hopper")

    def test_more_than_can_be_read_is_not_written(self, folder_store: FolderStore) -> None:
        add(folder_store, HOPPER)
        with pytest.raises(RecordError, match="is too large"):
            add(folder_store, RemovedPerson("x" * 1_000_000))
        assert RemovalList.load(folder_store).people == (HOPPER,)

    def test_requests_at_once_lose_nobody(self, store: Store) -> None:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda number: add(store, RemovedPerson(f"Person {number}")), range(6)))
        assert {one.name for one in RemovalList.load(store).people} == {f"Person {number}" for number in range(6)}

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"name: Grace Hopper", ": input should be a valid list.*: write it as `- {name: Grace Hopper"),
            (b"- Grace Hopper", "entry 1: .*, not 'Grace Hopper': write it as"),
            (b"- name: X\n- {name: Z, nam: Y}", "entry 2: nam: there is no such field"),
            (b"- since: 2026-01-01", "entry 1: name: Field required"),
            (b"- name: 50", "entry 1: name: input should be a valid string, not 50"),
            (b"- name: ' '", "entry 1: name: String should have at least 1 char"),
            (b"- {name: X, aliases: Y}", "entry 1: aliases: .*, not 'Y': .*aliases: \\[Rear Admiral Hopper"),
            (b"- {name: X, aliases: [yes]}", "entry 1: aliases.0: .*, not True"),
            (b"- {name: X, since: soon}", "entry 1: since: .*, not 'soon'"),
            (b"- name: [", "line 2, column 1 is not YAML"),
            (b"- {name: X, since: 10000-01-01}", "entry 1: since"),
            (b"\xff\xfe", "not a text in UTF-8"),
        ],
    )
    def test_what_is_wrong_is_said(self, content: bytes, said: str, folder_store: FolderStore) -> None:
        folder_store.write(keys.REMOVED, content)
        with pytest.raises(RecordError, match=f"removed.yaml.*{said}"):
            RemovalList.load(folder_store)
        # And nothing is written over.
        with pytest.raises(RecordError):
            add(folder_store, HOPPER)
        assert folder_store.read(keys.REMOVED) == content
