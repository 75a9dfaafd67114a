"""Right gradients pass, and what is wrong is found with its place."""

import numpy as np
import pytest
import torch
from numpy import exp

from harmodels.nn import elman
from harmodels.nn.cells import CELLS
from harmodels.testing import check_gradients
from tests.testing.layers import (
    ELMAN,
    STATEFUL,
    B,
    D,
    H,
    elman_in_windows,
    gated,
    kinds,
    normal,
    spoiled,
)


def test_right_gradients_of_a_recurrent_layer_pass():
    report = check_gradients(elman.forward, elman.backward, ELMAN, STATEFUL)
    assert report, report
    assert not report.mistakes
    assert [verdict.name for verdict in report.verdicts] == [*ELMAN._fields, "inputs", "initial"]


@pytest.mark.parametrize("cell", CELLS)
def test_a_forward_pass_that_autograd_cannot_follow_is_checked_by_central_differences(cell):
    report = check_gradients(*gated(cell))
    assert report, report
    assert "every element" in report.oracle


def test_too_many_elements_for_central_differences_are_refused_with_the_remedy():
    def forward(w):
        return torch.mul(w, 2, out=torch.empty_like(w)), None

    with pytest.raises(ValueError, match="smaller layer"):
        check_gradients(forward, lambda w, cache, d: 2 * d, normal(100, 60))


def test_truncated_gradients_pass_with_their_window():
    assert check_gradients(elman.forward, elman_in_windows(4), ELMAN, STATEFUL, window=4)


def test_a_single_wrong_element_is_found_with_its_place():
    def spoil(d_inputs, d_params):
        d_params.weight[1, 2, 0] *= 1 + 1e-6
        return d_inputs, d_params

    report = spoiled(spoil)
    (wrong,) = (verdict for verdict in report.verdicts if not verdict.ok)
    assert (wrong.name, wrong.place) == ("weight", (1, 2, 0))


def test_a_transposed_gradient_is_told_by_its_shape():
    report = spoiled(lambda x, d: (x, d._replace(weight=d.weight.mT)))
    assert "(2, 3, 5), not (2, 5, 3), the transpose" in str(report)


def test_parameters_may_be_nested_dicts_or_one_tensor():
    report = check_gradients(
        lambda params, x: (x @ params["layer"]["w"], x),
        lambda params, x, d_y: {"layer": {"w": x.mT @ d_y}},
        *({"layer": {"w": normal(D, H)}}, normal(B, D)),
    )
    assert report
    assert report.verdicts[0].name == "layer.w"
    report = check_gradients(lambda w: (w**2, w), lambda w, cache, d: 2 * w * d, normal(3))
    assert report
    assert report.verdicts[0].name == "w"


def test_what_forward_and_backward_must_return_is_said():
    with pytest.raises(TypeError, match="outputs and cache"):
        check_gradients(lambda w: w**2, lambda w, cache, d: d, normal(3))
    with pytest.raises(TypeError, match="gradients of the inputs"):
        check_gradients(lambda w: (w["a"], None), lambda w, cache, d: 7, {"a": normal(3)})
    with pytest.raises(TypeError, match="gradient of 'b', which is neither"):
        check_gradients(lambda w: (w["a"], None), lambda w, cache, d: {"b": d}, {"a": normal(3)})


def test_a_gradient_of_an_input_that_is_left_out_is_missing():
    def without_initial(params, cache, d_outputs):
        d_inputs, _, d_params = elman.backward(params, cache, d_outputs)
        return d_inputs, d_params

    report = check_gradients(elman.forward, without_initial, ELMAN, STATEFUL)
    assert report.wrong == ("initial",)
    assert "initial: WRONG, it is missing" in str(report)


def test_the_gradients_of_the_parameters_alone_will_do():
    def of_params(params, cache, d_outputs):
        return elman.backward(params, cache, d_outputs)[2]

    report = check_gradients(elman.forward, of_params, ELMAN, STATEFUL)
    assert [verdict.name for verdict in report.verdicts] == [*ELMAN._fields]


