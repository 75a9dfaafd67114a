"""Options described once: type, range, default and meaning of each field of a dataclass.

A record of options is a frozen dataclass derived from `Options` whose fields are written with
`option`. From it follow the check of its values, the JSON Schema of the configuration files and the
tables of config/README.md.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from types import NoneType
from typing import Any, Literal, Self, TypeVar, get_args, get_origin, get_type_hints

from harmodels.config.messages import shown, unknown_key, wrong_type
from harmodels.errors import ConfigurationError

T = TypeVar("T")

# Twice the largest number is a float32 still, and a count fits the compiled loops' integers.
LARGEST_NUMBER = 1e38
LARGEST_COUNT = 2**31 - 1


@dataclass(frozen=True)
class Spec:
    """What may stand in one field.

    Attributes
    ----------
    name, meaning, default
        The key, a line for people and the value where none is given.
    kind
        `number`, `integer`, `boolean` or `choice`.
    choices
        The values of a choice, otherwise empty.
    optional
        Whether None is a value.
    bounds
        By the keywords of JSON Schema: minimum, maximum, exclusiveMinimum, exclusiveMaximum.
    stated
        Whether a configuration file has to say it; the default is for Python alone.
    """

    name: str
    meaning: str
    default: Any
    kind: str
    choices: tuple[str, ...]
    optional: bool
    bounds: Mapping[str, float]
    stated: bool

    def explain(self, value: object) -> str | None:
        """Return what is wrong with a value, or None."""
        if value is None and self.optional:
            return None
        if self.kind == "choice":
            if isinstance(value, str) and value in self.choices:
                return None
            return f"{shown(value)} is none of {', '.join(map(repr, self.choices))}"
        if self.kind == "boolean":
            return None if isinstance(value, bool) else wrong_type(value, self.kind)
        whole = isinstance(value, int) and not isinstance(value, bool)
        finite = isinstance(value, float) and math.isfinite(value)
        if not (whole or (finite and self.kind == "number")):
            return wrong_type(value, f"{self.kind} or null" if self.optional else self.kind)
        assert isinstance(value, int | float)
        for keyword, bound in self.bounds.items():
            words, holds = _COMPARISONS[keyword]
            if not holds(value, bound):
                return f"{shown(value)} should be {words} {bound:g}"
        return None


_COMPARISONS: Mapping[str, tuple[str, Any]] = {
    "minimum": ("at least", lambda value, bound: value >= bound),
    "exclusiveMinimum": ("above", lambda value, bound: value > bound),
    "maximum": ("at most", lambda value, bound: value <= bound),
    "exclusiveMaximum": ("below", lambda value, bound: value < bound),
}


def option(
    default: T,
    meaning: str,
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    below: float | None = None,
    stated: bool = False,
) -> T:
    """Return a dataclass field that knows its meaning and its range.

    Parameters
    ----------
    default
        The value where none is given.
    meaning
        One line, for the table of config/README.md.
    minimum, above, maximum, below
        Bounds; a number may equal `minimum` and `maximum`.
    stated
        Whether a configuration file has to say it, because a report is compared by it.
    """
    bounds = {
        "minimum": minimum,
        "exclusiveMinimum": above,
        "maximum": maximum,
        "exclusiveMaximum": below,
    }
    given = {keyword: bound for keyword, bound in bounds.items() if bound is not None}
    made: T = field(
        default=default, metadata={"meaning": meaning, "bounds": given, "stated": stated}
    )
    return made


@dataclass(frozen=True)
class Options:
    """Base of every record of options: its values are checked when it is made."""

    def __post_init__(self) -> None:
        for spec in specs_of(type(self)):
            wrong = spec.explain(getattr(self, spec.name))
            if wrong is not None:
                raise ConfigurationError(f"{spec.name}: {wrong}")

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """Return the options of a configuration file, with defaults for what it leaves out.

        Raises
        ------
        ConfigurationError
            If a key is unknown, one that a file has to state is missing, or a value is none that
            its field may hold.
        """
        known = specs_of(cls)
        unknown = set(given) - {spec.name for spec in known}
        if unknown:
            raise ConfigurationError(unknown_key(unknown, [spec.name for spec in known]))
        missing = [spec.name for spec in known if spec.stated and spec.name not in given]
        if missing:
            raise ConfigurationError(f"the key {missing[0]!r} is missing")
        return cls(**given)


def specs_of(options: type[Options]) -> tuple[Spec, ...]:
    """Return what may stand in each field of a record of options, in its order."""
    return _specs_of(options)  # type: ignore[arg-type]  # mypy takes the class for an instance


@cache
def _specs_of(options: Any) -> tuple[Spec, ...]:
    hints = get_type_hints(options)
    return tuple(_spec(entry, hints[entry.name]) for entry in fields(options))


def _spec(entry: Any, hint: Any) -> Spec:
    kinds = [part for part in get_args(hint) if part is not NoneType]
    optional = NoneType in get_args(hint)
    if get_origin(hint) is Literal:
        kind, choices, optional = "choice", get_args(hint), False
    else:
        inner = kinds[0] if optional else hint
        kind, choices = {int: "integer", float: "number", bool: "boolean"}[inner], ()
    bounds = dict(entry.metadata["bounds"])
    if kind in ("integer", "number") and not {"maximum", "exclusiveMaximum"} & set(bounds):
        bounds["maximum"] = LARGEST_COUNT if kind == "integer" else LARGEST_NUMBER
    return Spec(
        name=entry.name,
        meaning=entry.metadata["meaning"],
        default=entry.default,
        kind=kind,
        choices=choices,
        optional=optional,
        bounds=bounds,
        stated=entry.metadata["stated"],
    )
