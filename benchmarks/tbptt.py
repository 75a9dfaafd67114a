"""Truncated BPTT: an update a window or a sequence, one sequence at a time (report rnn_tbptt)."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from benchmarks import jax_peers
from benchmarks.bounds import Work
from benchmarks.timing import AUTOGRAD, OURS, Case, Contender, Weights
from harmodels.kernels.elman import tbptt as compiled
from harmodels.models import elman
from harmodels.nn import initialisers
from harmodels.nn.params import state_dict

CHANNELS, STEPS, CLASSES, SEQUENCES = 3, 128, 6, 3000
RATE, CLIP = 0.1, 1.0

Data = tuple[Tensor, Tensor]


def make_data(seed: int = 0) -> Data:
    """Return inputs (N, T, D) and labels (N,) of the real report's sizes: noise, for its speed."""
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(SEQUENCES, STEPS, CHANNELS)).astype(np.float32)
    labels = generator.integers(0, CLASSES, SEQUENCES)
    return torch.from_numpy(inputs), torch.from_numpy(labels)


def make_network(hidden: int, bound: float = 0.01) -> elman.ElmanClassifier:
    """Return one network with the report's initial weights, U[-0.01, 0.01]."""
    draw = initialisers.uniform(bound)
    return elman.initialise(
        [np.random.default_rng(1)],
        channels=CHANNELS,
        hidden=hidden,
        classes=CLASSES,
        weights=draw,
        biases=draw,
    )


def products(hidden: int, steps: int, updates: int) -> int:
    """Return the multiply-adds of a sequence: forward, recursion and gradient of every step."""
    inputs = hidden + CHANNELS + 2
    return steps * hidden * (2 * inputs + hidden) + updates * 3 * CLASSES * hidden


def jax_data(data: Data) -> tuple[Any, Any]:
    """Return inputs (N, T, D) and one-hot labels (N, C) as arrays of JAX."""
    inputs, labels = data
    one_hot = F.one_hot(labels, CLASSES).float()
    return jax_peers.array(inputs), jax_peers.array(one_hot)


def torch_modules(params: elman.ElmanClassifier) -> tuple[torch.nn.RNN, torch.nn.Linear]:
    """Return torch's own layers with the weights of `params`."""
    hidden = params.rnn.bias_hh.shape[1]
    rnn = torch.nn.RNN(CHANNELS, hidden, batch_first=True)
    output = torch.nn.Linear(hidden, CLASSES)
    rnn.load_state_dict({f"{name}_l0": value[0] for name, value in state_dict(params.rnn).items()})
    output.load_state_dict({name: value[0] for name, value in state_dict(params.output).items()})
    return rnn, output


def module_weights(rnn: torch.nn.RNN, output: torch.nn.Linear) -> Weights:
    """Return the modules' weights by the names of `state_dict`, with the axis R."""
    named = {f"rnn.{name.removesuffix('_l0')}": p for name, p in rnn.named_parameters()}
    named |= {f"output.{name}": p for name, p in output.named_parameters()}
    return {name: value.detach()[None] for name, value in named.items()}


def _autograd(params: elman.ElmanClassifier, data: Data, window: int, once: bool) -> Contender:
    inputs, labels = data
    targets = F.one_hot(labels, CLASSES).float()
    windows = -(-STEPS // window)

    def train(items: int) -> Weights:
        rnn, output = torch_modules(params)
        parameters = [*rnn.parameters(), *output.parameters()]
        optimiser = torch.optim.SGD(parameters, lr=RATE)

        def step() -> None:
            torch.nn.utils.clip_grad_value_(parameters, CLIP)
            optimiser.step()
            optimiser.zero_grad()

        for row in range(items):
            state = torch.zeros(1, 1, rnn.hidden_size)
            for start in range(0, STEPS, window):
                outputs, state = rnn(inputs[row : row + 1, start : start + window], state)
                logits = output(outputs[:, -1])
                loss = F.binary_cross_entropy_with_logits(
                    logits, targets[row : row + 1], reduction="sum"
                )
                (loss / windows if once else loss).backward()
                if not once:
                    step()
                state = state.detach()
            if once:
                step()
        return module_weights(rnn, output)

    return Contender(AUTOGRAD, train)


def _jax(name: str, gradients: Any, params: Any, data: Data, window: int, unroll: int) -> Contender:
    inputs, targets = jax_data(data)

    def update(weights: Any, state: Any, x: Any, target: Any) -> Any:
        rnn, output = (jax_peers.part(weights, prefix) for prefix in ("rnn.", "output."))
        d_rnn, d_output, last = gradients(
            "elman", rnn, output, x, state,
            lambda logits: jax_peers.binary_cross_entropy(logits, target), unroll=unroll,
        )  # fmt: skip
        grads = jax_peers.joined({"rnn.": d_rnn, "output.": d_output})
        return jax_peers.descend(weights, grads, RATE, CLIP), last

    def sequence(weights: Any, i: Any) -> Any:
        x, target = inputs[i % SEQUENCES], targets[i % SEQUENCES]
        whole = STEPS // window * window
        carry = weights, jax_peers.zeros("elman", params.rnn.bias_hh.shape[1])
        windows = x[:whole].reshape(-1, window, CHANNELS)
        carry = jax_peers.scan(lambda carry, x: update(*carry, x, target), carry, windows)
        return update(*carry, x[whole:], target)[0] if whole < STEPS else carry[0]

    return jax_peers.contender(name, state_dict(params), sequence)


def _compiled(params: elman.ElmanClassifier, data: Data, window: int, update: str) -> Contender:
    def train(items: int) -> Weights:
        order = (torch.arange(items) % SEQUENCES)[None]
        inputs, labels = data
        lengths = torch.full((SEQUENCES,), STEPS)
        sequences = inputs.flatten(0, 1), lengths.cumsum(0) - lengths, lengths
        trained, _ = compiled.train_epoch(
            params, *sequences, labels, order,
            window=window, learning_rate=RATE, clip=CLIP, update=update,
        )  # fmt: skip
        return state_dict(trained)

    return Contender(OURS, train)


def make_case(hidden: int, window: int, once: bool = False) -> Case:
    """Return the case of one width and window; `once`: one update a sequence, without JAX."""
    params, data = make_network(hidden), make_data()
    update = "sequence_mean" if once else "window"
    contenders = [_compiled(params, data, window, update), _autograd(params, data, window, once)]
    if jax_peers.AVAILABLE and not once:
        contenders += [
            _jax("JAX, gathered", jax_peers.gathered_gradients, params, data, window, 1),
            _jax("JAX, unrolled", jax_peers.gradients, params, data, window, window),
        ]
    windows = -(-STEPS // window)
    return Case(
        name=f"tbptt-hidden{hidden}-window{window}" + ("-once" if once else ""),
        title=f"truncated BPTT, {hidden} hidden, window {window}"
        + (", one update a sequence" if once else ""),
        start=state_dict(params),
        contenders=tuple(contenders),
        work=Work(
            updates=1 if once else windows,
            products=products(hidden, STEPS, windows),
            weights=hidden * (hidden + CHANNELS + 2),
            reads=2 * STEPS + (1 if once else windows),
        ),
    )
