"""Recurrent cells and learners by name: a module of a folder each, or registered from outside.

The names and labels are read off the files, so that the configuration and the reports know them
without importing torch.
"""

import ast
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Plugins(Mapping[str, Any]):
    """The plugins of one kind; a key is the name of a module, a value its attribute `entry`.

    Modules whose names begin with an underscore are shared by the others.

    >>> sorted(CELLS)
    ['gru', 'lstm', 'simple_rnn']
    >>> CELLS["gru"].label, CELLS.label("gru"), CELLS.module("gru")
    ('GRU', 'GRU', 'harmodels.nn.cells.gru')
    """

    package: str
    entry: str
    registered: dict[str, Any] = field(default_factory=dict)

    def register(self, name: str, plugin: Any) -> None:
        """Add a plugin from outside the package, for this process."""
        if name in self:
            raise ValueError(f"there is a {self.entry.lower()} {name!r} already")
        self.registered[name] = plugin

    def module(self, name: str) -> str:
        """Return the module of one of the package's own plugins."""
        return f"{self.package}.{name}"

    def label(self, name: str) -> str:
        """Return what people call a plugin: the `label` that its record states."""
        if name in self.registered:
            return str(self.registered[name].label)
        source = (_folder(self.package) / f"{name}.py").read_text(encoding="utf-8")
        stated = next(
            node.value
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.keyword) and node.arg == "label"
        )
        return str(ast.literal_eval(stated))

    def __getitem__(self, name: str) -> Any:
        """Return a plugin; its module is imported now."""
        if name in self.registered:
            return self.registered[name]
        if name not in self:
            raise KeyError(name)
        return getattr(importlib.import_module(self.module(name)), self.entry)

    def __iter__(self) -> Iterator[str]:
        """Yield the names, those of the package first."""
        yield from _modules(self.package)
        yield from self.registered

    def __len__(self) -> int:
        """Return the number of plugins."""
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        """Return whether there is a plugin of this name, without importing it."""
        return name in self.registered or name in _modules(self.package)


def _folder(package: str) -> Path:
    return Path(__file__).parent.joinpath(*package.split(".")[1:])


@cache
def _modules(package: str) -> list[str]:
    return sorted(p.stem for p in _folder(package).glob("*.py") if p.name[0] != "_")


CELLS = Plugins("harmodels.nn.cells", "CELL")
LEARNERS = Plugins("harmodels.training.learners", "LEARNER")
