"""What is timed: trainings on noise, as data, and how the package trains each of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.bounds import Work
from benchmarks.timing import OURS, Contender, Weights
from harmodels.config.options import Minibatch, Perceptron, Recurrent, TruncatedBptt
from harmodels.kernels.perceptron.training import GROUP
from harmodels.nn.cells import CELLS
from harmodels.nn.params import map_params, state_dict
from harmodels.training.learners import SequenceTensors, State, make_learner
from harmodels.training.learners import recurrent as recurrent_learner
from harmodels.training.loops import cuda_graphs

FEATURES, CLASSES = 561, 6
HAND_CHANNELS, HAND_CLASSES, LONGEST = 63, 45, 1151  # of report hand_actions
# Adam divides a gradient by its size: without an epsilon that matters, gradients that are nothing
# but rounding would move the weights by full steps, and no two contenders would agree.
EPSILON = 1e-4


@dataclass(frozen=True)
class Task:
    """A training that every contender does.

    An item is `item` sequences, taken in order and from the first again; the options of
    `training` are those of an experiment in config/reports.
    """

    title: str
    training: str
    options: Any
    data: SequenceTensors
    item: int
    work: Work | None = None

    @property
    def batch(self) -> int:
        """Sequences of an update; truncated BPTT goes sequence by sequence."""
        size: int = getattr(self.options, "batch_size", 1)
        return size

    @property
    def device(self) -> torch.device:
        """Where the sequences are."""
        return self.data.frames.device

    def order(self, items: int) -> Tensor:
        """Return the sequences of some items, (n,)."""
        return torch.arange(items * self.item) % len(self.data.labels)

    @cached_property
    def start(self) -> Weights:
        """The weights, (1, …) by name, from which every contender starts."""
        return state_dict(self.state("reference", 1).params)

    def state(self, engine: str, replicates: int) -> State:
        """Return the state of that number of networks; the first is the same for any number."""
        learner = make_learner(self.training, self.options, engine, 1)
        random = [np.random.default_rng((0, r)) for r in range(replicates)]
        return map_params(lambda each: each.to(self.device), learner.initialise(random, self.data))


def ours(task: Task, name: str = OURS, engine: str = "compiled", replicates: int = 1) -> Contender:
    """Return the package's own loop; replicates after the first have orders of their own."""
    learner = make_learner(task.training, task.options, engine, 1)
    state, samples = task.state(engine, replicates), len(task.data.labels)
    shuffles = [
        torch.from_numpy(np.random.default_rng((1, r)).permutation(samples))
        for r in range(1, replicates)
    ]

    def train(items: int) -> Weights:
        first = task.order(items)
        order = torch.stack([first, *(shuffle[first] for shuffle in shuffles)]).to(task.device)
        with _large_epsilon():
            trained, _ = learner.train_epoch(state, task.data, order, [])
        return {name: each[:1].cpu() for name, each in state_dict(trained.params).items()}

    return Contender(name, train, replicates)


@contextmanager
def _large_epsilon() -> Iterator[None]:
    usual, recurrent_learner.EPSILON = recurrent_learner.EPSILON, EPSILON
    try:
        yield
    finally:
        recurrent_learner.EPSILON = usual


@contextmanager
def without_graphs() -> Iterator[None]:
    """Run the plain loop on every device."""
    recorders = dict(cuda_graphs.RECORDERS)
    cuda_graphs.RECORDERS.clear()
    try:
        yield
    finally:
        cuda_graphs.RECORDERS.update(recorders)


def noise(lengths: Tensor, channels: int, classes: int) -> SequenceTensors:
    """Return sequences of noise, for their speed; between -1 and 1 where they are features."""
    generator = np.random.default_rng(1)
    size = int(lengths.sum()), channels
    drawn = generator.uniform(-1, 1, size) if channels == FEATURES else generator.normal(size=size)
    labels = torch.from_numpy(generator.integers(0, classes, len(lengths)))
    frames = torch.from_numpy(drawn.astype(np.float32))
    return SequenceTensors(frames, lengths.cumsum(0) - lengths, lengths, labels, classes)


