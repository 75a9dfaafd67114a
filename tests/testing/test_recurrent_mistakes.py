"""Mistakes in the backward pass of an LSTM with peepholes are named, alone and two at once."""

import numpy as np
import pytest
import torch

from harmodels.nn import elman
from harmodels.testing import check_gradients
from tests.testing.layers import ELMAN, STATEFUL, D, T, kinds
from tests.testing.students import INPUTS, PARAMS, backward, forward, forward_in_a_buffer

NAMED = {
    "detached": ("detached_inside", "at every step"),
    "no cell": ("path_dropped", "gradient of the cell state is dropped"),
    "no path by peep_f": ("path_dropped", "through the mul by peep_f"),
    "no path by peep_o": ("path_dropped", "through the mul by peep_o"),
    "slope of tanh(c)": ("wrong_slope", "wrong slope of tanh, the one at tanh in mul: it is 1 - y"),
    "no slope of tanh(c)": ("wrong_slope", "it is 1; right is 1 - y²"),
    "swapped gates": ("gate_order", "the blocks are f, i, g, o"),
    "exchanged": ("exchanged", "peep_i has that of peep_f"),
    "h_t": ("state_after_step", "the gradient of U takes the state after a step"),
    "not transposed": ("weight_not_transposed", "recurrence not transposed"),
    "last output only": ("last_step_only", "only the last step's d_outputs arrives"),
    "first step lost": ("first_step_lost", "ends at the second one"),
}


def test_the_right_gradients_pass():
    report = check_gradients(forward, backward(), PARAMS, INPUTS)
    assert report, report


@pytest.mark.parametrize("mistake", NAMED)
def test_a_mistake_is_named(mistake):
    report = check_gradients(forward, backward(mistake), PARAMS, INPUTS)
    (named,) = report.mistakes
    kind, text = NAMED[mistake]
    assert named.kind == kind
    assert text in named.text


@pytest.mark.parametrize(
    "pair",
    [
        ("detached", "mean"),
        ("no path by peep_f", "mean"),
        ("swapped gates", "mean"),
        ("h_t", "mean"),
        ("not transposed", "slope of tanh(c)"),
        ("h_t", "no slope of tanh(c)"),
    ],
)
def test_two_mistakes_are_named_together(pair):
    report = check_gradients(forward, backward(*pair), PARAMS, INPUTS)
    expected = [NAMED[mistake][0] if mistake in NAMED else "sum_for_mean" for mistake in pair]
    assert kinds(report) == expected


def test_a_mistake_that_nobody_planted_is_not_named():
    def run(params, cache, d_states):
        *d_inputs, d = backward()(params, cache, d_states)
        return *d_inputs, {**d, "U": d["U"] + 1e-3}

    assert not check_gradients(forward, run, PARAMS, INPUTS).mistakes


def test_a_state_detached_in_a_buffer_is_named():
    report = check_gradients(forward_in_a_buffer, backward("detached"), PARAMS, INPUTS)
    assert kinds(report) == ["detached_inside"]


@pytest.mark.parametrize(("of_all", "share"), [(True, "all of it"), (False, "1/T of it")])
def test_only_the_last_step_of_a_mean_is_named(of_all, share):
    def pooled(params, x, h, c):
        states, cache = forward(params, x, h, c)
        return states.mean(1), (states, cache)

    def run(params, cache, d_mean):
        states, cache = cache
        d_states = torch.zeros_like(states)
        d_states[:, -1] = d_mean if of_all else d_mean / states.shape[1]
        return backward()(params, cache, d_states)

    report = check_gradients(pooled, run, PARAMS, INPUTS)
    assert kinds(report) == ["last_step_only"]
    assert share in str(report)


def test_the_slope_of_the_step_before_is_named():
    def run(params, cache, d_outputs):
        inputs, hidden = cache
        d_z, d_h = torch.zeros_like(d_outputs), torch.zeros_like(hidden[:, :, 0])
        for t in reversed(range(d_outputs.shape[2])):
            d_z[:, :, t] = (d_outputs[:, :, t] + d_h) * (1 - hidden[:, :, t] ** 2)
            d_h = d_z[:, :, t] @ params.weight_hh
        d_bias = d_z.sum((1, 2))
        d_params = elman.ElmanParams(
            torch.einsum("rbth,rbtd->rhd", d_z, inputs),
            torch.einsum("rbth,rbtk->rhk", d_z, hidden[:, :, :-1]),
            *(d_bias, d_bias),
        )
        return d_z @ params.weight_ih[:, None], d_h, d_params

    report = check_gradients(elman.forward, run, ELMAN, STATEFUL)
    assert kinds(report) == ["wrong_slope"]
    assert "that of the step before" in str(report)


class NumpyNetwork:
    """An Elman network in numpy, as a student writes it."""

    def __init__(self):
        random = np.random.default_rng(0)
        self.W, self.U = random.normal(size=(5, 3)), random.normal(size=(5, 5))

    def forward(self, x):
        states = np.zeros((len(x) + 1, 5))
        for t in range(len(x)):
            states[t + 1] = np.tanh(self.W @ x[t] + self.U @ states[t])
        return states[1:], (x, states)

    def backward(self, cache, d_states, mistake=None):
        (x, states), d_state = cache, np.zeros(5)
        d = {"W": np.zeros_like(self.W), "U": np.zeros_like(self.U)}
        for t in reversed(range(len(x))):
            if mistake == "last output only" and t < len(x) - 1:
                d_states[t] = 0
            slope = states[t if mistake == "slope of the step before" else t + 1]
            d_z = (d_states[t] + d_state) * (1 - slope**2)
            d["W"] += np.outer(d_z, x[t])
            d["U"] += np.outer(d_z, states[t + 1 if mistake == "h_t" else t])
            d_state = (self.U if mistake == "not transposed" else self.U.T) @ d_z
        return d


@pytest.mark.parametrize(
    ("mistake", "kind"),
    [
        (None, []),
        ("not transposed", ["weight_not_transposed"]),
        ("h_t", ["state_after_step"]),
        ("slope of the step before", ["wrong_slope"]),
        ("last output only", ["last_step_only"]),
    ],
)
def test_the_mistakes_of_a_network_in_numpy_are_named(mistake, kind):
    def backward(network, cache, d_states):
        return network.backward(cache, d_states, mistake)

    x = np.random.default_rng(1).normal(size=(T, D))
    report = check_gradients(NumpyNetwork.forward, backward, NumpyNetwork(), x)
    assert report.ok == (mistake is None), report
    assert kinds(report) == kind
