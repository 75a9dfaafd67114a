"""The perceptron over one sample per update and over mini-batches (report mlp_features)."""

import itertools
import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from benchmarks import jax_peers
from benchmarks.bounds import Work
from benchmarks.timing import AUTOGRAD, OURS, Case, Contender, Weights
from harmodels.kernels.perceptron import training as compiled
from harmodels.models import mlp
from harmodels.nn import initialisers
from harmodels.nn.params import map_params, state_dict

SIZES = (561, 300, 100, 6)
SAMPLES, RATE = 3000, 0.01
TORCH_COMPILE = "torch.compile"

Data = tuple[Tensor, Tensor]


def _make_data() -> Data:
    """Return features (N, D) in [-1, 1] and labels (N,): noise, for its speed."""
    generator = np.random.default_rng(0)
    inputs = generator.uniform(-1, 1, (SAMPLES, SIZES[0])).astype(np.float32)
    return torch.from_numpy(inputs), torch.from_numpy(generator.integers(0, SIZES[-1], SAMPLES))


def _make_network() -> mlp.Mlp:
    draw = initialisers.uniform(0.1)
    return mlp.initialise([np.random.default_rng(1)], sizes=SIZES, weights=draw, biases=draw)


def torch_compiles() -> bool:
    """Return whether torch.compile can take part: Inductor needs a C++ compiler."""
    return any(map(shutil.which, ("c++", "g++", "clang++")))


def _order(items: int, batch_size: int) -> Tensor:
    """Return the samples of the first `items` batches, (1, items · batch_size)."""
    return (torch.arange(items * batch_size) % SAMPLES)[None]


def _torch(params: mlp.Mlp, data: Data, batch_size: int, momentum: float) -> Iterator[Contender]:
    """Yield torch.nn with a plain and a fused optimiser, and the whole update compiled."""
    inputs, labels = data

    def contender(name: str, *, fused: bool, compiled: bool) -> Contender:
        layers = [torch.nn.Linear(a, b) for a, b in itertools.pairwise(SIZES)]
        network = torch.nn.Sequential(
            layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2]
        )
        optimiser = torch.optim.SGD(
            network.parameters(), lr=RATE, momentum=momentum, fused=fused or None
        )

        def update(x: Tensor, label: Tensor) -> None:
            optimiser.zero_grad()
            F.cross_entropy(network(x), label).backward()
            optimiser.step()

        run = torch.compile(update) if compiled else update

        def train(items: int) -> Weights:
            for layer, values in zip(layers, params, strict=True):
                layer.load_state_dict({"weight": values.weight[0], "bias": values.bias[0]})
            for state in optimiser.state.values():
                if momentum:
                    state["momentum_buffer"].zero_()
            for batch in _order(items, batch_size)[0].split(batch_size):
                run(inputs[batch], labels[batch])
            weights = (weight.detach()[None].clone() for weight in network.parameters())
            return dict(zip(state_dict(params), weights, strict=True))

        return Contender(name, train)

    yield contender(AUTOGRAD, fused=False, compiled=False)
    yield contender(f"{AUTOGRAD}, fused SGD", fused=True, compiled=False)
    if torch_compiles():
        yield contender(TORCH_COMPILE, fused=False, compiled=True)


def _jax(params: mlp.Mlp, data: Data, batch_size: int, momentum: float) -> Iterator[Contender]:
    """Yield JAX with the weights as torch keeps them, and for one sample with their transposes.

    Which of the two XLA updates in place, and whether it helps to compile four samples as one,
    differs with and without momentum.
    """
    inputs, labels = map(jax_peers.array, data)
    weights = state_dict(params)

    def transposed(weights: Any) -> Any:
        return {name: value.T for name, value in weights.items()}

    def batch_of(product: Any) -> Any:
        def loss(weights: Any, x: Any, label: Any) -> Any:
            for name in ("hidden1", "hidden2"):
                x = jax_peers.relu(product(x, weights[f"{name}.weight"]) + weights[f"{name}.bias"])
            logits = product(x, weights["output.weight"]) + weights["output.bias"]
            return jax_peers.cross_entropy(logits, label)

        def batch(state: Any, i: Any) -> Any:
            # one sample as a vector: products with vectors are what XLA does best then
            rows = i % SAMPLES if batch_size == 1 else jax_peers.rows_of(i, batch_size, SAMPLES)
            grads = jax_peers.grad(loss)(state[0], inputs[rows], labels[rows])
            return jax_peers.descend_with_momentum(state, grads, RATE, momentum)

        return batch

    def begin(weights: Any) -> Any:
        return weights, jax_peers.like(weights) if momentum else None

    def product(x: Any, weight: Any) -> Any:
        return weight @ x if batch_size == 1 else x @ weight.T  # XLA would transpose for a vector

    yield jax_peers.contender(
        "JAX", weights, batch_of(product), begin=begin, params_of=lambda state: state[0]
    )
    if batch_size == 1:
        yield jax_peers.contender(
            "JAX, transposed, unrolled", weights, batch_of(lambda x, weight: x @ weight),
            begin=lambda weights: begin(transposed(weights)),
            params_of=lambda state: transposed(state[0]), unroll=4,
        )  # fmt: skip


def _compiled(params: mlp.Mlp, data: Data, batch_size: int, momentum: float) -> Contender:
    velocity = map_params(torch.zeros_like, params) if momentum else ()

    def train(items: int) -> Weights:
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

    return Contender(OURS, train)


def make_case(batch_size: int, momentum: float) -> Case:
    """Return the case of one batch size, with or without momentum."""
    params, data = _make_network(), _make_data()
    setting = params, data, batch_size, momentum
    contenders = [_compiled(*setting), *_torch(*setting)]
    if jax_peers.AVAILABLE:
        contenders.extend(_jax(*setting))
    first, *later = (a * b for a, b in itertools.pairwise(SIZES))
    return Case(
        name=f"mlp-batch{batch_size}-momentum{momentum:g}",
        title=f"perceptron {'-'.join(map(str, SIZES))}, "
        + (f"batch of {batch_size}" if batch_size > 1 else "one sample")
        + (", momentum" if momentum else ""),
        start=state_dict(params),
        contenders=tuple(contenders),
        work=Work(
            updates=1,
            # nothing flows back to the inputs
            products=batch_size * (2 * first + 3 * sum(later)),
            weights=first,
            reads=2 * (2 if momentum else 1),
        ),
    )
