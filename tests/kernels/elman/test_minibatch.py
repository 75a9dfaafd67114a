import numpy as np
import pytest
import torch

from harmodels import optim
from harmodels.config.options import Minibatch
from harmodels.errors import TrainingError
from harmodels.kernels.elman import minibatch as compiled
from harmodels.kernels.recurrent.plan import TILE
from harmodels.nn.params import state_dict
from harmodels.training.learners import SequenceTensors, State, make_learner

LENGTHS = [9, 1, 12, 4, 5, 12, 2]
SGD = {"batch_size": 3, "optimiser": "sgd", "learning_rate": 0.1, "clip_norm": None}
ADAM = SGD | {"optimiser": "adam", "learning_rate": 1e-3}
STEP = {"clip_norm": 0.2, "weight_decay": 0.3, "schedule": "one_cycle", "weighted": True}
STEPS = [SGD, SGD | {"clip_norm": 0.2}, ADAM, ADAM | {"clip_norm": 0.2}, SGD | STEP, ADAM | STEP]

# float32 sums in another order, over a few updates
TOLERANCE = {"rtol": 0, "atol": 4e-6}
# Adam's first steps are a learning rate long whatever the size of a gradient, so one that is next
# to nothing and rounded otherwise turns a step by a part of that
ADAM_TOLERANCE = {"rtol": 0, "atol": 1e-4}


def start(params, options):
    return optim.adam_state(params) if options["optimiser"] == "adam" else ()


def train(problem, options, engine):
    params, *sequences, order = problem
    weights = None
    if options.get("weighted"):
        weights = torch.linspace(0, 2, len(problem.labels))
    data = SequenceTensors(*sequences, params.output.bias.shape[1], weights=weights)
    options = {name: value for name, value in options.items() if name != "weighted"}
    learner = make_learner("minibatch", Minibatch(hidden=1, **options), engine, 1)
    return learner.train_epoch(State(params, start(params, options)), data, order, [])


def assert_close(params, expected, options):
    tolerance = ADAM_TOLERANCE if options["optimiser"] == "adam" else TOLERANCE
    for name, tensor in state_dict(expected).items():
        torch.testing.assert_close(state_dict(params)[name], tensor, **tolerance, msg=name)


def assert_agrees(problem, options):
    (params, state), means = train(problem, options, "compiled")
    (expected, expected_state), expected_means = train(problem, options, "reference")
    assert_close(params, expected, options)
    if state:
        assert torch.equal(state.updates, expected_state.updates)
        for mine, theirs in zip(state[:2], expected_state[:2], strict=True):
            assert_close(mine, theirs, SGD)
    assert list(means) == list(expected_means)
    for name, mean in expected_means.items():
        torch.testing.assert_close(means[name], mean, rtol=2e-5, atol=0)


@pytest.mark.parametrize("options", STEPS)
@pytest.mark.parametrize("lengths", [LENGTHS, [11] * 7, [1] * 7])
@pytest.mark.parametrize("hidden_bias", [True, False])
def test_every_step_agrees_with_the_tensors_on_any_lengths(
    make_end_to_end, options, lengths, hidden_bias
):
    problem = make_end_to_end(lengths, hidden=14, replicates=3)
    options = options | {"hidden_bias": hidden_bias}
    assert_agrees(problem, options)
    (params, _), _ = train(problem, options, "compiled")
    for bias in ("bias_ih", "bias_hh"):
        before = getattr(problem.params.rnn, bias)
        assert torch.equal(getattr(params.rnn, bias), before) != hidden_bias


@pytest.mark.parametrize("hidden", [1, 13, 16, 50, 131])
@pytest.mark.parametrize("options", [STEPS[0], STEPS[1], STEPS[3], STEPS[5]])
@pytest.mark.parametrize("lengths", [LENGTHS, [11] * 8])
def test_agrees_at_any_width(make_end_to_end, hidden, options, lengths):
    assert_agrees(make_end_to_end(lengths, hidden=hidden), options)


@pytest.mark.parametrize(("channels", "classes"), [(1, 1), (9, 2), (20, 45)])
@pytest.mark.parametrize("lengths", [LENGTHS, [11] * 4])
def test_agrees_with_other_channels_and_classes(make_end_to_end, channels, classes, lengths):
    assert_agrees(make_end_to_end(lengths, channels=channels, classes=classes), SGD)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 7, 10, 11, 50])
@pytest.mark.parametrize("lengths", [LENGTHS, [11] * 11])
def test_agrees_whatever_the_batch_size_leaves_over(make_end_to_end, batch_size, lengths):
    assert_agrees(make_end_to_end(lengths), SGD | {"batch_size": batch_size})


@pytest.mark.parametrize(("count", "steps"), [(10, 2 * TILE // 10 + 3), (TILE + 7, 2)])
def test_agrees_over_several_tiles_and_where_a_step_exceeds_one(make_end_to_end, count, steps):
    assert_agrees(make_end_to_end([steps] * count), SGD | {"batch_size": count})


@pytest.mark.parametrize("options", [SGD, ADAM])
def test_a_bound_above_the_norm_of_every_gradient_changes_no_byte(
    make_end_to_end, assert_same_bytes, options
):
    problem = make_end_to_end(LENGTHS)
    (free, _), _ = train(problem, options, "compiled")
    (bound, _), _ = train(problem, options | {"clip_norm": 1e6}, "compiled")
    assert_same_bytes(free, bound)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": torch.tensor([0, 1, 2, 6, 0, 0, 0])}, "labels has values from 0 to 6"),
        ({"order": torch.tensor([[0, 7]])}, "order has values from 0 to 7"),
        ({"frames": torch.zeros(45, 3, dtype=torch.float64)}, "frames is torch.float64"),
        ({"frames": torch.zeros(44, 3)}, "sequence 6 has 2 frames from frame 43 on; there are 44"),
    ],
)
def test_what_the_kernel_cannot_compute_is_refused(make_end_to_end, change, message):
    problem = make_end_to_end(LENGTHS)._replace(**change)
    with pytest.raises(TrainingError, match=message):
        compiled.train_epoch(
            problem.params, (), *problem[1:], batch_size=3, optimiser="sgd", rates=np.full(3, 0.1)
        )
