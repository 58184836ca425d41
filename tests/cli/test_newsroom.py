from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from celeb_ops.cli import newsroom
from celeb_ops.sites import load_sites

if TYPE_CHECKING:
    from pathlib import Path


def test_sites_of_the_newsroom_answer_on_loopback_alone(tmp_path: Path) -> None:
    with newsroom.served(tmp_path) as room:
        sites = load_sites(room.sites)
        assert [site.name for site in sites] == ["DAILY-PLAIN", "LAZY-POST", "WALLED-TIMES"]
        for site in sites:
            assert site.url.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(site.url, timeout=10) as page:
                assert b"<article>" in page.read()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(sites[0].url, timeout=10)


def test_pages_show_other_pictures_than_the_gallery_holds(demo_folder: Path) -> None:
    gallery = {path.read_bytes() for path in (demo_folder / "gallery").rglob("*.*")}
    shown = {path.read_bytes() for path in (demo_folder / "www" / "pictures").iterdir()}
    assert len(gallery) == 2
    assert len(shown) == 7
    assert not gallery & shown


def test_every_picture_of_the_pages_is_served(tmp_path: Path) -> None:
    with newsroom.served(tmp_path):
        for page in newsroom.PAGES.glob("*.html"):
            html = page.read_text(encoding="utf-8")
            for picture in set(part.split('"')[0] for part in html.split('src="')[1:]):
                with Image.open(tmp_path / "www" / picture) as image:
                    assert image.format == "JPEG"


def test_a_lacking_package_is_told_in_a_sentence() -> None:
    with pytest.raises(newsroom.DemoError, match=r"no_such_package has no a/b\.jpg.*make clean demo"):
        newsroom._packaged("no_such_package", "a", "b.jpg")
