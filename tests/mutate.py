"""Take protections out of the source at random, one at a time, and see whether a test notices.

A protection is an `if` without `else` whose body raises an error. Its condition becomes `False`
in a copy of the checkout, where the tests that can reach the module run, the quick ones first:

    python -m tests.mutate --seed 1 --count 10

Ends with 1 if a protection could be taken out unnoticed. Not collected by pytest.
"""

import argparse
import ast
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.selection import ROOT, kind_of, reached_by

LEFT = (".git", ".venv", ".*_cache", ".hypothesis", ".snakemake", "results")  # not copied
NEAR = 8  # files of tests that run before all others
SLOWER = ("fuzz", "faults", "workflow", "package", "interruption")


@dataclass(frozen=True)
class Protection:
    """A condition in a source file, and what is raised where it holds."""

    path: Path
    place: ast.expr
    error: str

    def __str__(self) -> str:
        condition = " ".join(ast.unparse(self.place).split())
        return f"{self.path.relative_to(ROOT)}:{self.place.lineno}: if {condition}: {self.error}"

    def taken_out(self) -> str:
        """Return the source with `False` for the condition."""
        lines = self.path.read_bytes().splitlines(keepends=True)  # columns count bytes
        first, last = self.place.lineno - 1, (self.place.end_lineno or 0) - 1
        lines[last] = lines[last][self.place.end_col_offset :]
        lines[first : last + 1] = [
            self.path.read_bytes().splitlines()[first][: self.place.col_offset]
            + b"False"
            + lines[last]
        ]
        return b"".join(lines).decode()


def protections() -> Iterator[Protection]:
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.If) or node.orelse or len(node.body) > 3:
                continue
            raised = node.body[-1]
            binds = any(isinstance(part, ast.NamedExpr) for part in ast.walk(node.test))
            if isinstance(raised, ast.Raise) and isinstance(raised.exc, ast.Call) and not binds:
                yield Protection(path, node.test, ast.unparse(raised.exc.func))


def failure(copy: Path, tests: list[str], *options: str) -> str | None:
    """Return the first test, or file, that fails in the copy; None if none does."""
    workers = "0" if len(tests) <= NEAR else str(os.cpu_count())
    command = [sys.executable, "-m", "pytest", "-n", workers, "-x", "--tb=no", *options]
    path = os.pathsep.join([str(copy / "src"), str(copy)])
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", *tests],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    if done.returncode in (0, 5):
        return None
    found = re.search(r"^(?:FAILED|ERROR) (.*)", done.stdout, re.MULTILINE)
    return found[1] if found else (done.stdout + done.stderr)[-300:]


def noticed_by(protection: Protection, copy: Path) -> str | None:
    """Return the test that fails without the protection, and only without it."""
    changed = frozenset({protection.path})
    reached = [t for t in (ROOT / "tests").rglob("test_*.py") if reached_by(t, changed)]
    words = set(protection.path.relative_to(ROOT).with_suffix("").parts)
    reached.sort(  # those that import the module itself first, then those in folders of its names
        key=lambda test: (
            protection.path.stem not in test.read_text(encoding="utf-8"),
            -len(words & {*test.parts, test.stem[5:]}),
            test,
        )
    )
    quick = [str(test.relative_to(ROOT)) for test in reached if kind_of(test) is None]
    slower = [str(test.relative_to(ROOT)) for test in reached if kind_of(test) in SLOWER]
    target = copy / protection.path.relative_to(ROOT)
    for part in (quick[:NEAR], quick[NEAR:], slower):
        broken: list[str] = []  # options that leave out what fails with it too
        while part:
            target.write_text(protection.taken_out(), encoding="utf-8")
            found = failure(copy, part, *broken)
            shutil.copy2(protection.path, target)
            if found is None:
                break
            if failure(copy, [found]) is None:
                return found
            broken.append(f"--deselect={found}")
            part = [test for test in part if test != found]
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=10)
    given = parser.parse_args()
    found = [*protections()]
    chosen = random.Random(given.seed).sample(found, given.count)
    print(f"{len(found)} protections, {given.count} of them taken out with seed {given.seed}")
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        copy = Path(folder) / "copy"  # with times, so that compiled kernels stay valid
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT))
        for protection in chosen:
            by = noticed_by(protection, copy)
            unnoticed += by is None
            print(f"{'UNNOTICED' if by is None else 'noticed'}  {protection}\n  {by}", flush=True)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
