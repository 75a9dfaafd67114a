from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from harmodels import optim
from harmodels.errors import TrainingError
from harmodels.kernels.kept import Kept
from harmodels.kernels.recurrent import classifier as compiled
from harmodels.kernels.recurrent import loop as recurrent_loop
from harmodels.kernels.recurrent import plan as recurrent_plan
from harmodels.kernels.recurrent.packing import Packing
from harmodels.kernels.recurrent.plan import TILE, make_plan, stacked
from harmodels.kernels.steps import RULES, StepOptions
from harmodels.models import recurrent_classifier as model
from harmodels.nn import packing
from harmodels.nn.cells import CELLS
from harmodels.nn.params import map_params, state_dict
from harmodels.nn.pooling import POOLINGS

OPTIONS = {"batch_size": 4, "learning_rate": 1e-3, "epsilon": 1e-3, "scale": 2.0}

# float32 sums in another order, over a few updates; Adam divides by the size of a gradient, so
# `epsilon` above keeps gradients that are nothing but rounding from full steps.
TOLERANCE = {"rtol": 0, "atol": 4e-6}

LENGTHS = (3, 1, 11, 2, 7, 7, 19, 1, 4, 5, 2)


class Problem(NamedTuple):
    params: Any
    frames: Tensor
    starts: Tensor
    lengths: Tensor
    labels: Tensor
    order: Tensor
    masks: Tensor | None


READ_OUTS = [
    {"pooling": pooling, "bidirectional": bidirectional}
    for bidirectional in (False, True)
    for pooling in POOLINGS
]


@pytest.fixture
def make_problem():
    def make(
        *, cell="gru", hidden=9, layers=1, replicates=1, lengths=LENGTHS, channels=5, classes=4,
        pooling="last", bidirectional=False, dropout=False, seed=0,
    ):  # fmt: skip
        generators = [np.random.default_rng([seed, r]) for r in range(replicates)]
        params = model.initialise(
            generators, cell=CELLS[cell], channels=channels, hidden=hidden, layers=layers,
            classes=classes, pooling=pooling, bidirectional=bidirectional,
        )  # fmt: skip
        data, N = np.random.default_rng([seed, 1000]), len(lengths)
        # frames before, between and behind the sequences that nobody may read
        gaps = 2 + np.arange(N)
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]) + gaps.cumsum()
        frames = np.full((int(starts[-1]) + lengths[-1] + 1, channels), np.nan, np.float32)
        for start, length in zip(starts, lengths, strict=True):
            frames[start : start + length] = data.normal(size=(length, channels))
        order = np.stack([data.permutation(N) for _ in range(replicates)])
        features = params.output.weight.shape[2]
        masks = data.integers(0, 2, (replicates, N, features)).astype(np.uint8)
        arrays = frames, starts, np.asarray(lengths), data.integers(0, classes, N), order, masks
        tensors = [torch.from_numpy(array) for array in arrays]
        return Problem(params, *(tensors if dropout else [*tensors[:-1], None]))

    return make


@pytest.fixture
def expected(expected_epoch):
    def expected(problem, *, cell, pooling="last", **options):
        return expected_epoch(
            problem,
            lambda params, *rest: model.forward(params, CELLS[cell], *rest, pooling),
            lambda params, *rest: model.backward(params, CELLS[cell], *rest),
            **options,
        )

    return expected


def train(problem, *, cell="gru", state=None, **options):
    params, *rest = problem
    state, options = state or optim.adam_state(params), OPTIONS | options
    updates = -(-problem.order.shape[1] // max(1, options["batch_size"]))
    rates = np.full(updates, options.pop("learning_rate"))
    return compiled.train_epoch(params, state, *rest, cell=cell, **{"rates": rates} | options)


def assert_close(left, right):
    for name, tensor in state_dict(left).items():
        torch.testing.assert_close(tensor, state_dict(right)[name], **TOLERANCE, msg=name)


@pytest.fixture
def assert_agrees(expected):
    def assert_agrees(problem, *, cell, **options):
        params, state, means = train(problem, cell=cell, **options)
        expected_params, expected_state, mean = expected(problem, cell=cell, **OPTIONS | options)
        assert_close(params, expected_params)
        assert_close(state.exp_avg, expected_state.exp_avg)
        assert_close(state.exp_avg_sq, expected_state.exp_avg_sq)
        assert torch.equal(state.updates, expected_state.updates)
        assert list(means) == ["cross_entropy"]
        torch.testing.assert_close(means["cross_entropy"], mean, rtol=2e-6, atol=0)

    return assert_agrees


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "sizes",
    [
        *({"layers": layers, "replicates": 2, "dropout": True} for layers in (1, 2, 3)),
        *(
            {"hidden": hidden, "channels": channels, "layers": 2}
            for hidden, channels in ((1, 1), (13, 63), (16, 16), (131, 17))
        ),
        *({"batch_size": batch_size} for batch_size in (1, 3, 7, 11, 50)),
        {"lengths": (1,) * 5},
        {"lengths": (101, 13, 40, 41, 7), "layers": 2},  # several tiles of rows
        {"lengths": (2,) * (TILE + 7), "batch_size": TILE + 7},  # a step has more rows than a tile
    ],
    ids=str,
)
def test_weights_moments_and_losses_agree_with_the_tensors(
    make_problem, assert_agrees, cell, sizes
):
    batch_size = sizes.get("batch_size", OPTIONS["batch_size"])
    sizes = {name: size for name, size in sizes.items() if name != "batch_size"}
    assert_agrees(make_problem(cell=cell, **sizes), cell=cell, batch_size=batch_size)


