"""YAML files of plain values, read without trust: no key twice, no bomb, no code."""

import re
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from harmodels.errors import ConfigurationError
from harmodels.messages import shortened, shown

DEEPEST = 50
MOST_VALUES = 100_000
LONGEST_TEXT = 10_000
LARGEST_INTEGER = 2**63 - 1

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where built
_MERGE = "tag:yaml.org,2002:merge"


class _StrictLoader(_SafeLoader):  # type: ignore[misc]
    """Safe YAML in which a key given twice is an error: the first value would silently vanish."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                break  # an error of the loader's own
            if key in seen:
                line = node.start_mark.line + 1
                raise ConfigurationError(
                    f"key {shown(key)} is given twice in the mapping at line {line}; keep one"
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


# YAML 1.1 takes 1e-3 for text, since it wants a point; here it is the number that was meant.
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+\Z"),
    list("-+.0123456789"),
)

# Numbers of YAML 1.1 that nobody means who writes them: to it 010 is 8 and 1:30 is 90.
_SURPRISING = re.compile(r"[-+]?(0[0-7_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")

# A value that its tag does not allow (`2024-13-45`, `!!int x`) brings out what Python raises.
_UNREADABLE = (OSError, yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises ConfigurationError naming the file if it is missing, is not YAML in UTF-8, holds a key
    twice or a value that its tag does not allow, a number in base 8 or 60, or a tree too deep or
    too large.
    """
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_traps(text)
        content = yaml.load(text, Loader=_StrictLoader)  # noqa: S506, TID251 - a safe one
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"cannot read {path}: {error}; save it as UTF-8") from error
    except _UNREADABLE as error:
        raise ConfigurationError(f"cannot read {path}: {shortened(str(error))}") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} holds no mapping of keys to values")
    return content


def check_config_files(paths: Iterable[Path | str]) -> None:
    """Check the files that Snakemake has loaded for what its own loader lets pass.

    A key that is given twice, and `__use_yte__`, with which Snakemake runs the Python code that the
    file holds.
    """
    for path in map(Path, paths):
        if "__use_yte__" in read_yaml(path):
            raise ConfigurationError(
                f"{path}: the key '__use_yte__' is refused: a configuration is data, and this key "
                "makes Snakemake run the code in it; write the values out"
            )


def refuse_oversized(value: object, where: str) -> None:
    """Check that a tree is small enough to be checked, used and named in a message.

    Its depth, number of values (aliases counted each time), texts and integers have limits.
    """
    for number, part in enumerate(_parts(value, where, 0), start=1):
        if number > MOST_VALUES:
            raise ConfigurationError(f"{where}: more than {MOST_VALUES} values; shorten it")
        if isinstance(part, str) and len(part) > LONGEST_TEXT:
            raise ConfigurationError(
                f"{where}: {shown(part)} has {len(part)} characters; "
                f"at most {LONGEST_TEXT} are read"
            )
        if isinstance(part, int) and abs(part) > LARGEST_INTEGER:
            raise ConfigurationError(
                f"{where}: {shown(part)} is too large a number; at most 2**63 - 1 is read"
            )


def _parts(value: object, where: str, depth: int) -> Iterator[object]:
    """Yield every key and value of a tree."""
    if depth > DEEPEST:
        raise ConfigurationError(f"{where}: nested more than {DEEPEST} deep; flatten it")
    yield value
    if isinstance(value, dict):
        yield from value
        value = value.values()
    elif not isinstance(value, list):
        return
    for part in value:
        yield from _parts(part, where, depth + 1)


def _refuse_traps(text: str) -> None:
    """Follow the parser's events, which need no stack, before anything is built of them.

    A deep nesting overflows the C stack of the loader; aliases of aliases grow exponentially; a
    leading zero changes a number.
    """
    sizes: dict[str | None, int] = {}
    stack: list[tuple[str | None, int]] = []
    total = 0
    events: Iterator[Any] = yaml.parse(text, Loader=_SafeLoader)
    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append((event.anchor, total))
            if len(stack) > DEEPEST:
                raise ConfigurationError(
                    f"line {line}: nested more than {DEEPEST} deep; flatten it"
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = stack.pop()
            if anchor is not None:
                sizes[anchor] = total - before + 1
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in (anchor for anchor, _ in stack):
                raise ConfigurationError(f"line {line}: *{event.anchor} is an alias of itself")
            total += sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.ScalarEvent):
            if event.implicit[0] and _SURPRISING.fullmatch(event.value):
                raise ConfigurationError(
                    f"line {line}: {shown(event.value)} is another number to YAML, in base 8 or "
                    "60; write it without leading zeros and colons, or in quotes if it is a text"
                )
            if event.anchor is not None:
                sizes[event.anchor] = 1
        total += 1
        if total > MOST_VALUES:
            raise ConfigurationError(
                f"line {line}: more than {MOST_VALUES} values, aliases counted each time; "
                "shorten it"
            )
