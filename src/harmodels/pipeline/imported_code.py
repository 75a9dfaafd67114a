"""Digest of the code that a script imports from a package, for any package and any workflow.

As a parameter of a Snakemake rule it reruns the rule when a module changes that the script
imports, directly or through others, and only then. Digests, not source files as inputs: moving a
checkout or touching a file changes nothing.

>>> from pathlib import Path
>>> import harmodels
>>> package = ImportedCode("harmodels", Path(harmodels.__file__).parent)
>>> {"harmodels.files", "harmodels.errors"} <= package.closure({"harmodels.files"})
True
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import grimp

DIGITS = 16


@dataclass(frozen=True)
class ImportedCode:
    """A package and what its modules import from it.

    Attributes
    ----------
    name
        Of the package, which Python must be able to import; it is read and not executed.
    folder
        Where its files lie.
    whole
        Packages that load all their modules by name, which no import shows.
    """

    name: str
    folder: Path
    whole: tuple[str, ...] = ()

    def digest(self, script: Path, *loaded: str) -> str:
        """Return a digest of the files of the package that a script runs.

        The script's own bytes are left to Snakemake, which watches them.

        Parameters
        ----------
        script
            A Python file.
        loaded
            Modules that the script loads by name, which no import shows.
        """
        digest = hashlib.sha256()
        for path in self.files_of(self.closure({*self.imports_of(script), *loaded})):
            digest.update(path.relative_to(self.folder).as_posix().encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()[:DIGITS]

    def imports_of(self, script: Path) -> set[str]:
        """Return the modules of the package that a script imports, within functions too."""
        found = set()
        for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                # what is imported from a package may be a module or anything else in it
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        return found & _import_graph(self.name).modules

    def closure(self, modules: Iterable[str]) -> frozenset[str]:
        """Return all modules that are executed when `modules` are imported.

        Imports within functions and for type checkers count. So do the packages around a module:
        Python executes their `__init__` first.
        """
        graph = _import_graph(self.name)
        found: set[str] = set()
        waiting = set(modules)
        while waiting:
            module = waiting.pop()
            found.add(module)
            needed = graph.find_modules_directly_imported_by(module) | set(_around(module))
            if module in self.whole:
                needed |= graph.find_children(module)
            waiting |= needed - found
        return frozenset(found)

    def files_of(self, modules: Iterable[str]) -> list[Path]:
        """Return the source files of modules and the data files of the packages they lie in.

        Data are what a package holds beside Python, for example templates.
        """
        paths = set()
        for module in modules:
            place = self.folder.parent.joinpath(*module.split("."))
            source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
            paths.add(source)
            paths |= {
                path
                for path in source.parent.iterdir()
                if path.is_file() and not path.suffix.startswith(".py") and path.name[0] != "."
            }
        return sorted(paths)


def _around(module: str) -> Iterator[str]:
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


@cache
def _import_graph(name: str) -> grimp.ImportGraph:
    return grimp.build_graph(name, cache_dir=None)
