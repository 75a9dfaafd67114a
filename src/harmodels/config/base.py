"""The base of every record that is read from a file: one wording for one mistake.

A record is a frozen pydantic model. Its fields say which values they take and what they mean; from
them follow the check of a file, its tables in config/README.md and its JSON Schema for editors.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from harmodels.errors import ConfigurationError, HarmodelsError
from harmodels.messages import nearest, number_in_quotes, shortened, shown, unknown

T = TypeVar("T")

MOST_MISTAKES = 10  # that one message names
# Twice the largest number is a float32 still, and a count fits the compiled loops' integers.
LARGEST_NUMBER = 1e38
LARGEST_COUNT = 2**31 - 1
_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "dict": "a mapping of keys to values",
    "mapping": "a mapping of keys to values",
    "model": "a mapping of keys to values",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "above"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "below"),
}


def wrong(words: str) -> PydanticCustomError:
    """Return the error that a validator raises, to be shown behind the place of the value."""
    return PydanticCustomError("wrong", "{words}", {"words": words})


@dataclass(frozen=True)
class Matching:
    """Annotation of text that a pattern matches as a whole."""

    pattern: str
    wanted: str  # as it follows "should be"
    longest: int | None = None  # in characters

    def check(self, value: Any, place: str) -> None:
        """Refuse a value that is no such text; raise `ConfigurationError` with its place."""
        try:
            self._check(value if isinstance(value, str) else shown(value))
        except PydanticCustomError as error:
            raise ConfigurationError(f"{place}: {error.message()}") from None

    def _check(self, value: str) -> str:
        if self.longest is not None and len(value) > self.longest:
            raise wrong(f"{shown(value)} is longer than {self.longest} characters")
        if not re.fullmatch(self.pattern, value):
            raise wrong(f"{shown(value)} should be {self.wanted}")
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True, eq=False)
class OneOf:
    """Annotation of text that is one of `names`, which may grow after the record is defined."""

    names: Collection[str]

    def _check(self, value: str) -> str:
        if value not in self.names:
            choices = list(self.names)
            words = f"{shown(value)} should be one of {', '.join(map(repr, choices))}"
            raise wrong(words + nearest(value, choices))
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "enum": list(self.names)}


def refuse_twice(items: Any) -> Any:
    """Refuse a list that names an item twice."""
    if isinstance(items, list | tuple):
        twice = [item for i, item in enumerate(items) if item in items[:i]]
        if twice:
            raise wrong(f"{shown(items)} names {shown(twice[0])} twice")
    return items


def _fit(number: float) -> float:
    """Refuse a number that the compiled loops cannot hold."""
    largest = LARGEST_COUNT if isinstance(number, int) else LARGEST_NUMBER
    if abs(number) > largest:
        raise wrong(f"{shown(number)} should be at most {largest:g}")
    return number


def one_as_list(value: Any) -> Any:
    """Return a text as a list of it, for keys that take one or several."""
    return (value,) if isinstance(value, str) else value


def _keep(value: Any, check: Any) -> Any:
    check(value)
    return value


AS_WRITTEN = WrapValidator(_keep)  # annotation of a value that is checked but not converted
# A list of YAML, kept as a tuple; `Distinct` has no item twice, `Filled` one at least besides.
Several = Annotated[tuple[T, ...], Field(strict=False)]
Distinct = Annotated[tuple[T, ...], Field(strict=False), BeforeValidator(refuse_twice)]
Filled = Annotated[tuple[T, ...], Field(strict=False, min_length=1), BeforeValidator(refuse_twice)]
# 1 stays an integer, as the names and records of runs have it.
Number = Annotated[float, AfterValidator(_fit), AS_WRITTEN]
Count = Annotated[int, AfterValidator(_fit)]
Text = Annotated[str, Field(min_length=1)]
Key = Annotated[str, Matching("[a-z][a-z0-9_]*", "lower-case letters, digits and _", 100)]


def key(default: Any, meaning: str, **limits: Any) -> Any:
    """Return the field of a record, with its meaning for people; `...` has no default.

    `limits` are those of pydantic's `Field`: ge, gt, le, lt, alias and so on.
    """
    return Field(default, description=meaning, **limits)


class _Unknown(NamedTuple):
    """Takes the place of the value of an unknown key, for the message."""

    key: Any
    known: list[str]


class Record(BaseModel):
    """Base of the records: frozen, strict, without unknown keys.

    A record that is made in Python is checked as one that is read from a file; a field with an
    alias has that key in a file. Mistakes raise `error`, with a line for each: key, value, and the
    remedy.
    """

    error: ClassVar[type[HarmodelsError]] = ConfigurationError

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        populate_by_name=True,
        protected_namespaces=(),
        arbitrary_types_allowed=True,
    )

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise self.error(mistakes(error)) from None

    # Otherwise pydantic would make nested records by this __init__ and end at the first mistake.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def read(cls, content: Any, place: str = "", **context: Any) -> Self:
        """Return the record that a file's content holds; `place` names the mapping in messages.

        `context` is what validators need besides, such as the folder of the file. Raises the
        record's `error` with a line for each mistake: place, value, and the remedy.
        """
        try:
            return cls.model_validate(content, context=context or None)
        except ValidationError as error:
            raise cls.error(mistakes(error, place)) from None

    @classmethod
    def known_keys(cls) -> list[str]:
        """Return the keys that a file may give."""
        return [
            field.alias or name for name, field in cls.model_fields.items() if not field.exclude
        ]

    def replaced(self, **changes: Any) -> Self:
        """Return a copy with other values, checked as those of a new record."""
        same = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**{**same, **changes})

    def given(self) -> dict[str, Any]:
        """Return what a file gave, as plain values: defaults are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True, warnings=False)

    @model_validator(mode="before")
    @classmethod
    def _note_unknown_keys(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        known = cls.known_keys()
        allowed = {*known, *cls.model_fields}
        return {
            str(key): value if key in allowed else _Unknown(key, known)
            for key, value in given.items()
        }


def mistakes(error: ValidationError, place: str = "") -> str:
    """Return a line for each mistake that pydantic found, with the place of the value."""
    lines = []
    for mistake in error.errors(include_url=False):
        kind, value, context = mistake["type"], mistake["input"], mistake.get("ctx", {})
        if kind == "too_short" and value:  # pydantic counts the items that are right
            continue
        steps = [str(step) for step in mistake["loc"]]
        if steps[-1:] == ["[key]"]:  # the key itself is wrong
            del steps[-2:]
        if kind in ("missing", "extra_forbidden"):
            key = steps.pop()
        # pydantic names the member of a union in brackets
        steps = [step for step in steps if "[" not in step]
        if kind == "missing":
            words = f"the key {key!r} is missing"
        elif kind == "extra_forbidden":
            words = unknown("key", value.key, value.known)
        elif kind == "literal_error":
            choices = re.findall(r"'((?:[^'\\]|\\.)*)'", context["expected"])
            words = f"{shown(value)} should be one of {', '.join(map(repr, choices))}"
            words += nearest(value, choices)
        elif kind in _BOUNDS:
            name, comparison = _BOUNDS[kind]
            words = f"{shown(value)} should be {comparison} {context[name]:g}"
        elif kind == "finite_number":
            words = f"{shown(value)} should be a finite number"
        elif kind == "too_short":
            words = f"{shown(value)} should have at least one item"
        elif kind == "string_too_short":
            words = f"{shown(value)} should be text"
        elif kind.partition("_")[0] in _TYPES and kind.endswith("_type"):
            words = f"{shown(value)} should be {_TYPES[kind.partition('_')[0]]}"
            if kind in ("int_type", "float_type"):
                words += number_in_quotes(value)
        else:
            words = mistake["msg"] if kind == "wrong" else shortened(mistake["msg"])
        at = shortened(".".join(steps))
        lines.append(": ".join(part for part in (place, at, words) if part))
    lines = list(dict.fromkeys(lines))
    rest = len(lines) - MOST_MISTAKES
    return "\n".join([*lines[:MOST_MISTAKES], *([f"and {rest} more"] if rest > 0 else [])])