def numpy_dense(scale=1.0):
    """A dense layer of arrays with a loss, and its backward pass."""

    def forward(params, x, d):
        y = np.tanh(x @ params["W"].T + params["b"])
        return ((y - d) ** 2).sum(), (x, y, d)

    def backward(params, cache, d_loss):
        x, y, d = cache
        d_z = 2 * (y - d) * (1 - y**2) * d_loss
        d_params = {"W": d_z.T @ x, "b": scale * d_z.sum(0)}
        return d_z @ params["W"], -2 * (y - d) * d_loss, d_params

    params = {"W": normal(H, D).numpy(), "b": normal(H).numpy()}
    return forward, backward, params, (normal(B, D).numpy(), normal(B, H).numpy())


def test_arrays_of_numpy_are_compared_with_autograd_through_torchs_version_of_numpy():
    report = check_gradients(*numpy_dense())
    assert report, report
    assert "autograd" in report.oracle
    assert [verdict.name for verdict in report.verdicts] == ["W", "b", "x", "d"]
    wrong = check_gradients(*numpy_dense(scale=1 / B))
    assert kinds(wrong) == ["sum_for_mean"]
    assert (np.__name__, exp) == ("numpy", np.exp)  # and are themselves again


def sigmoids_slope(params, cache, d_loss):
    x, y, d = cache
    d_z = 2 * (y - d) * y * (1 - y) * d_loss
    return d_z @ params["W"], -2 * (y - d) * d_loss, {"W": d_z.T @ x, "b": d_z.sum(0)}


def test_arrays_have_their_mistakes_named():
    forward, _, params, inputs = numpy_dense()
    report = check_gradients(forward, sigmoids_slope, params, inputs)
    assert kinds(report) == ["wrong_slope"]
    assert "y (1 - y), a sigmoid's" in str(report)


def written_out(x):
    """Return the softmax of rows, by a function of numpy's that was imported by its name."""
    y = exp(x - x.max(axis=1, keepdims=True))
    return y / y.sum(axis=1, keepdims=True)


def test_a_softmax_jacobian_applied_twice_is_named_where_the_softmax_is_written_out():
    targets = np.eye(H)[[0, 2, 1, 4]]

    def forward(params, x):
        y = written_out(x @ params["W"].T)
        return -(targets * np.log(y)).sum(), (x, y)

    def backward(params, cache, d_loss, twice=True):
        x, y = cache
        d_z = (y - targets) * d_loss
        if twice:
            d_z = y * (d_z - (y * d_z).sum(axis=1, keepdims=True))
        return {"W": d_z.T @ x}

    given = {"W": normal(H, D).numpy()}, normal(B, D).numpy()
    assert kinds(check_gradients(forward, backward, *given)) == ["softmax_twice"]
    assert check_gradients(forward, lambda *args: backward(*args, twice=False), *given)


def through_floats(forward):
    """A forward pass with a path that leaves torch's version of numpy."""
    return lambda params, x, d: forward(params, np.array(x.tolist()), d)


def without_a_function(forward):
    """A forward pass with what torch's version of numpy lacks."""
    return lambda params, x, d: forward(params, np.unwrap(x, discont=1e9, period=1e9), d)


@pytest.mark.parametrize("changed", [through_floats, without_a_function])
def test_arrays_that_autograd_cannot_follow_are_compared_with_central_differences(changed):
    forward, backward, params, inputs = numpy_dense()
    report = check_gradients(changed(forward), backward, params, inputs)
    assert report, report
    assert "every element" in report.oracle
    assert not check_gradients(changed(forward), sigmoids_slope, params, inputs).mistakes


def test_an_oracle_in_torch_names_the_mistakes_of_such_arrays():
    forward, backward, params, inputs = numpy_dense()
    forward = through_floats(forward)

    def oracle(params, x, d):
        return ((torch.tanh(x @ params["W"].mT + params["b"]) - d) ** 2).sum()

    report = check_gradients(forward, sigmoids_slope, params, inputs, oracle=oracle)
    assert kinds(report) == ["wrong_slope"]
    assert check_gradients(forward, backward, params, inputs, oracle=oracle)


def test_parameters_may_be_attributes_of_an_object():
    class Layer:
        def __init__(self):
            self.units, self.W = H, normal(H, D)

        def forward(self, x):
            return x @ self.W.mT, x

        def backward(self, x, d_y):
            return d_y @ self.W, {"W": d_y.mT @ x}

    report = check_gradients(Layer.forward, Layer.backward, Layer(), normal(B, D))
    assert report, report
    assert [verdict.name for verdict in report.verdicts] == ["W", "x"]
