import numpy as np
import pytest
import torch

from harmodels.errors import TrainingError
from harmodels.kernels.elman import tbptt as compiled
from harmodels.kernels.elman.packing import Sequences, pack, unpack, workspace
from harmodels.nn.params import state_dict
from harmodels.training.loops import tbptt as reference

OPTIONS = {"window": 4, "learning_rate": 0.1, "clip": 1.0}

# Float32 sums of up to 130 products in another order differ by about 130 · 2⁻²⁴ ≈ 8e-6 of the
# pre-activation (around 1); the gradients pass that on, the learning rate shrinks it tenfold,
# and a dozen updates add up. Seen: 3e-7.
TOLERANCE = {"rtol": 0, "atol": 4e-6}


LENGTHS = [9, 1, 12, 4, 5]


@pytest.fixture
def make_problem(make_end_to_end):
    return make_end_to_end


def read(problem):
    """Return what the scores are computed from."""
    return problem.params, problem.frames, problem.starts, problem.lengths


def assert_agrees(problem, **options):
    options = OPTIONS | options
    params, losses = compiled.train_epoch(*problem, **options)
    expected, expected_losses = reference.train_epoch(*problem, **options)
    for name, tensor in state_dict(expected).items():
        torch.testing.assert_close(state_dict(params)[name], tensor, **TOLERANCE, msg=name)
    assert losses.keys() == expected_losses.keys()
    for name, loss in expected_losses.items():
        assert losses[name].dtype == torch.float64
        torch.testing.assert_close(losses[name], loss, rtol=2e-6, atol=0, msg=name)


@pytest.mark.parametrize("hidden", [1, 7, 16, 33, 64, 100, 131])
def test_weights_and_losses_agree_with_the_reference_at_any_width(make_problem, hidden):
    assert_agrees(make_problem(hidden=hidden))


@pytest.mark.parametrize("window", [1, 3, 5, 10, 11, 50])
@pytest.mark.parametrize("lengths", [[10] * 4, [1] * 4, LENGTHS])
def test_agrees_whatever_the_window_leaves_over(make_problem, window, lengths):
    assert_agrees(make_problem(lengths, replicates=3), window=window)


def test_sequences_of_unequal_length_are_trained_on_as_each_would_be_alone(
    make_problem, assert_same_bytes
):
    problem = make_problem(LENGTHS)
    together, _ = compiled.train_epoch(*problem, **OPTIONS)
    params = problem.params
    for i in problem.order[0].tolist():
        alone = slice(int(problem.starts[i]), int(problem.starts[i] + problem.lengths[i]))
        params, _ = compiled.train_epoch(
            params, problem.frames[alone], torch.tensor([0]), problem.lengths[[i]],
            problem.labels[[i]], torch.tensor([[0]]), **OPTIONS,
        )  # fmt: skip
    assert_same_bytes(together, params)


def test_scores_of_unequal_lengths_are_those_of_each_sequence_alone(make_problem):
    problem = make_problem(LENGTHS, replicates=2)
    together = compiled.scores(*read(problem), torch.arange(5))
    for i, (start, length) in enumerate(zip(problem.starts, problem.lengths, strict=True)):
        alone = compiled.scores(
            problem.params, problem.frames[start : start + length], torch.tensor([0]),
            length[None], torch.tensor([0]),
        )  # fmt: skip
        assert torch.equal(alone[:, 0], together[:, i])


ONCE = ["sequence_sum", "sequence_mean"]


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("window", [1, 4, 5, 50])
@pytest.mark.parametrize("update", ONCE)
def test_one_update_a_sequence_agrees_whatever_the_window(make_problem, update, window, lengths):
    assert_agrees(make_problem(lengths, hidden=21, replicates=3), window=window, update=update)


@pytest.mark.parametrize("hidden", [1, 16, 33, 100])
def test_one_update_a_sequence_agrees_at_any_width(make_problem, hidden):
    assert_agrees(make_problem(hidden=hidden), update="sequence_mean", transposed=False)


