"""YAML that people write (the sites file, ``removed.yaml``) → plain data, whatever the file holds.

Size, nesting and what aliases unfold to are bounded, because a few hundred bytes can unfold to gigabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from celeb_ops.given import UNPRINTABLE

try:
    from yaml import CSafeLoader as _Fast
except ImportError:
    # A PyYAML that was built without libyaml.
    from yaml import SafeLoader as _Fast  # type: ignore[assignment]

if TYPE_CHECKING:
    import re

    from celeb_ops.exceptions import CelebsError

_MOST_BYTES = 1_000_000
"""About 15,000 sites, and a second to read."""
_MOST_NODES = 200_000
"""Texts, lists and mappings, those behind an alias counted each time."""
_MOST_SIGNS = 5_000_000
"""In all texts, those behind an alias counted each time."""
_DEEPEST = 20
"""Levels of lists and mappings in each other; ours have four."""
_NUMBERS = {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "timestamp")}
_LONGEST_NUMBER = 100
_EXPLAINED_BYTES = 50_000
"""What PyYAML's own reader, which takes nine times as long and more, is asked to explain."""


def read_yaml(content: bytes, where: str, error: type[CelebsError]) -> Any:
    """The data of a file; an empty one's is None.

    :param where: the file, for people. :raises error: with the line and what would be right.
    """
    if len(content) > _MOST_BYTES:
        raise error(f"{where} is too large ({len(content):,} bytes, at most {_MOST_BYTES:,}): split it or shorten it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise error(f"{where} is not a text in UTF-8: save it as such.") from None
    if found := UNPRINTABLE.search(text):
        line, column = text.count("\n", 0, found.start()) + 1, found.start() - text.rfind("\n", 0, found.start())
        raise error(f"{where}, line {line}, column {column} is not YAML: {_unprintable(found)}.")
    try:
        return yaml.load(text, _FastLoader)
    except (yaml.YAMLError, RecursionError) as first:
        fault = _explained(text, first)
        problem = " ".join(str(getattr(fault, "problem", None) or fault).split())
        mark = getattr(fault, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise error(f"{where}{place} is not YAML: {problem}.") from None


def _explained(text: str, fault: Exception) -> Exception:
    """The fault as PyYAML's own reader has it, where that can be had: libyaml says less of what is wrong."""
    if len(text) <= _EXPLAINED_BYTES:
        try:
            yaml.load(text, _Loader)
        except yaml.YAMLError as better:
            return better
        except RecursionError:
            return fault
    return fault


class _Careful:
    """YAML as its specification has it: a key stands once in a mapping. PyYAML would let the last one win."""

    def get_single_node(self) -> yaml.Node | None:
        node: yaml.Node | None = super().get_single_node()  # type: ignore[misc]
        if node:
            _unfolded(node, {}, 1)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        # PyYAML makes a date of what looks like one, and so on, and lets Python's own error through where it is none.
        try:
            # `1:1:1…` is a number to base 60, and PyYAML takes minutes for one of 100,000 parts.
            if isinstance(node, yaml.ScalarNode) and node.tag in _NUMBERS and len(node.value) > _LONGEST_NUMBER:
                raise ValueError
            value = super().construct_object(node, deep)  # type: ignore[misc]
            # Python refuses to write out integers of thousands of digits, which 0xFFF… may be.
            if isinstance(value, int) and value.bit_length() > 64:
                raise ValueError
        except (ValueError, ArithmeticError, LookupError, AttributeError):
            kind = node.tag.rpartition(":")[2]
            raise yaml.MarkedYAMLError(
                problem=f"{str(node.value)[:40]!r} is taken for a {kind} but is none; write a text in quotes",
                problem_mark=node.start_mark,
            ) from None
        return value


# SafeLoaders: they make plain data only.
class _Loader(_Careful, yaml.SafeLoader):
    """Reads in Python."""


class _FastLoader(_Careful, _Fast):
    """Reads by libyaml, in a ninth of the time: every task's process reads the DAG file, and that the sites file."""


class _Unfolded(NamedTuple):
    """What a node is once its aliases are unfolded."""

    nodes: int = 1
    signs: int = 0
    height: int = 1
    """Levels of lists and mappings from here on, its own among them."""


def _unfolded(node: yaml.Node, known: dict[int, _Unfolded], level: int) -> _Unfolded:
    """Into what it unfolds; MarkedYAMLError for what no file of ours has.

    :param known: the nodes that were counted: an alias is its anchor's node once more, and may stand inside of it.
    :param level: of the node, from 1.
    """
    if isinstance(node, yaml.ScalarNode):
        if id(node) not in known and (found := UNPRINTABLE.search(node.value)):
            raise _wrong(node, _unprintable(found))
        known[id(node)] = one = _Unfolded(1, len(node.value), 0)
        return one
    if level > _DEEPEST or (id(node) in known and level + known[id(node)].height - 1 > _DEEPEST):
        raise _wrong(node, f"lists and mappings are nested more than {_DEEPEST} deep")
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = whole = _Unfolded()
    for child in _children(node):
        part = _unfolded(child, known, level + 1)
        whole = _Unfolded(whole.nodes + part.nodes, whole.signs + part.signs, max(whole.height, part.height + 1))
        if whole.nodes > _MOST_NODES or whole.signs > _MOST_SIGNS:
            raise _wrong(child, f"there are more than {_MOST_NODES:,} entries, or aliases unfold to so many")
    known[id(node)] = whole
    return whole


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
    return f"the character {found[0]!r} is none of a text; leave it out"


def _wrong(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
