"""Parameters of the estimators, each described, and checked, where it is declared."""

import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from harmodels.messages import shown

Class = TypeVar("Class", bound=type)

_WORDS = {
    int: "a whole number",
    float: "a finite number",
    bool: "True or False",
    str: "text",
    NoneType: "None",
    Mapping: "a mapping of label to weight",
    Callable: "a function",
}
_STRICT = ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)


def option(default: Any, text: str, *, architecture: bool = False) -> Any:
    """Return the field of a parameter that `text` describes."""
    return field(default=default, metadata=about(text, architecture=architecture))


def about(text: str, *, architecture: bool = False) -> dict[str, Any]:
    """Return the metadata of the field of a parameter.

    `architecture` says whether the weights mean something else with another value.
    """
    return {"text": text, "architecture": architecture}


def described(cls: Class) -> Class:
    """Write the section Parameters into the docstring of a dataclass, from its fields.

    Its own come first, then those of its bases.
    """
    order = [name for kind in cls.__mro__ for name in vars(kind).get("__annotations__", ())]
    each = {own.name: own for own in fields(cls)}
    names = sorted(each, key=lambda name: (each[name].kw_only is not False, order.index(name)))
    entries = [f"{name}\n{_paragraph(each[name].metadata['text'])}" for name in names]
    section = "Parameters\n----------\n" + "\n".join(entries)
    parts = re.split(r"(?m)^(?=[A-Z].*\n-{3,}$)", inspect.cleandoc(cls.__doc__ or ""), maxsplit=1)
    cls.__doc__ = "\n\n".join(part.strip() for part in (parts[0], section, *parts[1:]))
    return cls


def architecture_of(model: Any) -> dict[str, Any]:
    """Return the parameters without which the weights of a model mean something else."""
    return {
        own.name: getattr(model, own.name) for own in fields(model) if own.metadata["architecture"]
    }


def check_parameters(model: Any) -> None:
    """Raise ValueError naming the first parameter that is not of the type that it declares."""
    kind: Any = type(model)
    for name, (adapter, words) in _declared(kind).items():
        value = getattr(model, name)
        try:
            adapter.validate_python(plain(value))
        except ValidationError:
            raise ValueError(f"{name} is {shown(value)}; it is {words}") from None


def plain(value: Any) -> Any:
    """Return numbers, lists and mappings of Python for those of numpy, as JSON has them."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, Mapping):
        return {name: plain(part) for name, part in value.items()}
    return value


@cache
def _declared(kind: Any) -> dict[str, tuple[TypeAdapter[Any], str]]:
    """Return the check of each parameter and the words for it, apart from those of architecture.

    These have to be what was fitted, and are checked with the options of the training.
    """
    hints = get_type_hints(kind, include_extras=True)
    return {
        own.name: (TypeAdapter(hints[own.name], config=_STRICT), _words(hints[own.name]))
        for own in fields(kind)
        if not own.metadata["architecture"]
    }


def _words(hint: Any) -> str:
    """Return the words for a type, as they follow `it is`."""
    if get_origin(hint) is Annotated:
        inner, *limits = get_args(hint)
        return f"{_words(inner)} of {limits[0].metadata[0].ge} or more"
    if get_origin(hint) is Literal:
        return " or ".join(map(repr, get_args(hint)))
    known = get_origin(hint) if get_origin(hint) in _WORDS else hint
    return _WORDS.get(known) or " or ".join(map(_words, get_args(hint)))


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 96, initial_indent=" " * 4, subsequent_indent=" " * 4)
