"""Nothing is lost in silence: it is on the picture, or it is named, or the site fails with a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from celeb_ops.core.exceptions import CaptureError
from tests.capture.broken import BROKEN, FIRST
from tests.capture.kinds import FOREIGN

if TYPE_CHECKING:
    from tests.capture.shots import Studio
    from tests.capture.site import LocalSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.mark.parametrize(
    "name", [FIRST, *(pytest.param(name, marks=pytest.mark.pages) for name in BROKEN if name != FIRST)]
)
def test_what_is_lost_is_named(name: str, site: LocalSite, studio: Studio) -> None:
    page = BROKEN[name]
    url = site.page(page.html.replace(FOREIGN, site.address.replace("127.0.0.1", "localhost")))
    if page.error:
        with pytest.raises(CaptureError) as error:
            studio.shoot(url, load_time_s=2)
        assert page.error in str(error.value)
        return
    shot = studio.shoot(url, load_time_s=2)
    assert any(page.missing in line for line in shot.page.missing) == bool(page.missing), shot.page.missing
    if page.pictures is not None:
        blue = (shot.pixels == (0, 0, 255)).all(axis=2).sum() / (120 * 100)
        assert blue == pytest.approx(page.pictures, abs=0.01)
