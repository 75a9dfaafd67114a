"""Mini-batch training, the readable loop: one update after every batch, for any network.

R replicates walk in step, each through its own order of the samples; the last batch of an epoch
may be smaller.
"""

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from harmodels.nn.params import map_params


class Network(Protocol):
    """What the loop asks of a network with its loss."""

    def gradients(
        self, params: Any, inputs: Tensor, labels: Tensor, rows: Tensor
    ) -> tuple[Any, dict[str, Tensor]]:
        """Return the gradients summed over a batch and the losses (R, B) of its samples.

        Parameters
        ----------
        params
            R networks.
        inputs, labels
            (R, B, …) and (R, B).
        rows
            (R, B) positions of the samples in the epoch, for what was drawn per position.
        """
        ...


Step = Callable[[Any, Any, Any], tuple[Any, Any]]  # params, grads, state -> params, state


def train_epoch(
    network: Network,
    params: Any,
    optimiser: Any,
    inputs: Tensor,
    labels: Tensor,
    order: Tensor,
    *,
    batch_size: int,
    reduction: str,
    step: Step,
) -> tuple[Any, Any, dict[str, Tensor]]:
    """Train every replicate once through its samples.

    Parameters
    ----------
    network
        Forward and backward pass with the loss.
    params, optimiser
        R networks and what the step carries.
    inputs, labels
        (N, …) and (N,), shared by the replicates.
    order
        (R, n) int64: row r holds the samples that replicate r sees, in that order.
    batch_size
        Samples of an update.
    reduction
        `mean`: the gradient is averaged over the samples of the batch; `sum`: added up.
    step
        From parameters, gradients and optimiser state to new parameters and state.

    Returns
    -------
    params, optimiser
        After the last update.
    losses
        By name, (R,) float64: means over the epoch's samples, each taken before its update.
    """
    R, n = order.shape
    totals: dict[str, Tensor] = {}
    for start in range(0, n, batch_size):
        rows = order[:, start : start + batch_size]  # (R, B)
        positions = torch.arange(start, start + rows.shape[1], device=rows.device).expand(R, -1)
        grads, batch_losses = network.gradients(params, inputs[rows], labels[rows], positions)
        if reduction == "mean":
            samples = rows.shape[1]
            grads = map_params(lambda grad, samples=samples: grad / samples, grads)
        params, optimiser = step(params, grads, optimiser)
        for name, values in batch_losses.items():
            total = values.double().sum(1)  # (R,)
            totals[name] = totals[name] + total if name in totals else total
    return params, optimiser, {name: total / n for name, total in totals.items()}
