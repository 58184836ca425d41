"""The filter that keeps people who asked for it out of the dataset. Their faces stay, unrecognised.

It is applied in three places: recognised faces (``recognition.naming``), JSON records as they are saved
(``Record.save``), and a merge into the tables. ``make forget`` applies it to what is in the store already.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from celeb_ops.core.names import qid_in

if TYPE_CHECKING:
    from pydantic import BaseModel

    from celeb_ops.core.removal_list import RemovalList

R = TypeVar("R", bound="BaseModel")

_OWN_FIELDS = {
    *("site", "time", "captured_at", "url", "final_url", "memento"),
    *("key", "screenshot", "crop", "name", "id", "qid", "shades"),
    *("outcome", "task", "reason_code", "source", "basis", "part"),
}
"""Fields with our own words or places. A site may bear a person's name."""


def filtered(record: R, removed: RemovalList) -> R:
    """The record without them."""
    clean = scrubbed(record.model_dump_json().encode(), removed) if removed else None
    return type(record).model_validate_json(clean) if clean else record


def scrubbed(content: bytes, removed: RemovalList) -> bytes | None:
    """The JSON of a record without them; None where it has nothing of them.

    A result's sighting of them is removed and counts as unrecognised; a mention is removed. A face in an answer keeps
    only its box. Texts and links of the page that name one of them are emptied.

    :raises ValueError: it is no JSON.
    """
    if not removed.may_be_in(content):
        return None
    record = json.loads(content)
    clean = _clean(record, removed)
    if clean == record:
        return None
    indent = 1 if b"\n" in content.strip() else None
    return json.dumps(clean, indent=indent, ensure_ascii=False).encode(errors="replace")


def _clean(value: object, removed: RemovalList) -> object:
    if isinstance(value, str):
        return "" if removed.mentioned(value) else value
    if isinstance(value, list):
        return [_clean(one, removed) for one in value]
    if not isinstance(value, dict):
        return value
    if "box" in value and _is_removed(value, removed):
        return {"box": value["box"]}
    if isinstance(sightings := value.get("sightings"), list):
        others = [one for one in sightings if not (isinstance(one, dict) and _is_removed(one, removed))]
        unrecognised = int(value.get("unrecognised") or 0) + len(sightings) - len(others)
        value = {**value, "sightings": others, "unrecognised": unrecognised}
    if isinstance(mentions := value.get("mentions"), list):
        others = [one for one in mentions if not (isinstance(one, dict) and _is_removed(one, removed))]
        value = {**value, "mentions": others}
    return {field: one if field in _OWN_FIELDS else _clean(one, removed) for field, one in value.items()}


def _is_removed(face: dict[str, object], removed: RemovalList) -> bool:
    """Whether a sighting, or a face of an answer, shows one of them. An answer's QID is in its addresses."""
    urls = face.get("urls")
    qid = _text(face.get("qid")) or qid_in(filter(None, map(_text, urls if isinstance(urls, list) else ())))
    return removed.holds(_text(face.get("name")), qid)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
