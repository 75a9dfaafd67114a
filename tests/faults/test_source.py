"""What the source must not do: unpickle, run text, ask the clock of the wall, guess an encoding."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDERS = ("src", "workflow/scripts", "benchmarks")
UNPICKLING_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve"}
UNPICKLING_MODULES |= {"marshal", "jsonpickle"}
UNPICKLING_CALLS = {"torch.load", "pd.read_pickle", "pandas.read_pickle", "pd.read_hdf"}
UNPICKLING_CALLS |= {"np.load", "numpy.load", "yaml.unsafe_load", "yaml.full_load", "eval", "exec"}
WALL_CLOCK = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today"}
WALL_CLOCK |= {"date.today", "datetime.datetime.now", "time.localtime", "time.gmtime"}
TEXT_FILES = {"open", "read_text", "write_text"}


def sources(repository: Path) -> Iterator[tuple[str, ast.AST]]:
    for folder in FOLDERS:
        for path in sorted((repository / folder).rglob("*.py")):
            yield path.name, ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def unpickles(tree: ast.AST) -> list[str]:
    """Return what could run code that a file holds."""
    found = [name for name in imported(tree) if name in UNPICKLING_MODULES]
    for name, call in calls(tree):
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if name in UNPICKLING_CALLS:
            found.append(name)
        if name == "yaml.load" and not given.get("Loader", "").startswith("_StrictLoader"):
            found.append(name)
        if given.get("allow_pickle") == "True":
            found.append(f"{name} with allow_pickle")
    return found


def asks_the_wall_clock(tree: ast.AST) -> list[str]:
    return [name for name, _ in calls(tree) if name in WALL_CLOCK]


def guesses_an_encoding(tree: ast.AST) -> list[str]:
    """Return calls that would read or write text in the encoding of the locale."""
    found = []
    for name, call in calls(tree):
        method = name.rsplit(".", 1)[-1]
        if method not in TEXT_FILES or name in ("tarfile.open", "archive.open", "os.open"):
            continue
        texts = [a.value for a in call.args if isinstance(a, ast.Constant)]
        binary = any(isinstance(text, str) and "b" in text and len(text) < 4 for text in texts)
        ours = method == "write_text" and "." not in name  # harmodels.files.write_text
        if not binary and not ours and not any(k.arg == "encoding" for k in call.keywords):
            found.append(ast.unparse(call))
    return found


CHECKS = {
    unpickles: [
        "import pickle",
        "from joblib import load",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
        "pd.read_pickle(path)",
        "yaml.load(text, Loader=yaml.Loader)",
        "yaml.load(text)",
        "eval(text)",
    ],
    asks_the_wall_clock: ["import time\ntime.time()", "datetime.now()"],
    guesses_an_encoding: ["open(path)", "path.read_text()", "path.open('w')", "p.write_text(t)"],
}

# a file of the future, and a date of publication, are known by the clock of the wall only
ALLOWED = {asks_the_wall_clock: {"files.py": ["time.time"], "crate.py": ["datetime.now"]}}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_no_source_file(check, repository: Path) -> None:
    found = {name: check(tree) for name, tree in sources(repository)}
    assert {name: what for name, what in found.items() if what} == ALLOWED.get(check, {})


@pytest.mark.parametrize(
    ("check", "text"), [(c, text) for c, texts in CHECKS.items() for text in texts]
)
def test_the_check_finds(check, text: str) -> None:
    assert check(ast.parse(text))
