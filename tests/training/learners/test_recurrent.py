from dataclasses import replace

import numpy as np
import pytest
import torch

from harmodels.config.options import Recurrent
from harmodels.errors import ConfigurationError, TrainingError
from harmodels.nn.params import state_dict, take_replicates
from harmodels.training.learners import SequenceTensors
from harmodels.training.learners.recurrent import RecurrentLearner

OPTIONS = Recurrent(hidden=6, batch_size=3, learning_rate=0.01, epochs=1)
LENGTHS = [4, 1, 7, 3, 9, 2, 5]
ORDER = torch.tensor([[0, 1, 2, 3, 4, 5, 6], [6, 2, 0, 1, 3, 5, 4]])


@pytest.fixture
def data():
    random = torch.Generator().manual_seed(0)
    lengths = torch.tensor(LENGTHS)
    frames = torch.randn(int(lengths.sum()), 4, generator=random)
    fingers = torch.tensor([[0, 1], [0, 2], [0, 3]])
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 0])
    return SequenceTensors(frames, lengths.cumsum(0) - lengths, lengths, labels, 3, fingers)


def learn(learner, data, order=ORDER, seeds=(0, 1), epochs=2):
    state = learner.initialise([np.random.default_rng(s) for s in seeds], data)
    for epoch in range(epochs):
        noise = [np.random.default_rng([s, epoch]) for s in seeds]
        state, losses = learner.train_epoch(state, data, order, noise)
    return state, losses


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_a_replicate_in_company_is_the_network_trained_alone(data, engine):
    learner = RecurrentLearner(OPTIONS, engine, 1)
    together, _ = learn(learner, data)
    alone, _ = learn(learner, data, ORDER[1:], seeds=(1,))
    second = state_dict(take_replicates(together.params, [1]))
    torch.testing.assert_close(second, state_dict(alone.params), rtol=1e-4, atol=1e-6)


def test_a_hierarchy_without_fingers_is_refused_with_the_remedy(data):
    learner = RecurrentLearner(OPTIONS.replaced(architecture="hierarchical"), "reference", 1)
    with pytest.raises(TrainingError, match="simulated-hands"):
        learner.initialise([np.random.default_rng(0)], replace(data, fingers=None))


@pytest.mark.parametrize(
    ("architecture", "named", "value"),
    [
        ("hierarchical", "bidirectional", True),
        ("hierarchical", "layers", 2),
        ("plain", "finger_hidden", 3),
    ],
)
def test_an_option_of_the_other_architecture_is_refused(architecture, named, value):
    with pytest.raises(ConfigurationError, match=f"{named} is for architecture: "):
        OPTIONS.replaced(architecture=architecture, **{named: value})


@pytest.mark.parametrize("bidirectional", [False, True])
def test_pooled_states_tell_what_the_last_state_forgets(bidirectional):
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 2
    inputs = torch.randn(60, 40, 2, generator=random)
    inputs[:, 15:18, 0] += 6.0 * labels[:, None] - 3.0  # far from both ends
    data = SequenceTensors.of_equal_length(inputs, labels, 2)
    order = torch.arange(60)[None]
    accuracy = {}
    for pooling in ("last", "max"):
        options = OPTIONS.replaced(
            pooling=pooling, bidirectional=bidirectional, dropout=0.0, batch_size=10
        )
        learner = RecurrentLearner(options, "compiled", 1)
        state, _ = learn(learner, data, order, seeds=(1,), epochs=12)
        found = learner.scores(state.params, data, order)[0].argmax(-1)
        accuracy[pooling] = float((found == labels).double().mean())
    assert accuracy["last"] < 0.8 < 0.95 < accuracy["max"]


def test_the_hand_has_ten_times_the_units_of_a_finger_by_default(data):
    options = OPTIONS.replaced(architecture="hierarchical", hidden=20)
    learner = RecurrentLearner(options, "reference", 1)
    params = learner.initialise([np.random.default_rng(0)], data).params
    assert params.fingers.weight_hh.shape == (1, 3, 6, 2)
    assert params.hand.weight_hh.shape == (1, 60, 20)
