import numpy as np
import pytest
import torch

from harmodels import optim
from harmodels.errors import TrainingError
from harmodels.kernels.elman import minibatch as compiled
from harmodels.models import elman
from harmodels.nn import losses
from harmodels.nn.params import map_params, state_dict, take_replicates

OPTIONS = {"batch_size": 4, "learning_rate": 0.1}

# As in test_elman_tbptt: float32 sums in another order, over a few updates.
TOLERANCE = {"rtol": 0, "atol": 4e-6}


def expected_epoch(problem, *, batch_size, learning_rate, hidden_bias=True):
    """Batch after batch on tensors, gradients averaged over the batch."""
    params, inputs, labels, order = problem
    R, n = order.shape
    totals = torch.zeros(2, R, dtype=torch.float64)
    for rows in order.split(batch_size, dim=1):
        initial = inputs.new_zeros(R, rows.shape[1], params.rnn.bias_hh.shape[1])
        logits, _, cache = elman.forward(params, inputs[rows], initial)
        targets = losses.one_hot(labels[rows], logits.shape[-1], inputs.dtype)
        loss, d_logits = losses.binary_cross_entropy(logits, targets)
        totals[0] += loss.sum(1)
        totals[1] += losses.negative_log_likelihood(logits, labels[rows]).sum(1)
        grads = elman.backward(params, cache, d_logits)
        grads = map_params(lambda grad, size=rows.shape[1]: grad / size, grads)
        moved = optim.sgd_step(params, grads, learning_rate)
        if not hidden_bias:
            still = {name: getattr(params.rnn, name) for name in ("bias_ih", "bias_hh")}
            moved = moved._replace(rnn=moved.rnn._replace(**still))
        params = moved
    return params, totals / n


def assert_agrees(problem, **options):
    options = OPTIONS | options
    params, means = compiled.train_epoch(*problem, **options)
    expected, expected_means = expected_epoch(problem, **options)
    torch.testing.assert_close(state_dict(params), state_dict(expected), **TOLERANCE)
    assert list(means) == ["binary_cross_entropy", "negative_log_likelihood"]
    torch.testing.assert_close(torch.stack(list(means.values())), expected_means, rtol=2e-6, atol=0)


MANY = compiled.TILE + 7  # rows of a step, more than a tile holds


@pytest.mark.parametrize(
    ("sizes", "batch_size"),
    [
        *(({"hidden": hidden, "sequences": 8}, 4) for hidden in (1, 13, 16, 50, 100, 131)),
        *(({"sequences": 11}, batch_size) for batch_size in (1, 3, 5, 10, 11, 12, 50)),
        *(({"channels": D, "classes": C}, 4) for D, C in [(1, 1), (9, 2), (20, 45)]),
        ({"steps": 1}, 4),
        ({"replicates": 3, "sequences": 9}, 4),
        ({"sequences": 10, "steps": 2 * compiled.TILE // 10 + 3}, 10),  # several tiles
        ({"sequences": MANY, "steps": 2}, MANY),
    ],
    ids=str,
)
def test_weights_and_losses_agree_with_the_tensors_at_any_size(make_problem, sizes, batch_size):
    assert_agrees(make_problem(**sizes), batch_size=batch_size)


@pytest.mark.parametrize("hidden", [13, 14, 15, 50])
def test_agrees_without_a_hidden_bias(make_problem, hidden):
    problem = make_problem(hidden=hidden, replicates=2)
    assert_agrees(problem, hidden_bias=False)
    params, _ = compiled.train_epoch(*problem, **OPTIONS, hidden_bias=False)
    assert torch.equal(params.rnn.bias_ih, problem.params.rnn.bias_ih)
    assert torch.equal(params.rnn.bias_hh, problem.params.rnn.bias_hh)
    assert not torch.equal(params.output.bias, problem.params.output.bias)


def test_agrees_across_the_chunks_of_an_epoch(make_problem, assert_same_bytes, monkeypatch):
    problem = make_problem(sequences=11)
    whole, _ = compiled.train_epoch(*problem, **OPTIONS)
    monkeypatch.setattr(compiled, "CHUNK", 1)
    parts, _ = compiled.train_epoch(*problem, **OPTIONS)
    assert_same_bytes(whole, parts)


@pytest.mark.parametrize("threads", [2, 8])
def test_any_number_of_threads_gives_the_same_bytes(make_problem, assert_same_bytes, threads):
    problem = make_problem(hidden=50, replicates=5, sequences=9)
    serial, serial_means = compiled.train_epoch(*problem, **OPTIONS)
    spread, spread_means = compiled.train_epoch(*problem, **OPTIONS, threads=threads)
    assert_same_bytes(serial, spread)
    assert all(torch.equal(mean, spread_means[name]) for name, mean in serial_means.items())


def test_a_replicate_alone_gives_the_bytes_it_has_in_company(make_problem, assert_same_bytes):
    problem = make_problem(hidden=50, replicates=3, sequences=9)
    together, _ = compiled.train_epoch(*problem, **OPTIONS, threads=2)
    alone, _ = compiled.train_epoch(
        take_replicates(problem.params, [1]), problem.inputs, problem.labels, problem.order[[1]],
        **OPTIONS,
    )  # fmt: skip
    assert_same_bytes(alone, take_replicates(together, [1]))


def test_the_given_parameters_are_left_as_they_were(make_problem, assert_same_bytes):
    problem = make_problem()
    before = map_params(torch.clone, problem.params)
    compiled.train_epoch(*problem, **OPTIONS)
    assert_same_bytes(before, problem.params)


@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_an_absurd_learning_rate_gives_losses_that_are_not_finite(make_problem, bad):
    problem = make_problem(sequences=9)
    _, means = compiled.train_epoch(*problem, **OPTIONS | {"learning_rate": bad})
    assert not torch.isfinite(means["binary_cross_entropy"]).any()


def test_nan_in_a_weight_shows_in_the_losses_of_that_replicate_only(make_problem):
    problem = make_problem(replicates=2)
    problem.params.rnn.weight_hh[1, 0, 0] = float("nan")
    _, means = compiled.train_epoch(*problem, **OPTIONS)
    for mean in means.values():
        assert torch.isfinite(mean).tolist() == [True, False]


def test_the_padding_of_the_weights_stays_zero(make_problem):
    problem = make_problem(hidden=21, sequences=7)
    packed = compiled.pack(problem.params, 0)
    work = compiled._workspace(packed, 21, 11, 4)
    arrays = problem.inputs.numpy(), problem.labels.numpy(), problem.order[0].numpy()
    compiled._train(packed, work, *arrays, 4, 21, np.float32(0.1), True)
    assert not packed.weight[21:].any()
    assert not packed.weight[:, 21 + 3 + 2 :].any()
    assert not packed.output[:, 21 : 21 + 3].any()
    np.testing.assert_array_equal(packed.weight_t, packed.weight.T)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"inputs": torch.zeros(4, 11, 3).double()}, {}, "inputs is torch.float64"),
        ({"labels": torch.tensor([0, 1, 2, 6])}, {}, "labels reaches from 0 to 6"),
        ({"order": torch.tensor([[0, 4]])}, {}, "order reaches from 0 to 4"),
        ({}, {"batch_size": 0}, "batch_size is 0"),
    ],
)
def test_what_the_kernel_cannot_compute_is_refused(make_problem, change, options, message):
    with pytest.raises(TrainingError, match=message):
        compiled.train_epoch(*make_problem()._replace(**change), **OPTIONS | options)
