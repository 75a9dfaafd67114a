"""Initial weights, drawn in float64 from a NumPy generator: the same on every device."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

Initialiser = Callable[[np.random.Generator, tuple[int, ...]], Tensor]


def uniform(bound: float) -> Initialiser:
    """Return a drawer of float64 tensors from U[-bound, bound]."""

    def draw(generator: np.random.Generator, shape: Sequence[int]) -> Tensor:
        return torch.from_numpy(generator.uniform(-bound, bound, size=tuple(shape)))

    return draw
