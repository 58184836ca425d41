"""Sends the digest, once for each day or week."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from celeb_ops.core.text import cleaned, counted
from celeb_ops.notifications.messages import Message, listed, slack_block, slack_link, slack_text
from celeb_ops.notifications.notified import claim, send
from celeb_ops.report.crops import small_crop
from celeb_ops.report.digest import CROP_PX, page
from celeb_ops.report.sanitizing import percent

if TYPE_CHECKING:
    from celeb_ops.core.store import Store
    from celeb_ops.notifications.channel import Channel
    from celeb_ops.report.digest import Digest


def tell_digest(store: Store, channel: Channel, one: Digest, home: str) -> bool:
    """Send it, unless it or a later one was sent; whether there was a message.

    :raises NotifyError: it could not be sent; another try may.
    """
    before, after = claim(store, lambda told: replace(told, digest=max(told.digest, one.last.isoformat())))
    if before == after:
        return False
    send(store, channel, message(store, one, home), before, after)
    return True


def message(store: Store, one: Digest, home: str) -> Message:
    """:param home: the address of the report; empty: unknown."""
    pictures: dict[str, bytes] = {}
    cids: dict[str, str] = {}

    def picture(key: str | None) -> str:
        if key and key not in cids and (jpeg := small_crop(store, key, CROP_PX)):
            cids[key] = f"face-{len(cids) + 1}.jpeg"
            pictures[cids[key]] = jpeg
        return f"cid:{cids[key]}" if key in cids else ""

    sections = {
        f"On the move, in the 7 days to {one.newest} (with 95 % intervals):": map(_moved, one.moving),
        "Shown most:": (
            f"{row['name']}: {percent(row['share'])}, {counted(row['captures'], 'capture')}" for row in one.shown
        ),
        "Sites that failed:": (
            f"{row['site']}: {row['failed']} of {counted(row['tried'], 'time')}" for row in one.failed
        ),
    }
    lines = {heading: [cleaned(row, 200) for row in rows] for heading, rows in sections.items()}
    captures = f"{one.seen:,} of {counted(one.tried, 'attempted page')} captured."
    plain = Message.of(f"the press, {one.days}", captures, *(listed(head, rows) for head, rows in lines.items()), home)
    blocks: list[dict[str, Any]] = [_block(head, rows) for head, rows in lines.items() if rows]
    title = f"The press, {one.days}"
    first = slack_block(slack_link(home, title) if home else slack_text(title, bold=True), slack_text(f" – {captures}"))
    return Message(plain.subject, plain.text, page(one, picture, home), pictures, [first, *blocks])


def _moved(row: dict[str, Any]) -> str:
    move = row["movement"]
    return f"{row['name']}: {move.label} {move.factor}"


def _block(heading: str, rows: list[str]) -> dict[str, Any]:
    return slack_block(slack_text(heading, bold=True), slack_text("".join(f"\n• {row}" for row in rows)))
