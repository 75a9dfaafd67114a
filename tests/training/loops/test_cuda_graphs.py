import contextlib
import gc
import itertools
import warnings
import weakref
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from harmodels.config.options import Perceptron
from harmodels.errors import TrainingError
from harmodels.nn.params import state_dict
from harmodels.training.fit import Schedule, SplitIndices, fit
from harmodels.training.learners import SequenceTensors
from harmodels.training.learners.perceptron import PerceptronLearner
from harmodels.training.loops import cuda_graphs as graphs
from harmodels.training.loops.cuda_graphs import RecordedLoop, plain_loop
from harmodels.training.stopping import Patience


class Sum(NamedTuple):
    value: Tensor
    steps: Tensor


class Factor(NamedTuple):
    value: Tensor


class Item(NamedTuple):
    value: Tensor
    drawn: Tensor | tuple[()] = ()


def step(total, factor, item):
    drawn = item.drawn if isinstance(item.drawn, Tensor) else torch.ones(())
    added = (factor.value * item.value * drawn).sum()
    return Sum(total.value / 3 + added, total.steps + 1)


@pytest.fixture
def recordings(monkeypatch):
    """Record on the host as on a GPU: always the same memory, and what a step made is lost."""
    recorded = []

    def record(compute, carry):
        for _ in range(graphs.WARM_UPS):
            compute()
        recorded.append(weakref.ref(next(graphs.tensors(carry))))

        def replay():
            kept = {id(tensor) for tensor in graphs.tensors(carry)}
            after = compute()
            graphs.copy_tree(after, carry)
            for tensor in graphs.tensors(after):
                if id(tensor) not in kept:
                    tensor.fill_(99)

        return replay

    monkeypatch.setitem(graphs.RECORDERS, "cpu", lambda device: record)
    return recorded


def start(R=2):
    return Sum(torch.arange(R, dtype=torch.float64), torch.zeros(R))


def items(*sizes, drawn=False):
    random = torch.Generator().manual_seed(sum(sizes))
    values = [torch.randn(size, generator=random) for size in sizes]
    return [Item(value, value.sign() if drawn else ()) for value in values]


def equal(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("drawn", [False, True])
def test_replayed_steps_give_the_bytes_of_the_plain_loop_in_every_epoch(recordings, drawn):
    loop, one, other = RecordedLoop(), start(), start()
    for epoch in range(3):
        factor, epoch_items = Factor(torch.tensor(epoch - 0.7)), items(4, 4, 4, epoch, drawn=drawn)
        one = loop(step, one, factor, epoch_items)
        other = plain_loop(step, other, factor, epoch_items)
        assert equal(one, other)
    assert one.steps.tolist() == [12, 12]


def test_a_step_is_recorded_once_for_each_shape_and_kept_from_epoch_to_epoch(recordings):
    loop = RecordedLoop()
    for _ in range(3):
        loop(step, start(), ONE, items(4, 4, 4, 2))
    assert len(recordings) == 2


def test_when_a_replicate_ends_the_recordings_and_their_memory_are_given_up(recordings):
    loop = RecordedLoop()
    loop(step, start(3), ONE, items(4))
    after = loop(step, start(2), ONE, items(4))
    assert equal(after, plain_loop(step, start(2), ONE, items(4)))
    gc.collect()
    assert [memory() is None for memory in recordings] == [True, False]


def test_what_goes_in_is_not_changed_and_what_comes_out_is_not_changed_later(recordings):
    loop, before = RecordedLoop(), start()
    first = loop(step, before, ONE, items(4))
    kept = Sum(*(tensor.clone() for tensor in first))
    loop(step, first, ONE, items(4))
    assert equal(before, start())
    assert equal(first, kept)


def test_an_epoch_without_a_step_hands_on_what_came_in(recordings):
    assert equal(RecordedLoop()(step, start(), ONE, []), start())


def test_without_a_recorder_for_the_device_the_plain_loop_runs():
    assert "cpu" not in graphs.RECORDERS
    after = RecordedLoop()(step, start(), ONE, items(4, 3))
    assert equal(after, plain_loop(step, start(), ONE, items(4, 3)))


OPTIONS = Perceptron(
    batch_size=5, hidden1=8, hidden2=7, learning_rate=0.3, momentum=0.5, dropout=0.5, epochs=6,
    initial_range=0.5, stopping="patience", patience=1, schedule="one_cycle", weight_decay=0.01,
)  # fmt: skip
ONE = Factor(torch.ones(()))


def train():
    random = torch.Generator().manual_seed(0)
    data = SequenceTensors.of_equal_length(
        torch.randn(24, 1, 4, generator=random), torch.arange(24) % 3, 3
    )
    data = replace(data, weights=torch.linspace(0, 2, 24))
    learner = PerceptronLearner(OPTIONS, "reference", 1)
    indices = SplitIndices([np.arange(12)] * 4, [np.arange(12, 18)] * 4, np.arange(18, 24))
    schedule = Schedule(6, 7, (0, 1, 2, 3), OPTIONS.monitor, stopping=Patience(1))
    return fit(learner, data, indices, schedule)


def test_replicates_with_more_or_fewer_samples_keep_their_recordings(recordings, monkeypatch):
    """They are trained one group after another, and again in the next epoch."""
    few, many = np.arange(11), np.arange(12)

    def train(epochs):
        random = torch.Generator().manual_seed(0)
        data = SequenceTensors.of_equal_length(
            torch.randn(24, 1, 4, generator=random), torch.arange(24) % 3, 3
        )
        learner = PerceptronLearner(OPTIONS.replaced(stopping="all_epochs"), "reference", 1)
        indices = SplitIndices([few, many, few], [np.arange(12, 18)] * 3, np.arange(18, 24))
        return fit(learner, data, indices, Schedule(epochs, 7, (0, 1, 2), OPTIONS.monitor))

    train(1)
    once = len(recordings)
    recorded = train(3)
    assert once == 4  # batches of 5 and the last one of each group
    assert len(recordings) == 2 * once
    monkeypatch.delitem(graphs.RECORDERS, "cpu")
    plain = train(3)
    assert recorded.history().equals(plain.history())


def test_replicates_that_end_leave_the_others_the_bytes_of_the_plain_loop(monkeypatch, request):
    plain = train()
    assert len({outcome.epochs for outcome in plain.outcomes}) > 1
    recorded = request.getfixturevalue("recordings")
    replayed = train()
    assert len(recorded) > 2  # shapes: 5 and 2 samples, and both again for fewer replicates
    assert replayed.history().equals(plain.history())
    for mine, other in zip((replayed.last, replayed.best), (plain.last, plain.best), strict=True):
        assert equal(state_dict(mine.params).values(), state_dict(other.params).values())
        assert equal(state_dict(mine.optimiser).values(), state_dict(other.optimiser).values())


class Nowhere:
    """What stands in for a stream, a device or a pool of CUDA where there is none."""

    def __init__(self, name, happened):
        self.name, self.happened = name, happened

    def wait_stream(self, other):
        self.happened.append(f"{self.name} waits for {other.name}")

    def __enter__(self):
        self.happened.append(f"on {self.name}")

    def __exit__(self, *error):
        self.happened.append(f"off {self.name}")


@pytest.fixture
def cuda(monkeypatch):
    """Stand-ins for the calls of `CudaRecorder`; returns what happened, in order."""
    happened = []
    names = itertools.count()

    class Graph:
        def replay(self):
            happened.append("replay")

    @contextlib.contextmanager
    def capturing(graph, pool, stream):
        happened.append(f"begin in {pool} on {stream.name}")
        try:
            yield
        finally:
            happened.append("end")

    monkeypatch.setattr(
        torch.cuda, "Stream", lambda device: Nowhere(f"stream {next(names)}", happened)
    )
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: Nowhere("the others", happened))
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: stream)
    monkeypatch.setattr(torch.cuda, "device", lambda device: Nowhere(device, happened))
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: f"pool {next(names)}")
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", capturing)
    return happened


