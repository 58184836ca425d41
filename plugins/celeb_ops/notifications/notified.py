"""Remembers what was sent last (``Notices/people.json``), without a name, so that nothing is sent twice.

It is written before a message goes, so that a task that is killed or repeated sends none a second time, and taken back
if the message could not be sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotifyError, RecordError

if TYPE_CHECKING:
    from celeb_ops.core.store import Store
    from celeb_ops.notifications.channel import Channel
    from celeb_ops.notifications.messages import Message


@dataclass(frozen=True)
class Notified:
    """What was sent last."""

    run: str = ""
    """The latest run that had a message about the watch list."""
    rising: tuple[str, ...] = ()
    """Hashes of those who were reported as rising and still are."""
    digest: str = ""
    """The last day of the latest digest that was sent."""

    @classmethod
    def parse(cls, content: bytes | None, where: str) -> Notified:
        """RecordError: it is something else."""
        if content is None:
            return cls()
        try:
            told = json.loads(content)
            return cls(str(told["run"]), tuple(map(str, told["rising"])), str(told.get("digest", "")))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise RecordError(f"{where} is not a record of sent messages: delete it.") from None

    @property
    def content(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def claim(store: Store, change: Callable[[Notified], Notified]) -> tuple[Notified, Notified]:
    """Write what is sent now. Returns what was there before, and what is there now."""
    before = after = Notified()

    def update(old: bytes | None) -> bytes | None:
        nonlocal before, after
        before = Notified.parse(old, store.url(keys.NOTIFIED))
        after = change(before)
        return after.content if after != before else None

    store.update(keys.NOTIFIED, update)
    return before, after


def send(store: Store, channel: Channel, message: Message, before: Notified, after: Notified) -> None:
    """Send what was claimed. :raises NotifyError: it could not be sent; another try may."""
    if not channel.send(message):
        # Unless another run's message went meanwhile.
        store.update(keys.NOTIFIED, lambda now: before.content if now == after.content else None)
        raise NotifyError(f"This message was not sent; the log says why: {message.subject}")
