"""The kernel of truncated BPTT on a real GPU; in the simulator: tests/kernels/cuda."""

import numpy as np
import pytest
import torch

from harmodels.kernels.cuda import tbptt
from harmodels.models import elman
from harmodels.nn.initialisers import uniform
from harmodels.nn.params import map_params, state_dict, take_replicates
from harmodels.training.loops import tbptt as reference

DEVICE = "cuda"
pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no GPU: torch.cuda.is_available() is false"
)
N, STEPS, R = 12, 40, 3
OPTIONS = {"window": 10, "learning_rate": 0.1, "clip": 1.0}


@pytest.fixture(params=[(50, 1), (50, 12), (100, 12)], ids=str)
def networks(request):
    """Networks of some hidden units, and what they read, on the host."""
    hidden, n = request.param
    random = torch.Generator().manual_seed(0)
    draw = uniform(hidden**-0.5)
    params = elman.initialise(
        [np.random.default_rng(r) for r in range(R)],
        channels=3, hidden=hidden, classes=6, weights=draw, biases=draw,
    )  # fmt: skip
    lengths = torch.randint(1, STEPS, (N,), generator=random)
    frames = torch.randn(int(lengths.sum()), 3, generator=random)
    order = torch.stack([torch.randperm(N, generator=random)[:n] for _ in range(R)])
    return params, frames, lengths.cumsum(0) - lengths, lengths, torch.arange(N) % 6, order


def train(params, frames, starts, lengths, labels, order, **options):
    params = map_params(lambda tensor: tensor.to(DEVICE), params)
    if not tbptt.can_train(params, lengths, OPTIONS["window"]):
        pytest.skip("numba finds no GPU: pip install 'harmodels[gpu]'")
    there = frames.to(DEVICE), starts, lengths, labels.to(DEVICE), order.to(DEVICE)
    trained, losses = tbptt.train_epoch(params, *there, **OPTIONS | options)
    return {name: tensor.cpu() for name, tensor in (state_dict(trained) | losses).items()}


@pytest.mark.parametrize("update", ["window", "sequence_mean"])
def test_the_kernel_agrees_with_the_tensors_on_the_processor(networks, update):
    mine = train(*networks, update=update)
    params, losses = reference.train_epoch(*networks, **OPTIONS, update=update)
    torch.testing.assert_close(mine, state_dict(params) | losses, rtol=1e-4, atol=1e-5)


def test_a_network_is_the_same_bytes_alone_in_company_and_again(networks):
    together, again = train(*networks), train(*networks)
    params, *read, order = networks
    alone = train(take_replicates(params, [1]), *read, order[[1]])
    for name, tensor in together.items():
        assert torch.equal(tensor, again[name]), name
        assert torch.equal(tensor[[1]], alone[name]), name
