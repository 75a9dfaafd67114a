import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from harmodels import optim
from harmodels.errors import TrainingError
from harmodels.kernels.elman import minibatch as dense
from harmodels.kernels.elman import packed_minibatch as compiled
from harmodels.models import elman
from harmodels.nn import losses
from harmodels.nn.params import map_params, state_dict, take_replicates

LENGTHS = [9, 1, 12, 4, 5, 12, 2]
ADAM = {"batch_size": 3, "optimiser": "adam", "learning_rate": 1e-3, "clip_norm": None}
SGD = {"batch_size": 3, "optimiser": "sgd", "learning_rate": 0.1, "clip_norm": None}
STEPS = [SGD, SGD | {"clip_norm": 0.2}, ADAM, ADAM | {"clip_norm": 0.2}]

# float32 sums in another order, over a few updates
TOLERANCE = {"rtol": 0, "atol": 4e-6}
# Adam's first steps are a learning rate long whatever the size of a gradient, so one that is next
# to nothing and rounded otherwise turns a step by a part of that
ADAM_TOLERANCE = {"rtol": 0, "atol": 1e-4}


def start(params, options):
    return optim.adam_state(params) if options["optimiser"] == "adam" else ()


def expected_epoch(
    problem, state, *, batch_size, optimiser, learning_rate, clip_norm, hidden_bias=True
):
    """Batch after batch on tensors, gradients averaged over the batch."""
    params, order = problem.params, problem.order
    cut = [problem.frames[s : s + n] for s, n in zip(problem.starts, problem.lengths, strict=True)]
    inputs = pad_sequence(cut, batch_first=True, padding_value=7.0)
    totals = torch.zeros(2, len(order), dtype=torch.float64)
    for rows in order.split(batch_size, dim=1):
        initial = inputs.new_zeros(*rows.shape, params.rnn.bias_hh.shape[1])
        lengths, labels = problem.lengths[rows], problem.labels[rows]
        logits, _, cache = elman.forward(params, inputs[rows], initial, lengths)
        targets = losses.one_hot(labels, logits.shape[-1], inputs.dtype)
        loss, d_logits = losses.binary_cross_entropy(logits, targets)
        totals[0] += loss.sum(1)
        totals[1] += losses.negative_log_likelihood(logits, labels).sum(1)
        grads = elman.backward(params, cache, d_logits)
        grads = map_params(lambda grad, size=rows.shape[1]: grad / size, grads)
        if not hidden_bias:
            still = torch.zeros_like(grads.rnn.bias_ih)
            grads = grads._replace(rnn=grads.rnn._replace(bias_ih=still, bias_hh=still))
        if clip_norm is not None:
            grads = optim.clip_by_norm(grads, clip_norm)
        if optimiser == "adam":
            params, state = optim.adam_step(params, grads, state, learning_rate)
        else:
            params = optim.sgd_step(params, grads, learning_rate)
    return params, state, totals / order.shape[1]


def assert_close(params, expected, options):
    tolerance = ADAM_TOLERANCE if options["optimiser"] == "adam" else TOLERANCE
    torch.testing.assert_close(state_dict(params), state_dict(expected), **tolerance)


def train(problem, options, **more):
    """Train from the start of an optimiser; return the weights, its state and the losses."""
    state = start(problem.params, options)
    return compiled.train_epoch(problem.params, state, *problem[1:], **options, **more)


def assert_agrees(problem, options):
    state = start(problem.params, options)
    params, after, means = compiled.train_epoch(problem.params, state, *problem[1:], **options)
    expected, expected_state, expected_means = expected_epoch(problem, state, **options)
    assert_close(params, expected, options)
    if state:
        assert torch.equal(after.updates, expected_state.updates)
        for mine, theirs in zip(after[:2], expected_state[:2], strict=True):
            assert_close(mine, theirs, SGD)
    else:
        assert after == ()
    assert list(means) == ["binary_cross_entropy", "negative_log_likelihood"]
    torch.testing.assert_close(torch.stack(list(means.values())), expected_means, rtol=2e-5, atol=0)


@pytest.mark.parametrize("options", STEPS)
def test_without_a_hidden_bias_every_step_agrees_and_leaves_it_where_it_was(
    make_end_to_end, options
):
    problem = make_end_to_end(LENGTHS, replicates=2)
    assert_agrees(problem, options | {"hidden_bias": False})
    params, _, _ = train(problem, options, hidden_bias=False)
    assert torch.equal(params.rnn.bias_ih, problem.params.rnn.bias_ih)
    assert torch.equal(params.rnn.bias_hh, problem.params.rnn.bias_hh)
    assert not torch.equal(params.output.bias, problem.params.output.bias)


