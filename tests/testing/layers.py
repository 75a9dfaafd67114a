"""Layers and wrong backward passes that the tests of gradient checks share."""

import torch

from harmodels.nn import elman, linear, packing, recurrent
from harmodels.nn.cells import CELLS
from harmodels.nn.recurrent import RecurrentParams
from harmodels.testing import check_gradients

R, B, T, D, H = 2, 4, 6, 3, 5


def normal(*shape, seed=0):
    # the seed is that of the shape too, so no two tensors are alike
    random = torch.Generator().manual_seed(seed + hash(shape) % 1000)
    return torch.randn(*shape, generator=random)


ELMAN = elman.ElmanParams(normal(R, H, D), normal(R, H, H), normal(R, H), normal(R, H, seed=1))
STATEFUL = normal(R, B, T, D), normal(R, B, H)
DENSE = linear.LinearParams(normal(R, H, D), normal(R, H))
ROWS = normal(R, B, D)


def gated(cell):
    """Forward, backward and parameters of a cell, and three sequences of unequal lengths."""
    rows = CELLS[cell].gates * H
    weights = normal(1, rows, D), normal(1, rows, H)
    params = RecurrentParams(*weights, normal(1, rows), normal(1, rows, seed=1))
    layout = packing.layout(torch.tensor([[5, 3, 1]]))

    def forward(params, inputs):
        return recurrent.forward(CELLS[cell], params, layout.size_at_t, inputs)

    def backward(params, cache, d_outputs):
        return recurrent.backward(CELLS[cell], params, cache, d_outputs)

    return forward, backward, params, normal(1, 9, D)


def kinds(report):
    return [mistake.kind for mistake in report.mistakes]


def spoiled(spoil):
    """Check a dense layer whose (d_inputs, d_params) are spoiled."""

    def backward(params, cache, d_y):
        return spoil(*linear.backward(params, cache, d_y))

    return check_gradients(linear.forward, backward, DENSE, ROWS)


def affine(params, x):
    return x @ params["weight"].mT + params["bias"]


AFFINE = {"weight": normal(H, D), "bias": normal(H)}


def elman_in_windows(window):
    """A backward pass that stops at every `window` steps."""

    def backward(params, cache, d_outputs):
        inputs, hidden = cache
        parts = []
        for start in range(0, inputs.shape[2], window):
            rows = slice(start, start + window)
            states = hidden[:, :, start : min(start + window, inputs.shape[2]) + 1]
            part = elman.ElmanCache(inputs[:, :, rows], states)
            parts.append(elman.backward(params, part, d_outputs[:, :, rows]))
        d_inputs, d_initials, d_params = zip(*parts, strict=True)
        summed = (torch.stack(each).sum(0) for each in zip(*d_params, strict=True))
        return torch.cat(d_inputs, 2), d_initials[0], elman.ElmanParams(*summed)

    return backward
