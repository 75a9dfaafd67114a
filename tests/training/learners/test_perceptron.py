import numpy as np
import pytest
import torch

from harmodels.config.options import Perceptron
from harmodels.nn.params import map_params, state_dict, take_replicates
from harmodels.training.learners import SequenceTensors
from harmodels.training.learners.perceptron import (
    PerceptronLearner,
    PerceptronLoss,
    apply_gradient_variant,
)

OPTIONS = Perceptron(
    batch_size=4, hidden1=8, hidden2=5, learning_rate=0.1, epochs=1, initial_range=0.5
)
ORDER = torch.tensor([[5, 3, 1, 0, 2, 4, 6, 8, 7, 9]])


@pytest.fixture
def data():
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(10, 1, 7, generator=random, dtype=torch.float64)
    return SequenceTensors.of_equal_length(inputs, torch.randint(3, (10,), generator=random), 3)


def learn(options, data, order=ORDER, seeds=(0,), epochs=1):
    learner = PerceptronLearner(options, "reference", 1)
    state = learner.initialise([np.random.default_rng(s) for s in seeds], data)
    for epoch in range(epochs):
        noise = [np.random.default_rng([s, epoch]) for s in seeds]
        state, losses = learner.train_epoch(state, data, order, noise)
    return learner, state, losses


def with_torch(options, data, epochs=1):
    """The same training with torch.nn, autograd and torch.optim: the oracle."""
    start = PerceptronLearner(options, "reference", 1).initialise([np.random.default_rng(0)], data)
    layers = [torch.nn.Linear(a, b, dtype=torch.float64) for a, b in [(7, 8), (8, 5), (5, 3)]]
    for layer, params in zip(layers, start.params, strict=True):
        layer.load_state_dict({"weight": params.weight[0], "bias": params.bias[0]})
    network = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    optimiser = torch.optim.SGD(
        network.parameters(), lr=options.learning_rate, momentum=options.momentum
    )
    criterion = torch.nn.CrossEntropyLoss(reduction=options.reduction)
    for _ in range(epochs):
        for rows in ORDER[0].split(options.batch_size):
            optimiser.zero_grad()
            criterion(network(data.inputs[rows, 0]), data.labels[rows]).backward()
            optimiser.step()
    return [parameter.detach() for parameter in network.parameters()]


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("momentum", [0.0, 0.09])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_training_equals_torch_with_autograd(data, batch_size, momentum, reduction):
    options = OPTIONS.replaced(batch_size=batch_size, momentum=momentum, reduction=reduction)
    _, state, _ = learn(options, data, epochs=2)
    expected = with_torch(options, data, epochs=2)
    for mine, oracle in zip(state_dict(state.params).values(), expected, strict=True):
        torch.testing.assert_close(mine[0], oracle, rtol=1e-9, atol=1e-12)


def test_both_forms_of_dropout_have_the_same_expectation_at_inference(data):
    inverted = OPTIONS.replaced(dropout=0.5, dropout_form="inverted")
    learner, state, _ = learn(inverted, data)
    at_inference = PerceptronLearner(inverted.replaced(dropout_form="at_inference"), "reference", 1)
    doubled = state.params._replace(
        hidden2=state.params.hidden2._replace(weight=2 * state.params.hidden2.weight)
    )
    torch.testing.assert_close(
        learner.scores(state.params, data, ORDER), at_inference.scores(doubled, data, ORDER)
    )


def test_dropout_changes_training_and_not_inference(data):
    plain = learn(OPTIONS, data)[1]
    dropped = learn(OPTIONS.replaced(dropout=0.5), data)[1]
    assert not torch.allclose(plain.params.hidden1.weight, dropped.params.hidden1.weight)
    learner = PerceptronLearner(OPTIONS.replaced(dropout=0.5), "reference", 1)
    first = learner.scores(dropped.params, data, ORDER)
    assert torch.equal(first, learner.scores(dropped.params, data, ORDER))


def test_the_masks_of_a_replicate_do_not_depend_on_its_company(data):
    options = OPTIONS.replaced(dropout=0.5)
    together = learn(options, data, ORDER.expand(3, -1), seeds=(0, 1, 2))[1]
    alone = learn(options, data, ORDER, seeds=(2,))[1]
    third = state_dict(take_replicates(together.params, [2]))
    torch.testing.assert_close(third, state_dict(alone.params), rtol=1e-12, atol=1e-14)


def test_the_variants_of_the_output_gradient_differ_by_the_jacobian():
    random = torch.Generator().manual_seed(1)
    logits, gradient = torch.randn(2, 5, 3, generator=random, dtype=torch.float64)
    once = apply_gradient_variant(logits, gradient, "times_jacobian")
    plus = apply_gradient_variant(logits, gradient, "times_jacobian_plus_identity")
    torch.testing.assert_close(plus - once, gradient)
    assert torch.equal(apply_gradient_variant(logits, gradient, "exact"), gradient)
    assert not torch.allclose(once, gradient)


@pytest.mark.parametrize("variant", ["exact", "times_jacobian", "times_jacobian_plus_identity"])
@pytest.mark.parametrize("as_programmed", [False, True])
def test_a_weight_multiplies_the_share_of_its_sample_in_every_gradient(
    data, variant, as_programmed
):
    network = PerceptronLoss(1.0, variant, as_programmed)
    learner = PerceptronLearner(OPTIONS, "reference", 1)
    params = learner.initialise([np.random.default_rng(0)], data).params
    masks = torch.arange(27).view(1, 3, 9) % 2 if as_programmed else None
    inputs, labels = data.inputs[None, :3, 0], data.labels[None, :3]
    weights = torch.tensor([[0.0, 2.5, 1.0]])
    together, losses = network.gradients(params, inputs, labels, masks, weights)
    plain_losses = network.gradients(params, inputs, labels, masks, None)[1]
    torch.testing.assert_close(losses, plain_losses)
    summed = None
    for i, weight in enumerate(weights[0]):
        mask = None if masks is None else masks[:, [i]]
        own, _ = network.gradients(params, inputs[:, [i]], labels[:, [i]], mask, None)
        own = map_params(lambda grad, weight=weight: weight * grad, own)
        summed = own if summed is None else map_params(torch.add, summed, own)
    torch.testing.assert_close(state_dict(together), state_dict(summed), rtol=1e-9, atol=1e-12)
