from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from harmodels import optim
from harmodels.errors import TrainingError
from harmodels.kernels.recurrent import classifier as compiled
from harmodels.models import hierarchical as model
from harmodels.nn import packing
from harmodels.nn.cells import CELLS
from harmodels.nn.params import state_dict

OPTIONS = {"batch_size": 4, "epsilon": 1e-3, "scale": 2.0}
RATE = 1e-3
LENGTHS = (3, 1, 11, 2, 7, 7, 19, 1, 4, 5)


class Problem(NamedTuple):
    params: Any
    fingers: Tensor
    frames: Tensor
    starts: Tensor
    lengths: Tensor
    labels: Tensor
    order: Tensor
    masks: Tensor


@pytest.fixture
def make_problem():
    def make(*, cell="gru", finger_hidden=5, hand_hidden=9, count=3, replicates=2):
        fingers = torch.tensor([[0, 1, 2, 3], [4, 5, 2, 3], [6, 8, 1, 0], [7, 8, 6, 5]])[:count]
        params = model.initialise(
            [np.random.default_rng(r) for r in range(replicates)], cell=CELLS[cell],
            fingers=fingers, finger_hidden=finger_hidden, hand_hidden=hand_hidden, classes=4,
        )  # fmt: skip
        data, N = np.random.default_rng(1000), len(LENGTHS)
        frames = data.normal(size=(sum(LENGTHS), 9)).astype(np.float32)
        starts = np.concatenate([[0], np.cumsum(LENGTHS)[:-1]])
        order = np.stack([data.permutation(N) for _ in range(replicates)])
        masks = data.integers(0, 2, (replicates, N, hand_hidden)).astype(np.uint8)
        labels = data.integers(0, 4, N)
        arrays = frames, starts, np.asarray(LENGTHS), labels, order, masks
        return Problem(params, fingers, *map(torch.from_numpy, arrays))

    return make


def train(problem, cell="gru", threads=1):
    params, fingers, *rest = problem
    state = optim.adam_state(params)
    return compiled.train_epoch(
        params, state, *rest, cell=cell, fingers=fingers, threads=threads, rates=np.full(3, RATE),
        **OPTIONS,
    )  # fmt: skip


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("finger_hidden", "hand_hidden", "count"), [(5, 9, 3), (16, 20, 4), (17, 3, 1)]
)
def test_weights_agree_with_the_tensors(
    make_problem, expected_epoch, cell, finger_hidden, hand_hidden, count
):
    problem = make_problem(
        cell=cell, finger_hidden=finger_hidden, hand_hidden=hand_hidden, count=count
    )
    trained, _, _ = train(problem, cell)
    expected, _, _ = expected_epoch(
        problem,
        lambda params, *rest: model.forward(params, CELLS[cell], problem.fingers, *rest),
        lambda params, *rest: model.backward(params, CELLS[cell], *rest),
        learning_rate=RATE,
        **OPTIONS,
    )
    for name, tensor in state_dict(expected).items():
        torch.testing.assert_close(state_dict(trained)[name], tensor, rtol=0, atol=4e-6, msg=name)


@pytest.mark.parametrize("cell", CELLS)
def test_scores_agree_with_the_tensors(make_problem, cell):
    problem = make_problem(cell=cell)
    params, fingers, frames, starts, lengths, *_ = problem
    rows = torch.tensor([6, 0, 0, 9, 1])
    batch = packing.layout(lengths[rows].expand(2, -1))
    inputs = packing.pack_frames(batch, frames, starts[rows].expand(2, -1))
    expected, _ = model.forward(params, CELLS[cell], fingers, batch, inputs)
    scores = compiled.scores(params, frames, starts, lengths, rows, cell=cell, fingers=fingers)
    torch.testing.assert_close(scores, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    ("fingers", "message"),
    [
        (torch.zeros(2, 4, dtype=torch.int64), r"fingers is .* of shape \(2, 4\).*\(3, 4\)"),
        (torch.full((3, 4), 9), "fingers has values from 9 to 9"),
        (None, "the network reads 3 fingers of 4 channels"),
    ],
)
def test_fingers_that_do_not_fit_are_refused(make_problem, fingers, message):
    with pytest.raises(TrainingError, match=message):
        train(make_problem()._replace(fingers=fingers))
