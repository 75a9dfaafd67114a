"""Parameters of the estimators, each described where it is declared."""

import inspect
import re
import textwrap
from dataclasses import Field, field, fields
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type)


def option(default: Any, text: str = "", *, architecture: bool = False) -> Any:
    """Return the field of a parameter that `text` describes, or the base class where it is empty.

    `architecture` says whether the weights mean something else with another value.
    """
    return field(default=default, metadata=about(text, architecture=architecture))


def about(text: str, *, architecture: bool = False) -> dict[str, Any]:
    """Return the metadata of the field of a parameter."""
    return {"text": text, "architecture": architecture}


def described(cls: Class) -> Class:
    """Write the section Parameters into the docstring of a dataclass, from its fields.

    Its own come first, then those of its bases.
    """
    order = [name for kind in cls.__mro__ for name in vars(kind).get("__annotations__", ())]
    each = {own.name: own for own in fields(cls) if "text" in own.metadata}
    names = sorted(each, key=lambda name: (each[name].kw_only is not False, order.index(name)))
    entries = [f"{name}\n{_paragraph(_text(cls, each[name]))}" for name in names]
    section = "Parameters\n----------\n" + "\n".join(entries)
    parts = re.split(r"(?m)^(?=[A-Z].*\n-{3,}$)", inspect.cleandoc(cls.__doc__ or ""), maxsplit=1)
    cls.__doc__ = "\n\n".join(part.strip() for part in (parts[0], section, *parts[1:]))
    return cls


def architecture_of(model: Any) -> dict[str, Any]:
    """Return the parameters without which the weights of a model mean something else."""
    return {
        own.name: getattr(model, own.name) for own in fields(model) if own.metadata["architecture"]
    }


def _text(cls: type, own: Field[Any]) -> str:
    """Return the description nearest to a class among those of its bases."""
    declared = (vars(kind).get("__dataclass_fields__", {}).get(own.name) for kind in cls.__mro__)
    return next(each.metadata["text"] for each in declared if each and each.metadata["text"])


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 96, initial_indent=" " * 4, subsequent_indent=" " * 4)