def test_a_step_is_warmed_up_on_its_stream_and_device_and_recorded_once_all_is_done(cuda):
    carry = start()

    def compute():
        cuda.append(f"step from {carry.steps[0]:g}")
        return Sum(carry.value, carry.steps + 1)

    replay = graphs.CudaRecorder("cuda:1")(compute, carry)
    assert cuda == [
        "on cuda:1", "stream 0 waits for the others", "on stream 0", *["step from 0"] * 3,
        "off stream 0", "the others waits for stream 0", "begin in pool 1 on stream 0",
        "step from 0", "end", "off cuda:1",
    ]  # fmt: skip
    assert carry.steps.tolist() == [1, 1]
    cuda.clear()
    replay()
    assert cuda == ["on cuda:1", "replay", "off cuda:1"]


def test_recordings_that_are_given_up_together_share_stream_and_memory(cuda, monkeypatch):
    monkeypatch.setitem(graphs.RECORDERS, "cpu", graphs.CudaRecorder)
    loop = RecordedLoop()
    for R, sizes in ((3, (4, 2)), (2, (4, 2))):
        loop(step, start(R), ONE, items(*sizes))
    begun = [what for what in cuda if what.startswith("begin")]
    first, second = "begin in pool 1 on stream 0", "begin in pool 3 on stream 2"
    assert begun == [first, first, second, second]


SHORT = "CUDA error: out of memory"


@pytest.mark.parametrize("ends_badly", [False, True])
@pytest.mark.parametrize(
    ("raised", "seen", "message"),
    [
        (RuntimeError("operation not permitted"), TrainingError, "not permitted.*device=cpu"),
        (torch.OutOfMemoryError("no memory"), torch.OutOfMemoryError, "no memory"),
        (RuntimeError(SHORT), RuntimeError, f"^{SHORT}$"),
        (KeyboardInterrupt("enough"), KeyboardInterrupt, "enough"),
    ],
)
def test_what_goes_wrong_in_a_recording_is_said_with_the_remedy(
    cuda, monkeypatch, raised, seen, message, ends_badly
):
    """The end of a recording that an error has spoilt fails as well."""

    @contextlib.contextmanager
    def capturing(graph, pool, stream):
        cuda.append("begin")
        try:
            yield
        finally:
            if ends_badly:
                raise RuntimeError("capture was invalidated")

    def compute():
        if "begin" in cuda:
            raise raised
        return start()

    monkeypatch.setattr(torch.cuda, "graph", capturing)
    with pytest.raises(seen, match=message):
        graphs.CudaRecorder("cuda:0")(compute, start())


def test_a_recording_that_holds_nothing_is_an_error(cuda, monkeypatch):
    """As torch says it of kernels that went to another device, and goes on."""

    @contextlib.contextmanager
    def capturing(graph, pool, stream):
        yield
        warnings.warn("The CUDA Graph is empty. This usually means …", stacklevel=1)

    monkeypatch.setattr(torch.cuda, "graph", capturing)
    with pytest.raises(TrainingError, match="The CUDA Graph is empty"):
        graphs.CudaRecorder("cuda:0")(start, start())
