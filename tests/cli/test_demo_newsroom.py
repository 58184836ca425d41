import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from celeb_ops.cli import demo_newsroom
from celeb_ops.core.sites import load_sites


def test_pages_and_pictures_of_the_newsroom_answer_on_loopback_alone(tmp_path: Path) -> None:
    with demo_newsroom.served(tmp_path):
        sites = load_sites(tmp_path / "sites.yaml")
        assert [site.name for site in sites] == ["DAILY-PLAIN", "LAZY-POST", "WALLED-TIMES"]
        for site in sites:
            assert site.url.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(site.url, timeout=10) as page:
                html = page.read().decode()
            for picture in re.findall(r'src="(.+?)"', html):
                with urllib.request.urlopen(f"{site.url.rpartition('/')[0]}/{picture}", timeout=10) as content:
                    assert content.read().startswith(b"\xff\xd8")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(sites[0].url, timeout=10)


def test_pages_show_other_pictures_than_the_gallery_holds(demo_folder: Path) -> None:
    gallery = {path.read_bytes() for path in (demo_folder / "gallery").rglob("*.*")}
    shown = {path.read_bytes() for path in (demo_folder / "www" / "pictures").iterdir()}
    assert (len(gallery), len(shown)) == (2, 7)
    assert not gallery & shown
