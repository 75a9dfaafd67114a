import numpy as np
import pytest
import torch

from harmodels.config.options import Minibatch, TruncatedBptt
from harmodels.models import elman
from harmodels.nn.params import map_params
from harmodels.training.learners import SequenceTensors, make_learner
from harmodels.training.learners import _elman as shared

LENGTHS = [4, 1, 7, 3, 9]
TBPTT = TruncatedBptt(hidden=5, window=2, initial_range=0.5)
UNTRANSPOSED = TruncatedBptt(
    hidden=5, window=2, initial_range=0.5, recurrent_gradient="untransposed"
)


@pytest.fixture
def data():
    random = torch.Generator().manual_seed(0)
    lengths = torch.tensor(LENGTHS)
    frames = torch.randn(int(lengths.sum()), 3, generator=random)
    return SequenceTensors(frames, lengths.cumsum(0) - lengths, lengths, torch.arange(5) % 3, 3)


def one_by_one(params, data, chosen, transposed):
    """The same means, a sequence and a step at a time."""
    norms = {}
    exact = map_params(lambda tensor: tensor.double(), params)
    recurrence = exact.rnn.weight_hh[0] if transposed else exact.rnn.weight_hh[0].T
    for i in chosen.tolist():
        x = data.frames[data.starts[i] : data.starts[i] + data.lengths[i]].double()
        logits, _, cache = elman.forward(exact, x[None, None], torch.zeros(1, 1, 5).double())
        error = torch.sigmoid(logits[0, 0]) - torch.eye(3)[data.labels[i]]
        gradient = exact.output.weight[0].T @ error
        for k in range(len(x)):
            norms.setdefault(k, []).append(float(gradient.norm()))
            slope = 1 - cache.rnn.hidden[0, 0, len(x) - k] ** 2
            gradient = recurrence.T @ (slope * gradient)
    return [np.mean(norms[k]) for k in sorted(norms)]


@pytest.mark.parametrize("at_once", [2, 256])
@pytest.mark.parametrize("training", ["truncated_bptt", "minibatch", "untransposed"])
def test_norms_are_means_over_the_sequences_that_have_the_step(
    data, training, at_once, monkeypatch
):
    monkeypatch.setattr(shared, "MEASURED_AT_ONCE", at_once)
    kind, options = {
        "truncated_bptt": ("truncated_bptt", TBPTT),
        "untransposed": ("truncated_bptt", UNTRANSPOSED),
        "minibatch": ("minibatch", Minibatch(hidden=5)),
    }[training]
    learner = make_learner(kind, options, "compiled", 1)
    params = learner.initialise([np.random.default_rng(3)], data).params
    chosen = torch.tensor([2, 0, 1, 3])
    found = learner.gradient_norms(params, data, chosen)
    expected = one_by_one(params, data, chosen, training != "untransposed")
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9)


def test_a_gradient_that_float32_would_lose_is_measured(data):
    learner = make_learner("truncated_bptt", TBPTT, "compiled", 1)
    params = learner.initialise([np.random.default_rng(3)], data).params
    params.rnn.weight_hh.mul_(1e-8)
    norms = learner.gradient_norms(params, data, torch.tensor([4]))
    assert len(norms) == 9
    assert 0 < norms[-1] < 1e-46
