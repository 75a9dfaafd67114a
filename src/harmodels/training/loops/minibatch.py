"""Mini-batch training, the readable loop: one update after every batch, for any network.

All R replicates update together, each in its own order of the samples; the last batch of an epoch
may be smaller.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harmodels.nn.devices import send
from harmodels.nn.params import map_params, state_dict
from harmodels.training.loops.cuda_graphs import Loop, plain_loop


class Network(Protocol):
    """Interface of a network with its loss."""

    @property
    def losses(self) -> tuple[str, ...]:
        """Names of the losses that `gradients` returns, in their order."""

    def gradients(
        self,
        params: Any,
        inputs: Tensor,
        labels: Tensor,
        dropout_masks: Tensor | None,
        weights: Tensor | None,
    ) -> tuple[Any, dict[str, Tensor]]:
        """Return the gradients summed over a batch and the losses (R, B) of its samples.

        Inputs, labels and masks (None without dropout) begin with (R, B). The gradients are those
        of the losses times `weights` (R, B), if given; the losses are without.
        """


# params, grads, state, step size () -> params, state
Update = Callable[[Any, Any, Any, Tensor], tuple[Any, Any]]


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
    """Data of one update; an empty tuple without dropout, and without weights."""

    indices: Tensor  # (R, B)
    dropout_masks: Tensor | tuple[()]  # (R, B, …)
    weights: Tensor | tuple[()]  # (R, B)
    rate: Tensor  # (), the step size


def train_epoch(
    network: Network,
    params: Any,
    optimiser: Any,
    inputs: Tensor,
    labels: Tensor,
    order: Tensor,
    dropout_masks: Tensor | None = None,
    *,
    weights: Tensor | None = None,
    batch_size: int,
    rates: NDArray[np.float64],
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
        From parameters, gradients, optimiser state and step size to new parameters and state.
    loop
        Runs the update on one batch after another.
    """
    R, n = order.shape

    def update(carry: Carry, samples: Samples, batch: Batch) -> Carry:
        params, optimiser, totals = carry
        inputs, labels = samples.inputs[batch.indices], samples.labels[batch.indices]
        masks, own = (
            None if isinstance(each, tuple) else each
            for each in (batch.dropout_masks, batch.weights)
        )
        grads, values = network.gradients(params, inputs, labels, masks, own)
        if reduction == "mean":
            grads = map_params(lambda grad: grad / batch.indices.shape[1], grads)
        params, optimiser = step(params, grads, optimiser, batch.rate)
        each = (values[name].double() for name in network.losses)
        added = torch.stack([(loss if own is None else loss * own).sum(1) for loss in each])
        return Carry(params, optimiser, totals + added)

    def split(each: Tensor | None) -> Sequence[Any]:
        return [()] * len(rates) if each is None else torch.split(each, batch_size, dim=1)

    some = next(iter(state_dict(params).values()))
    totals = torch.zeros(len(network.losses), R, dtype=torch.float64, device=some.device)
    own = None if weights is None else weights[order.to(weights.device)]  # (R, n)
    sizes = send(torch.from_numpy(rates).to(some.dtype), some.device)
    parts = zip(split(order), split(dropout_masks), split(own), sizes.unbind(), strict=True)
    batches = (Batch(*part) for part in parts)
    carry = Carry(params, optimiser, totals)
    params, optimiser, totals = loop(update, carry, Samples(inputs, labels), batches)
    means = totals / (n if own is None else own.double().sum(1))
    return params, optimiser, dict(zip(network.losses, means, strict=True))
