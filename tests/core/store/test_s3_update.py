"""``S3Store.update`` among other writers, and when S3 has a bad day."""

from collections.abc import Callable

import pytest

from celeb_ops.core.exceptions import StoreError, UpdateConflictError
from celeb_ops.core.store import Change, S3Store, Store, s3
from tests.aws.s3_proxy import CUT, HALF, LOST, S3Proxy
from tests.core.store.verbs import an_s3_client

pytestmark = pytest.mark.usefixtures("no_pauses")


def with_line(line: bytes, *before: Callable[[], object]) -> Change:
    """Adds the line where it is not there. ``before`` comes between reading and writing, one each time."""
    hooks = list(before)

    def change(old: bytes | None) -> bytes:
        if hooks:
            hooks.pop(0)()
        lines = (old or b"").splitlines(keepends=True)
        return b"".join(lines if line in lines else [*lines, line])

    return change


class TestOtherWriters:
    @pytest.mark.parametrize(
        ("before", "meanwhile", "after"),
        [
            pytest.param(b"1", lambda store: store.write("a", b"12"), b"12+", id="changed"),
            pytest.param(None, lambda store: store.write("a", b"12"), b"12+", id="made"),
            pytest.param(b"1", lambda store: store.delete("a"), b"+", id="deleted"),
        ],
    )
    def test_what_they_did_in_the_middle_is_kept(
        self, behind: S3Store, before: bytes | None, meanwhile: Callable[[Store], None], after: bytes
    ) -> None:
        if before is not None:
            behind.write("a", before)
        seen: list[bytes | None] = []

        def change(old: bytes | None) -> bytes:
            seen.append(old)
            if len(seen) == 1:
                meanwhile(behind)
            return (old or b"") + b"+"

        assert behind.update("a", change)
        assert behind.read("a") == after
        assert len(seen) == 2

    @pytest.mark.parametrize("there", [True, False])
    @pytest.mark.parametrize("code", ["ConditionalRequestConflict", "PreconditionFailed"])
    def test_who_was_slower_reads_and_tries_again(
        self, proxy: S3Proxy, behind: S3Store, code: str, there: bool
    ) -> None:
        if there:
            behind.write("a", b"1\n")
        proxy.give(code, code, to="PutObject")
        proxy.requests.clear()
        assert behind.update("a", with_line(b"2\n"))
        assert behind.read("a") == (b"1\n2\n" if there else b"2\n")
        assert proxy.requests == {"GetObject": 4, "PutObject": 3}

    def test_a_writer_that_is_always_too_late_gives_up_after_some_attempts(
        self, behind: S3Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(s3, "UPDATE_ATTEMPTS", 3)
        others = iter(range(100))

        def change(old: bytes | None) -> bytes:
            behind.write("a", b"%d" % next(others))
            return b"mine"

        with pytest.raises(UpdateConflictError, match="changed by others at each attempt"):
            behind.update("a", change)
        assert behind.read("a") == b"2"


@pytest.mark.parametrize("attempts", [1, 2], ids=["seen by update", "tried again by boto"])
class TestALostAnswer:
    """The write is done, and nobody says so."""

    @pytest.fixture
    def losing(self, proxy: S3Proxy, bucket: str, attempts: int) -> S3Store:
        return S3Store(an_s3_client(proxy.url, attempts), bucket, "press")

    @pytest.mark.parametrize("there", [True, False])
    def test_is_no_second_write(self, proxy: S3Proxy, losing: S3Store, attempts: int, there: bool) -> None:
        if there:
            losing.write("a", b"1")
        proxy.give(LOST, to="PutObject")
        proxy.requests.clear()
        seen: list[bytes | None] = []

        def appended(old: bytes | None) -> bytes:
            seen.append(old)
            return (old or b"") + b"+"

        assert losing.update("a", appended) is True
        assert losing.read("a") == (b"1+" if there else b"+")
        assert seen == [b"1" if there else None]
        # With boto's own second try, which meets 412: of its own first one.
        assert proxy.requests == {"GetObject": 3, "PutObject": attempts}

    @pytest.mark.parametrize("went_on", [True, False])
    def test_and_what_another_writer_did_then_are_both_kept(
        self, proxy: S3Proxy, losing: S3Store, went_on: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxy.give(LOST, to="PutObject")
        other = S3Store(losing.client, losing.bucket, "press")

        def meanwhile(_: float) -> None:
            if went_on:
                other.update("a", with_line(b"other\n"))
            else:
                other.write("a", b"other\n")

        monkeypatch.setattr(s3.time, "sleep", meanwhile)  # type: ignore[attr-defined]
        assert losing.update("a", with_line(b"mine\n")) is True
        assert losing.read("a") == (b"mine\nother\n" if went_on else b"other\nmine\n")


class TestFaults:
    @pytest.mark.parametrize(
        ("to", "fault"),
        [("PutObject", one) for one in (CUT, LOST, "InternalError", "IncompleteBody")]
        + [("GetObject", one) for one in (CUT, HALF, "SlowDown")],
    )
    def test_that_boto_gives_up_are_met_by_another_attempt(
        self, proxy: S3Proxy, bucket: str, to: str, fault: str
    ) -> None:
        store = S3Store(an_s3_client(proxy.url), bucket)
        store.write("a", b"1\n")
        proxy.give(fault, fault, to=to)
        assert store.update("a", with_line(b"2\n"))
        assert store.read("a") == b"1\n2\n"

    @pytest.mark.parametrize(("name", "most", "asked"), [("UPDATE_ATTEMPTS", 3, 3), ("UPDATE_TIMEOUT_S", 0, 1)])
    def test_that_do_not_pass_are_reported_after_some_attempts_or_some_time(
        self, proxy: S3Proxy, bucket: str, monkeypatch: pytest.MonkeyPatch, name: str, most: int, asked: int
    ) -> None:
        monkeypatch.setattr(s3, name, most)
        proxy.give(*["InternalError"] * 9)
        with pytest.raises(StoreError, match=r"/a could not be read: InternalError: We encountered") as error:
            S3Store(an_s3_client(proxy.url), bucket).update("a", with_line(b"1\n"))
        assert type(error.value) is StoreError
        assert proxy.requests == {"GetObject": asked}

    def test_of_the_change_itself_are_its_own(self, proxy: S3Proxy, behind: S3Store) -> None:
        def change(old: bytes | None) -> bytes:
            raise StoreError("what the change reads is not there")

        with pytest.raises(StoreError, match="what the change reads"):
            behind.update("a", change)
        assert proxy.requests == {"GetObject": 1}
