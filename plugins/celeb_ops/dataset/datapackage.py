"""``datapackage.json``: what files there are and what their columns mean, as Frictionless' tools read it.

After the Data Package standard 2.0 (https://datapackage.org). A store's tables are a resource a month, because its
``path`` with several files means text that is joined, which Parquet is not.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotPermittedError, NotStoredError, RecordError
from celeb_ops.dataset.schema import CAPTURES, CELEBS, MONTHLY, TYPE_NAMES, VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.core.store import Store
    from celeb_ops.dataset.schema import Table

JOINT = "; "
"""Between the elements of a list in a CSV cell."""

# What a package says that nobody has edited. No licence: whose pictures and names they are depends on the user.
_ABOUT = {
    "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
    "name": "trending-celebrities",
    "title": "Trending Celebrities",
    "description": "Whom celebrity-news homepages show. A name is a recogniser's guess from a picture, with its "
    "confidence beside it: no proof, and not to be used to identify people who are not public figures.",
}
_MEDIA = {"csv": "text/csv", "jsonl": "application/jsonl", "parquet": "application/vnd.apache.parquet"}


def update_datapackage(store: Store, months: Sequence[str]) -> bool:
    """Bring the store's package up to date with the months that exist; True if that changed it. A user's additions and
    changes stay, except in ``resources``.

    :param months: keys of the tables that a merge has written. :raises RecordError: the file there is no package; it
        is left as it is.
    """
    url = store.url(keys.DATAPACKAGE)
    with suppress(NotStoredError):
        # Most merges end here, with one small read: a listing and a lock are needed once a month.
        package = read_package(store.read(keys.DATAPACKAGE), url)
        if package.get("celebs_schema") == VERSION and {keys.CSV, *months} <= _paths(package):
            return False

    def change(old: bytes | None) -> bytes:
        package = read_package(old, url)
        resources = [resource(CELEBS, keys.CSV)]
        for table in MONTHLY:
            try:
                stored = list(store.list(f"{table.name}/"))
            except NotPermittedError:
                stored = sorted(_paths(package) | set(months))
            resources += [resource(table, key) for key in stored if keys.is_month(key, table.name)]
        return package_file(package, resources)

    return store.update(keys.DATAPACKAGE, change)


def read_package(content: bytes | None, where: str) -> dict[str, Any]:
    """The package in a file, or a new one if there is none. RecordError if the file is something else."""
    if content is None:
        return dict(_ABOUT)
    try:
        package = json.loads(content)
    except (ValueError, RecursionError):
        package = None
    if not isinstance(package, dict) or not isinstance(package.get("resources", []), list):
        raise RecordError(
            f"{where} is no data package, an object with a list of resources, so it is not written over: mend it, or "
            "delete it to have it made again, and clear merge."
        )
    return package


def package_file(package: dict[str, Any], resources: Sequence[dict[str, Any]]) -> bytes:
    """The package's file, with these resources."""
    package = {**_ABOUT, **package, "celebs_schema": VERSION, "resources": list(resources)}
    return (json.dumps(package, ensure_ascii=False, indent=1) + "\n").encode()


def resource(table: Table, path: str, *, references: bool = False) -> dict[str, Any]:
    """One file of a table. ``references``: its rows have theirs in the package's ``captures``."""
    name, _, ending = path.rpartition(".")
    fields: list[dict[str, Any]] = []
    for column in table.columns:
        fields.append({"name": column.name, "type": TYPE_NAMES[column.dtype][1], "description": column.meaning})
        if ending == "csv" and column.dtype == pl.List(pl.String):
            fields[-1] |= {"type": "list", "delimiter": JOINT}
        if column.name in table.key:
            fields[-1]["constraints"] = {"required": True}
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    if table.key:
        schema["primaryKey"] = list(table.key)
    if references:
        where = {"resource": "captures", "fields": list(CAPTURES.key)}
        schema["foreignKeys"] = [{"fields": list(CAPTURES.key), "reference": where}]
    return {
        "name": name.lower().replace("/", "-"),
        "title": path,
        "description": table.about,
        "path": path,
        # Frictionless reads Parquet by way of pandas, which makes floats of integers with gaps and arrays of lists, and
        # calls them errors: as a file it is checked to be there, and the schema is for people.
        "type": "file" if ending == "parquet" else "table",
        "format": ending,
        "mediatype": _MEDIA[ending],
        **({} if ending == "parquet" else {"encoding": "utf-8"}),
        "schema": schema,
    }


def _paths(package: dict[str, Any]) -> set[str]:
    return {str(one.get("path")) for one in package.get("resources", []) if isinstance(one, dict)}
