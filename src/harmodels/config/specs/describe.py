"""Keys of tables, figures and claims as Markdown, from the records that read them."""

import inspect
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from harmodels.config.entries import Described, described
from harmodels.config.selection import Selection
from harmodels.config.specs import ClaimSpec, FigureSpec, TableSpec, kinds_of

TITLE = "Tables, figures and claims of a report"
_WORDS = {str: "text", int: "integer", float: "number"}


def describe_specs() -> str:
    """Return a section of Markdown: the keys of a selection, then those of every kind."""
    head = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n"
    parts = [
        f"## {TITLE}\n\n"
        "Each selects runs of experiments by the keys of a *selection*; a key that a kind does not "
        "take is an error.\n\n"
        f"### Selection\n\n{head}" + "\n".join(_row(field) for field in described(Selection)) + "\n"
    ]
    for what, union in (("Table", TableSpec), ("Figure", FigureSpec), ("Claim", ClaimSpec)):
        kinds: dict[type, list[str]] = {}
        for kind, record in kinds_of(union).items():
            kinds.setdefault(record, []).append(f"`{kind}`")
        for record, names in kinds.items():
            meaning = " ".join((inspect.getdoc(record) or "").split())
            rows = "\n".join(_rows(record))
            parts.append(f"### {what}: {' and '.join(names)}\n\n{meaning}\n\n{head}{rows}\n")
    return "\n".join(parts)


def _rows(record: Any, prefix: str = "") -> Iterator[str]:
    for field in described(record):
        if field.name == "kind":
            continue
        if field.part is None:
            yield _row(field, prefix)
            if is_dataclass(field.type):
                yield from _rows(field.type, f"{prefix}{field.key}.")
            continue
        keys = ", ".join(f"`{key}`" for key in field.part.keys)
        if field.part.inline:
            yield f"| {keys} | a selection |  |  |"
        else:
            if field.part.or_one:
                yield f"| `experiment`, `where`, `choose` | a selection, or `{field.key}` |  |  |"
            several = "a list, each with " if get_origin(field.type) is tuple else ""
            yield f"| `{prefix}{field.key}` | {several}{keys} |  | {field.meaning.meaning} |"


def _row(field: Described, prefix: str = "") -> str:
    default = "" if field.required or field.default in (None, (), {}) else _text(field.default)
    return f"| `{prefix}{field.key}` | {_value(field.type)} | {default} | {field.meaning.meaning} |"


def _value(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        return _value(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(hint))
    if get_origin(hint) is tuple:
        inner, *rest = get_args(hint)
        return f"{'a list' if rest == [...] else 'two'}: {_value(inner)}"
    return _WORDS.get(hint, "mapping")


def _text(value: Any) -> str:
    items = value if isinstance(value, tuple) else (value,)
    return ", ".join(f"`{item}`" for item in items)
