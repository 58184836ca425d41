"""YAML that people write (the sites file, ``removed.yaml``) → plain data.

Size, nesting and what aliases unfold to are bounded, because a few hundred bytes can unfold to gigabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from celeb_ops.core.text import UNPRINTABLE

try:
    # Nine times as fast; every task's process reads the DAG file, which reads the sites file.
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

if TYPE_CHECKING:
    import re

    from celeb_ops.core.exceptions import CelebsError

_MAX_BYTES = 1_000_000
"""This is about 15,000 sites, which take a second to read."""
_MAX_NODES = 200_000
"""The number of texts, lists and mappings; content behind an alias counts each time."""
_MAX_CHARACTERS = 5_000_000
"""The characters of all texts; content behind an alias counts each time."""
_MAX_DEPTH = 20
"""Levels of nested lists and mappings; ours have four."""
_MAX_NUMBER_LENGTH = 40
_NUMBERS = {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "timestamp")}


def read_yaml(content: bytes, where: str, error: type[CelebsError]) -> Any:
    """The data of a file; an empty one's is None.

    :param where: the file, for people.
    :raises error: with the line and what would be right.
    """
    if len(content) > _MAX_BYTES:
        raise error(f"{where} is too large ({len(content):,} bytes, at most {_MAX_BYTES:,}): split it or shorten it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise error(f"{where} is not a text in UTF-8: save it as such.") from None
    if found := UNPRINTABLE.search(text):
        line, column = text.count("\n", 0, found.start()) + 1, found.start() - text.rfind("\n", 0, found.start())
        raise error(f"{where}, line {line}, column {column} is not YAML: {_unprintable(found)}.")
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError) as fault:
        problem = " ".join(str(getattr(fault, "problem", None) or fault).split())
        mark = getattr(fault, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise error(f"{where}{place} is not YAML: {problem}.") from None


class _Loader(SafeLoader):
    """Plain data only, and YAML as in its specification: a key occurs once in a mapping."""

    def get_single_node(self) -> yaml.Node | None:
        node: yaml.Node | None = super().get_single_node()
        if node:
            _Bounds().check(node)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        # PyYAML turns what looks like a date into one, and lets Python's own error through if it isn't.
        try:
            # `1:1:1…` is a number to base 60; one of 100,000 parts takes PyYAML minutes.
            if node.tag in _NUMBERS and len(node.value) > _MAX_NUMBER_LENGTH:
                raise ValueError
            return super().construct_object(node, deep)
        except (ValueError, ArithmeticError, LookupError, AttributeError):
            kind = node.tag.rpartition(":")[2]
            raise _wrong(
                node, f"{str(node.value)[:40]!r} is taken for a {kind} but is none; write a text in quotes"
            ) from None


class _Bounds:
    """The rest of what a file may unfold to. Aliases are followed each time, so the limits also bound the walk."""

    nodes = _MAX_NODES
    signs = _MAX_CHARACTERS

    def check(self, node: yaml.Node, level: int = 1) -> None:
        """:raises yaml.MarkedYAMLError: a bound is passed, or a character can't be in text."""
        self.nodes -= 1
        self.signs -= len(node.value) if isinstance(node, yaml.ScalarNode) else 0
        if min(self.nodes, self.signs) < 0:
            raise _wrong(node, f"there are more than {_MAX_NODES:,} entries, or aliases unfold to so many")
        if isinstance(node, yaml.ScalarNode):
            if found := UNPRINTABLE.search(node.value):
                raise _wrong(node, _unprintable(found))
            return
        if level > _MAX_DEPTH:
            raise _wrong(node, f"lists and mappings are nested more than {_MAX_DEPTH} deep")
        for child in _children(node):
            self.check(child, level + 1)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return list(node.value)
    keys = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in keys:
                raise _wrong(key, f"{key.value[:40]!r} stands here twice")
            keys.add(key.value)
    return [one for pair in node.value for one in pair]


def _unprintable(found: re.Match[str]) -> str:
    return f"the character {found[0]!r} cannot be in text; remove it"


def _wrong(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
