"""What every compiled loop promises, whatever it trains (`harmodels.kernels`)."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from harmodels.config.options import OPTIONS
from harmodels.kernels.elman import tbptt
from harmodels.kernels.perceptron import training as perceptron
from harmodels.kernels.recurrent import loop as recurrent
from harmodels.nn.params import state_dict, take_replicates
from harmodels.training.learners import SequenceTensors, State, make_learner

R = 3
BPTT = {"hidden": 50, "window": 4, "initial_range": 0.3}
BATCHES = {"hidden": 50, "batch_size": 4, "learning_rate": 0.1}
MLP = {
    "hidden1": 200, "hidden2": 100, "initial_range": 0.1, "learning_rate": 0.02, "momentum": 0.5,
    "dropout": 0.5,
}  # fmt: skip
NARROW = MLP | {"hidden1": 40, "hidden2": 20}  # takes the plain path
RECURRENT = {"hidden": 50, "batch_size": 4, "dropout": 0.5}
FINGERS = {"architecture": "hierarchical", "finger_hidden": 7}
STEP = {"clip_norm": 0.2, "weight_decay": 0.1, "schedule": "one_cycle"}
# training, options, whether the sequences have one length, the module of the loop
LOOPS = {
    "truncated BPTT": ("truncated_bptt", BPTT, False, tbptt),
    "one update a sequence": ("truncated_bptt", BPTT | {"update": "sequence_mean"}, False, tbptt),
    "mini-batches": ("minibatch", BATCHES, True, recurrent),
    "mini-batches, any length": ("minibatch", BATCHES, False, recurrent),
    "mini-batches, Adam": ("minibatch", BATCHES | {"optimiser": "adam"}, True, recurrent),
    "mini-batches, clipped": ("minibatch", BATCHES | {"clip_norm": 0.2}, False, recurrent),
    "mini-batches, every part of a step, weighted": (
        "minibatch",
        BATCHES | STEP | {"hidden_bias": False},
        False,
        recurrent,
    ),
    "truncated BPTT, weighted": ("truncated_bptt", BPTT, False, tbptt),
    "GRU, every part of a step, weighted": ("recurrent", RECURRENT | STEP, False, recurrent),
    "perceptron": ("perceptron", MLP | {"batch_size": 1}, True, perceptron),
    "perceptron in batches": ("perceptron", MLP | {"batch_size": 7}, True, perceptron),
    "narrow perceptron": ("perceptron", NARROW | {"batch_size": 7}, True, perceptron),
    "perceptron, every part of a step, weighted": (
        "perceptron",
        MLP | STEP | {"batch_size": 7},
        True,
        perceptron,
    ),
    "SimpleRNN": ("recurrent", RECURRENT | {"cell": "simple_rnn"}, False, recurrent),
    "GRU": ("recurrent", RECURRENT | {"cell": "gru"}, False, recurrent),
    "LSTM": ("recurrent", RECURRENT | {"cell": "lstm", "layers": 2}, False, recurrent),
    "GRU, both directions": (
        "recurrent",
        RECURRENT | {"bidirectional": True, "layers": 2},
        False,
        recurrent,
    ),
    "LSTM, both directions, pooled": (
        "recurrent",
        RECURRENT | {"cell": "lstm", "bidirectional": True, "pooling": "mean_max"},
        False,
        recurrent,
    ),
    "hierarchy": ("recurrent", RECURRENT | FINGERS, False, recurrent),
}
# Adam and clipping bound a step
UNBOUNDED = [
    name for name, (training, options, *_) in LOOPS.items()
    if training != "recurrent" and not {"optimiser", "clip_norm"} & options.keys()
]  # fmt: skip


@pytest.fixture(params=LOOPS)
def name(request):
    return request.param


def start(name, replicates=range(R)):
    """Return data, the state before the epoch, and orders."""
    training, options, equal, _ = LOOPS[name]
    count = 60 if training == "perceptron" else 11
    random = np.random.default_rng(0)
    lengths = torch.full((count,), 9)
    if not equal:
        lengths = torch.from_numpy(random.integers(1, 15, count))
    frames = torch.from_numpy(random.normal(size=(int(lengths.sum()), 4)).astype(np.float32))
    fingers = torch.tensor([[0, 1], [0, 2], [0, 3]])
    labels = torch.from_numpy(random.integers(0, 3, count))
    weights = torch.linspace(0, 2, count) if "weighted" in name else None
    starts = lengths.cumsum(0) - lengths
    data = SequenceTensors(frames, starts, lengths, labels, 3, fingers, weights)
    learner = make_learner(training, OPTIONS[training](**options), "compiled", 1)
    state = learner.initialise([np.random.default_rng(r) for r in replicates], data)
    orders = [np.random.default_rng([1, r]).permutation(count) for r in replicates]
    return data, state, torch.from_numpy(np.stack(orders))


def train(name, data, state, order, *, threads=1, replicates=range(R), **changes):
    """Return the state after an epoch, its losses, and scores."""
    training, options, *_ = LOOPS[name]
    learner = make_learner(training, OPTIONS[training](**options | changes), "compiled", threads)
    noise = [np.random.default_rng([2, r]) for r in replicates]
    after, losses = learner.train_epoch(state, data, order, noise)
    return after, losses, learner.scores(after.params, data, order)


def tensors_of(state):
    """Return a state's tensors by name; without momentum or Adam there is no optimiser."""
    return state_dict(State(*state) if len(state.optimiser) else State(state.params, state.params))


