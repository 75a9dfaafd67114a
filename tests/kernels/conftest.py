from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from harmodels.models import elman
from harmodels.nn.initialisers import uniform
from harmodels.nn.params import state_dict


class Problem(NamedTuple):
    params: Any
    inputs: Tensor
    labels: Tensor
    order: Tensor


class EndToEnd(NamedTuple):
    """A problem whose sequences lie end to end."""

    params: Any
    frames: Tensor
    starts: Tensor
    lengths: Tensor
    labels: Tensor
    order: Tensor


def end_to_end(problem: Problem, lengths: list[int] | None = None) -> EndToEnd:
    """Return the problem with its sequences cut to `lengths` and laid end to end."""
    count, steps, _ = problem.inputs.shape
    lengths = lengths or [steps] * count
    frames = torch.cat([x[:n] for x, n in zip(problem.inputs, lengths, strict=True)])
    steps_of = torch.tensor(lengths)
    starts = steps_of.cumsum(0) - steps_of
    return EndToEnd(problem.params, frames, starts, steps_of, problem.labels, problem.order)


@pytest.fixture
def make_end_to_end(make_problem: Callable[..., Problem]) -> Callable[..., EndToEnd]:
    """Return what makes problems of one length, or of the `lengths` given."""

    def make(lengths: list[int] | None = None, **sizes: int) -> EndToEnd:
        if lengths is not None:
            sizes |= {"sequences": len(lengths), "steps": max(lengths)}
        return end_to_end(make_problem(**sizes), lengths)

    return make


@pytest.fixture
def make_problem() -> Callable[..., Problem]:
    def make(
        *, hidden: int = 9, replicates: int = 1, sequences: int = 4, steps: int = 11,
        channels: int = 3, classes: int = 6, seed: int = 0,
    ) -> Problem:  # fmt: skip
        generators = [np.random.default_rng([seed, r]) for r in range(replicates)]
        # a bound at which the state neither dies out nor becomes chaotic
        bound = uniform(1.0 / hidden**0.5)
        params = elman.initialise(
            generators, channels=channels, hidden=hidden, classes=classes,
            weights=bound, biases=bound,
        )  # fmt: skip
        data = np.random.default_rng([seed, 1000])
        inputs = data.normal(size=(sequences, steps, channels)).astype(np.float32)
        labels = data.integers(0, classes, sequences)
        order = np.stack([data.permutation(sequences) for _ in range(replicates)])
        return Problem(params, *map(torch.from_numpy, (inputs, labels, order)))

    return make


@pytest.fixture
def assert_same_bytes() -> Callable[[Any, Any], None]:
    def assert_same(left: Any, right: Any) -> None:
        for name, tensor in state_dict(left).items():
            assert tensor.numpy().tobytes() == state_dict(right)[name].numpy().tobytes(), name

    return assert_same
