"""`fit` of the estimators against their bare loops, a torch.nn loop and scikit-learn's perceptron.

All contenders of a case read the same arrays, have one thread and the same sizes, batches and
steps, and work in turn, A B C A B C …; timed are seconds of a processor for an epoch, so that what
else the machine does counts little. The estimator's time holds all of `fit`: reading and
checking the arrays, drawing the orders, the records of each epoch.
"""

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from sklearn import neural_network
from threadpoolctl import threadpool_limits

from benchmarks.cases import Task, gated, noise, ours, perceptron, truncated_bptt
from benchmarks.timing import Contender, by_contender, time_in_turn, use_one_thread
from benchmarks.torch_peers import peer
from harmodels import ElmanClassifier, GRUClassifier, MLPClassifier

EPOCHS = 5
FEW = 300  # samples of an epoch of torch's loops, whose time grows with them


def contenders_of(task: Task, model: Any) -> Iterator[tuple[float, Contender]]:
    """Yield bare loop, estimator, torch, for a perceptron scikit-learn, with their epochs."""
    bare, torchs, samples = ours(task), peer(task), len(task.data.labels)
    items, few = -(-samples // task.item), FEW // task.item
    X, y = task.data.inputs.numpy().astype(float), task.data.labels.numpy()
    if task.training == "perceptron":
        X = X[:, 0]

    def epochs(_: int) -> None:
        for _ in range(EPOCHS):
            bare.train(items)

    model.set_params(epochs=EPOCHS, scale=None, validation_fraction=0, random_state=0)
    yield EPOCHS * items * task.item / samples, Contender("bare loop", epochs)
    yield EPOCHS, Contender("estimator", lambda _: model.fit(X, y))
    yield few * task.item / samples, Contender("torch.nn loop", lambda _: torchs.train(few))
    if task.training == "perceptron":
        theirs = neural_network.MLPClassifier(
            model.hidden, solver="sgd", batch_size=task.batch, momentum=model.momentum,
            learning_rate_init=model.learning_rate, nesterovs_momentum=False, alpha=0.0,
            max_iter=EPOCHS, tol=0.0, n_iter_no_change=EPOCHS + 1, random_state=0,
        )  # fmt: skip
        single = X.astype(np.float32)  # it trains in the type of its input
        yield EPOCHS, Contender("scikit-learn", lambda _: theirs.fit(single, y))


def cases() -> Iterator[tuple[str, Task, Any]]:
    """Yield a title, the bare training and the estimator that does it."""
    shared: dict[str, Any] = {"window": 10, "learning_rate": 0.05, "clip": 1.0}
    title = "Elman, 50 units, truncated BPTT over 10 steps"
    model = ElmanClassifier(hidden=50, training="truncated_bptt", **shared)
    yield title, truncated_bptt(50, **shared), model
    title = "GRU, 64 units, batches of 32, Adam"
    data = noise(torch.full((3000,), 128), 3, 6)
    task = gated(title, "gru", 64, 32, data, learning_rate=0.003)
    model = GRUClassifier(hidden=64, pooling="last", batch_size=32, learning_rate=0.003)
    yield title, task, model
    shared = {"batch_size": 10, "learning_rate": 0.01, "momentum": 0.9}
    model = MLPClassifier(hidden=(300, 100), **shared)
    yield "perceptron 561-300-100-6, batches of 10, momentum", perceptron(10, 0.9), model


def main() -> None:
    """Print a table of each case."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="rounds after the warm-up (7)")
    arguments = parser.parse_args()
    use_one_thread()
    np.seterr(all="ignore")  # scikit-learn's loss of noise
    with threadpool_limits(1):
        for title, task, model in cases():
            epochs, contenders = zip(*contenders_of(task, model), strict=True)
            # of no seconds, so that an item is all that a contender does in a round
            measured = time_in_turn(contenders, arguments.rounds, 0, time.process_time)
            names = [each.name for each in contenders]
            times = by_contender(measured)[names] / epochs * 1e3
            samples = f"{len(task.data.labels):,} samples"
            print(f"\n{title}; {samples}, medians of {arguments.rounds} rounds\n")
            print("| contender | ms an epoch | of the estimator's time |\n| --- | ---: | ---: |")
            for name in names:
                ratio = (times[name] / times["estimator"]).median()
                print(f"| {name} | {times[name].median():,.0f} | {ratio:.2f} |", flush=True)
            overhead = (times["estimator"] / times["bare loop"]).median() - 1
            print(f"\nThe estimator takes {overhead:.1%} more than its bare loop.")


if __name__ == "__main__":
    main()
