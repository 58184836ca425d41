"""``Report/feed.xml`` (Atom, RFC 4287) and ``Report/feed.json`` (JSON Feed 1.1): who rises, who is new, who is back;
and a pair for each person on the watch list.

Each is made of the dataset alone. So the same dataset makes the same bytes, and nothing is left of anybody who was
removed, or is watched no more.
"""

from __future__ import annotations

import json
import logging
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

import polars as pl

from celeb_ops.core import keys
from celeb_ops.report.crops import small_crop
from celeb_ops.report.leaderboard import lead
from celeb_ops.report.movement import sentence
from celeb_ops.report.rendering import render
from celeb_ops.report.sanitizing import plain, web_link
from celeb_ops.trends.movers import WINDOWS
from celeb_ops.trends.watching import Story, stories

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.core.store import Store
    from celeb_ops.core.watch_list import Watch
    from celeb_ops.report.table_cache import Load

logger = logging.getLogger(__name__)

MOVERS = 4
"""Times as many as the page has: six times so many entries."""
_CROP_PX = 128
_TITLES = {"rising": "{} is rising", "newcomer": "{} is new", "returner": "{} is back"}
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may contain, not even escaped."""


@dataclass(frozen=True)
class Entry:
    """An entry, as a feed reader shows it."""

    id: str
    """``urn:uuid:…``: the same for the same news."""
    updated: datetime
    title: str
    link: str
    """Absolute, or empty."""
    html: str


def write(store: Store, load: Load, watches: Sequence[Watch], removed: RemovalList, base: str) -> None:
    """Write all feeds, and delete those of people who are watched no more.

    :param base: the address of ``Report/`` with a slash at its end; empty: unknown.
    """
    times = load("runs")["time"]
    newest, oldest = times.max(), times.min()
    if not (isinstance(newest, datetime) and isinstance(oldest, datetime)):
        newest = oldest = datetime.fromtimestamp(0, UTC)
    make = _Feeds(store, removed, base, oldest)
    moving = [row for row in lead(load, MOVERS) if not removed.holds(row["name"])]
    entries = dict(make.movers(moving, load("days"), newest))
    written = make.write("", "On the move in the press", entries.values())
    for watch, name, found in stories(store, newest, load("people"), watches, removed):
        theirs = [entries[name]] if name in entries else []
        about = f"{name or watch.name} in the press"
        written |= make.write(watch.name, about, [*theirs, *(make.story(name, story) for story in found)])
    for key in list(store.list(keys.PERSON_FEEDS)):
        if key not in written:
            store.delete(key)
    logger.info("%d feeds, in Atom and JSON: %s", len(written) // 2, store.url(keys.feed("xml")))


@dataclass(frozen=True)
class _Feeds:
    store: Store
    removed: RemovalList
    base: str
    oldest: datetime
    """The time of a feed without entries."""

    def movers(
        self, rows: Iterable[Mapping[str, Any]], days: pl.DataFrame, newest: datetime
    ) -> Iterable[tuple[str, Entry]]:
        """An entry a person, by name. Somebody new or back has one; who goes on rising has one a week."""
        monday = newest.date() - timedelta(days=newest.weekday())
        recent = pl.col("period") > newest.date() - timedelta(days=WINDOWS[0].days)
        began = days.filter(recent, pl.col("captures") > 0).group_by("name").agg(pl.col("period").min())
        first: dict[str, date] = dict(began.iter_rows())
        home = f"{self.base}index.html#moving" if self.base else ""
        for row in rows:
            name, mover = row["name"], row["mover"]
            since = monday if mover == "rising" else first.get(name, monday)
            text, link = self._named(row["headline"]), self._named(web_link(row["link"]))
            html = self._html(name, sentence(row), row["crop"], text, link)
            title = _TITLES[mover].format(plain(name, 80))
            yield name, Entry(self._id(name, mover, since), row["last_seen"], title, home or link, html)

    def story(self, name: str, story: Story) -> Entry:
        """The entry about somebody whom a site shows or names, from the first run that saw it."""
        place, when = story.place, story.first
        how = "shown" if place.crop else "named in the text"
        html = self._html(
            name, f"{how.capitalize()} on {plain(place.site, 60)}, {when:%-d %b %Y, %H:%M} UTC.", place.crop
        )
        title = plain(place.text) or f"{plain(name, 80)} on {plain(place.site, 60)}"
        entry = self._id(name, place.site, place.text or place.link)
        return Entry(entry, when, title, web_link(place.link), html)

    def write(self, person: str, title: str, entries: Iterable[Entry]) -> set[str]:
        """Write a pair of feeds; return their keys."""
        found = sorted(entries, key=lambda one: (one.updated, one.id), reverse=True)
        atom, feed = (keys.feed(extension, person) for extension in ("xml", "json"))
        path = {key: key.removeprefix("Report/") for key in (atom, feed)}
        home = f"{self.base or '../' * path[atom].count('/')}index.html"
        updated = max((one.updated for one in found), default=self.oldest)
        facts = {"id": self._id("feed", person), "title": plain(title, 120), "updated": updated, "entries": found}
        xml = render("feed.xml", home=home, own=self.base and self.base + path[atom], **facts)
        absolute = {"home_page_url": home, "feed_url": self.base + path[feed]} if self.base else {}
        items = [
            {"id": one.id, "title": one.title, "content_html": one.html, "date_modified": keys.iso(one.updated)}
            | ({"url": one.link} if one.link else {})
            for one in found
        ]
        head = {"version": "https://jsonfeed.org/version/1.1", "title": facts["title"], "language": "en"}
        authors = {"authors": [{"name": "Trending Celebrities"}]}
        items_of = json.dumps(head | absolute | authors | {"items": items}, ensure_ascii=False, indent=1)
        for key, content in ((atom, xml), (feed, items_of)):
            self.store.update(key, lambda _, content=content: _NOT_XML.sub("", content).encode())  # type: ignore[misc]
        return {atom, feed}

    def _id(self, *about: object) -> str:
        # Two datasets have two addresses, if they are to be read by others than their makers.
        return uuid5(uuid5(NAMESPACE_URL, self.base), "|".join(map(str, about))).urn

    def _named(self, text: str | None) -> str:
        return "" if not text or self.removed.mentioned(text) else text

    def _html(self, name: str, words: str, crop: str | None, text: str = "", link: str = "") -> str:
        picture = b64encode(small_crop(self.store, crop, _CROP_PX)).decode() if crop else ""
        return render("feed_entry.html", name=name, sentence=words, picture=picture, text=text, link=link).strip()
