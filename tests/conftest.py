"""Fixtures shared by all tests."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import settings
from torch import Tensor

from harmodels.assets import root
from harmodels.files import write_json
from harmodels.testing import check_gradients

# The same examples on every run; HYPOTHESIS_PROFILE=long looks further, each time elsewhere.
settings.register_profile("same", derandomize=True, deadline=None, max_examples=40)
settings.register_profile("long", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parent.parent


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
