"""Both engines on every kind of option: one training, two ways to compute it."""

from itertools import product
from typing import Literal, get_args, get_origin

import numpy as np
import pytest
import torch

from harmodels.config.options import OPTIONS
from harmodels.nn.cells import CELLS
from harmodels.nn.params import state_dict
from harmodels.training.learners import SequenceTensors, make_learner

SMALL = {
    "truncated_bptt": {"hidden": 6, "window": 4, "initial_range": 0.3},
    "minibatch": {"hidden": 6, "batch_size": 3, "learning_rate": 0.01},
    "perceptron": {
        "hidden1": 60, "hidden2": 50, "batch_size": 3, "initial_range": 0.1, "learning_rate": 0.01
    },
    "recurrent": {"hidden": 6, "batch_size": 3},
}  # fmt: skip
# what a number or null of an option switches on
SWITCHES = {
    "truncated_bptt": {"clip": (0.1, None)},
    "minibatch": {"clip_norm": (None, 0.1)},
    "perceptron": {
        "momentum": (0.0, 0.5), "dropout": (0.0, 0.5), "batch_size": (1, 3),
        "stopping": ("loss_gap",), "tested_weights": ("at_stop",),  # no learner reads them
    },
    "recurrent": {"cell": tuple(CELLS), "dropout": (0.0, 0.5), "layers": (1, 2),
                  "pooling": ("last", "mean_max")},
}  # fmt: skip


# how the gradient becomes a step, all at once
STEP = {"clip_norm": 0.1, "weight_decay": 0.1, "schedule": "one_cycle"}
STEPS = {
    "truncated_bptt": [{"update": update} for update in ("window", "sequence_mean")],
    "minibatch": [STEP | {"optimiser": "adam"}, STEP | {"hidden_bias": False}],
    "perceptron": [STEP, STEP | {"momentum": 0.5, "dropout": 0.5, "batch_size": 1}],
    "recurrent": [STEP, STEP | {"cell": "gru", "bidirectional": True, "pooling": "mean_max"}],
}  # of weighted sequences


def option_sets():
    """Yield each training with every combination of its words and switches."""
    for training, small in SMALL.items():
        kind = OPTIONS[training]
        types = {name: field.annotation for name, field in kind.model_fields.items()}
        choices = (
            {n: get_args(hint) for n, hint in types.items() if get_origin(hint) is Literal}
            | {name: (True, False) for name, hint in types.items() if hint is bool}
            | SWITCHES.get(training, {})
        )
        if "schedule" in choices:
            choices["schedule"] = ("constant",)  # another: STEPS
        for values in product(*choices.values()):
            chosen = dict(zip(choices, values, strict=True))
            stacked = chosen.get("layers", 1) > 1 or chosen.get("bidirectional")
            if chosen.get("architecture") == "hierarchical" and stacked:
                continue  # of plain networks alone
            fingers = chosen.get("architecture") == "hierarchical"
            yield training, small | chosen | ({"finger_hidden": 3} if fingers else {})


def make_data(training, *, equal, weighted):
    random = torch.Generator().manual_seed(0)
    lengths = torch.full((7,), 6) if equal else torch.tensor([4, 1, 7, 3, 9, 2, 5])
    channels = 4
    frames = torch.randn(int(lengths.sum()), channels, generator=random)
    return SequenceTensors(
        frames, lengths.cumsum(0) - lengths, lengths, torch.arange(7) % 3, 3,
        torch.tensor([[0, 1], [0, 2], [0, 3]]), torch.linspace(0, 2, 7) if weighted else None,
    )  # fmt: skip


def train(training, options, engine, data):
    learner = make_learner(training, OPTIONS[training](**options), engine, 1)
    state = learner.initialise([np.random.default_rng(r) for r in range(2)], data)
    order = torch.tensor([[0, 1, 2, 3, 4, 5, 6], [6, 2, 0, 1, 3, 5, 4]])
    noise = [np.random.default_rng([r, 1]) for r in range(2)]
    state, losses = learner.train_epoch(state, data, order, noise)
    return learner, state, losses, learner.scores(state.params, data, order)


def name_of(case):
    training, options = case
    return f"{training} {' '.join(str(value) for value in options.values())}"


# a perceptron reads vectors of one length
CASES = [
    (case, equal, False)
    for case in option_sets()
    for equal in ([True] if case[0] == "perceptron" else [True, False])
]
CASES += [
    ((training, SMALL[training] | options), equal, True)
    for training, steps in STEPS.items()
    for options in steps
    for equal in ([True] if training == "perceptron" else [True, False])
]


@pytest.mark.parametrize(
    ("case", "equal", "weighted"), CASES, ids=[f"{name_of(case)} {rest}" for case, *rest in CASES]
)
def test_compiled_runs_compiled_and_trains_what_the_readable_loop_trains(
    case, equal, weighted, monkeypatch
):
    training, options = case
    data = make_data(training, equal=equal, weighted=weighted)
    _, expected, expected_losses, expected_scores = train(training, options, "reference", data)
    refuse_the_readable_loops(monkeypatch)
    learner, state, losses, scores = train(training, options, "compiled", data)
    assert learner.engine == "compiled"
    theirs = state_dict(expected.params)
    torch.testing.assert_close(state_dict(state.params), theirs, rtol=0, atol=2e-4)
    assert list(losses) == list(expected_losses)
    for name, loss in expected_losses.items():
        torch.testing.assert_close(losses[name], loss, rtol=1e-4, atol=1e-5, check_dtype=False)
    torch.testing.assert_close(scores, expected_scores, rtol=0, atol=1e-3)


def refuse_the_readable_loops(monkeypatch):
    from harmodels.training.loops import minibatch, tbptt

    def refuse(*arguments, **options):
        raise AssertionError("the compiled engine ran a readable loop")

    for module, name in ((minibatch, "train_epoch"), (tbptt, "train_epoch"), (tbptt, "scores")):
        monkeypatch.setattr(module, name, refuse)
