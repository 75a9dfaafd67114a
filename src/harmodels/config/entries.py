"""Entries of a configuration, read into frozen dataclasses with errors that a user can act on.

A field's type says which values it takes, its `Key` what it means; both make the messages here and
the tables of config/README.md.
"""

import difflib
import math
import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from harmodels.config.messages import unknown_key
from harmodels.errors import ConfigurationError

T = TypeVar("T")
INHERITED = ("checkpoint", "split")  # an entry's own hold for the selections inside it


@dataclass(frozen=True)
class Key:
    """What a field means, and limits of its value beyond its type.

    Attributes
    ----------
    meaning
        One line for people.
    name
        The key in YAML, where it is not the field's name.
    pattern
        A regular expression that the whole text matches.
    above, least, most
        Bounds of a number; the first is excluded.
    """

    meaning: str
    name: str | None = None
    pattern: str | None = None
    above: float | None = None
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Part:
    """Which keys of a nested dataclass a field takes, and how.

    Attributes
    ----------
    keys
        Those that may be given.
    required
        Those that must be given.
    inline
        Whether they stand in the entry itself, not under a key of their own.
    or_one
        Whether the keys of a single item may stand in the entry itself in place of the list.
    """

    keys: tuple[str, ...]
    required: tuple[str, ...] = ("experiment",)
    inline: bool = False
    or_one: bool = False


class Described(NamedTuple):
    """A field as its annotation describes it."""

    name: str
    key: str
    type: Any
    meaning: Key
    part: Part | None
    required: bool
    default: Any


@cache
def described(kind: Any) -> tuple[Described, ...]:
    """Return the fields of a dataclass with the meaning and limits that its annotations give."""
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for field in fields(kind):
        hint = hints[field.name]
        notes: list[Any] = []
        while True:
            if get_origin(hint) is Annotated:
                hint, *more = get_args(hint)
                notes = [*more, *notes]
            elif get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint):
                hint = next(part for part in get_args(hint) if part is not type(None))
            else:
                break
        # the annotation nearest to the field is the last
        meaning = next((note for note in reversed(notes) if isinstance(note, Key)), Key(""))
        part = next((note for note in reversed(notes) if isinstance(note, Part)), None)
        default = field.default
        if field.default_factory is not MISSING:
            default = field.default_factory()
        required = default is MISSING
        key = meaning.name or field.name
        found.append(Described(field.name, key, hint, meaning, part, required, default))
    return tuple(found)


def keys_of(kind: Any) -> list[str]:
    """Return the keys that an entry of this kind may have."""
    keys: list[str] = []
    for field in described(kind):
        if field.part is None or not field.part.inline:
            keys.append(field.key)
        if field.part is not None and (field.part.inline or field.part.or_one):
            keys += [key for key in field.part.keys if field.part.inline or key != "title"]
    return list(dict.fromkeys(keys))


def read_entry(
    kind: type[T], entry: Any, place: str, inherited: Mapping[str, Any] | None = None
) -> T:
    """Read a mapping into a dataclass.

    Parameters
    ----------
    kind
        The dataclass; its annotations hold `Key` and `Part`.
    entry
        The mapping, as YAML gave it.
    place
        Where it stands, for messages.
    inherited
        Values that the entry around it gives, where this one is silent.

    Raises
    ------
    ConfigurationError
        Naming the place, the value and what would be right.
    """
    record: Any = kind
    _check_keys(entry, keys_of(record), place)
    inherited = inherited or {}
    values: dict[str, Any] = {}
    for field in described(record):
        if field.part is not None:
            continue
        if field.key in entry:
            values[field.name] = _value(field, field.type, entry[field.key], _at(place, field.key))
        elif field.key in inherited:
            values[field.name] = inherited[field.key]
        elif field.required:
            raise ConfigurationError(f"{place}: the key {field.key!r} is missing")
        else:
            values[field.name] = field.default
    passed = {**inherited, **{key: values[key] for key in INHERITED if key in values}}
    for field in described(record):
        if field.part is not None:
            values[field.name] = _part(field, field.part, entry, place, passed)
    return kind(**values)


def nearest(value: Any, known: Iterable[Any]) -> str:
    """Return ` (did you mean 'x'?)`, or nothing where no known value is near."""
    near = difflib.get_close_matches(str(value), [str(item) for item in known], n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _check_keys(entry: Any, known: Iterable[str], place: str, required: Iterable[str] = ()) -> None:
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f"{place}: {entry!r} should be a mapping of keys to values")
    unknown = set(entry) - set(known)
    if unknown:
        raise ConfigurationError(f"{place}: {unknown_key(unknown, known)}")
    for key in required:
        if key not in entry:
            raise ConfigurationError(f"{place}: the key {key!r} is missing")


