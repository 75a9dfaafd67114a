"""Checks of configuration files against JSON Schemas, with errors a user can act on."""

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend
from referencing import Registry, Resource

from harmodels.config.messages import shortened, shown, unknown_key, wrong_type
from harmodels.config.yaml_files import read_yaml, refuse_oversized
from harmodels.errors import ConfigurationError


def check(value: Mapping[str, Any], schema: Path, where: str) -> None:
    """Check `value` against a schema file.

    Parameters
    ----------
    value
        The parsed configuration.
    schema
        A JSON Schema written in YAML; `$ref` to files beside it are followed.
    where
        What the value is, for the message; usually a file name.

    Raises
    ------
    ConfigurationError
        Naming the place, the value and what would be right.
    """
    refuse_oversized(value, where)
    error = best_match(_validator(schema).iter_errors(value))
    if error is not None:
        raise ConfigurationError(f"{where}: {_explain(error)}")


def with_defaults(value: Mapping[str, Any], schema: Path) -> dict[str, Any]:
    """Return `value` with the top-level defaults of the schema filled in."""
    properties = read_schema(schema)["properties"]
    defaults = {key: spec["default"] for key, spec in properties.items() if "default" in spec}
    return {**defaults, **value}


@cache
def read_schema(path: Path) -> dict[str, Any]:
    """Read a schema once a process; every job of a cluster reads the configuration again."""
    return read_yaml(path)


def _is_integer(_: Any, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: object) -> bool:
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


def _matches_whole(
    _: Any, pattern: str, value: object, __: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Match the whole text: `$` alone would let a line end at the end pass."""
    if isinstance(value, str) and not re.fullmatch(pattern, value):
        yield ValidationError(f"{shown(value)} does not match {pattern}")


# JSON Schema calls 5.0 an integer, which counts nothing in Python; NaN passes every bound.
_Validator = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    validators={"pattern": _matches_whole},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)


@cache
def _validator(schema: Path) -> Any:
    def retrieve(uri: str) -> Resource[Any]:
        return Resource.from_contents(read_schema(schema.parent / uri))

    registry: Registry[Any] = Registry(retrieve=retrieve)  # type: ignore[call-arg]
    return _Validator(read_schema(schema), registry=registry)


def _explain(error: ValidationError) -> str:
    place = shortened(".".join(str(part) for part in error.absolute_path))
    at = f"{place}: " if place else ""
    rule: Any = error.validator_value
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        schema: Any = error.schema
        known = list(schema.get("properties", {}))
        return at + unknown_key(set(error.instance) - set(known), known)
    if error.validator == "required":
        present: Any = error.instance
        missing = [key for key in rule if key not in present]
        return f"{at}the key {missing[0]!r} is missing"
    if error.validator == "enum":
        return f"{at}{shown(error.instance)} is none of {', '.join(map(repr, rule))}"
    if error.validator == "type":
        kinds = rule if isinstance(rule, str) else " or ".join(rule)
        return at + wrong_type(error.instance, kinds)
    if error.validator == "maxLength":
        return f"{at}{shown(error.instance)} is longer than {rule} characters"
    if error.validator == "minLength":
        return f"{at}{shown(error.instance)} is shorter than {rule} characters"
    if error.validator == "pattern":
        schema = error.schema
        wanted = schema.get("$comment", f"text that matches {rule}")
        return f"{at}{shown(error.instance)} should be {wanted}"
    return at + shortened(error.message)
