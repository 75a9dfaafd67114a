"""Elman classifier: a recurrent layer whose state after a span of steps feeds a dense layer.

Spans of unequal length are padded at the end. The steps behind a span's last are computed and not
read; a recurrence never looks ahead, so they change nothing before, and their gradient is exactly
zero.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from harmodels.nn import elman, linear
from harmodels.nn.initialisers import Initialiser
from harmodels.nn.params import draw_replicates


class ElmanClassifier(NamedTuple):
    """Parameters of R classifiers."""

    rnn: elman.ElmanParams
    output: linear.LinearParams


class ElmanClassifierCache(NamedTuple):
    """What the backward pass needs."""

    rnn: elman.ElmanCache
    output: Tensor
    lengths: Tensor | None


def initialise(
    generators: list[np.random.Generator],
    *,
    channels: int,
    hidden: int,
    classes: int,
    weights: Initialiser,
    biases: Initialiser,
    recurrent: Initialiser | None = None,
    dtype: torch.dtype = torch.float32,
) -> ElmanClassifier:
    """Draw R classifiers, one from each generator, always in the order of the fields.

    `recurrent` draws `weight_hh`; without it `weights` does.
    """
    recurrent = recurrent or weights

    def draw(generator: np.random.Generator) -> ElmanClassifier:
        rnn = elman.ElmanParams(
            weights(generator, (hidden, channels)),
            recurrent(generator, (hidden, hidden)),
            biases(generator, (hidden,)),
            biases(generator, (hidden,)),
        )
        output = weights(generator, (classes, hidden)), biases(generator, (classes,))
        return ElmanClassifier(rnn, linear.LinearParams(*output))

    return draw_replicates(draw, generators, dtype)


def forward(
    params: ElmanClassifier, inputs: Tensor, initial: Tensor, lengths: Tensor | None = None
) -> tuple[Tensor, Tensor, ElmanClassifierCache]:
    """Classify by the state after the last step.

    Inputs (R, B, T, D), `initial` (R, B, H) and `lengths` (R, B) int64, 1 to T, or None where
    all sequences have T steps. Returns logits (R, B, C), the state (R, B, H) after the last
    step, to be carried into the next window, and the cache.
    """
    outputs, rnn_cache = elman.forward(params.rnn, inputs, initial)
    state = outputs[:, :, -1] if lengths is None else _last(outputs, lengths)  # (R, B, H)
    logits, output_cache = linear.forward(params.output, state)
    return logits, state, ElmanClassifierCache(rnn_cache, output_cache, lengths)


def _last(outputs: Tensor, lengths: Tensor) -> Tensor:
    return outputs.gather(2, _places(lengths, outputs.shape[-1])).squeeze(2)


def _places(lengths: Tensor, hidden: int) -> Tensor:
    """Return (R, B, 1, H), the last step of each sequence."""
    return (lengths - 1)[:, :, None, None].expand(-1, -1, 1, hidden)


def backward(
    params: ElmanClassifier,
    cache: ElmanClassifierCache,
    d_logits: Tensor,
    *,
    transposed: bool = True,
    first_step_bias: bool = True,
) -> ElmanClassifier:
    """Return the gradients of all parameters for `d_logits` (R, B, C).

    With `transposed=False` the recursion is the one printed in report rnn_tbptt; with
    `first_step_bias=False` the first step has no share in the gradient of `bias_hh`.
    """
    d_state, d_output = linear.backward(params.output, cache.output, d_logits)
    d_outputs = _at_last(cache, d_state)
    recurrence = params.rnn.weight_hh if transposed else params.rnn.weight_hh.mT
    d_preactivation, _ = elman.through_time(cache.rnn, d_outputs, recurrence)
    d_rnn = elman.parameter_gradients(cache.rnn, d_preactivation)
    if not first_step_bias:
        d_rnn = d_rnn._replace(bias_hh=d_preactivation[:, :, 1:].sum((1, 2)))
    return ElmanClassifier(d_rnn, d_output)


def state_gradients(
    params: ElmanClassifier,
    cache: ElmanClassifierCache,
    d_logits: Tensor,
    *,
    transposed: bool = True,
) -> Tensor:
    """Return the gradients at the states (R, B, T, H), every path to the loss counted.

    Arguments as of `backward`. Those of the steps behind a sequence's last are zero.
    """
    d_state, _ = linear.backward(params.output, cache.output, d_logits)
    d_states = _at_last(cache, d_state)
    recurrence = params.rnn.weight_hh if transposed else params.rnn.weight_hh.mT
    d_preactivation, _ = elman.through_time(cache.rnn, d_states, recurrence)
    d_states[:, :, :-1] += d_preactivation[:, :, 1:] @ recurrence[:, None]
    return d_states


def _at_last(cache: ElmanClassifierCache, d_state: Tensor) -> Tensor:
    """Return (R, B, T, H): `d_state` (R, B, H) at each sequence's last step, zero elsewhere."""
    R, B, steps, H = cache.rnn.hidden.shape
    if cache.lengths is not None:
        # not by scatter_, for which torch sorts on a GPU where it is to be deterministic
        step = torch.arange(1, steps, device=d_state.device)[:, None]  # (T, 1)
        return d_state[:, :, None].masked_fill(cache.lengths[:, :, None, None] != step, 0)
    d_outputs = d_state.new_zeros(R, B, steps - 1, H)
    d_outputs[:, :, -1] = d_state
    return d_outputs
