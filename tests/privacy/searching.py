"""Every byte of a store, searched for a name in all the ways in which it may be written."""

import io
import json
import re
import unicodedata
from urllib.parse import unquote

import polars as pl

from celeb_ops.core import keys
from celeb_ops.core.store import Store


def naming(store: Store, name: str) -> list[str]:
    """The keys of files that have the name, but for the list of those who asked not to be there."""
    wanted = _letters(name)
    return [
        key
        for key in store.list("")
        if key != keys.REMOVED and (wanted in _letters(key) or wanted in _letters(_text(key, store.read(key))))
    ]


def _text(key: str, content: bytes) -> str:
    if key.endswith(".parquet"):
        return "\n".join(str(row) for row in pl.read_parquet(io.BytesIO(content)).iter_rows())
    text = content.decode(errors="ignore")
    if key.endswith(".json"):
        # As it is, and with its escapes undone.
        text += "\n" + json.dumps(json.loads(content), ensure_ascii=False)
    return text


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", unquote(text)).casefold()
    return re.sub(r"[^a-z0-9\n]+", "", plain.replace("’s", "").replace("'s", ""))
