from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import Mock
from urllib.parse import quote, urljoin

import pytest
from fastapi import HTTPException
from fastapi.routing import APIRoute

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotPermittedError, SettingsError, StoreError
from celeb_ops.core.records import Part, Span
from celeb_ops.report.app import create_app
from celeb_ops.report.host import Host
from tests.asgi import get
from tests.factories import RUN_TIME, a_picture, a_result, a_screenshot, saved
from tests.report.conftest import app_of

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI

    from celeb_ops.core.store import FolderStore, Store

STEM = keys.stem("TMZ", RUN_TIME)
PICTURE = keys.image(STEM, 1, "jpeg")
RESULT = keys.result(STEM)
LOGIN = "/airflow/api/v2/auth/login"


@pytest.fixture
def app(store: Store) -> FastAPI:
    return app_of(store)


class TestFile:
    @pytest.mark.parametrize("key", [PICTURE, keys.sidecar(STEM), keys.crop(STEM, 1), RESULT])
    def test_is_shown_as_what_it_is_and_can_do_nothing_in_a_browser(self, app: FastAPI, store: Store, key: str) -> None:
        store.write(key, b"content")
        answer = get(app, f"/files/{key}")
        assert (answer.status_code, answer.content) == (200, b"content")
        assert answer.headers["content-type"] == ("image/jpeg" if key.endswith("jpeg") else "application/json")
        assert answer.headers["content-disposition"] == "inline"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert {"default-src 'none'", "sandbox"} <= set(answer.headers["content-security-policy"].split("; "))
        assert answer.headers["cache-control"] == "private, no-cache"

    def test_is_sent_again_only_when_it_has_changed(self, app: FastAPI, store: Store) -> None:
        store.write(RESULT, b"one")
        tag = get(app, f"/files/{RESULT}").headers["etag"]
        again = get(app, f"/files/{RESULT}", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        store.write(RESULT, b"two")
        assert get(app, f"/files/{RESULT}", headers={"If-None-Match": tag}).content == b"two"

    # A page or SVG that somebody else wrote there would run as a page of Airflow's.
    @pytest.mark.parametrize(
        "key",
        [
            "Celebs.csv",
            "removed.yaml",
            "Captures/2026-11.parquet",
            "Answers/local/x.json",
            "Images/page.html",
            "Images/picture.svg",
            "Images/picture",
            "images/picture.jpeg",
        ],
    )
    def test_that_is_no_picture_or_record_is_not_shown(self, app: FastAPI, store: Store, key: str) -> None:
        store.write(key, b"<script>alert(1)</script>")
        answer = get(app, f"/files/{key}")
        assert answer.status_code == 404
        assert b"script>" not in answer.content

    @pytest.mark.parametrize(
        "path",
        [
            "Images/../secret.json",
            "Images/%2E%2E%2Fsecret.json",
            "Images/./picture.json",
            "%2FImages/picture.json",
            "Images%5C..%5Csecret.json",
            "Images/picture.json%00.jpeg",
            "Images/.locks/picture.json",
            "Images/%252e%252e/secret.json",
            "",
        ],
    )
    def test_outside_the_store_is_never_read(self, path: str, folder_store: FolderStore) -> None:
        for place in ("../secret.json", "secret.json", "Images/picture.json", "Images/.picture.json", ".locks/x.json"):
            file = folder_store.root / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("hidden")
        absolute = quote(str(folder_store.root / "Images" / "picture.json"))
        app = app_of(folder_store)
        for address in (f"/files/{path}", f"/files/{absolute}"):
            answer = get(app, address)
            assert answer.status_code == 404
            assert "hidden" not in answer.text

    @pytest.mark.parametrize("length", [201, 300, 2_000])
    def test_no_key_is_too_long_for_a_sentence(self, length: int, app: FastAPI, store: Store) -> None:
        store.write(PICTURE, b"")
        for path in (f"/files/Images/{'a' * length}.jpeg", f"/screenshots/{'a' * length}"):
            assert get(app, path).status_code == 404

    def test_behind_a_link_is_not_read(self, folder_store: FolderStore, tmp_path: Path) -> None:
        (tmp_path / "secret.jpeg").write_bytes(b"hidden")
        folder_store.write("Images/a.jpeg", b"")
        (folder_store.root / "Images" / "b.jpeg").symlink_to(tmp_path / "secret.jpeg")
        answer = get(app_of(folder_store), "/files/Images/b.jpeg")
        assert (answer.status_code, "hidden" in answer.text, str(tmp_path) in answer.text) == (404, False, False)

    def test_whose_record_is_unusable_is_told_without_where_the_store_is(self, folder_store: FolderStore) -> None:
        folder_store.write(keys.sidecar(STEM), b"{}")
        for headers in ({}, {"Accept": "text/html"}):
            answer = get(app_of(folder_store), f"/screenshots/{STEM}", headers=headers)
            assert answer.status_code == 502
            assert f"{keys.sidecar(STEM)} is not a Screenshot record" in answer.text
            assert str(folder_store.root) not in answer.text


class TestScreenshot:
    def test_leads_to_its_picture(self, app: FastAPI, store: Store) -> None:
        picture = a_picture()
        saved(store, a_screenshot(), picture)
        address = f"/airflow/celebs/screenshots/{STEM}"
        answer = get(app, address.removeprefix("/airflow/celebs"))
        assert answer.status_code == 307
        # Wherever the app is mounted.
        assert urljoin(address, answer.headers["location"]) == f"/airflow/celebs/files/{PICTURE}"
        assert get(app, f"/files/{PICTURE}").content == picture

    def test_shows_all_parts_of_a_very_tall_one(self, app: FastAPI, store: Store) -> None:
        parts = [
            Part(key=keys.image(STEM, number, "png"), rows=Span((number - 1) * 10, number * 10)) for number in (1, 2)
        ]
        saved(store, a_screenshot(parts=parts, title="<b>News</b>"), a_picture(format="PNG"), a_picture(format="PNG"))
        page = get(app, f"/screenshots/{STEM}")
        assert page.headers["content-type"].startswith("text/html")
        assert "img-src 'self'" in page.headers["content-security-policy"]
        first, second = (page.text.find(f'src="../files/{part.key}"') for part in parts)
        assert 0 < first < second
        # What a page says is not trusted.
        assert "<b>" not in page.text

    def test_that_is_not_there_is_told_in_a_sentence(self, app: FastAPI) -> None:
        answer = get(app, f"/screenshots/{STEM}")
        assert answer.status_code == 404
        assert answer.json()["detail"].startswith(f"Images/{STEM}.json is not in the store: ")

    @pytest.mark.parametrize("stem", ["..", "%2e%2e%2fsecret", ".locks%2fx", "a%5cb", "%00", "a%2f%2fb"])
    def test_outside_the_store_is_never_read(self, stem: str, app: FastAPI) -> None:
        assert get(app, f"/screenshots/{stem}").status_code == 404


class TestClosed:
    """All routes, whatever they are called."""

    @pytest.mark.parametrize("status", [401, 403])
    def test_every_route_asks_before_anything_is_read(self, status: int) -> None:
        def refuse() -> None:
            raise HTTPException(status, "No.")

        app = create_app(authorize=refuse, open_store=Mock(side_effect=NotImplementedError), host=Host(LOGIN))
        routes = [route.path for route in app.routes if isinstance(route, APIRoute)]
        assert len(routes) == len(app.routes) > 7
        for path in [*routes, f"/files/{PICTURE}?a=b&c=d"]:
            answer, in_browser = get(app, path), get(app, path, {"Accept": "text/html,image/avif,*/*;q=0.8"})
            assert (answer.status_code, answer.json()) == (status, {"detail": "No."}), path
            assert answer.headers["cache-control"] == "private, no-cache"
            if status == 401:
                # A person logs in and comes back.
                assert in_browser.status_code == 307
                assert in_browser.headers["location"] == f"{LOGIN}?next={quote(path, safe='')}"
            else:
                assert in_browser.status_code == 403
                assert "You may not see this" in in_browser.text

    def test_nothing_else_is_there(self, app: FastAPI) -> None:
        for path in ("/docs", "/openapi.json", "/redoc", "/nothing", "/assets/0123456789abcdef/nothing.js"):
            assert get(app, path).status_code == 404


class TestTrouble:
    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (StoreError("s3://bucket/x could not be read: SlowDown."), 503),
            (NotPermittedError("s3://bucket/x could not be read: AccessDenied."), 502),
            (SettingsError("CELEBS_STORE='x': this is not a store."), 502),
        ],
    )
    def test_is_told_in_its_sentence(
        self, error: Exception, status: int, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(folder_store, "read", Mock(side_effect=error))
        answer = get(app_of(folder_store), f"/files/{PICTURE}")
        assert (answer.status_code, answer.json()) == (status, {"detail": str(error)})

    def test_a_store_is_opened_once_and_anew_after_it_refused(
        self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        open_store = Mock(return_value=folder_store)
        a_result("TMZ").save(folder_store, RESULT)
        app = create_app(authorize=lambda: None, open_store=open_store, host=Host(LOGIN))
        for _ in range(3):
            assert get(app, f"/files/{RESULT}").status_code == 200
        assert open_store.call_count == 1
        with monkeypatch.context() as patched:
            patched.setattr(folder_store, "read", Mock(side_effect=NotPermittedError("The keys are unknown.")))
            assert get(app, f"/files/{RESULT}").status_code == 502
        assert get(app, f"/files/{RESULT}").status_code == 200
        assert open_store.call_count == 2
