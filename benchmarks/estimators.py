"""`fit` of the estimators against their bare loops, a torch.nn loop and scikit-learn's perceptron.

All contenders of a case read the same arrays, have one thread and the same sizes, batches and
steps, and work in turn, A B C A B C …; timed are seconds of a processor for an epoch, so that what
else the machine does counts little. The estimator's time holds all of `fit`: reading and
checking the arrays, drawing the orders, the records of each epoch.
"""

import argparse
import itertools
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F  # noqa: N812
from sklearn import neural_network
from threadpoolctl import threadpool_limits
from torch import nn

from benchmarks.timing import use_one_thread
from harmodels import ElmanClassifier, GRUClassifier, MLPClassifier, optim
from harmodels.kernels.elman import tbptt
from harmodels.kernels.perceptron import training as perceptron
from harmodels.kernels.recurrent import classifier as recurrent
from harmodels.nn.params import map_params

SEQUENCES, STEPS, CHANNELS, FEATURES, CLASSES = 3000, 128, 3, 561, 6
EPOCHS = 5
FEW = 300  # samples of an epoch of torch's loops, whose time grows with them
ELMAN = {"hidden": 50, "window": 10, "learning_rate": 0.05, "clip": 1.0}
GRU = {"hidden": 64, "batch_size": 32, "learning_rate": 0.003}
PERCEPTRON = {"hidden": (300, 100), "batch_size": 10, "learning_rate": 0.01, "momentum": 0.9}


class Contender(NamedTuple):
    """A way to train for a given number of epochs."""

    name: str
    epochs: float
    train: Callable[[], Any]