@pytest.mark.parametrize("options", STEPS)
@pytest.mark.parametrize("lengths", [LENGTHS, [6] * 7])
def test_every_step_agrees_with_the_tensors_on_any_lengths(make_end_to_end, options, lengths):
    assert_agrees(make_end_to_end(lengths, replicates=2), options)


@pytest.mark.parametrize("hidden", [1, 13, 50, 100])
@pytest.mark.parametrize("options", [STEPS[1], STEPS[3]])
def test_agrees_at_any_width(make_end_to_end, hidden, options):
    assert_agrees(make_end_to_end(LENGTHS, hidden=hidden), options)


@pytest.mark.parametrize(("channels", "classes"), [(1, 1), (9, 2), (20, 45)])
def test_agrees_with_other_channels_and_classes(make_end_to_end, channels, classes):
    assert_agrees(make_end_to_end(LENGTHS, channels=channels, classes=classes), SGD)


@pytest.mark.parametrize("batch_size", [1, 2, 7, 50])
def test_agrees_whatever_the_batch_size_leaves_over(make_end_to_end, batch_size):
    assert_agrees(make_end_to_end(LENGTHS), STEPS[1] | {"batch_size": batch_size})


def test_without_adam_and_clipping_it_agrees_with_the_kernel_of_equal_lengths(
    make_problem, make_end_to_end
):
    problem = make_problem(sequences=7)
    expected, _ = dense.train_epoch(*problem, batch_size=3, learning_rate=0.1)
    params, _, _ = compiled.train_epoch(problem.params, (), *make_end_to_end([11] * 7)[1:], **SGD)
    assert_close(params, expected, SGD)


@pytest.mark.parametrize("options", [SGD, ADAM])
def test_a_bound_above_the_norm_of_every_gradient_changes_no_byte(
    make_end_to_end, assert_same_bytes, options
):
    problem = make_end_to_end(LENGTHS)
    free, _, _ = train(problem, options)
    bound, _, _ = train(problem, options | {"clip_norm": 1e6})
    assert_same_bytes(free, bound)


def test_an_update_is_no_longer_than_learning_rate_times_the_bound(make_end_to_end):
    problem = make_end_to_end(LENGTHS, replicates=2)
    options = SGD | {"batch_size": 7, "clip_norm": 1e-3}
    params, _, _ = train(problem, options)
    pairs = zip(state_dict(params).values(), state_dict(problem.params).values(), strict=True)
    moves = [(new - old).double().flatten(1).square().sum(1) for new, old in pairs]
    # weights of about 0.3 hold a move of 1e-4 in all to four digits
    torch.testing.assert_close(
        torch.stack(moves).sum(0).sqrt(), torch.full((2,), 1e-4).double(), rtol=1e-2, atol=0
    )


@pytest.mark.parametrize("options", STEPS)
def test_alone_in_company_and_on_any_number_of_threads_it_gives_the_same_bytes(
    make_end_to_end, assert_same_bytes, options
):
    problem = make_end_to_end(LENGTHS, replicates=3)
    serial, _, _ = train(problem, options)
    spread, _, _ = train(problem, options, threads=3)
    assert_same_bytes(serial, spread)
    one = take_replicates(problem.params, [1])
    alone, _, _ = train(problem._replace(params=one, order=problem.order[[1]]), options)
    assert_same_bytes(alone, take_replicates(serial, [1]))


@pytest.mark.parametrize("options", STEPS)
def test_nan_in_a_weight_shows_in_the_losses_of_that_replicate_only(make_end_to_end, options):
    problem = make_end_to_end(LENGTHS, replicates=2)
    problem.params.rnn.weight_hh[1, 0, 0] = float("nan")
    params, _, means = train(problem, options)
    for mean in means.values():
        assert torch.isfinite(mean).tolist() == [True, False]
    assert not params.rnn.weight_hh[1].isfinite().any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": torch.zeros(45, 3, dtype=torch.float64)}, "frames is torch.float64"),
        ({"frames": torch.zeros(44, 3)}, "sequence 6 has 2 frames from frame 43 on; there are 44"),
        ({"labels": torch.tensor([0, 1, 2, 6, 0, 0, 0])}, "labels reaches from 0 to 6"),
        ({"order": torch.tensor([[0, 7]])}, "order reaches from 0 to 7"),
    ],
)
def test_what_the_kernel_cannot_compute_is_refused(make_end_to_end, change, message):
    with pytest.raises(TrainingError, match=message):
        train(make_end_to_end(LENGTHS)._replace(**change), SGD)
