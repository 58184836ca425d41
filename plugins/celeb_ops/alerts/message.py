"""A message for people, and its form for each way it may go.

Its words come from pages, sites and other services: they are text in every form, never markup, a header or a mention.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SITES_SHOWN = 20
"""A run may have a thousand sites that fail: this many are named, the others counted."""

_REASON_CHARS = 400
_SUBJECT_CHARS = 150
_SNS_SUBJECT_CHARS = 100
"""SNS takes up to 100 ASCII characters, none of them a control character (API reference, Publish)."""
_TEXT_CHARS = 30_000
"""SNS takes 256 KiB; a mail of more nobody reads."""
_SLACK_CHARS = 3_900
"""Slack advises 4,000 characters (chat.postMessage, "Truncating content")."""


@dataclass(frozen=True)
class Message:
    """A message: a subject of one line, and its paragraphs."""

    subject: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        """The paragraphs as plain text."""
        return _cut("\n\n".join(self.paragraphs), _TEXT_CHARS)

    @property
    def header(self) -> str:
        """The subject as a mail's header may hold it: one line."""
        return one_line(self.subject, _SUBJECT_CHARS)

    @property
    def html(self) -> str:
        """The text as the provider's mails want it, which are HTML: as it is, nothing in it is markup."""
        return f'<pre style="white-space: pre-wrap; font: inherit">{html.escape(self.text)}</pre>'

    @property
    def ascii_subject(self) -> str:
        """The subject as SNS takes it."""
        plain = one_line(self.subject, _SUBJECT_CHARS).encode("ascii", "replace").decode()
        return plain if len(plain) <= _SNS_SUBJECT_CHARS else f"{plain[: _SNS_SUBJECT_CHARS - 3]}..."

    @property
    def slack(self) -> str:
        """Subject and text as Slack takes them: its three signs escaped, so that ``<!channel>`` calls nobody."""
        whole = f"{self.header}\n\n{self.text}"
        for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            whole = whole.replace(sign, written)
        if len(whole) <= _SLACK_CHARS:
            return whole
        # Not through an escaped sign: `&am` would be shown as it is.
        kept = whole[: _SLACK_CHARS - 1]
        start = kept.rfind("&")
        return f"{kept[:start] if ';' not in kept[start:] and start >= 0 else kept}…"


def one_line(text: str, most: int = _REASON_CHARS) -> str:
    """Text as one line of printable characters, cut where it is longer than ``most``."""
    return _cut(" ".join("".join(one if one.isprintable() else " " for one in text).split()), most)


def listed(lines: Sequence[str]) -> str:
    """A paragraph with a line for each, and how many more there are."""
    shown = [f"- {line}" for line in lines[:SITES_SHOWN]]
    if more := len(lines) - len(shown):
        shown.append(f"- and {more:,} more.")
    return "\n".join(shown)


def named(names: Sequence[str], most: int = 3) -> str:
    """``TMZ, PEOPLE and 7 more``."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