STEP = {
    "clip_norm": 0.1,
    "weight_decay": 5.0,
    "rates": np.array([1e-3, 4e-3, 2e-3]),
    "weights": torch.linspace(0, 2, len(LENGTHS)),
}


@pytest.mark.parametrize("options", [*([name] for name in STEP), STEP], ids=str)
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_what_makes_a_step_agrees_with_the_tensors(make_problem, assert_agrees, cell, options):
    problem = make_problem(cell=cell, layers=2, replicates=2, bidirectional=True)
    assert_agrees(problem, cell=cell, **{name: STEP[name] for name in options})


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("read_out", READ_OUTS[1:], ids=str)
def test_every_read_out_agrees_with_the_tensors(
    make_problem, assert_agrees, cell, layers, read_out
):
    problem = make_problem(cell=cell, layers=layers, replicates=2, dropout=True, **read_out)
    assert_agrees(problem, cell=cell, pooling=read_out["pooling"])


@pytest.mark.parametrize(
    "sizes",
    [
        {"hidden": 1, "channels": 1},
        {"hidden": 33, "channels": 17, "layers": 2},
        {"hidden": 59, "batch_size": 1},  # more is read out than a row of gates is wide
        {"lengths": (1,) * 5},
        {"lengths": (101, 13, 40, 41, 7), "layers": 2},  # several tiles of rows
    ],
    ids=str,
)
@pytest.mark.parametrize("cell", ["simple_rnn", "gru"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_pooling_agrees_at_other_sizes(make_problem, assert_agrees, sizes, cell, bidirectional):
    batch_size = sizes.get("batch_size", OPTIONS["batch_size"])
    sizes = {name: size for name, size in sizes.items() if name != "batch_size"}
    problem = make_problem(cell=cell, pooling="mean_max", bidirectional=bidirectional, **sizes)
    assert_agrees(problem, cell=cell, pooling="mean_max", batch_size=batch_size)


def test_of_equal_maxima_the_first_step_gets_the_gradient(make_problem, assert_agrees):
    problem = make_problem(cell="simple_rnn", pooling="max", lengths=(5, 3, 4))
    for tensor in problem.params.rnn.layer0:
        tensor.zero_()  # so all states are 0, and only the inputs of the steps differ
    assert_agrees(problem, cell="simple_rnn", pooling="max")
    later = problem.frames.clone()
    for start, length in zip(problem.starts, problem.lengths, strict=True):
        later[start + 1 : start + length] += 1
    trained, _, _ = train(problem, cell="simple_rnn", pooling="max")
    other, _, _ = train(problem._replace(frames=later), cell="simple_rnn", pooling="max")
    assert all(map(torch.equal, state_dict(trained).values(), state_dict(other).values()))
    assert trained.rnn.layer0.weight_ih.count_nonzero()


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_state_that_is_no_number_reaches_the_loss(make_problem, pooling):
    problem = make_problem(pooling=pooling)
    problem.params.rnn.layer0.weight_hh[0, 0, 0] = torch.nan  # from the second step on
    _, _, means = train(problem, pooling=pooling)
    assert means["cross_entropy"].isnan().all()


@pytest.mark.parametrize("classes", [1, 2, 45])
def test_agrees_with_other_numbers_of_classes(make_problem, assert_agrees, classes):
    assert_agrees(make_problem(classes=classes, dropout=True), cell="gru")


def test_a_second_epoch_uses_the_moments_of_the_first(make_problem, expected):
    problem = make_problem(replicates=2)
    params, state, _ = train(problem)
    again, _, _ = train(problem._replace(params=params), state=state)
    options = {"cell": "gru", **OPTIONS}
    params, state, _ = expected(problem, **options)
    second, _, _ = expected(problem._replace(params=params), state=state, **options)
    assert_close(again, second)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("read_out", READ_OUTS, ids=str)
def test_scores_agree_with_the_tensors(make_problem, cell, layers, read_out):
    problem = make_problem(cell=cell, layers=layers, replicates=2, **read_out)
    pooling = read_out["pooling"]
    params, frames, starts, lengths, *_ = problem
    rows = torch.tensor([6, 0, 0, 9, 1])
    batch = packing.layout(lengths[rows].expand(2, -1))
    inputs = packing.pack_frames(batch, frames, starts[rows].expand(2, -1))
    expected, _ = model.forward(params, CELLS[cell], batch, inputs, pooling=pooling)
    scores = compiled.scores(params, frames, starts, lengths, rows, cell=cell, pooling=pooling)
    torch.testing.assert_close(scores, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("read_out", READ_OUTS, ids=str)
def test_the_score_of_a_sequence_is_the_same_bytes_in_any_company(
    make_problem, cell, read_out, monkeypatch
):
    problem = make_problem(cell=cell, hidden=50, layers=2, replicates=2, **read_out)
    rows = torch.arange(len(LENGTHS))
    given = {"cell": cell, "pooling": read_out["pooling"]}
    together = compiled.scores(*problem[:4], rows, **given, threads=2)
    alone = [compiled.scores(*problem[:4], rows[i : i + 1], **given) for i in rows]
    assert together.numpy().tobytes() == torch.cat(alone, dim=1).numpy().tobytes()
    for at_once, steps in ((3, 1), (3, 12), (64, 1), (2, 1000)):
        monkeypatch.setattr(recurrent_loop, "SCORED", at_once)
        monkeypatch.setattr(recurrent_loop, "SCORED_ROWS", steps)
        monkeypatch.setattr(recurrent_loop, "WHOLE_ROWS", steps)
        assert torch.equal(compiled.scores(*problem[:4], rows, **given), together)


@pytest.mark.parametrize("cell", CELLS)
def test_wide_weights_in_panels_train_and_score_the_same_bytes(make_problem, cell, monkeypatch):
    problem = make_problem(cell=cell, hidden=70, layers=2)
    rows = torch.arange(len(LENGTHS))
    in_rows = [train(problem, cell=cell), compiled.scores(*problem[:4], rows, cell=cell)]
    monkeypatch.setattr(recurrent_plan, "FAR", 1)
    in_panels = [train(problem, cell=cell), compiled.scores(*problem[:4], rows, cell=cell)]
    shapes = stacked(2, 5, 70)
    assert all(make_plan(cell, shapes, 4, 1, 1).layers["weight_h_p"] >= 0)
    params = (state_dict(trained[0][0]) for trained in (in_rows, in_panels))
    assert all(map(torch.equal, *(each.values() for each in params)))
    assert torch.equal(in_rows[1], in_panels[1])


@pytest.mark.parametrize("read_out", READ_OUTS, ids=str)
def test_sequences_longer_than_a_block_score_the_same_bytes_alone(make_problem, read_out):
    longer = recurrent_loop.WHOLE_ROWS + 5, 2 * recurrent_loop.SCORED_ROWS + 3
    problem = make_problem(hidden=3, lengths=(40, longer[0], 1, longer[1], 900), **read_out)
    rows, given = torch.arange(5), {"cell": "gru", "pooling": read_out["pooling"]}
    together = compiled.scores(*problem[:4], rows, **given)
    for i in rows:
        alone = compiled.scores(*problem[:4], rows[i : i + 1], **given)
        assert alone.numpy().tobytes() == together[:, i].numpy().tobytes()


@pytest.mark.parametrize("bidirectional", [False, True])
def test_nothing_is_kept_from_one_pooling_to_another(make_problem, bidirectional):
    problem, kept = make_problem(bidirectional=bidirectional, dropout=True), (Kept(), Kept())
    state, rows = optim.adam_state(problem.params), torch.arange(len(LENGTHS))
    for pooling in ("last", "mean", "max", "last"):
        both = []
        for training, scoring in (kept, (None, None)):
            after = train(problem, state=state, pooling=pooling, kept=training)
            given = {"cell": "gru", "pooling": pooling, "kept": scoring}
            logits = compiled.scores(after[0], *problem[1:4], rows, **given)
            both.append((after, [*state_dict(after[0]).values(), *after[2].values(), logits]))
        assert all(map(torch.equal, both[0][1], both[1][1]))
        problem, state = problem._replace(params=both[0][0][0]), both[0][0][1]


@pytest.mark.parametrize("rows", [torch.tensor([0, 11]), torch.tensor([-1]), torch.arange(0)])
def test_rows_that_are_no_sequences_are_refused(make_problem, rows):
    with pytest.raises(TrainingError, match="indices "):
        compiled.scores(*make_problem()[:4], rows, cell="gru")


@pytest.mark.parametrize(
    ("cell", "joined", "read_out"),
    [
        ("simple_rnn", True, {}),
        *((cell, False, read_out) for cell in CELLS for read_out in (READ_OUTS[0], READ_OUTS[-1])),
    ],
)
def test_the_padding_of_the_weights_stays_zero(make_problem, cell, joined, read_out):
    layers = 1 if joined else 2
    problem = make_problem(cell=cell, layers=layers, **read_out)
    shapes = stacked(layers, 5, 9, bidirectional=read_out.get("bidirectional", False))
    pooling = read_out.get("pooling", "last")
    plan = make_plan(cell, shapes, 4, sum(LENGTHS), len(LENGTHS), pooling=pooling, joined=joined)
    packing = Packing(plan, shapes, compiled._arrays, problem.params)
    theta = packing.pack(problem.params)[0]
    ones = map_params(torch.ones_like, problem.params)
    occupied = packing.pack(ones)[0] > 0
    weights = recurrent_loop.Weights(theta, np.zeros_like(theta), np.zeros_like(theta))
    _, *sequences = problem[:5]
    data = recurrent_loop.sequence_arrays(shapes, None, *sequences)
    work = recurrent_loop.workspace(plan, max(LENGTHS), np.zeros(1, np.int64))
    rows = np.argsort(-np.asarray(LENGTHS), kind="stable")
    recurrent_loop._train(
        plan.cell, plan.layers, plan.head, weights, work, data, rows, rows,
        np.zeros((0, 0), np.uint8), np.float32(1), len(rows), 1, 0.0, 0, np.full(1, 1e-3),
        np.zeros(0, np.float32), StepOptions(RULES.index("adam"), epsilon=1e-7),
    )  # fmt: skip
    assert weights.exp_avg_sq[occupied].all()
    assert not weights.theta[~occupied].any()


def bad(problem, name, value):
    tensor = getattr(problem, name).clone()
    tensor[0] = value
    return problem._replace(**{name: tensor})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("lengths", 0, "sequence 0 has 0 frames"),
        ("starts", -1, "sequence 0 has 3 frames from frame -1"),
        ("starts", 10**6, "from frame 1000000 on"),
        ("labels", 4, "labels has values from 0 to 4"),
        ("order", 11, "order has values from 11 to 11"),
        ("masks", 2, "masks has values from . to 2"),
    ],
)
def test_numbers_that_point_outside_are_refused(make_problem, name, value, message):
    with pytest.raises(TrainingError, match=message):
        train(bad(make_problem(dropout=True), name, value))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("frames", torch.Tensor.double, "frames is torch.float64"),
        ("frames", lambda frames: frames[:, 1:], r"frames is .* of shape \(.*\(frames, 5\)"),
        ("lengths", torch.Tensor.int, "lengths is torch.int32"),
        ("starts", lambda starts: starts[1:], r"lengths is torch.int64 .* \(10,\)\."),
        ("labels", lambda labels: labels[1:], "labels is torch.int64 .* of shape"),
        ("masks", torch.Tensor.bool, "masks is torch.bool"),
        ("masks", lambda masks: masks[:, 1:], "masks is torch.uint8 .* of shape"),
    ],
)
def test_tensors_of_another_type_or_shape_are_refused(make_problem, name, change, message):
    problem = make_problem(dropout=True)
    with pytest.raises(TrainingError, match=message):
        train(problem._replace(**{name: change(getattr(problem, name))}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"threads": 0}, "threads is 0"),
        ({"epsilon": 0.0}, "epsilon is 0.0"),
        ({"rates": np.ones(2)}, r"rates has shape \(2,\); 11 samples in batches of 4 take 3"),
        ({"weights": torch.ones(10)}, r"weights is torch.float32 .* of shape \(10,\)"),
        ({"weights": torch.ones(11).double()}, "weights is torch.float64"),
        ({"cell": "elman"}, "cell is 'elman'"),
        ({"cell": "lstm"}, "layer0.weight_ih has 27 rows"),
        ({"pooling": "sum"}, "pooling is 'sum'; it is one of last, mean, max, mean_max"),
        ({"pooling": "mean_max"}, "reads 9 elements; pooling=mean_max gives it 18"),
    ],
)
def test_options_without_sense_are_refused(make_problem, options, message):
    with pytest.raises(TrainingError, match=message):
        train(make_problem(), **options)


def test_moments_of_another_network_are_refused(make_problem):
    state = optim.adam_state(make_problem(hidden=8).params)
    with pytest.raises(TrainingError, match=r"adam_state\.exp_avg\.rnn\.layer0\.weight_ih is "):
        train(make_problem(), state=state)
