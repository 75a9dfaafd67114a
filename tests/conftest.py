"""Fixtures shared by all tests."""

import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from filelock import FileLock
from hypothesis import settings
from torch import Tensor

from harmodels.assets import root
from harmodels.files import write_json
from harmodels.runtime.commit import describe_commit
from harmodels.runtime.machine import describe_machine
from harmodels.testing import check_gradients
from tests.selection import pytest_addoption, pytest_collection_modifyitems, pytest_configure

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "pytest_configure"]

# Tries of each random attack in `make attack`; without it a few, the same ones on every run.
ATTACKS = int(os.environ.get("HARMODELS_ATTACKS", "0"))
settings.register_profile("same", derandomize=True, deadline=None, max_examples=40)
settings.register_profile("long", deadline=None, max_examples=ATTACKS or 1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "long" if ATTACKS else "same"))

OUTCOMES: Counter[str] = Counter()  # of the attacks of the running test


@pytest.fixture(scope="session")
def outcome() -> Callable[[str], None]:
    """Count what became of one try of a test that is marked as an attack."""
    return lambda what: OUTCOMES.update([what])


@pytest.fixture(scope="session")
def tries() -> Callable[[int], int]:
    """Return how often to try, given how often in an ordinary run."""
    return lambda few: ATTACKS or few


@pytest.fixture
def drawn(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers: in an ordinary run the same ones for the same test."""
    return random.Random(None if ATTACKS else request.node.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    mark = item.get_closest_marker("attack")
    if mark is not None and call.when == "call":
        counted = {**OUTCOMES, **({} if report.passed else {"LOST": 1})}
        report.user_properties.append(("attack", [mark.args[0], counted]))
        OUTCOMES.clear()
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table of docs/faults.md: what was tried, and what became of it."""
    kinds: dict[str, Counter[str]] = {}
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, value in report.user_properties:
            if name == "attack":
                kinds.setdefault(value[0], Counter()).update(value[1])
    if not ATTACKS or not kinds:
        return
    commit = describe_commit(root())["commit"] or "of no checkout"
    processor = describe_machine("cpu")["processor"]
    terminalreporter.write_line(f"\nCommit {commit[:12]}, {ATTACKS} tries of each, {processor}\n")
    terminalreporter.write_line("| attack | tries | what became of them |\n| --- | ---: | --- |")
    for kind, counted in sorted(kinds.items()):
        found = ", ".join(f"{count} {what}" for what, count in sorted(counted.items()))
        terminalreporter.write_line(f"| {kind} | {counted.total()} | {found} |")


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Fill a folder once for all workers: the first that asks does it, the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # its folder lies in that of the whole run
        base = base.parent

    def folder(name: str, fill: Callable[[Path], None]) -> Path:
        place, filled = base / name, base / f"{name}.filled"
        with FileLock(base / f"{name}.lock"):
            if not filled.exists():
                shutil.rmtree(place, ignore_errors=True)  # of a worker that failed
                place.mkdir()
                fill(place)
                filled.touch()
        return place

    return folder


@pytest.fixture(scope="session")
def mirror() -> Path:
    folder = os.environ.get("HARMODELS_MIRROR", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("HARMODELS_MIRROR names no folder with the real data")
    return Path(folder)


@pytest.fixture
def script_in() -> Callable[[Path], SimpleNamespace]:
    """What Snakemake gives to a script of this checkout, whose log lies in a folder."""
    scripts = root() / "workflow" / "scripts"
    return lambda folder: SimpleNamespace(log=[str(folder / "job.log")], scriptdir=str(scripts))


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    # a job run inside a test flushes denormals in this process, and leaves it so
    torch.set_flush_denormal(False)


def _check(
    forward: Callable[..., Tensor],
    gradients: Callable[..., list[Tensor]],
    arguments: list[Tensor],
    seed: int = 0,
) -> None:
    """Compare hand-derived gradients with autograd and with a central difference.

    `forward(*arguments)` gives a tensor Y; `gradients(d_Y, *arguments)` gives the gradient of
    sum(Y · d_Y) at every argument.
    """
    report = check_gradients(
        lambda _, *inputs: (forward(*inputs), inputs),
        lambda _, inputs, d_outputs: tuple(gradients(d_outputs, *inputs)),
        None,
        tuple(arguments),
        seed=seed,
        rtol=1e-9,
    )
    assert len(report.verdicts) == len(arguments)
    assert report, report


@pytest.fixture(name="check_gradients")
def check_gradients_fixture() -> Callable[..., None]:
    return _check


@pytest.fixture
def edit_json() -> Callable[[Path, dict[str, Any]], None]:
    """Change some keys of a JSON file; None takes a key out."""

    def edit(path: Path, changes: dict[str, Any]) -> None:
        content = json.loads(path.read_text())
        content.update(changes)
        write_json(path, {key: value for key, value in content.items() if value is not None})

    return edit
