"""Types and defaults of documented parameters, each from its own place in the signature.

A docstring may describe several parameters in one entry, `learning_rate, epochs`; griffe shows
each of them with the type and the default of the first.
"""

from typing import Any

import griffe


class OwnSignatures(griffe.Extension):
    """Extension of griffe, which reads the sources for the reference."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Correct the docstrings of a package, which was read completely."""
        _correct(pkg)


def _correct(each: griffe.Object | griffe.Alias) -> None:
    if isinstance(each, griffe.Alias):
        return
    if isinstance(each, griffe.Class | griffe.Function) and each.docstring:
        for section in each.docstring.parsed:
            if isinstance(section, griffe.DocstringSectionParameters):
                for documented in section.value:
                    if documented.name in each.parameters:
                        own = each.parameters[documented.name]
                        documented.annotation, documented.value = own.annotation, own.default
    for member in each.members.values():
        _correct(member)
