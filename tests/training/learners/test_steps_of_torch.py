"""Whole trainings with every part of a step against torch.nn, autograd and torch.optim."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from harmodels.config.options import OPTIONS
from harmodels.nn.params import state_dict
from harmodels.training.learners import SequenceTensors, make_learner

N, T, D, H, C, EPOCHS, BATCH = 7, 6, 3, 4, 3, 4, 3
STEP = {"clip_norm": 0.3, "weight_decay": 0.2, "schedule": "one_cycle"}
SHARED = {"epochs": EPOCHS, "batch_size": BATCH, "learning_rate": 0.1}
ELMAN = SHARED | {"hidden": H, "initialisation": "glorot_uniform"}
GRU = SHARED | {"hidden": H, "dropout": 0.0}
MLP = SHARED | {"hidden1": H, "hidden2": H, "initial_range": 0.5}
CASES = [
    ("minibatch", ELMAN | STEP),
    ("minibatch", ELMAN | STEP | {"optimiser": "adam"}),
    ("recurrent", GRU | STEP),
    ("recurrent", GRU),
    ("perceptron", MLP | STEP),
    # torch's momentum is another at step sizes that change, and its decay is part of the gradient
    ("perceptron", MLP | {"clip_norm": 0.3, "momentum": 0.5}),
]


class Theirs(nn.Module):
    def __init__(self, training):
        super().__init__()
        kinds = {"minibatch": nn.RNN, "recurrent": nn.GRU}
        if training in kinds:
            self.rnn = kinds[training](D, H, batch_first=True)
            self.output = nn.Linear(H, C)
        else:
            self.hidden1, self.hidden2 = nn.Linear(T * D, H), nn.Linear(H, H)
            self.output = nn.Linear(H, C)

    def forward(self, inputs):
        if hasattr(self, "rnn"):
            return self.output(self.rnn(inputs)[0][:, -1])
        return self.output(self.hidden2(self.hidden1(inputs.flatten(1)).relu()).relu())

    def loss(self, inputs, labels):
        logits = self(inputs)
        if isinstance(getattr(self, "rnn", None), nn.RNN):
            targets = nn.functional.one_hot(labels, C).double()
            return nn.functional.binary_cross_entropy_with_logits(
                logits, targets, reduction="none"
            ).sum(1)
        return nn.functional.cross_entropy(logits, labels, reduction="none")


def with_torch(training, options, start, data, order):
    network = Theirs(training).double()
    named = network.named_parameters()
    with torch.no_grad():
        for (_, theirs), ours in zip(named, state_dict(start).values(), strict=True):
            theirs.copy_(ours[0])
    params, given = list(network.parameters()), {"lr": options.learning_rate}
    given["weight_decay"] = options.weight_decay
    if training == "recurrent" or getattr(options, "optimiser", "sgd") == "adam":
        epsilon = 1e-7 if training == "recurrent" else 1e-8
        optimiser = torch.optim.AdamW(params, eps=epsilon, **given)
    else:
        momentum = getattr(options, "momentum", 0.0)
        optimiser = torch.optim.SGD(params, momentum=momentum, **given)
    updates = EPOCHS * -(-N // BATCH)
    scheduler = torch.optim.lr_scheduler.ConstantLR(optimiser, factor=1.0)
    if options.schedule == "one_cycle":
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, options.learning_rate, total_steps=updates, cycle_momentum=False
        )
    for _ in range(EPOCHS):
        total = 0.0
        for rows in order[0].split(BATCH):
            loss = data.weights[rows] * network.loss(data.inputs[rows], data.labels[rows])
            optimiser.zero_grad()
            loss.mean().backward()
            if options.clip_norm is not None:  # itself it would add 1e-6 to the norm
                norm = nn.utils.clip_grad_norm_(params, float("inf"))
                for each in params:
                    each.grad *= min(1.0, options.clip_norm / norm)
            optimiser.step()
            scheduler.step()
            total += loss.sum().item()
    return params, total / data.weights.sum().item()


@pytest.mark.parametrize(("training", "options"), CASES, ids=str)
def test_a_training_of_weighted_sequences_equals_torchs(training, options):
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(N, T, D, generator=random, dtype=torch.float64)
    data = SequenceTensors.of_equal_length(inputs, torch.arange(N) % C, C)
    data = replace(data, weights=torch.tensor([0.5, 2.0, 0.0, 1.0, 1.25, 3.0, 1.0]))
    options, order = OPTIONS[training](**options), torch.tensor([[5, 3, 1, 0, 2, 4, 6]])
    learner = make_learner(training, options, "reference", 1)
    state = start = learner.initialise([np.random.default_rng(0)], data)
    for epoch in range(1, EPOCHS + 1):
        state, losses = learner.train_epoch(state, data, order, [], epoch)
    expected, loss = with_torch(training, options, start.params, data, order)
    for mine, oracle in zip(state_dict(state.params).values(), expected, strict=True):
        torch.testing.assert_close(mine[0], oracle.detach(), rtol=1e-9, atol=1e-12)
    assert next(iter(losses.values())).item() == pytest.approx(loss, rel=1e-9)
