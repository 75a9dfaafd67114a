"""Checks of configuration files against JSON Schemas, with errors a user can act on."""

import difflib
import math
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend
from referencing import Registry, Resource

from harmodels.errors import ConfigurationError

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where built


class _UniqueKeyLoader(_SafeLoader):  # type: ignore[misc]
    """Safe YAML in which a key given twice is an error: the first value would silently vanish."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                line = node.start_mark.line + 1
                raise ConfigurationError(f"key {key!r} stands twice in the mapping at line {line}")
        return super().construct_mapping(node, deep)


# A value that its tag does not allow (`2024-13-45`, `!!int x`) brings out what Python raises.
_UNREADABLE = (OSError, yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises
    ------
    ConfigurationError
        If the file is missing, is not YAML, is not a mapping, holds a key twice or a value that
        its tag does not allow.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)
    except _UNREADABLE as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} holds no mapping of keys to values")
    return content


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
    """Read a schema once a process; every job that a cluster runs reads the configuration anew."""
    return read_yaml(path)


def _is_integer(_: Any, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: object) -> bool:
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


# JSON Schema calls 5.0 an integer, which counts nothing in Python; NaN passes every bound.
_Validator = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
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
    place = ".".join(str(part) for part in error.absolute_path)
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
        return f"{at}{error.instance!r} is none of {', '.join(map(repr, rule))}"
    if error.validator == "type":
        return f"{at}{error.instance!r} should be of type {rule}"
    return at + error.message


def unknown_key(unknown: Iterable[str], known: Iterable[str]) -> str:
    """Return a sentence on the first unknown key, with the nearest known one."""
    known = list(known)
    first = sorted(unknown, key=str)[0]
    near = difflib.get_close_matches(str(first), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown key {first!r}{hint} (known: {', '.join(known)})"
