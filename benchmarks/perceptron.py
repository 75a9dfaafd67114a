"""The perceptron over one sample per update and over mini-batches (report mlp_features)."""

import itertools

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from benchmarks.timing import Case, Contender
from harmodels import optim
from harmodels.kernels.perceptron import training as compiled
from harmodels.models import mlp
from harmodels.nn import initialisers
from harmodels.nn.params import map_params, state_dict
from harmodels.training.learners.perceptron import PerceptronPass
from harmodels.training.loops import minibatch

SIZES = (561, 300, 100, 6)
SAMPLES, RATE = 3000, 0.01

Data = tuple[Tensor, Tensor]


def _make_data() -> Data:
    """Return features (N, D) in [-1, 1] and labels (N,): noise, for its speed."""
    generator = np.random.default_rng(0)
    inputs = generator.uniform(-1, 1, (SAMPLES, SIZES[0])).astype(np.float32)
    return torch.from_numpy(inputs), torch.from_numpy(generator.integers(0, SIZES[-1], SAMPLES))


def _make_network() -> mlp.Mlp:
    draw = initialisers.uniform(0.1)
    return mlp.initialise([np.random.default_rng(1)], sizes=SIZES, weights=draw, biases=draw)


def _order(items: int, batch_size: int) -> Tensor:
    """Return the samples of the first `items` batches, (1, items · batch_size)."""
    return (torch.arange(items * batch_size) % SAMPLES)[None]


def _autograd(
    params: mlp.Mlp, data: Data, batch_size: int, momentum: float, *, fused: bool
) -> Contender:
    inputs, labels = data

    def train(items: int) -> dict[str, Tensor]:
        layers = [torch.nn.Linear(a, b) for a, b in itertools.pairwise(SIZES)]
        for layer, values in zip(layers, params, strict=True):
            layer.load_state_dict({"weight": values.weight[0], "bias": values.bias[0]})
        network = torch.nn.Sequential(
            layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2]
        )
        optimiser = torch.optim.SGD(
            network.parameters(), lr=RATE, momentum=momentum, fused=fused or None
        )
        for batch in _order(items, batch_size)[0].split(batch_size):
            optimiser.zero_grad()
            F.cross_entropy(network(inputs[batch]), labels[batch]).backward()
            optimiser.step()
        names = state_dict(params)
        weights = (weight.detach()[None] for weight in network.parameters())
        return dict(zip(names, weights, strict=True))

    return Contender(f"torch.nn.Linear + autograd + {'fused ' if fused else ''}SGD", train)


def _reference(params: mlp.Mlp, data: Data, batch_size: int, momentum: float) -> Contender:
    def step(params: mlp.Mlp, grads: mlp.Mlp, velocity: mlp.Mlp) -> tuple[mlp.Mlp, mlp.Mlp]:
        if momentum:
            return optim.momentum_step(params, grads, velocity, RATE, momentum)
        return optim.sgd_step(params, grads, RATE), velocity

    def train(items: int) -> dict[str, Tensor]:
        trained, _, _ = minibatch.train_epoch(
            PerceptronPass(1.0, "exact"),
            params,
            map_params(torch.zeros_like, params),
            *data,
            _order(items, batch_size),
            batch_size=batch_size,
            reduction="mean",
            step=step,
        )
        return state_dict(trained)

    return Contender("reference engine", train)


def _compiled(params: mlp.Mlp, data: Data, batch_size: int, momentum: float) -> Contender:
    velocity = map_params(torch.zeros_like, params) if momentum else ()

    def train(items: int) -> dict[str, Tensor]:
        trained, _, _ = compiled.train_epoch(
            params,
            velocity,
            *data,
            _order(items, batch_size),
            None,
            batch_size=batch_size,
            reduction="mean",
            learning_rate=RATE,
            momentum=momentum,
            output_gradient="exact",
            scale=1.0,
        )
        return state_dict(trained)

    return Contender("compiled loop", train)


def make_case(batch_size: int, momentum: float) -> Case:
    """Return the case of one batch size, with or without momentum."""
    params, data = _make_network(), _make_data()
    setting = data, batch_size, momentum
    widths = "-".join(map(str, SIZES))
    first, *later = (a * b for a, b in itertools.pairwise(SIZES))
    return Case(
        name=f"mlp-batch{batch_size}-momentum{momentum:g}",
        title=f"perceptron {widths}, batch of {batch_size}, momentum {momentum:g}",
        updates_per_item=1,
        # nothing flows back to the inputs
        products_per_item=batch_size * (2 * first + 3 * sum(later)),
        contenders=(
            _autograd(params, *setting, fused=False),
            _reference(params, *setting),
            _autograd(params, *setting, fused=True),
            _compiled(params, *setting),
        ),
    )
