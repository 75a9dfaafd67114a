"""Fixtures shared by all tests; autograd and central differences are the oracles."""

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
    random = torch.Generator().manual_seed(seed)
    arguments = [argument.double() for argument in arguments]
    outputs = forward(*arguments)
    cotangent = torch.randn(outputs.shape, generator=random, dtype=torch.float64)
    ours = gradients(cotangent, *arguments)
    leaves = [argument.clone().requires_grad_() for argument in arguments]
    theirs = torch.autograd.grad(forward(*leaves), leaves, cotangent)
    assert len(ours) == len(theirs)
    for mine, oracle in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, oracle, rtol=1e-9, atol=1e-12)
    directions = [
        torch.randn(argument.shape, generator=random, dtype=torch.float64) for argument in arguments
    ]
    step = 1e-6

    def along(sign: float) -> Tensor:
        moved = [a + sign * step * d for a, d in zip(arguments, directions, strict=True)]
        return (forward(*moved) * cotangent).sum()

    numeric = (along(1) - along(-1)) / (2 * step)
    exact = sum((g * d).sum() for g, d in zip(ours, directions, strict=True))
    torch.testing.assert_close(exact, numeric, rtol=1e-6, atol=1e-8)


@pytest.fixture
def check_gradients() -> Callable[..., None]:
    return _check


@pytest.fixture
def edit_json() -> Callable[[Path, dict[str, Any]], None]:
    """Change some keys of a JSON file; None takes a key out."""

    def edit(path: Path, changes: dict[str, Any]) -> None:
        content = json.loads(path.read_text())
        content.update(changes)
        write_json(path, {key: value for key, value in content.items() if value is not None})

    return edit
