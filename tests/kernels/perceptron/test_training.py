from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from harmodels import optim
from harmodels.errors import TrainingError
from harmodels.kernels.perceptron import training as compiled
from harmodels.models import mlp
from harmodels.nn import dropout, losses
from harmodels.nn.initialisers import uniform
from harmodels.nn.params import map_params, state_dict

OPTIONS = {
    "batch_size": 1, "reduction": "mean", "momentum": 0.0,
    "output_gradient": "exact", "scale": 1.0,
}  # fmt: skip

# float32 sums in another order, over some tens of updates
TOLERANCE = {"rtol": 0, "atol": 3e-6}


@pytest.fixture(params=["grouped", "plain"], autouse=True)
def path(request, monkeypatch):
    """Choose one of both paths, whichever is the faster one."""
    monkeypatch.setattr(compiled, "is_plain", lambda options, classes: request.param == "plain")


class Problem(NamedTuple):
    params: Any
    velocity: Any
    inputs: torch.Tensor
    labels: torch.Tensor
    order: torch.Tensor
    masks: Any


def make_problem(
    sizes=(11, 9, 7, 3), *, replicates=1, samples=20, keep_prob=None, momentum=0.0, seed=0
):  # fmt: skip
    generators = [np.random.default_rng([seed, r]) for r in range(replicates)]
    draw = uniform(1.0 / max(sizes) ** 0.5)
    params = mlp.initialise(generators, sizes=sizes, weights=draw, biases=draw)
    data = np.random.default_rng([seed, 1000])
    inputs = torch.from_numpy(data.uniform(-1, 1, (samples, sizes[0])).astype(np.float32))
    labels = torch.from_numpy(data.integers(0, sizes[-1], samples))
    order = torch.from_numpy(np.stack([data.permutation(samples) for _ in range(replicates)]))
    masks = None
    if keep_prob is not None:
        masks = dropout.draw_masks(data, (replicates, samples, sizes[1]), keep_prob)
    # velocity as an epoch before leaves it
    velocity = map_params(lambda p: 0.01 * p, params) if momentum else ()
    return Problem(params, velocity, inputs, labels, order, masks)


def expected_epoch(problem, **options):
    """Batch after batch on tensors."""
    params, velocity, inputs, labels, order, masks = problem
    total = torch.zeros(len(order), dtype=torch.float64)
    momentum, decay = options["momentum"], options.get("weight_decay", 0.0)
    shares = options.get("weights")
    for update, start in enumerate(range(0, order.shape[1], options["batch_size"])):
        rate = options["rates"][update]
        part = slice(start, start + options["batch_size"])
        rows = order[:, part]
        dropout_mask = (
            None if masks is None else dropout.DropoutMask(masks[:, part], options["scale"])
        )
        if options.get("as_programmed"):
            dropout_mask = None
            logits, cache = mlp.forward_as_programmed(params, inputs[rows], masks[:, part])
        else:
            logits, cache = mlp.forward(params, inputs[rows], dropout_mask)
        loss, d_logits = losses.softmax_cross_entropy(logits, labels[rows])
        again = losses.times_softmax_jacobian(logits.softmax(-1), d_logits)
        d_logits = {
            "exact": d_logits, "times_jacobian": again,
            "times_jacobian_plus_identity": again + d_logits,
        }[options["output_gradient"]]  # fmt: skip
        if shares is not None:
            loss, d_logits = shares[rows] * loss, shares[rows][..., None] * d_logits
        grads = mlp.backward(params, cache, d_logits, dropout_mask)
        if options["reduction"] == "mean":
            grads = map_params(lambda grad, size=rows.shape[1]: grad / size, grads)
        if options.get("clip_norm"):
            grads = optim.clip_by_norm(grads, options["clip_norm"])
        params = map_params(lambda p, rate=rate: p - rate * decay * p, params)
        if momentum:
            params, velocity = optim.momentum_step(params, grads, velocity, rate, momentum)
        else:
            params = optim.sgd_step(params, grads, rate)
        total += loss.double().sum(1)
    whole = order.shape[1] if shares is None else shares[order].sum(1)
    return params, velocity, total / whole


