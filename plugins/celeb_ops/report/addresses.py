"""Addresses of the run pages, from the app. Operators' links use them where a DAG is parsed: nothing heavy here."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from celeb_ops.core import keys

if TYPE_CHECKING:
    from datetime import datetime


def run_address(when: datetime, site: str, place: str = "screenshot") -> str:
    """From the app to a site's part of a run's page. :param place: an id there."""
    return f"runs/{keys.iso(when)}?site={quote(site, safe='')}#{place}"


def box_of(crop: str | None) -> str:
    """The id of a face's box on its run's page; without a crop all of the screenshot's part."""
    number = crop_number(crop)
    return f"box-{number}" if number else "screenshot"


def crop_number(crop: str | None) -> str:
    """``3`` of ``Faces/<stem>/3.jpeg``, which identifies a face on its run's page; empty for any other key."""
    number = PurePosixPath(crop or "").stem
    return number if number.isdecimal() else ""
