"""Each planted mistake is named, alone."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from harmodels.nn import dropout, elman, linear, losses
from harmodels.nn.recurrent import RecurrentParams
from harmodels.testing import check_gradients
from tests.testing.layers import (
    AFFINE,
    DENSE,
    ELMAN,
    ROWS,
    STATEFUL,
    B,
    D,
    H,
    R,
    T,
    affine,
    elman_in_windows,
    gated,
    kinds,
    normal,
    spoiled,
)


def test_a_recurrence_that_is_not_transposed_is_named_with_its_steps():
    report = check_gradients(elman.forward, elman.backward_untransposed, ELMAN, STATEFUL)
    assert not report
    assert kinds(report) == ["weight_not_transposed"]
    assert "recurrence not transposed" in str(report)
    steps = {verdict.name: verdict.steps for verdict in report.verdicts}
    assert steps["weight_hh"] == (1, 2, 3, 4, 5)  # step 0 has nothing behind it
    assert steps["initial"] == (0, 1, 2, 3, 4, 5)


def test_a_recurrence_on_columns_that_is_not_transposed_is_named():
    def forward(params, x, h):
        states = [h]
        for frame in x:
            z = params["weight_ih"] @ frame + params["weight_hh"] @ states[-1]
            states.append(torch.tanh(z))
        return torch.stack(states[1:]), (x, torch.stack(states))

    def backward(params, cache, d_states):
        x, states = cache
        d = {name: torch.zeros_like(value) for name, value in params.items()}
        d_state = torch.zeros_like(states[0])
        for t in reversed(range(len(x))):
            d_z = (d_states[t] + d_state) * (1 - states[t + 1] ** 2)
            d["weight_ih"] += torch.outer(d_z, x[t])
            d["weight_hh"] += torch.outer(d_z, states[t])
            d_state = params["weight_hh"] @ d_z
        return d

    params = {"weight_ih": normal(H, D), "weight_hh": normal(H, H)}
    report = check_gradients(forward, backward, params, (normal(T, D), normal(H)))
    assert kinds(report) == ["weight_not_transposed"]


@pytest.mark.parametrize(("cell", "gates"), [("gru", 3), ("lstm", 4)])
def test_a_gated_recurrence_that_is_not_transposed_is_named(cell, gates):
    class NotTransposedHere(torch.autograd.Function):
        @staticmethod
        def forward(ctx, h, weight):
            ctx.save_for_backward(h, weight)
            return h @ weight.mT

        @staticmethod
        def backward(ctx, d_product):
            h, weight = ctx.saved_tensors
            pairs = zip(d_product.chunk(gates, -1), weight.chunk(gates, -2), strict=True)
            return sum(d @ w.mT for d, w in pairs), d_product.mT @ h

    def run(product, params, x):
        h = c = x.new_zeros(B, H)
        states = []
        for frame in x.unbind(-2):
            a = frame @ params["weight_ih"].mT
            b = product(h, params["weight_hh"])
            if cell == "gru":
                (ar, az, an), (br, bz, bn) = a.chunk(3, -1), b.chunk(3, -1)
                z = torch.sigmoid(az + bz)
                h = (1 - z) * torch.tanh(an + torch.sigmoid(ar + br) * bn) + z * h
            else:
                i, f, g, o = (a + b).chunk(4, -1)
                c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
                h = torch.sigmoid(o) * torch.tanh(c)
            states.append(h)
        return torch.stack(states, -2)

    def forward(params, x):
        return run(lambda h, weight: h @ weight.mT, params, x), x

    def backward(params, x, d_states):
        leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
        outputs = run(NotTransposedHere.apply, leaves, x)
        found = torch.autograd.grad(outputs, [*leaves.values()], d_states)
        return dict(zip(leaves, found, strict=True))

    params = {"weight_ih": normal(gates * H, D), "weight_hh": normal(gates * H, H)}
    report = check_gradients(forward, backward, params, normal(B, T, D))
    assert kinds(report) == ["weight_not_transposed"]


def test_a_square_dense_weight_that_is_not_transposed_is_named():
    params = linear.LinearParams(normal(R, D, D), normal(R, D))

    def backward(params, cache, d_outputs):
        return d_outputs @ params.weight.mT, linear.backward(params, cache, d_outputs)[1]

    report = check_gradients(linear.forward, backward, params, ROWS)
    assert kinds(report) == ["weight_not_transposed"]
    assert report.wrong == ("inputs",)


@pytest.mark.parametrize(
    ("size", "window", "kind"),
    [
        (T, 4, "not_detached"),
        (1, 4, "detached_inside"),
        (2, 4, "detached_inside"),
        (1, None, "detached_inside"),
    ],
)
def test_a_state_detached_at_the_wrong_steps_is_named(size, window, kind):
    report = check_gradients(elman.forward, elman_in_windows(size), ELMAN, STATEFUL, window=window)
    assert kinds(report) == [kind]
    assert window or "every step" in report.mistakes[0].text


def test_a_forward_pass_that_detaches_is_named_though_autograd_agrees_with_the_backward_pass():
    def forward(params, x):
        y = x @ params["weight"].mT
        return y + (y @ params["weight"]).detach() @ params["weight"].mT, x

    def backward(params, x, d_y):
        weight = params["weight"].clone().requires_grad_()
        return {"weight": torch.autograd.grad(forward({"weight": weight}, x)[0], weight, d_y)[0]}

    report = check_gradients(forward, backward, {"weight": normal(H, D)}, normal(B, D))
    assert report.wrong == ("weight",)
    assert kinds(report) == ["forward_detached"]
    assert "cuts the same path" in str(report)


@pytest.mark.parametrize("softmax", ["log_softmax", "softmax", "cross_entropy"])
def test_a_softmax_jacobian_applied_twice_is_named_below_the_layer_that_it_harms(softmax):
    labels = torch.tensor([0, 2, 1, 4])
    loss_of = {
        "log_softmax": lambda o: -o.log_softmax(-1)[torch.arange(B), labels],
        "softmax": lambda o: -torch.softmax(o, dim=-1)[torch.arange(B), labels].log(),
        "cross_entropy": lambda o: F.cross_entropy(o, labels, reduction="none"),
    }[softmax]

    def forward(params, x):
        logits = affine(params, x)
        return loss_of(logits), (x, logits)

    def backward(params, cache, d_loss):
        x, logits = cache
        _, d_logits = losses.softmax_cross_entropy(logits, labels)
        d_logits = losses.times_softmax_jacobian(logits.softmax(-1), d_logits) * d_loss[:, None]
        return {"weight": d_logits.mT @ x, "bias": d_logits.sum(0)}

    report = check_gradients(forward, backward, AFFINE, normal(B, D))
    assert kinds(report) == ["softmax_twice"]


@pytest.mark.parametrize(
    ("spoil", "kind", "wrong"),
    [
        (lambda x, d: (x, d._replace(bias=d.bias / B)), "sum_for_mean", ("bias",)),
        (lambda x, d: (x, d._replace(weight=d.weight * B)), "sum_for_mean", ("weight",)),
        (lambda x, d: (x, type(d)(d.weight / B, d.bias / B)), "sum_for_mean", ("weight", "bias")),
        (lambda x, d: (x, d._replace(bias=0 * d.bias)), "forgotten_bias", ("bias",)),
        (lambda x, d: (-x, type(d)(-d.weight, -d.bias)), "sign", ("weight", "bias", "inputs")),
    ],
)
def test_a_careless_gradient_is_named_with_the_parameters(spoil, kind, wrong):
    report = spoiled(spoil)
    assert report.wrong == wrong
    assert kinds(report) == [kind]
    assert kind != "sum_for_mean" or "axis 1 of inputs" in str(report)


def test_a_bias_that_the_gradients_do_not_hold_is_named():
    report = check_gradients(
        lambda params, x: (affine(params, x), x),
        lambda params, x, d_y: {"weight": d_y.mT @ x},
        *(AFFINE, normal(B, D)),
    )
    assert kinds(report) == ["forgotten_bias"]
    assert "missing" in str(report)


@pytest.mark.parametrize(
    ("cell", "order", "text"),
    [("gru", (1, 0, 2), "blocks are z, r, n"), ("lstm", (0, 1, 3, 2), "blocks are i, f, o, g")],
)
def test_a_swapped_order_of_gates_is_named(cell, order, text):
    forward, right, *given = gated(cell)

    def backward(params, cache, d_outputs):
        d_inputs, d_params = right(params, cache, d_outputs)
        swapped = [torch.cat([each.chunk(len(order), 1)[i] for i in order], 1) for each in d_params]
        return d_inputs, RecurrentParams(*swapped)

    report = check_gradients(forward, backward, *given)
    assert kinds(report) == ["gate_order"]
    assert text in str(report)


@pytest.mark.parametrize(("forward_scale", "backward_scale"), [(1 / 0.8, 1.0), (1.0, 1 / 0.8)])
def test_dropout_scaled_at_the_wrong_end_is_named(forward_scale, backward_scale):
    mask = (normal(R, B, H) > -0.8).to(torch.uint8)

    def forward(params, x, mask):
        hidden, cache = linear.forward(params, x)
        return dropout.forward(hidden, mask, forward_scale), (cache, mask)

    def backward(params, cache, d_outputs):
        cache, mask = cache
        return linear.backward(params, cache, dropout.backward(mask, d_outputs, backward_scale))

    report = check_gradients(forward, backward, DENSE, (ROWS, mask), keep_prob=0.8)
    assert kinds(report) == ["dropout_scale"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d._replace(weight_hh=d.weight_hh + 1e-3),
        lambda d: d._replace(weight_ih=d.weight_ih * 1.37),
        lambda d: d._replace(bias_hh=d.bias_hh.flip(-1)),
        lambda d: d._replace(weight_hh=d.weight_hh * torch.nan),
    ],
)
def test_a_wrong_gradient_of_no_known_kind_is_given_no_name(spoil):
    def backward(params, cache, d_outputs):
        d_inputs, d_initial, d_params = elman.backward(params, cache, d_outputs)
        return d_inputs, d_initial, spoil(d_params)

    report = check_gradients(elman.forward, backward, ELMAN, STATEFUL)
    assert not report
    assert not report.mistakes
    assert "No known mistake" in str(report)