def with_rates(problem, learning_rate=0.02, **options):
    options = OPTIONS | options
    updates = -(-problem.order.shape[1] // options["batch_size"])
    return {"rates": np.full(updates, learning_rate)} | options


def assert_close(tree, expected):
    for name, tensor in state_dict(expected).items():
        torch.testing.assert_close(
            state_dict(tree)[name], tensor, **TOLERANCE, msg=lambda text, name=name: name + text
        )


def assert_agrees(problem, **options):
    options = with_rates(problem, **options)
    params, velocity, means = compiled.train_epoch(*problem, **options)
    expected, expected_velocity, expected_means = expected_epoch(problem, **options)
    assert_close(params, expected)
    if options["momentum"]:
        assert_close(velocity, expected_velocity)
    else:
        assert velocity == ()
    assert list(means) == ["cross_entropy"]
    torch.testing.assert_close(means["cross_entropy"], expected_means, rtol=2e-6, atol=0)


@pytest.mark.parametrize("second", [100, 200])
@pytest.mark.parametrize("momentum", [0.0, 0.09])
@pytest.mark.parametrize("batch_size", [1, 7, 50])
def test_agrees_with_the_tensors_at_the_sizes_of_the_report(second, momentum, batch_size):
    problem = make_problem((561, 300, second, 6), samples=60, momentum=momentum)
    assert_agrees(problem, batch_size=batch_size, momentum=momentum)


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (2, 17, 3, 5), (33, 16, 16, 2), (15, 20, 300, 9)])
@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_agrees_at_odd_sizes(sizes, momentum, batch_size):
    problem = make_problem(sizes, momentum=momentum)
    assert_agrees(problem, batch_size=batch_size, momentum=momentum)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 19, 20, 24, 25, 47, 48, 49, 64, 120, 500])
@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_agrees_however_updates_fall_into_groups(batch_size, momentum):
    problem = make_problem(samples=117, momentum=momentum)
    assert_agrees(problem, batch_size=batch_size, momentum=momentum)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 1.0])
def test_agrees_across_the_chunks_of_an_epoch(monkeypatch, momentum):
    monkeypatch.setattr(compiled, "CHUNK", 1)
    problem = make_problem(samples=130, momentum=momentum)
    assert_agrees(problem, momentum=momentum, learning_rate=0.002)


@pytest.mark.parametrize("batch_size", [1, 7])
@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_the_sum_over_a_batch_agrees(batch_size, momentum):
    problem = make_problem(momentum=momentum)
    assert_agrees(problem, batch_size=batch_size, momentum=momentum, reduction="sum")


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_dropout_agrees_in_both_forms(scale, momentum, batch_size):
    problem = make_problem(
        (40, 30, 20, 6), samples=60, keep_prob=0.5, replicates=2, momentum=momentum
    )
    assert_agrees(problem, batch_size=batch_size, momentum=momentum, scale=scale)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_dropout_as_programmed_agrees(momentum, batch_size):
    sizes = (40, 30, 20, 6)
    problem = make_problem(sizes, samples=60, replicates=2, momentum=momentum)
    masks = dropout.draw_masks(np.random.default_rng(3), (2, 60, 31), 0.5)
    problem = problem._replace(masks=masks)
    assert_agrees(problem, batch_size=batch_size, momentum=momentum, as_programmed=True)


def test_masks_without_a_column_for_the_bias_are_no_program_s():
    problem = make_problem(keep_prob=0.5)
    with pytest.raises(TrainingError, match=r"masks is .* of shape \(1, 20, 9\).*\(1, 20, 10\)"):
        compiled.train_epoch(*problem, **with_rates(problem), as_programmed=True)


@pytest.mark.parametrize("variant", ["times_jacobian", "times_jacobian_plus_identity"])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_the_other_variants_of_the_output_gradient_agree(variant, batch_size):
    assert_agrees(make_problem(), batch_size=batch_size, output_gradient=variant)


ONE_CYCLE = optim.rates("one_cycle", 0.02, epoch=1, epochs=2, updates=9)


@pytest.mark.parametrize(
    "options",
    [
        {"clip_norm": 0.1},
        {"weight_decay": 0.5},
        {"rates": ONE_CYCLE},
        {"weights": torch.linspace(0, 3, 60)},
        {"weights": torch.linspace(0, 3, 60), "reduction": "sum", "clip_norm": 1.0},
    ],
)
@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_every_part_of_a_step_and_weights_of_the_losses_agree(options, momentum):
    problem = make_problem((40, 30, 20, 6), samples=60, keep_prob=0.5, momentum=momentum)
    options = {"batch_size": 7, "momentum": momentum, "scale": 2.0} | options
    assert_agrees(problem, **options)
    without = compiled.train_epoch(
        *problem, **with_rates(problem, batch_size=7, momentum=momentum, scale=2.0)
    )
    with pytest.raises(AssertionError):  # the option changes what is trained
        assert_close(expected_epoch(problem, **with_rates(problem, **options))[0], without[0])


