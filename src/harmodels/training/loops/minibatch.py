"""Mini-batch training, the readable loop: one update after every batch, for any network.

All R replicates update together, each in its own order of the samples; the last batch of an epoch
may be smaller.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from harmodels.nn.params import map_params, state_dict
from harmodels.training.loops.cuda_graphs import Loop, plain_loop


class Network(Protocol):
    """Interface of a network with its loss."""

    @property
    def losses(self) -> tuple[str, ...]:
        """Names of the losses that `gradients` returns, in their order."""

    def gradients(
        self, params: Any, inputs: Tensor, labels: Tensor, dropout_masks: Tensor | None
    ) -> tuple[Any, dict[str, Tensor]]:
        """Return the gradients summed over a batch and the losses (R, B) of its samples.

        Inputs, labels and masks (None without dropout) begin with (R, B).
        """


Update = Callable[[Any, Any, Any], tuple[Any, Any]]  # params, grads, state -> params, state


class Carry(NamedTuple):
    """State passed from update to update."""

    params: Any
    optimiser: Any
    totals: Tensor  # (number of losses, R) float64, sums over the samples


class Samples(NamedTuple):
    """Data that every update reads."""

    inputs: Tensor  # (N, …)
    labels: Tensor  # (N,)


class Batch(NamedTuple):
    """Data of one update; an empty tuple without dropout."""

    indices: Tensor  # (R, B)
    dropout_masks: Tensor | tuple[()]  # (R, B, …)


def train_epoch(
    network: Network,
    params: Any,
    optimiser: Any,
    inputs: Tensor,
    labels: Tensor,
    order: Tensor,
    dropout_masks: Tensor | None = None,
    *,
    batch_size: int,
    reduction: str,
    step: Update,
    loop: Loop = plain_loop,
) -> tuple[Any, Any, dict[str, Tensor]]:
    """Train every replicate once through its samples; arguments and result: `kernels`.

    Parameters
    ----------
    network
        Forward and backward pass with the loss.
    optimiser
        The state of the replicates' optimiser; returned as it is after the last update.
    reduction
        `mean`: the gradient is averaged over the samples of the batch; `sum`: added up.
    step
        From parameters, gradients and optimiser state to new parameters and state.
    loop
        Runs the update on one batch after another.
    """
    R, n = order.shape

    def update(carry: Carry, samples: Samples, batch: Batch) -> Carry:
        params, optimiser, totals = carry
        inputs, labels = samples.inputs[batch.indices], samples.labels[batch.indices]
        masks = None if isinstance(batch.dropout_masks, tuple) else batch.dropout_masks
        grads, values = network.gradients(params, inputs, labels, masks)
        if reduction == "mean":
            grads = map_params(lambda grad: grad / batch.indices.shape[1], grads)
        params, optimiser = step(params, grads, optimiser)
        added = torch.stack([values[name].double().sum(1) for name in network.losses])
        return Carry(params, optimiser, totals + added)

    device = next(iter(state_dict(params).values())).device
    totals = torch.zeros(len(network.losses), R, dtype=torch.float64, device=device)
    parts = torch.split(order, batch_size, dim=1)
    masks: Sequence[Any] = [()] * len(parts)
    if dropout_masks is not None:
        masks = torch.split(dropout_masks, batch_size, dim=1)
    batches = (Batch(*part) for part in zip(parts, masks, strict=True))
    carry = Carry(params, optimiser, totals)
    params, optimiser, totals = loop(update, carry, Samples(inputs, labels), batches)
    return params, optimiser, dict(zip(network.losses, totals / n, strict=True))
