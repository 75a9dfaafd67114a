"""Elman classifier: a recurrent layer whose state after a span of steps feeds a dense layer."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from harmodels.nn import elman, linear
from harmodels.nn.initialisers import Initialiser


class ElmanClassifier(NamedTuple):
    """Parameters of R classifiers."""

    rnn: elman.ElmanParams
    output: linear.LinearParams


class ElmanClassifierCache(NamedTuple):
    """What the backward pass needs."""

    rnn: elman.ElmanCache
    output: Tensor


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

    def draw(generator: np.random.Generator) -> list[Tensor]:
        return [
            weights(generator, (hidden, channels)),
            recurrent(generator, (hidden, hidden)),
            biases(generator, (hidden,)),
            biases(generator, (hidden,)),
            weights(generator, (classes, hidden)),
            biases(generator, (classes,)),
        ]

    drawn = [draw(generator) for generator in generators]
    stacked = [torch.stack(tensors).to(dtype) for tensors in zip(*drawn, strict=True)]
    return ElmanClassifier(elman.ElmanParams(*stacked[:4]), linear.LinearParams(*stacked[4:]))


def forward(
    params: ElmanClassifier, inputs: Tensor, initial: Tensor
) -> tuple[Tensor, Tensor, ElmanClassifierCache]:
    """Classify by the state after the last step.

    Parameters
    ----------
    params
        R classifiers.
    inputs
        (R, B, T, D).
    initial
        (R, B, H).

    Returns
    -------
    logits
        (R, B, C).
    state
        (R, B, H), to be carried into the next window.
    cache
        What `backward` needs.

    Examples
    --------
    One step of gradient descent on one batch, by hand:

    >>> import numpy as np, torch
    >>> from harmodels import optim
    >>> from harmodels.nn import losses
    >>> from harmodels.nn.initialisers import uniform, zeros
    >>> params = initialise(
    ...     [np.random.default_rng(0)], channels=3, hidden=8, classes=6,
    ...     weights=uniform(0.1), biases=zeros,
    ... )
    >>> inputs, labels = torch.randn(1, 4, 20, 3), torch.tensor([[0, 1, 2, 5]])
    >>> logits, _, cache = forward(params, inputs, torch.zeros(1, 4, 8))
    >>> loss, d_logits = losses.softmax_cross_entropy(logits, labels)
    >>> grads = backward(params, cache, d_logits)
    >>> params = optim.sgd_step(params, grads, learning_rate=0.1)
    >>> after, _, _ = forward(params, inputs, torch.zeros(1, 4, 8))
    >>> bool(losses.softmax_cross_entropy(after, labels)[0].sum() < loss.sum())
    True
    """
    outputs, rnn_cache = elman.forward(params.rnn, inputs, initial)
    state = outputs[:, :, -1]  # (R, B, H)
    logits, output_cache = linear.forward(params.output, state)
    return logits, state, ElmanClassifierCache(rnn_cache, output_cache)


def backward(
    params: ElmanClassifier,
    cache: ElmanClassifierCache,
    d_logits: Tensor,
    *,
    transposed: bool = True,
) -> ElmanClassifier:
    """Return the gradients of all parameters for `d_logits` (R, B, C).

    With `transposed=False` the recursion is the one printed in report rnn_tbptt.
    """
    d_state, d_output = linear.backward(params.output, cache.output, d_logits)
    R, B, steps, H = cache.rnn.hidden.shape
    d_outputs = d_state.new_zeros(R, B, steps - 1, H)
    d_outputs[:, :, -1] = d_state
    through_time = elman.backward if transposed else elman.backward_untransposed
    _, _, d_rnn = through_time(params.rnn, cache.rnn, d_outputs)
    return ElmanClassifier(d_rnn, d_output)
