"""Mistakes in the backward pass of an LSTM with peepholes are named, alone and two at once."""

import pytest
import torch

from harmodels.nn import elman
from harmodels.testing import check_gradients
from tests.testing.layers import ELMAN, STATEFUL, kinds
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
