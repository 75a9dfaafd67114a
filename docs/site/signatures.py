"""Types, defaults and texts of documented parameters, each from its own place.

A docstring may describe several parameters in one entry, `params, cache`; griffe shows each of them
with the type and the default of the first. And the estimators compose their docstrings from their
fields when they are defined (`harmodels.estimators.parameters`), of which griffe, which reads the
sources, sees nothing.
"""

import importlib
import inspect
from typing import Any

import griffe

DESCRIBED = "harmodels.estimators.parameters.described"


class OwnSignatures(griffe.Extension):
    """Extension of griffe, which reads the sources for the reference."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Correct the docstrings of a package, which was read completely."""
        _correct(pkg)


def _correct(each: griffe.Object | griffe.Alias) -> None:
    if isinstance(each, griffe.Alias):
        return
    if isinstance(each, griffe.Class) and any(
        d.callable_path == DESCRIBED for d in each.decorators
    ):
        _take_over(each)
    if isinstance(each, griffe.Class | griffe.Function) and each.docstring:
        for section in each.docstring.parsed:
            if isinstance(section, griffe.DocstringSectionParameters):
                for documented in section.value:
                    if documented.name in each.parameters:
                        own = each.parameters[documented.name]
                        documented.annotation, documented.value = own.annotation, own.default
    for member in each.members.values():
        _correct(member)


def _take_over(each: griffe.Class) -> None:
    """Give a class the docstring, the defaults and the order of parameters that Python has."""
    own = getattr(importlib.import_module(each.module.path), each.name)
    each.docstring.value = inspect.cleandoc(own.__doc__)
    init = each.members["__init__"]
    read = {parameter.name: parameter for parameter in init.parameters}
    order = inspect.signature(own).parameters
    for name, parameter in order.items():
        read[name].default = repr(parameter.default)
        read[name].kind = getattr(griffe.ParameterKind, parameter.kind.name.lower())
    init.parameters = griffe.Parameters(*(read[name] for name in ("self", *order)))
