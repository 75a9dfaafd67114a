"""A forward pass with mistakes planted in it, and the gradients that it then gives."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from harmodels.testing.bench import Bench
from harmodels.testing.report import Mistake
from harmodels.testing.steps import Steps

Leaves = dict[str, Tensor]


@dataclass(frozen=True)
class Candidate:
    """A mistake, and how it is planted."""

    mistake: Mistake
    mode: Callable[[Leaves, Callable[[], Tensor]], AbstractContextManager[Any]] | None = None
    hooks: Callable[[Steps], list[Any]] | None = None
    d_outputs: Callable[[Tensor], Tensor] | None = None
    whole: bool = False  # planted where nothing is truncated
    paired: bool = True  # looked for together with another, too
    recurrent: bool = False  # and with any other
    free: bool = False  # says nothing of the gradients of the states before the first step


class Planted:
    """The gradients of a forward pass with mistakes planted in it."""

    def __init__(self, bench: Bench, d_outputs: Tensor) -> None:
        self.bench, self.d_outputs = bench, d_outputs
        self.runs: dict[Any, tuple[Leaves, Tensor, Steps]] = {}
        self.steps = self.run(())[2]

    def gradients(self, *candidates: Candidate) -> Leaves:
        """Return the gradients at every leaf."""
        leaves, outputs, steps = self.run(candidates)
        d_outputs = self.d_outputs
        handles = []
        for candidate in candidates:
            if candidate.d_outputs:
                d_outputs = candidate.d_outputs(d_outputs)
            handles += candidate.hooks(steps) if candidate.hooks else []
        try:
            found = torch.autograd.grad(
                outputs,
                list(leaves.values()),
                d_outputs,
                retain_graph=True,
                allow_unused=True,
                materialize_grads=True,
            )
        finally:
            for handle in handles:
                handle.remove()
        return dict(zip(leaves, found, strict=True))

    def run(self, candidates: tuple[Candidate, ...]) -> tuple[Leaves, Tensor, Steps]:
        """Return leaves, outputs and graph of the forward pass under the modes of candidates."""
        modes = [candidate.mode for candidate in candidates if candidate.mode]
        whole = any(candidate.whole for candidate in candidates)
        key = (whole, *map(id, modes))
        if key not in self.runs:
            leaves = {name: x.clone().requires_grad_() for name, x in self.bench.leaves().items()}
            forward = self.bench.whole if whole else self.bench.oracle

            def outputs_of(forward: Callable[..., Tensor] = forward) -> Tensor:
                return self.bench.call(forward, leaves)

            contexts = [mode(leaves, outputs_of) for mode in modes]
            with ExitStack() as stack:
                for context in contexts:
                    stack.enter_context(context)
                outputs = outputs_of()
            self.runs[key] = leaves, outputs, Steps(outputs)
        return self.runs[key]
