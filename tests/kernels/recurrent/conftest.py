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
        state: optim.AdamState | None = None,
    ) -> Any:
        params, order = problem.params, problem.order
        state = state or optim.adam_state(params)
        total = torch.zeros(len(order), dtype=torch.float64)
        for part in torch.arange(order.shape[1]).split(batch_size):
            rows = order[:, part]
            layout = packing.layout(problem.lengths[rows])
            inputs = packing.pack_frames(layout, problem.frames, problem.starts[rows])
            mask = None
            if problem.masks is not None:
                mask = DropoutMask(problem.masks[:, part], scale)
            logits, cache = forward(params, layout, inputs, mask)
            loss, d_logits = losses.softmax_cross_entropy(logits, problem.labels[rows])
            grads = backward(params, cache, d_logits, mask)
            grads = map_params(lambda grad, size=rows.shape[1]: grad / size, grads)
            params, state = optim.adam_step(params, grads, state, learning_rate, epsilon=epsilon)
            total += loss.double().sum(1)
        return params, state, total / order.shape[1]

    return epoch
