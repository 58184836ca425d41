from __future__ import annotations

import json

from celeb_ops.forget.records import scrubbed
from celeb_ops.removed import Person, Removed
from tests.factories import a_screenshot

SITE = "https://perezhilton.com/"
MEMENTO = f"https://web.archive.org/web/20261123061200/{SITE}"


def test_the_addresses_of_a_site_that_bears_their_name_stay() -> None:
    told = a_screenshot(url=SITE, final_url=SITE, memento=MEMENTO, source="archive", title="Perez Hilton")
    after = scrubbed(told.model_dump_json().encode(), Removed((Person("Perez Hilton"),)))
    assert after is not None
    assert json.loads(after) == json.loads(told.model_dump_json()) | {"title": ""}