def bytes_of(after, losses, scores, replicate=slice(None)):
    tensors = [*tensors_of(after).values(), *losses.values(), scores]
    return [tensor[replicate].numpy().tobytes() for tensor in tensors]


@pytest.mark.parametrize("threads", [2, 8])
def test_any_number_of_threads_gives_the_same_bytes(name, threads):
    problem = start(name)
    serial = bytes_of(*train(name, *problem))
    assert bytes_of(*train(name, *problem, threads=threads)) == serial


def test_a_replicate_alone_gives_the_bytes_it_has_in_company(name):
    together = train(name, *start(name), threads=2)
    alone = train(name, *start(name, [1]), replicates=[1])
    assert bytes_of(*alone, 0) == bytes_of(*together, 1)


def test_a_second_call_gives_the_same_bytes_and_what_is_given_is_left_as_it_was(name):
    data, state, order = start(name)
    before = {field: tensor.clone() for field, tensor in tensors_of(state).items()}
    first = bytes_of(*train(name, data, state, order))
    for field, tensor in tensors_of(state).items():
        assert torch.equal(before[field], tensor), field
    assert bytes_of(*train(name, data, state, order)) == first


def test_what_is_kept_for_the_next_epoch_changes_no_byte(name):
    data, state, order = start(name)
    training, options, *_ = LOOPS[name]
    makes = [make_learner(training, OPTIONS[training](**options), "compiled", 1) for _ in range(10)]
    keeping, others = makes[0], iter(makes[1:])
    noise = [np.random.default_rng([2, r]) for r in range(R)]

    def same(state, data, order, replicates=R):
        both = []
        for learner in (keeping, next(others)):
            after, losses = learner.train_epoch(state, data, order, deepcopy(noise[:replicates]))
            both.append((after, bytes_of(after, losses, learner.scores(after.params, data, order))))
        assert both[0][1] == both[1][1]
        return both[0][0]

    first = same(state, data, order)
    second = same(first, data, order.flip(1))  # from where it ended
    same(state, data, order)  # from elsewhere
    third = same(second, data, order[:, :7])  # fewer sequences: fewer rows
    same(third, data, order)  # and more
    moments = take_replicates(third.optimiser, [0, 2]) if len(third.optimiser) else ()
    some = State(take_replicates(third.params, [0, 2]), moments)
    longer = replace(data, frames=data.frames + 1)
    fourth = same(some, longer, order[[0, 2]], 2)
    fifth = same(fourth, longer, order[[0, 2]], 2)
    heavier = replace(longer, weights=torch.linspace(1, 3, len(data.labels)))
    same(fifth, heavier, order[[0, 2]], 2)


def test_how_losses_are_added_up_changes_no_update(name, monkeypatch):
    *_, module = LOOPS[name]
    problem = start(name)
    monkeypatch.setattr(module, "CHUNK", 100)
    whole, losses, _ = train(name, *problem)
    monkeypatch.setattr(module, "CHUNK", 1)
    parts, own, _ = train(name, *problem)
    # the perceptron's chunks enter the rounding of its momentum
    tolerance = 3e-6 if module is perceptron else 0
    for field, tensor in state_dict(whole.params).items():
        close = {"rtol": 0, "atol": tolerance, "msg": field}
        torch.testing.assert_close(state_dict(parts.params)[field], tensor, **close)
    for kind, loss in losses.items():
        torch.testing.assert_close(own[kind], loss, rtol=1e-6 if tolerance else 1e-12, atol=0)


def test_nan_in_a_weight_shows_in_the_losses_of_that_replicate_only(name):
    data, state, order = start(name)
    for field, tensor in state_dict(state.params).items():
        if "bias" not in field:
            tensor[1].view(-1)[0] = float("nan")
    after, losses, _ = train(name, data, state, order)
    for loss in losses.values():
        assert torch.isfinite(loss).tolist() == [True, False, True]
    finite = [tensor.flatten(1).isfinite().all(1) for tensor in state_dict(after.params).values()]
    assert torch.stack(finite).all(0).tolist() == [True, False, True]


@pytest.mark.parametrize("name", UNBOUNDED)
def test_an_absurd_learning_rate_gives_losses_that_are_not_finite(name):
    _, losses, _ = train(name, *start(name), learning_rate=1e38)
    assert not torch.stack(list(losses.values())).isfinite().any(0).any()
