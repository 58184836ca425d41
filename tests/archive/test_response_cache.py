import os
import time
from pathlib import Path

import pytest

from celeb_ops.archive import memento
from celeb_ops.archive.response_cache import ResponseCache
from tests.archive.conftest import MORNING


class TestResponseCache:
    @pytest.fixture
    def cache(self, tmp_path: Path) -> ResponseCache:
        return ResponseCache(tmp_path, self.copy())

    def copy(self, url: str = "http://daily.example/") -> memento.Memento:
        return memento.Memento(url, MORNING, f"http://archive.example/web/20261120080307/{url}")

    def test_gives_back_what_was_put_in(self, cache: ResponseCache, tmp_path: Path) -> None:
        answer = memento.ArchiveResponse(
            200, MORNING, "image/jpeg", "gzip", "https://\u00fc.example/\n", b"\x00\n{}\r\n\xff"
        )
        cache.put("http://a.example/", answer)
        cache.put("http://b.example/", None)
        again = ResponseCache(tmp_path, self.copy())
        assert again.get("http://a.example/") == (True, answer)
        assert again.get("http://b.example/") == (True, None)
        assert again.get("http://c.example/") == (False, None)
        assert ResponseCache(tmp_path, self.copy("http://other.example/")).get("http://a.example/") == (False, None)

    def test_is_gone_when_the_capture_is_done(self, cache: ResponseCache, tmp_path: Path) -> None:
        cache.put("http://a.example/", None)
        cache.clear()
        assert cache.get("http://a.example/") == (False, None)
        assert list((tmp_path / "archive").iterdir()) == []
        cache.clear()

    def test_is_gone_after_a_day(self, cache: ResponseCache, tmp_path: Path) -> None:
        cache.put("http://a.example/", None)
        (folder,) = (tmp_path / "archive").iterdir()
        for age_h, there in ((23, True), (25, False)):
            os.utime(folder, (time.time() - age_h * 3600,) * 2)
            ResponseCache(tmp_path, self.copy("http://other.example/"))
            assert folder.exists() == there

    @pytest.mark.parametrize("content", [b"", b"[]", b'{"status": 200}\n', b"\xff\n"])
    def test_that_is_damaged_is_asked_for_again(self, content: bytes, cache: ResponseCache, tmp_path: Path) -> None:
        cache.put("http://a.example/", None)
        (file,) = (tmp_path / "archive").glob("*/*")
        file.write_bytes(content)
        assert cache.get("http://a.example/") == (False, None)

    def test_that_can_not_be_written_is_no_trouble(self, tmp_path: Path) -> None:
        (tmp_path / "archive").touch()
        cache = ResponseCache(tmp_path, self.copy())
        cache.put("http://a.example/", None)
        assert cache.get("http://a.example/") == (False, None)
