from collections.abc import Callable
from typing import Any

import pytest
import torch

from harmodels import optim
from harmodels.nn import losses, packing
from harmodels.nn.dropout import DropoutMask
from harmodels.nn.params import map_params


@pytest.fixture
def expected_epoch() -> Callable[..., Any]:
    """Batch after batch on tensors, gradients averaged over the batch."""

    def epoch(
        problem: Any,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        *,
        batch_size: int,
        learning_rate: float,
        epsilon: float,
        scale: float,
        clip_norm: float = float("inf"),
        weight_decay: float = 0.0,
        rates: Any = None,
        weights: torch.Tensor | None = None,
        state: optim.AdamState | None = None,
    ) -> Any:
        params, order = problem.params, problem.order
        state = state or optim.adam_state(params)
        total = torch.zeros(len(order), dtype=torch.float64)
        own = torch.ones(problem.labels.shape) if weights is None else weights
        for update, part in enumerate(torch.arange(order.shape[1]).split(batch_size)):
            rows, rate = order[:, part], learning_rate if rates is None else rates[update]
            layout = packing.layout(problem.lengths[rows])
            inputs = packing.pack_frames(layout, problem.frames, problem.starts[rows])
            mask = None
            if problem.masks is not None:
                mask = DropoutMask(problem.masks[:, part], scale)
            logits, cache = forward(params, layout, inputs, mask)
            loss, d_logits = losses.softmax_cross_entropy(logits, problem.labels[rows])
            grads = backward(params, cache, losses.weighted(d_logits, own[rows]), mask)
            grads = map_params(lambda grad, size=rows.shape[1]: grad / size, grads)
            grads = optim.clip_by_norm(grads, clip_norm)
            params = optim.decay(params, rate, weight_decay)
            params, state = optim.adam_step(params, grads, state, rate, epsilon=epsilon)
            total += (loss.double() * own[rows]).sum(1)
        return params, state, total / own[order].double().sum(1)

    return epoch