def _elman_work(
    hidden: int, steps: int, batch: int = 1, windows: int = 1, updates: int = 1
) -> Work:
    """Return the multiply-adds of forward pass, recursion and gradient of every step.

    The recursion ends before the first step of a window.
    """
    inputs, back = hidden + 3 + 2, (steps - windows) * hidden
    products = hidden * (2 * steps * inputs + back) + windows * 3 * CLASSES * hidden
    reads = steps + updates + back / inputs
    return Work(updates, batch * products, hidden * inputs, reads)


def truncated_bptt(
    hidden: int,
    window: int,
    update: str = "window",
    samples: int = 3000,
    steps: int = 128,
    **rest: Any,
) -> Task:
    """Return truncated BPTT, an update a window or a sequence, of report rnn_tbptt."""
    options = TruncatedBptt(
        **{"learning_rate": 0.1, **rest}, hidden=hidden, window=window, update=update
    )
    windows = -(-steps // window)
    work = _elman_work(hidden, steps, 1, windows, windows if update == "window" else 1)
    title = f"truncated BPTT, {hidden} hidden, window {window}"
    title += "" if update == "window" else ", one update a sequence"
    data = noise(torch.full((samples,), steps), 3, CLASSES)
    return Task(title, "truncated_bptt", options, data, 1, work)


def minibatch(hidden: int, batch: int, samples: int = 3000, steps: int = 128) -> Task:
    """Return BPTT through whole sequences in mini-batches, of report rnn_minibatch."""
    options = Minibatch(learning_rate=0.1, hidden=hidden, batch_size=batch)
    data = noise(torch.full((samples,), steps), 3, CLASSES)
    title = f"mini-batch of {batch}, {hidden} hidden, {steps} steps"
    return Task(title, "minibatch", options, data, batch, _elman_work(hidden, steps, batch))


def _perceptron_work(batch: int, momentum: float, inputs: int, hidden1: int, hidden2: int) -> Work:
    """Return the multiply-adds of an update; nothing flows back to the inputs.

    Of a single sample half of the units are at zero: they pass on nothing and nothing of theirs is
    updated. A group of samples shares what is read; with momentum each needs a product with the
    velocity.
    """
    single = batch == 1
    first, second, third = inputs * hidden1, hidden1 * hidden2, hidden2 * CLASSES
    above = 0.5 if single else 1.0
    products = first * (1 + above) + second * (above + 2 * above**2) + third * 3 * above
    products += first if single and momentum else 0
    reads = 2 * (2 if momentum else 1) / (GROUP if single else 1)
    return Work(1, batch * products, first, reads)


def perceptron(
    batch: int,
    momentum: float,
    samples: int = 3000,
    sizes: tuple[int, int, int] = (FEATURES, 300, 100),
) -> Task:
    """Return the perceptron, over single samples or mini-batches, by default of mlp_features."""
    inputs, hidden1, hidden2 = sizes
    options = Perceptron(
        batch_size=batch,
        hidden1=hidden1,
        hidden2=hidden2,
        learning_rate=0.01,
        momentum=momentum,
        initial_range=0.1,
    )
    work = _perceptron_work(batch, momentum, inputs, hidden1, hidden2)
    title = f"perceptron {inputs}-{hidden1}-{hidden2}-{CLASSES}, "
    title += f"batch of {batch}" if batch > 1 else "one sample"
    data = noise(torch.ones(samples, dtype=torch.int64), inputs, CLASSES)
    return Task(
        title + (", momentum" if momentum else ""), "perceptron", options, data, batch, work
    )


def hand_lengths(count: int, longest: int = LONGEST) -> Tensor:
    """Return log-normal lengths as those of report hand_actions."""
    drawn = np.random.default_rng(0).lognormal(np.log(75), 0.7, count)
    return torch.from_numpy(np.clip(drawn.round().astype(int), 7, longest))


def lengths_of(kind: str, batch: int, batches: int, steps: int) -> Tensor:
    """Return the lengths of all batches.

    `equal`, of `steps` each; or `unequal`, with one of 1151 steps in each batch, so that about a
    tenth of the padded steps is useful as in the benchmark of report hand_actions; or `sorted`,
    the same sequences in batches of neighbouring lengths.
    """
    if kind == "equal":
        return torch.full((batch * batches,), steps)
    lengths = hand_lengths(batch * batches)
    lengths[::batch] = LONGEST
    return lengths.sort().values if kind == "sorted" else lengths


def recurrent(
    cell: str, kind: str, hidden: int = 128, batch: int = 32, batches: int = 2, steps: int = 100
) -> Task:
    """Return a gated cell, by default of the sizes of report hand_actions."""
    lengths = lengths_of(kind, batch, batches, steps)
    gates, longest = CELLS[cell].gates, int((lengths.view(-1, batch).amax(1) - 1).sum())
    steps = int(lengths.sum())  # the first of a sequence has no state before it
    factors = 2 * HAND_CHANNELS * steps + 3 * hidden * (steps - len(lengths))
    work = Work(batches, gates * hidden * factors, gates * hidden * hidden, 2 * longest)
    title = f"{cell.upper()}, {hidden} units, batch of {batch}, {kind} lengths"
    return gated(title, cell, hidden, batch, noise_of_hands(lengths), batches, work)


def noise_of_hands(lengths: Tensor) -> SequenceTensors:
    """Return noise with the channels and classes of report hand_actions."""
    return noise(lengths, HAND_CHANNELS, HAND_CLASSES)


def gated(
    title: str,
    cell: str,
    hidden: int,
    batch: int,
    data: SequenceTensors,
    batches: int = 1,
    work: Work | None = None,
    learning_rate: float = 1e-3,
) -> Task:
    """Return a layer of a gated cell, with `batches` updates an item."""
    options = Recurrent(
        cell=cell, hidden=hidden, batch_size=batch, dropout=0.0, learning_rate=learning_rate
    )
    return Task(title, "recurrent", options, data, batch * batches, work)


# A new kernel adds a function that returns its Task, and lines here. Wide layers have several
# batches an item: a call lays out weights and moments once, as an epoch does.
CASES: dict[str, Callable[[], Task]] = {
    **{
        f"tbptt-hidden{hidden}-window{window}": partial(truncated_bptt, hidden, window)
        for hidden in (50, 100)
        for window in (10, 30)
    },
    "tbptt-hidden50-window10-once": partial(truncated_bptt, 50, 10, "sequence_mean"),
    **{
        f"minibatch-hidden{hidden}-batch{batch}": partial(minibatch, hidden, batch)
        for hidden in (50, 100)
        for batch in (10, 30)
    },
    **{
        f"mlp-batch{batch}-momentum{momentum:g}": partial(perceptron, batch, momentum)
        for batch in (1, 50)
        for momentum in (0.0, 0.09)
    },
    "mlp-batch200-momentum0.09": partial(perceptron, 200, 0.09),
    "mlp-narrow-batch32-momentum0.9": partial(perceptron, 32, 0.9, sizes=(20, 64, 32)),
    "mlp-wide-batch256-momentum0.9": partial(perceptron, 256, 0.9, sizes=(9, 2048, 2048)),
    **{
        f"{cell}128-{kind}-batch32": partial(recurrent, cell, kind)
        for cell in ("gru", "lstm")
        for kind in ("unequal", "sorted", "equal")
    },
    **{
        f"{cell}{hidden}-equal-batch{batch}": partial(
            recurrent, cell, "equal", hidden, batch, batches, 20
        )
        for cell, hidden in (("gru", 256), ("gru", 512), ("gru", 1280), ("lstm", 512))
        for batch, batches in ((5, 8), (50, 3))
    },
}  # fmt: skip
# One of each kind, to see that all run.
QUICK = (
    "tbptt-hidden50-window10",
    "minibatch-hidden50-batch10",
    "mlp-batch1-momentum0",
    "mlp-batch50-momentum0.09",
    "gru128-unequal-batch32",
    "lstm128-equal-batch32",
    "gru256-equal-batch5",
)