@pytest.mark.parametrize("update", ["window", *ONCE])
@pytest.mark.parametrize(
    "options",
    [
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
def test_every_option_agrees_with_every_update(make_problem, update, options):
    assert_agrees(make_problem(LENGTHS, replicates=2), update=update, **options)


@pytest.mark.parametrize("update", ONCE)
def test_with_one_window_all_updates_give_the_same_bytes(make_problem, assert_same_bytes, update):
    problem = make_problem(hidden=50)
    each_window, losses = compiled.train_epoch(*problem, **OPTIONS | {"window": 11})
    once, own = compiled.train_epoch(*problem, **OPTIONS | {"window": 11}, update=update)
    assert_same_bytes(each_window, once)
    assert losses == own


def test_no_bound_gives_the_bytes_of_one_that_nothing_reaches(make_problem, assert_same_bytes):
    problem = make_problem(hidden=50)
    free, _ = compiled.train_epoch(*problem, **OPTIONS | {"clip": None})
    bound, _ = compiled.train_epoch(*problem, **OPTIONS | {"clip": 1e6})
    assert_same_bytes(free, bound)


@pytest.mark.parametrize(("channels", "classes"), [(1, 1), (9, 2), (20, 45)])
def test_agrees_with_other_channels_and_classes(make_problem, channels, classes):
    assert_agrees(make_problem(channels=channels, classes=classes))


def test_agrees_when_the_order_leaves_out_and_repeats_sequences(make_problem):
    problem = make_problem(sequences=5)
    assert_agrees(problem._replace(order=torch.tensor([[4, 4, 0]])))


def test_strided_inputs_and_orders_are_read_right(make_problem, assert_same_bytes):
    problem = make_problem(sequences=4, replicates=2)
    strided = problem._replace(
        frames=problem.frames.mT.contiguous().mT, order=problem.order.T.contiguous().T
    )
    assert_same_bytes(
        compiled.train_epoch(*problem, **OPTIONS)[0], compiled.train_epoch(*strided, **OPTIONS)[0]
    )


@pytest.mark.parametrize(("hidden", "threads"), [(9, 1), (50, 3), (100, 2)])
def test_scores_agree_with_the_reference(make_problem, hidden, threads):
    problem = make_problem(hidden=hidden, replicates=3)
    indices = torch.tensor([3, 0, 2])
    scores = compiled.scores(*read(problem), indices, threads=threads)
    inputs = problem.frames.view(4, 11, 3)[indices]
    expected = reference.scores(problem.params, inputs.expand(3, *inputs.shape))
    torch.testing.assert_close(scores, expected, **TOLERANCE)


def test_scores_of_no_sequences_are_empty(make_problem):
    problem = make_problem()
    assert compiled.scores(*read(problem), torch.arange(0)).shape == (1, 0, 6)


def test_packing_and_unpacking_change_nothing(make_problem, assert_same_bytes):
    params = make_problem(hidden=21, replicates=2).params
    assert_same_bytes(unpack([pack(params, 0), pack(params, 1)], params), params)


def test_the_score_of_a_sequence_is_the_same_bytes_in_any_blocks_of_steps(
    make_problem, monkeypatch
):
    problem = make_problem(hidden=21)
    whole = compiled.scores(*read(problem), torch.arange(4))
    for steps in (1, 2, 7):
        monkeypatch.setattr(compiled, "SCORED_STEPS", steps)
        assert torch.equal(compiled.scores(*read(problem), torch.arange(4)), whole)


@pytest.mark.parametrize("update", ["window", "sequence_sum"])
def test_the_padding_of_the_weights_stays_zero(make_problem, update):
    problem = make_problem(hidden=21)
    packed = pack(problem.params, 0)
    work = workspace(packed, 21, 11, np.zeros(1, np.int64))
    options = compiled._Options(
        hidden=21, window=4, learning_rate=np.float32(0.1), clip=np.float32(1), transposed=True,
        once=update != "window", mean=False, first_step_bias=True, logged_every=0,
    )  # fmt: skip
    arrays = (tensor.numpy() for tensor in (problem.frames, problem.starts, problem.lengths))
    labels, order = problem.labels.numpy(), problem.order[0].numpy()
    weights = np.zeros(0, np.float32)
    compiled._train(packed, work, Sequences(*arrays), labels, weights, order, 1, options)
    assert not packed.weight[21:].any()
    assert not packed.weight[:, 21 + 3 + 2 :].any()
    assert not packed.output[:, 21 : 21 + 3].any()
    assert not packed.output[:, 21 + 3 + 1 :].any()
    np.testing.assert_array_equal(packed.weight_t, packed.weight.T)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": torch.zeros(44, 3, dtype=torch.float64)}, "frames is torch.float64"),
        ({"frames": torch.zeros(44, 2)}, r"shape \(44, 2\)"),
        ({"frames": torch.zeros(43, 3)}, "sequence 3 has 11 frames from frame 33 on; there are 43"),
        ({"lengths": torch.tensor([11, 0, 11, 11])}, "sequence 1 has 0 frames"),
        ({"lengths": torch.tensor([11, 11])}, r"lengths is .* of shape \(2,\)"),
        ({"labels": torch.tensor([0, 1, 2, 6])}, "labels has values from 0 to 6"),
        ({"labels": torch.tensor([0, 1, 2])}, r"labels is torch.int64 .* of shape \(3,\)"),
        ({"labels": torch.zeros(4, dtype=torch.int32)}, "labels is torch.int32 "),
        ({"order": torch.tensor([[0, -1]])}, "order has values from -1"),
        ({"order": torch.tensor([[0], [1]])}, r"order is .* of shape \(2, 1\).*\(1, n\)"),
    ],
)
def test_what_the_kernel_cannot_compute_is_refused(make_problem, change, message):
    with pytest.raises(TrainingError, match=message):
        compiled.train_epoch(*make_problem()._replace(**change), **OPTIONS)


def test_a_tensor_on_another_device_is_refused_by_name(make_problem):
    problem = make_problem()
    with pytest.raises(TrainingError, match=r"frames is torch.float32 on meta.*engine: reference"):
        compiled.train_epoch(*problem._replace(frames=problem.frames.to("meta")), **OPTIONS)


@pytest.mark.parametrize("option", ["window", "threads"])
def test_a_count_below_one_is_refused(make_problem, option):
    with pytest.raises(TrainingError, match=f"{option} is 0"):
        compiled.train_epoch(*make_problem(), **OPTIONS | {option: 0})
