import numpy as np
import pytest
import torch

from harmodels import optim
from harmodels.config.options import Minibatch
from harmodels.models import elman
from harmodels.nn.initialisers import uniform, zeros
from harmodels.nn.params import state_dict
from harmodels.training.learners import SequenceTensors
from harmodels.training.learners.minibatch import MinibatchLearner, SequenceLoss
from harmodels.training.loops import minibatch

N, T, D, H, C = 7, 6, 3, 4, 6
ORDER = torch.tensor([[0, 1, 2, 3, 4, 5, 6], [6, 2, 0, 1, 3, 5, 4]])


@pytest.fixture
def data():
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(N, T, D, generator=random, dtype=torch.float64)
    return inputs, torch.randint(C, (N,), generator=random)


def make_params(R):
    return elman.initialise(
        [np.random.default_rng(r) for r in range(R)], channels=D, hidden=H, classes=C,
        weights=uniform(0.4), biases=zeros, dtype=torch.float64,
    )  # fmt: skip


def sgd(params, grads, optimiser, rate):
    return optim.sgd_step(params, grads, rate), optimiser


def train(params, data, order, batch_size=3, reduction="mean"):
    rates = np.full(-(-order.shape[1] // batch_size), 0.1)
    options = {"batch_size": batch_size, "rates": rates, "reduction": reduction, "step": sgd}
    params, _, losses = minibatch.train_epoch(SequenceLoss(), params, (), *data, order, **options)
    return params, losses


def with_torch(params, inputs, labels, order, batch_size, reduction):
    """The same training with torch.nn, autograd and torch.optim: the oracle."""
    rnn = torch.nn.RNN(D, H, batch_first=True, dtype=torch.float64)
    output = torch.nn.Linear(H, C, dtype=torch.float64)
    rnn.load_state_dict(
        {f"{k}_l0": v[0] for k, v in zip(params.rnn._fields, params.rnn, strict=True)}
    )
    output.load_state_dict({"weight": params.output.weight[0], "bias": params.output.bias[0]})
    both = [*rnn.parameters(), *output.parameters()]
    optimiser = torch.optim.SGD(both, lr=0.1)
    total = 0.0
    for rows in order.split(batch_size):
        _, state = rnn(inputs[rows])
        targets = torch.nn.functional.one_hot(labels[rows], C).double()
        summed = torch.nn.functional.binary_cross_entropy_with_logits(
            output(state[0]), targets, reduction="sum"
        )
        optimiser.zero_grad()
        (summed / len(rows) if reduction == "mean" else summed).backward()
        optimiser.step()
        total += summed.item()
    return [p.detach() for p in both], total / len(order)


@pytest.mark.parametrize("batch_size", [1, 3, 7, 50])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_an_epoch_equals_torch_with_autograd_and_sgd(data, batch_size, reduction):
    params, losses = train(make_params(1), data, ORDER[:1], batch_size, reduction)
    expected, loss = with_torch(make_params(1), *data, ORDER[0], batch_size, reduction)
    for mine, oracle in zip(state_dict(params).values(), expected, strict=True):
        torch.testing.assert_close(mine[0], oracle, rtol=1e-9, atol=1e-12)
    assert losses["binary_cross_entropy"].item() == pytest.approx(loss, rel=1e-9)


OPTIONS = Minibatch(learning_rate=0.01, hidden=H, batch_size=3, epochs=1, test_every=None)


@pytest.mark.parametrize("engine", ["reference", "compiled"])
@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_without_a_hidden_bias_it_is_zero_and_stays_zero(data, engine, optimiser):
    options = OPTIONS.replaced(hidden_bias=False, optimiser=optimiser)
    learner = MinibatchLearner(options, engine, 1)
    read = SequenceTensors.of_equal_length(data[0].float(), data[1], C)
    state = learner.initialise([np.random.default_rng(r) for r in range(2)], read)
    before = state.params
    for _ in range(3):
        state, _ = learner.train_epoch(state, read, ORDER, [])
    assert not state.params.rnn.bias_ih.any()
    assert not state.params.rnn.bias_hh.any()
    assert not torch.equal(state.params.rnn.weight_hh, before.rnn.weight_hh)
    assert state.params.output.bias.all()


def test_orthogonal_initialisation_makes_only_the_recurrent_weights_orthogonal(data):
    learner = MinibatchLearner(OPTIONS.replaced(initialisation="orthogonal"), "reference", 1)
    read = SequenceTensors.of_equal_length(data[0].float(), data[1], C)
    params = learner.initialise([np.random.default_rng(0)], read).params
    product = params.rnn.weight_hh[0] @ params.rnn.weight_hh[0].T
    torch.testing.assert_close(product, torch.eye(H), rtol=0, atol=1e-6)
    assert params.rnn.bias_hh.abs().sum() == 0