def _arrays(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Return noise, for its speed, and labels."""
    random = np.random.default_rng(0)
    return random.normal(size=(SEQUENCES, *shape)), random.integers(0, CLASSES, SEQUENCES)


def _orders(epochs: int) -> list[torch.Tensor]:
    random = np.random.default_rng(1)
    return [torch.from_numpy(random.permutation(SEQUENCES)) for _ in range(epochs)]


def _frames(X: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, ...]:
    """Return the sequences end to end, their starts, lengths and labels."""
    lengths = torch.full((SEQUENCES,), X.shape[1])
    frames = torch.from_numpy(X.astype(np.float32)).flatten(0, 1)
    return frames, lengths.cumsum(0) - lengths, lengths, torch.from_numpy(y)


def _elman() -> tuple[str, list[Contender]]:
    X, y = _arrays(STEPS, CHANNELS)
    model = ElmanClassifier(**ELMAN, epochs=EPOCHS, random_state=0)
    start, data, orders = _start(model, X, y), _frames(X, y), _orders(EPOCHS)
    rest = {name: value for name, value in ELMAN.items() if name != "hidden"}

    def bare() -> None:
        params = start
        for order in orders:
            params, _ = tbptt.train_epoch(params, *data, order[None], **rest)

    def torch_loop() -> None:
        rnn = nn.RNN(CHANNELS, ELMAN["hidden"], batch_first=True)
        output = nn.Linear(ELMAN["hidden"], CLASSES)
        weights = [*rnn.parameters(), *output.parameters()]
        optimiser = torch.optim.SGD(weights, lr=ELMAN["learning_rate"])
        inputs, targets = torch.from_numpy(X).float(), F.one_hot(data[3], CLASSES).float()
        for row in orders[0][:FEW].tolist():
            state = torch.zeros(1, 1, ELMAN["hidden"])
            for part in inputs[row : row + 1].split(ELMAN["window"], dim=1):
                outputs, state = rnn(part, state)
                loss = F.binary_cross_entropy_with_logits(
                    output(outputs[:, -1]), targets[row : row + 1], reduction="sum"
                )
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_value_(weights, ELMAN["clip"])
                optimiser.step()
                state = state.detach()

    title = "Elman, 50 units, truncated BPTT over 10 steps"
    return title, [
        *_ours(model, X, y, bare),
        _torch(torch_loop),
    ]


def _gru() -> tuple[str, list[Contender]]:
    X, y = _arrays(STEPS, CHANNELS)
    size, rate = GRU["batch_size"], GRU["learning_rate"]
    model = GRUClassifier(**GRU, epochs=EPOCHS, random_state=0)
    start, data, orders = _start(model, X, y), _frames(X, y), _orders(EPOCHS)

    def bare() -> None:
        params, state = start, optim.adam_state(start)
        for order in orders:
            params, state, _ = recurrent.train_epoch(
                params, state, *data, order[None], None, cell="gru", batch_size=size,
                learning_rate=rate, epsilon=1e-8, scale=1.0, threads=1,
            )  # fmt: skip

    def torch_loop() -> None:
        rnn = nn.GRU(CHANNELS, GRU["hidden"], batch_first=True)
        output = nn.Linear(GRU["hidden"], CLASSES)
        optimiser = torch.optim.Adam([*rnn.parameters(), *output.parameters()], lr=rate)
        inputs = torch.from_numpy(X).float()
        for batch in orders[0][:FEW].split(size):
            optimiser.zero_grad()
            F.cross_entropy(output(rnn(inputs[batch])[0][:, -1]), data[3][batch]).backward()
            optimiser.step()

    title = "GRU, 64 units, batches of 32, Adam"
    return title, [
        *_ours(model, X, y, bare),
        _torch(torch_loop),
    ]


def _perceptron() -> tuple[str, list[Contender]]:
    X, y = _arrays(FEATURES)
    size, rate, momentum = (PERCEPTRON[k] for k in ("batch_size", "learning_rate", "momentum"))
    widths = (FEATURES, *PERCEPTRON["hidden"], CLASSES)
    model = MLPClassifier(**PERCEPTRON, epochs=EPOCHS, random_state=0)
    start, orders = _start(model, X, y), _orders(EPOCHS)
    inputs, labels = torch.from_numpy(X).float(), torch.from_numpy(y)

    def bare() -> None:
        params, velocity = start, map_params(torch.zeros_like, start)
        for order in orders:
            params, velocity, _ = perceptron.train_epoch(
                params, velocity, inputs, labels, order[None], None, batch_size=size,
                reduction="mean", learning_rate=rate, momentum=momentum,
                output_gradient="exact", scale=1.0,
            )  # fmt: skip

    def torch_loop() -> None:
        layers = [nn.Linear(a, b) for a, b in itertools.pairwise(widths)]
        network = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
        optimiser = torch.optim.SGD(network.parameters(), lr=rate, momentum=momentum)
        for batch in orders[0][:FEW].split(size):
            optimiser.zero_grad()
            F.cross_entropy(network(inputs[batch]), labels[batch]).backward()
            optimiser.step()

    theirs = neural_network.MLPClassifier(
        PERCEPTRON["hidden"], solver="sgd", batch_size=size, learning_rate_init=rate,
        momentum=momentum, nesterovs_momentum=False, alpha=0.0, max_iter=EPOCHS, tol=0.0,
        n_iter_no_change=EPOCHS + 1, random_state=0,
    )  # fmt: skip
    single = X.astype(np.float32)  # it trains in the type of its input
    return "perceptron 561-300-100-6, batches of 10, momentum", [
        *_ours(model, X, y, bare),
        _torch(torch_loop),
        Contender("scikit-learn", EPOCHS, partial(theirs.fit, single, y)),
    ]


def _start(model: Any, X: np.ndarray, y: np.ndarray) -> Any:
    """Return untrained parameters, after a fit that compiles."""
    return model.fit(X, y)._initial_params()


def _ours(model: Any, X: np.ndarray, y: np.ndarray, bare: Callable[[], None]) -> list[Contender]:
    return [
        Contender("bare loop", EPOCHS, bare),
        Contender("estimator", EPOCHS, partial(model.fit, X, y)),
    ]


def _torch(loop: Callable[[], None]) -> Contender:
    return Contender("torch.nn loop", FEW / SEQUENCES, loop)


def time_in_turn(contenders: list[Contender], rounds: int) -> pd.DataFrame:
    """Return the milliseconds of an epoch, a row a round and a column a contender."""
    rows = []
    for number in range(rounds + 1):
        row = {}
        for name, epochs, train in contenders:
            started = time.process_time()
            train()
            row[name] = (time.process_time() - started) / epochs * 1e3
        if number:  # the first round warms up
            rows.append(row)
    return pd.DataFrame(rows)


def main() -> None:
    """Print a table of each case."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="rounds after the warm-up (7)")
    arguments = parser.parse_args()
    use_one_thread()
    np.seterr(all="ignore")  # scikit-learn's loss of noise
    with threadpool_limits(1):
        for make in (_elman, _gru, _perceptron):
            title, contenders = make()
            times = time_in_turn(contenders, arguments.rounds)
            print(f"\n{title}; {SEQUENCES:,} samples, medians of {arguments.rounds} rounds\n")
            print("| contender | ms an epoch | of the estimator's time |\n| --- | ---: | ---: |")
            for name in times:
                ratio = (times[name] / times["estimator"]).median()
                print(f"| {name} | {times[name].median():,.0f} | {ratio:.2f} |", flush=True)
            overhead = (times["estimator"] / times["bare loop"]).median() - 1
            print(f"\nThe estimator takes {overhead:.1%} more than its bare loop.")


if __name__ == "__main__":
    main()
