"""Mini-batch BPTT of the Elman classifier by the recurrent kernels: any lengths, any step.

The same meaning as `loops.minibatch`. The network is the one layer of SimpleRNN of
`kernels/recurrent` with sigmoids at its output.
"""

from typing import Any

import numpy as np
from torch import Tensor

from harmodels.kernels.checks import (
    check_adam,
    check_counts,
    check_frames,
    check_indices,
    check_params,
    check_rates,
)
from harmodels.kernels.kept import Kept
from harmodels.kernels.recurrent.loop import Replicates, run_epoch, sequence_arrays
from harmodels.kernels.recurrent.plan import stacked
from harmodels.kernels.steps import RULES, StepOptions
from harmodels.models.elman import ElmanClassifier
from harmodels.optim import AdamState


def train_epoch(
    params: ElmanClassifier,
    adam_state: AdamState | tuple[()],
    frames: Tensor,
    starts: Tensor,
    lengths: Tensor,
    labels: Tensor,
    order: Tensor,
    *,
    weights: Tensor | None = None,
    batch_size: int,
    optimiser: str,
    rates: np.ndarray,
    clip_norm: float | None = None,
    weight_decay: float = 0.0,
    hidden_bias: bool = True,
    threads: int = 1,
    kept: Kept | None = None,
) -> tuple[ElmanClassifier, AdamState | tuple[()], dict[str, Tensor]]:
    """Train on sequences of any length, one update a batch; arguments and result: `kernels`.

    `optimiser` is `sgd` or `adam`; `hidden_bias=False`: `bias_ih` and `bias_hh` stay as they are,
    and do not decay; `kept` is where the loop keeps what the next epoch can use.
    """
    channels, hidden = params.rnn.weight_ih.shape[2], params.rnn.bias_hh.shape[1]
    check_counts(batch_size=batch_size, threads=threads)
    bound = float("inf") if clip_norm is None else float(clip_norm)
    options = StepOptions(RULES.index(optimiser), clip_norm=bound)
    kept, read = kept or Kept(), (frames, starts, lengths, labels, weights)
    replicates = kept.take(params, adam_state, *read)
    if replicates is None:
        check_params(params)
        check_frames(frames, starts, lengths, channels)
        if isinstance(adam_state, AdamState):
            check_adam(params, adam_state, options)
        shapes = stacked(1, channels, hidden)
        data = sequence_arrays(shapes, None, *read)
        replicates = Replicates(
            params, adam_state, shapes, data, arrays_of=_arrays, cell="simple_rnn", joined=True
        )
    check_indices(params.output, len(starts), labels, order, weights)
    check_rates(rates, order, batch_size)
    trained = run_epoch(
        replicates, params, adam_state, order, None, output="sigmoids", batch_size=batch_size,
        rates=rates, weight_decay=weight_decay, options=options, scale=1.0, threads=threads,
        hidden_bias=hidden_bias,
    )  # fmt: skip
    kept.keep(replicates, *trained[:2], *read)
    return trained


def _arrays(params: Any, replicate: int) -> tuple[list[list[np.ndarray]], list[np.ndarray]]:
    """Return one replicate's arrays (`packing.Arrays`)."""
    layer, output = ([tensor[replicate].numpy() for tensor in part] for part in params)
    return [layer], output
