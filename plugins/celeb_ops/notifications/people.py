"""Sends news about people on the watch list: at most one message a run, no news twice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from celeb_ops.core import keys
from celeb_ops.core.text import cleaned, counted
from celeb_ops.notifications.messages import Message, slack_block, slack_link, slack_text
from celeb_ops.notifications.notified import Notified, claim, send
from celeb_ops.report.crops import small_crop
from celeb_ops.report.rendering import render
from celeb_ops.report.sanitizing import web_link

if TYPE_CHECKING:
    from datetime import datetime

    from celeb_ops.core.store import Store
    from celeb_ops.notifications.channel import Channel
    from celeb_ops.trends.watching import News, Place

logger = logging.getLogger(__name__)

PEOPLE_SHOWN = 20
"""Of one message."""
_WORDS = 200
_CROP_PX = 112


def tell(store: Store, channel: Channel, when: datetime, news: Sequence[News], links: Links) -> bool:
    """Send a run's unsent news; return whether there was any.

    :raises NotifyError: it could not be sent; another try may.
    """
    rising = {one.digest for one in news if one.rule.kind == "rising"}

    def change(told: Notified) -> Notified:
        if keys.iso(when) <= told.run:
            return told
        if any(one.digest not in told.rising for one in news):
            return replace(told, run=keys.iso(when), rising=tuple(sorted(rising)))
        # Reported again if they rise again.
        return replace(told, rising=tuple(sorted(rising & {*told.rising})))

    before, after = claim(store, change)
    if after.run == before.run:
        return False
    fresh = [one for one in news if one.digest not in before.rising]
    send(store, channel, message(store, when, fresh, links), before, after)
    return True


@dataclass(frozen=True)
class Links:
    """The addresses at which people can see more."""

    airflow: str = ""
    """The address of Airflow's UI; empty: unknown."""

    def person(self, name: str) -> str:
        from celeb_ops.report.sanitizing import address

        return f"{self.airflow}/celebs/people/{address(name)}" if self.airflow else ""


def message(store: Store, when: datetime, news: Sequence[News], links: Links) -> Message:
    """The message: for each person who, why, where, next to which words, with a small picture."""
    people = [
        (name, [*rules]) for name, rules in groupby(sorted(news, key=lambda one: one.name), key=lambda one: one.name)
    ]
    names = [name for name, _ in people]
    subject = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    time = f"{when:%Y-%m-%d %H:%M} UTC"
    pictures: dict[str, bytes] = {}
    paragraphs, entries, blocks = [], [], []
    for name, rules in people[:PEOPLE_SHOWN]:
        why = ", ".join(dict.fromkeys(str(one.rule) for one in rules))
        places = rules[0].places
        crop = next((jpeg for one in places if one.crop and (jpeg := small_crop(store, one.crop, _CROP_PX))), b"")
        cid = f"face-{len(pictures) + 1}.jpeg" if crop else ""
        if crop:
            pictures[cid] = crop
        page = links.person(name)
        paragraphs.append("\n".join([f"{name}: {why}", *(f"- {_line(place)}" for place in places), page]).rstrip())
        entries.append({"name": name, "why": why, "places": places, "cid": cid, "page": page})
        blocks.append(_block(name, why, places, page))
    more = f"and {counted(len(people) - PEOPLE_SHOWN, 'more person', 'more people')}." if people[PEOPLE_SHOWN:] else ""
    mail = render("notice.html", when=when, people=entries, more=more)
    plain = Message.of(f"{subject} in the press", f"In the run of {time}:", *paragraphs, more)
    return Message(plain.subject, plain.text, mail, pictures, blocks)


def _line(place: Place) -> str:
    return ": ".join(filter(None, [place.site, cleaned(place.text, _WORDS)])) + (
        f" {web_link(place.link)}" if web_link(place.link) else ""
    )


def _block(name: str, why: str, places: Sequence[Place], page: str) -> dict[str, Any]:
    parts = [slack_link(page, name) if page else slack_text(name, bold=True), slack_text(f" – {why}")]
    for place in places:
        words = cleaned(place.text, _WORDS) or "the page"
        link = web_link(place.link)
        parts += [slack_text(f"\n{place.site}: "), slack_link(link, words) if link else slack_text(words)]
    return slack_block(*parts)
