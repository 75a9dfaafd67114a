import subprocess
import sys

import numpy as np
import pytest
import torch

from harmodels.config.options import TruncatedBptt
from harmodels.errors import TrainingError
from harmodels.kernels.cuda import tbptt
from harmodels.kernels.cuda.plan import plan_of
from harmodels.nn.params import state_dict, take_replicates
from harmodels.training.learners import SequenceTensors, make_learner
from harmodels.training.loops import tbptt as reference

OPTIONS = {"window": 4, "learning_rate": 0.1, "clip": 1.0}
LENGTHS = [7, 1, 9, 4, 5]
# Float32 sums of some tens of products in another order, as in kernels/elman. Seen: 1e-7.
TOLERANCE = {"rtol": 0, "atol": 1e-6}


@pytest.fixture
def make_problem(make_end_to_end):
    return make_end_to_end


@pytest.fixture
def train(simulator):
    def run(problem, registers=255, backwards=False, **options):
        return simulator("train", problem, OPTIONS | options, registers, backwards)

    return run


@pytest.fixture
def assert_agrees(train):
    """Train by both loops; return how many threads shared a row."""

    def check(problem, registers=255, **options):
        params, losses, parts = train(problem, registers, **options)
        expected, expected_losses = reference.train_epoch(*problem, **OPTIONS | options)
        for name, tensor in state_dict(expected).items():
            torch.testing.assert_close(state_dict(params)[name], tensor, **TOLERANCE, msg=name)
        assert losses.keys() == expected_losses.keys()
        for name, loss in expected_losses.items():
            assert losses[name].dtype == torch.float64
            torch.testing.assert_close(losses[name], loss, rtol=1e-6, atol=0, msg=name)
        return parts

    return check


@pytest.mark.parametrize("update", ["window", "sequence_sum", "sequence_mean"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"clip": None},
        {"clip": 1e-3},
        {"transposed": False},
        {"first_step_bias": False},
        {"first_step_bias": False, "window": 1},
        {"logged_every": 2},
        {"weights": torch.linspace(0, 2, 5)},
        {"weights": torch.linspace(0, 2, 5), "logged_every": 2},
    ],
    ids=str,
)
def test_every_option_agrees_with_every_update(make_problem, assert_agrees, update, options):
    assert_agrees(make_problem(LENGTHS, hidden=5, replicates=2), update=update, **options)


@pytest.mark.parametrize(("registers", "parts"), [(255, 1), (77, 2), (61, 3), (55, 4)])
@pytest.mark.parametrize("options", [{}, {"transposed": False, "first_step_bias": False}], ids=str)
def test_any_number_of_threads_may_share_a_row(
    make_problem, assert_agrees, registers, parts, options
):
    problem = make_problem(LENGTHS, hidden=7, replicates=2)
    assert assert_agrees(problem, registers, **options) == parts


@pytest.mark.parametrize(("hidden", "parts"), [(1, 1), (50, 1), (100, 2)])
def test_networks_of_the_report_agree(make_problem, assert_agrees, hidden, parts):
    assert assert_agrees(make_problem([11, 6], hidden=hidden), window=10) == parts


@pytest.mark.parametrize("window", [1, 3, 10, 50])
@pytest.mark.parametrize("lengths", [[10] * 3, [1] * 3, LENGTHS])
def test_agrees_whatever_the_window_leaves_over(make_problem, assert_agrees, window, lengths):
    assert_agrees(make_problem(lengths, hidden=4), window=window)


@pytest.mark.parametrize(("channels", "classes"), [(1, 1), (9, 2), (4, 20)])
def test_agrees_with_other_channels_and_classes(make_problem, assert_agrees, channels, classes):
    assert_agrees(make_problem(hidden=4, channels=channels, classes=classes), 61)


def test_agrees_when_the_order_leaves_out_and_repeats_sequences(make_problem, assert_agrees):
    assert_agrees(make_problem(sequences=5)._replace(order=torch.tensor([[4, 4, 0]])))


@pytest.mark.parametrize("registers", [255, 61])
@pytest.mark.parametrize("update", ["window", "sequence_mean"])
def test_the_order_in_which_threads_reach_a_barrier_changes_nothing(
    make_problem, train, assert_same_bytes, registers, update
):
    problem = make_problem(LENGTHS, hidden=7, replicates=2)
    options = {"update": update, "first_step_bias": False}
    forwards, losses, _ = train(problem, registers, **options)
    backwards, own, _ = train(problem, registers, backwards=True, **options)
    assert_same_bytes(forwards, backwards)
    assert all(torch.equal(loss, own[name]) for name, loss in losses.items())


