"""Digests of the code that a rule runs; as parameters they rerun the rule when it changes.

Digests, not source files as inputs: moving a checkout or touching a file changes nothing.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import grimp

from harmodels.assets import PACKAGE, root

NAME = PACKAGE.name
DIGITS = 16


@cache
def code_of(script: str, *loaded: str) -> str:
    """Return a digest of the files of the package that a script runs.

    The script's own bytes are left to Snakemake, which watches them.

    Parameters
    ----------
    script
        The name of a file of `workflow/scripts`.
    loaded
        Modules that the script loads by name, which no import shows.
    """
    modules = imports_of(root() / "workflow" / "scripts" / script)
    digest = hashlib.sha256()
    for path in files_of(closure({*modules, *loaded})):
        digest.update(path.relative_to(PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:DIGITS]


def digest_of(path: Path) -> str:
    """Return a digest of one file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]


def imports_of(script: Path) -> set[str]:
    """Return the modules of the package that a script imports, within functions too."""
    known = _import_graph().modules
    found = set()
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            # what is imported from a package may be a module or anything else in it
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & known


def closure(modules: Iterable[str]) -> frozenset[str]:
    """Return all modules that are executed when `modules` are imported.

    Imports within functions and for type checkers count. So do the packages around a module:
    Python executes their `__init__` first.
    """
    graph = _import_graph()
    found: set[str] = set()
    waiting = set(modules)
    while waiting:
        module = waiting.pop()
        found.add(module)
        needed = graph.find_modules_directly_imported_by(module) | set(_packages_around(module))
        waiting |= needed - found
    return frozenset(found)


def files_of(modules: Iterable[str]) -> list[Path]:
    """Return the source files of modules and the data files of the packages they lie in.

    Data are what a package holds beside Python, for example the templates of the page.
    """
    paths = set()
    for module in modules:
        place = PACKAGE.parent.joinpath(*module.split("."))
        source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        paths.add(source)
        paths |= {
            path
            for path in source.parent.iterdir()
            if path.is_file() and not path.suffix.startswith(".py") and path.name[0] != "."
        }
    return sorted(paths)


def _packages_around(module: str) -> Iterator[str]:
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


@cache
def _import_graph() -> grimp.ImportGraph:
    return grimp.build_graph(NAME, cache_dir=None)