def test_every_part_of_a_step_agrees_at_once_by_single_samples():
    problem = make_problem((40, 30, 20, 6), samples=9, replicates=2, momentum=0.5)
    assert_agrees(
        problem, momentum=0.5, clip_norm=0.5, weight_decay=0.5, rates=ONE_CYCLE,
        weights=torch.linspace(0, 3, 9),
    )  # fmt: skip


def test_units_that_are_never_active_keep_what_momentum_makes_of_them():
    problem = make_problem(momentum=0.9)
    problem.params.hidden1.bias[0, ::2] = -5
    assert_agrees(problem, momentum=0.9)


@pytest.mark.parametrize(
    "sizes", [(1, 1, 1, 1), (11, 9, 7, 3), (561, 300, 200, 6), (90, 600, 500, 6)]
)
def test_scores_are_the_logits_of_the_readable_network(sizes):
    problem = make_problem(sizes, replicates=2, samples=101)
    logits = compiled.scores(problem.params, problem.inputs)
    expected, _ = mlp.forward(problem.params, problem.inputs.expand(2, *problem.inputs.shape))
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


def test_scores_are_the_same_bytes_for_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(compiled, "CHUNK", 1)
    problem = make_problem(replicates=3, samples=101)
    serial = compiled.scores(problem.params, problem.inputs)
    assert torch.equal(serial, compiled.scores(problem.params, problem.inputs, threads=2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": torch.zeros(20, 11, dtype=torch.float64)}, "inputs is torch.float64"),
        ({"inputs": torch.zeros(20, 12)}, r"of shape \(20, 12\).*\(samples, 11\)"),
        ({"labels": torch.full((20,), 3)}, "labels has values from 3 to 3"),
        ({"order": torch.tensor([[0, 20]])}, "order has values from 0 to 20"),
        (
            {"masks": torch.ones(1, 19, 9, dtype=torch.uint8)},
            r"masks is torch.uint8 .* of shape \(1, 19, 9\)",
        ),
        ({"masks": torch.ones(1, 20, 9)}, "masks is torch.float32"),
        ({"masks": torch.full((1, 20, 9), 2, dtype=torch.uint8)}, "masks has values from 2 to 2"),
    ],
)
def test_tensors_that_the_kernel_cannot_read_are_refused(change, message):
    with pytest.raises(TrainingError, match=message):
        problem = make_problem()
        compiled.train_epoch(*problem._replace(**change), **with_rates(problem))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"threads": 0}, "threads is 0"),
        ({"reduction": "median"}, "reduction is 'median'"),
        ({"output_gradient": "twice"}, "output_gradient is 'twice'"),
        ({"momentum": 0.5}, "velocity is a tuple"),
        ({"rates": np.ones(19)}, r"rates has shape \(19,\).*take 20 updates"),
        ({"weights": torch.ones(19)}, r"weights is .* of shape \(19,\)"),
    ],
)
def test_options_that_it_does_not_know_are_refused(change, message):
    with pytest.raises(TrainingError, match=message):
        problem = make_problem()
        compiled.train_epoch(*problem, **with_rates(problem) | change)


def test_the_velocity_of_another_network_is_refused():
    velocity, problem = make_problem((11, 9, 8, 3), momentum=0.5).velocity, make_problem()
    with pytest.raises(TrainingError, match="velocity.hidden2.weight is .* of shape"):
        compiled.train_epoch(
            *problem._replace(velocity=velocity), **with_rates(problem, momentum=0.5)
        )


@pytest.mark.parametrize("second", [100, 200])
@pytest.mark.parametrize("batch_size", [1, 50])
def test_the_sizes_of_the_report_keep_the_path_of_their_published_bytes(
    monkeypatch, second, batch_size
):
    monkeypatch.undo()
    options = _sizes(561, 300, second, batch_size)
    assert not compiled.is_plain(options, 6)


@pytest.mark.parametrize("sizes", [(20, 64, 32, 2), (561, 300, 100, 100), (9, 2048, 2048, 512)])
def test_narrow_networks_and_large_batches_take_the_plain_path(monkeypatch, sizes):
    monkeypatch.undo()
    assert compiled.is_plain(_sizes(*sizes), 6)


def _sizes(inputs, hidden1, hidden2, batch_size):
    problem = make_problem((inputs, hidden1, hidden2, 6), samples=1)
    return compiled._options(problem.params)._replace(batch_size=batch_size)