def _part(
    field: Described, part: Part, entry: Mapping[str, Any], place: str, passed: Mapping[str, Any]
) -> Any:
    several = get_origin(field.type) is tuple
    kind = get_args(field.type)[0] if several else field.type
    own = {key: entry[key] for key in part.keys if key in entry}
    if part.inline:
        _check_keys(own, part.keys, place, part.required)
        return read_entry(kind, own, place, passed)
    if not several:
        return _item(kind, part, entry.get(field.key, MISSING), _at(place, field.key), passed)
    if part.or_one:
        own = {key: value for key, value in own.items() if key not in (*INHERITED, "title")}
        if field.key in entry and own:
            raise ConfigurationError(
                f"{place}: {next(iter(own))!r} cannot stand beside {field.key!r}; "
                "give it to the items of the list"
            )
        if field.key not in entry:
            return (_item(kind, part, own, place, passed),)
    items = entry.get(field.key, MISSING)
    if items is MISSING and not field.required:
        return field.default
    if items is MISSING:
        raise ConfigurationError(f"{place}: the key {field.key!r} is missing")
    at = _at(place, field.key)
    _check_list(items, at)
    return tuple(_item(kind, part, item, f"{at}.{i}", passed) for i, item in enumerate(items))


def _item(kind: type, part: Part, item: Any, place: str, passed: Mapping[str, Any]) -> Any:
    if item is MISSING:
        raise ConfigurationError(f"{place}: the key is missing")
    if isinstance(item, str) and part.required == ("experiment",):
        item = {"experiment": item}
    _check_keys(item, part.keys, place, part.required)
    return read_entry(kind, item, place, passed)


def _value(field: Described, hint: Any, value: Any, at: str) -> Any:
    """Check a value against its type and limits; it is returned as it was written."""
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        meaning = next((note for note in notes if isinstance(note, Key)), field.meaning)
        return _value(field._replace(meaning=meaning), inner, value, at)
    if get_origin(hint) is Literal:
        if value not in get_args(hint) or isinstance(value, bool):
            known = get_args(hint)
            listed = ", ".join(map(repr, known))
            raise ConfigurationError(f"{at}: {value!r} is none of {listed}{nearest(value, known)}")
        return value
    if get_origin(hint) is tuple:
        inner, *rest = get_args(hint)
        exactly = None if rest == [...] else len(rest) + 1
        _check_list(value, at, exactly)
        if inner is not float and any(item in value[:i] for i, item in enumerate(value)):
            raise ConfigurationError(f"{at}: {value!r} names an item twice")
        return tuple(_value(field, inner, item, f"{at}.{i}") for i, item in enumerate(value))
    if get_origin(hint) in (Mapping, dict):
        return _where(value, at)
    if is_dataclass(hint) and isinstance(hint, type):
        if value == {}:
            raise ConfigurationError(f"{at}: it is empty; give {', '.join(keys_of(hint))}")
        return read_entry(hint, value, at)
    return _scalar(field.meaning, hint, value, at)


def _where(value: Any, at: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not value:
        raise ConfigurationError(f"{at}: {value!r} should map keys of the grid to their values")
    for key, item in value.items():
        if not isinstance(item, int | float | str | None):
            raise ConfigurationError(
                f"{at}.{key}: {item!r} should be a number, text, boolean or null"
            )
    return dict(value)


def _check_list(value: Any, at: str, exactly: int | None = None) -> None:
    if not isinstance(value, list | tuple) or not value:
        raise ConfigurationError(f"{at}: {value!r} should be a list of at least one item")
    if exactly is not None and len(value) != exactly:
        raise ConfigurationError(f"{at}: {value!r} should be a list of {exactly} items")


def _scalar(meaning: Key, hint: type, value: Any, at: str) -> Any:
    if hint is str:
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"{at}: {value!r} should be text")
        if meaning.pattern and not re.fullmatch(meaning.pattern, value):
            raise ConfigurationError(f"{at}: {value!r} is not {_lower_first(meaning.meaning)}")
        return value
    number = isinstance(value, int) and not isinstance(value, bool)
    if hint is float:
        number = number or (isinstance(value, float) and math.isfinite(value))
    if not number:
        kind = "a whole number" if hint is int else "a number"
        raise ConfigurationError(f"{at}: {value!r} should be {kind}")
    for bound, wrong, words in (
        (meaning.above, meaning.above is not None and value <= meaning.above, "above"),
        (meaning.least, meaning.least is not None and value < meaning.least, "at least"),
        (meaning.most, meaning.most is not None and value > meaning.most, "at most"),
    ):
        if wrong:
            raise ConfigurationError(f"{at}: {value!r} should be {words} {bound:g}")
    return value


def _at(place: str, key: str) -> str:
    return f"{place}.{key}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
