"""Which tests run: not those of a slow kind, and with `--since` those that a change can reach."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import harmodels
from harmodels.plugins import CELLS, LEARNERS

ROOT = Path(__file__).parents[1]

# Folders and files below tests/ that take long, and why. `-m "not slow"` leaves them out, `-m fuzz`
# runs one kind.
SLOW = {
    "browser": "browser",
    "cluster": "cluster",
    "data/features/test_agreement.py": "contract",
    "docs/test_arrays.py": "docs",
    "docs/test_notebooks.py": "docs",
    "docs/test_pattern.py": "workflow",
    "docs/test_site.py": "docs",
    "estimators/test_contract.py": "contract",
    "evaluation/test_coverage.py": "simulation",
    "faults/test_disk.py": "faults",
    "fuzz": "fuzz",
    "gpu": "gpu",
    "kernels/test_compiling.py": "compiling",
    "live/test_page.py": "browser",
    "package": "package",
    "pipeline/test_forks.py": "workflow",
    "provenance/test_crate.py": "package",
    "provenance/test_flips.py": "faults",
    "training/jobs/test_interruption.py": "interruption",
    "workflow": "workflow",
}
# A test that starts Python or imports by name may reach every module.
BY_NAME = ("import_module", "sys.executable", "harmodels.cli")
# loaded with every test; what they import belongs to those who use the fixtures
SHARED = {ROOT / "tests" / "conftest.py", Path(__file__)}
FIXTURES = {"check_gradients": "harmodels.testing", "edit_json": "harmodels.files"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--since", metavar="REVISION", help="only tests that changes since a git revision can reach"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: of any of the kinds in tests/selection.py")
    for kind in sorted(set(SLOW.values())):
        config.addinivalue_line("markers", f"{kind}: a kind of slow test")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if kind := kind_of(item.path):
            item.add_marker(kind)
            item.add_marker("slow")
    if revision := config.getoption("since"):
        changed = changed_since(revision)
        chosen = [item for item in items if reached_by(item.path, changed)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen


def kind_of(test: Path) -> str | None:
    """Return why a file of tests is slow, None if it is not."""
    below = test.relative_to(ROOT / "tests")
    return next((SLOW[p.as_posix()] for p in (below, *below.parents) if p.as_posix() in SLOW), None)


def changed_since(revision: str) -> frozenset[Path]:
    """Return the files that differ from a revision, new ones included."""
    found: set[Path] = set()
    base = _git("merge-base", revision, "HEAD").strip()
    for command in (("diff", "--name-only", base), ("ls-files", "--others", "--exclude-standard")):
        found |= {ROOT / line for line in _git(*command).splitlines()}
    return frozenset(found)


def reached_by(test: Path, changed: frozenset[Path]) -> bool:
    """Return whether the outcome of a file of tests can depend on what changed.

    On Python of the package, the tests and the benchmarks through imports; on a document where its
    name or its folder occurs in the text; on every other file, a rule for example, always.
    """
    helpers = _helpers(test)
    if changed & helpers:
        return True
    text = _text(helpers - SHARED)
    for path in changed:
        below = path.relative_to(ROOT)
        if below.suffix == ".md" or below.parts[0] == "docs":
            if path.name in text or f'"{below.parts[0]}"' in text or f"{below.parts[0]}/" in text:
                return True
        elif below.parts[:2] == ("src", "harmodels"):
            if any(word in text for word in BY_NAME) or path in _modules(test):
                return True
        elif below.parts[0] not in ("tests", "benchmarks", ".github", "CHANGELOG.md"):
            return True
    return False


@cache
def _modules(test: Path) -> frozenset[Path]:
    """Return the files of the package that a file of tests imports, with all that they import."""
    from harmodels.pipeline.imported_code import ImportedCode  # needs what only some have installed

    by_name = CELLS.package, LEARNERS.package
    package = ImportedCode("harmodels", Path(harmodels.__file__).parent, whole=by_name)
    helpers = _helpers(test) - SHARED
    wanted = {name for path in helpers for name in package.imports_of(path)}
    lazy = FIXTURES | (harmodels._HOMES if "harmodels" in wanted else {})
    wanted |= {module for name, module in lazy.items() if name in _text(helpers)}
    return frozenset(package.files_of(package.closure(wanted)))


@cache
def _helpers(test: Path) -> frozenset[Path]:
    """Return a file of tests, the conftest files around it, and what these import beside it."""
    found: set[Path] = set()
    waiting = {test, *(p / "conftest.py" for p in test.parents if ROOT in (p, *p.parents))}
    while waiting:
        path = waiting.pop()
        if path.is_file() and path not in found:
            found.add(path)
            waiting |= set(_imported_beside(path))
    return frozenset(found)


def _imported_beside(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in getattr(node, "names", ())] if _imports(node) else []
        if isinstance(node, ast.ImportFrom) and node.level:
            yield path.parent / f"{node.module}.py"
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{name}" for name in names)]
        for name in names:
            if name.partition(".")[0] in ("tests", "benchmarks"):
                yield ROOT / f"{name.replace('.', '/')}.py"
                yield ROOT / name.replace(".", "/") / "__init__.py"


def _text(paths: frozenset[Path]) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(paths))


def _imports(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _git(*command: str) -> str:
    return subprocess.run(
        ["git", *command], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