def test_each_network_in_company_is_the_same_bytes_as_alone(make_problem, train, assert_same_bytes):
    problem = make_problem(LENGTHS, hidden=5, replicates=3)
    rates, bounds = torch.tensor([0.1, 0.05, 0.2]), torch.tensor([1.0, 0.01, torch.inf])
    together, losses, _ = train(problem, learning_rate=rates, clip=bounds)
    for r, bound in enumerate([1.0, 0.01, None]):
        own = problem._replace(
            params=take_replicates(problem.params, [r]), order=problem.order[[r]]
        )
        alone, loss, _ = train(own, learning_rate=float(rates[r]), clip=bound)
        assert_same_bytes(take_replicates(together, [r]), alone)
        assert all(torch.equal(losses[name][[r]], value) for name, value in loss.items())


def test_a_network_that_diverges_is_seen_and_leaves_the_others_alone(
    make_problem, train, assert_same_bytes
):
    problem = make_problem(LENGTHS, hidden=5, replicates=2)
    usual, usual_losses, _ = train(problem, clip=None)
    params, losses, _ = train(problem, clip=None, learning_rate=torch.tensor([0.1, 3e38]))
    assert_same_bytes(take_replicates(params, [0]), take_replicates(usual, [0]))
    for name, loss in losses.items():
        assert loss[0] == usual_losses[name][0]
        assert not loss[1].isfinite()
    assert params.rnn.weight_hh[1].isnan().any()


def test_the_given_networks_are_left_as_they_were(make_problem, train, assert_same_bytes):
    problem, other = (make_problem(hidden=3) for _ in range(2))
    train(problem)
    assert_same_bytes(problem.params, other.params)


@pytest.mark.parametrize(
    ("sizes", "window", "problem"),
    [((106, 3, 6), 30, None), ((108, 3, 6), 30, "registers"), ((100, 3, 6), 128, "memory")],
)
def test_what_does_not_fit_a_block_is_not_planned(sizes, window, problem):
    assert (plan_of(*sizes, window) is None) == (problem is not None)


def test_a_network_that_does_not_fit_is_refused_by_name(make_problem):
    problem = make_problem(hidden=200)
    with pytest.raises(TrainingError, match=r"200 hidden units with a window of 4.*loops\.tbptt"):
        tbptt.train_epoch(*problem, **OPTIONS)


def test_a_processor_is_left_to_the_other_loops_and_numba_cuda_not_imported():
    code = """
import sys
import torch
from harmodels.kernels.cuda import tbptt
from harmodels.models.elman import initialise
from harmodels.nn.initialisers import uniform
import numpy as np
draw = uniform(1)
params = initialise(
    [np.random.default_rng(0)], channels=3, hidden=5, classes=6, weights=draw, biases=draw
)
assert not tbptt.can_train(params, torch.tensor([5]), 4)
assert "numba.cuda" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


READ = {
    "window": 4, "recurrent_gradient": "untransposed", "clip": 0.5, "first_step_bias": False,
    "logged_loss": "last_of_fifth", "update": "sequence_mean", "initial_range": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(("hidden", "launches"), [(5, 1), (200, 0)])
def test_a_learner_on_a_gpu_takes_one_launch_where_the_network_fits(
    simulator, make_problem, hidden, launches
):
    problem = make_problem(LENGTHS, replicates=2)
    data = SequenceTensors(*problem[1:5], classes=6, weights=torch.linspace(0.5, 2, 5))
    options = READ | {"hidden": hidden}
    params, losses, launched = simulator("train_learner", options, vars(data), problem.order)
    assert launched == launches
    learner = make_learner("truncated_bptt", TruncatedBptt(**options), "reference", 1)
    start = learner.initialise([np.random.default_rng(r) for r in range(2)], data)
    expected, expected_losses = learner.train_epoch(start, data, problem.order, [])
    for name, tensor in state_dict(expected.params).items():
        torch.testing.assert_close(state_dict(params)[name], tensor, **TOLERANCE, msg=name)
    for name, loss in expected_losses.items():
        torch.testing.assert_close(losses[name], loss, rtol=1e-6, atol=0, msg=name)
