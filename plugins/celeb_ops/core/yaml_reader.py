"""YAML that people write (the sites file, ``removed.yaml``) → plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

try:
    # Nine times as fast: every task's process reads the DAG file, and that the sites file.
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

if TYPE_CHECKING:
    from celeb_ops.core.exceptions import CelebsError

_MAX_BYTES = 1_000_000
"""About 15,000 sites, and a second to read."""


def read_yaml(content: bytes, where: str, error: type[CelebsError]) -> Any:
    """The data of a file; an empty file's is None.

    :param where: the file, for people. :raises error: with the line and what would be right.
    """
    if len(content) > _MAX_BYTES:
        raise error(f"{where} is too large ({len(content):,} bytes, at most {_MAX_BYTES:,}): split it or shorten it.")
    try:
        return yaml.load(content.decode("utf-8-sig"), _Loader)
    except UnicodeDecodeError:
        raise error(f"{where} is not a text in UTF-8: save it as such.") from None
    except (yaml.YAMLError, RecursionError) as fault:
        problem = " ".join(str(getattr(fault, "problem", None) or fault).split())
        mark = getattr(fault, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise error(f"{where}{place} is not YAML: {problem}.") from None


class _Loader(SafeLoader):
    """Plain data only. A key stands once in a mapping, as YAML's specification has it."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        # Once for each: later, keys that aliases merge in (`<<: *slow`) may stand beside those that replace them.
        if isinstance(node, yaml.MappingNode) and node not in self.constructed_objects:
            keys = set()
            for key, _ in node.value:
                if str(key.value) in keys:
                    raise _error(key, f"{str(key.value)[:40]!r} stands here twice")
                keys.add(str(key.value))
        # PyYAML raises Python's own error for what looks like a date or a number but is none.
        try:
            return super().construct_object(node, deep)
        except (ValueError, ArithmeticError, LookupError, AttributeError):
            kind = node.tag.rpartition(":")[2]
            problem = f"{str(node.value)[:40]!r} is taken for a {kind} but is none; write a text in quotes"
            raise _error(node, problem) from None


def _error(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
