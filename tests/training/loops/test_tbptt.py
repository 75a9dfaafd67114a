import numpy as np
import pytest
import torch

from harmodels.models import elman
from harmodels.nn.initialisers import uniform
from harmodels.nn.params import state_dict, take_replicates
from harmodels.training.loops import tbptt

N, T, D, H, C = 5, 11, 3, 4, 6


@pytest.fixture
def recordings():
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(N, T, D, generator=random, dtype=torch.float64)
    return inputs, torch.randint(C, (N,), generator=random)


def end_to_end(inputs, lengths=None):
    """Return frames, starts and lengths of sequences cut to `lengths`."""
    lengths = torch.tensor(lengths or [inputs.shape[1]] * len(inputs))
    frames = torch.cat([x[:n] for x, n in zip(inputs, lengths, strict=True)])
    return frames, lengths.cumsum(0) - lengths, lengths


LENGTHS = [11, 1, 7, 4, 9]


def make(R):
    return elman.initialise(
        [np.random.default_rng(r) for r in range(R)],
        channels=D,
        hidden=H,
        classes=C,
        weights=uniform(0.4),
        biases=uniform(0.4),
        dtype=torch.float64,
    )


ORDER = torch.tensor([[0, 1, 2, 3, 4], [4, 2, 0, 1, 3], [1, 1, 3, 0, 2]])
SETTINGS = {"window": 4, "learning_rate": 0.1, "clip": 0.05}


def with_torch(
    params, inputs, labels, order, window, learning_rate, clip, update="window",
    first_step_bias=True, logged_every=0, weights=None,
):  # fmt: skip
    """The same training with torch.nn, autograd and torch.optim: the oracle."""
    rnn = torch.nn.RNN(D, H, batch_first=True, dtype=torch.float64)
    output = torch.nn.Linear(H, C, dtype=torch.float64)
    rnn.load_state_dict(
        {f"{k}_l0": v[0] for k, v in zip(params.rnn._fields, params.rnn, strict=True)}
    )
    output.load_state_dict({"weight": params.output.weight[0], "bias": params.output.bias[0]})
    both = [*rnn.parameters(), *output.parameters()]
    optimiser = torch.optim.SGD(both, lr=learning_rate)

    def descend(loss):
        optimiser.zero_grad()
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_value_(both, clip)
        optimiser.step()

    logged, counted = [], []
    weights = torch.ones(len(labels)) if weights is None else weights
    for place, n in enumerate(order.tolist()):
        state = torch.zeros(1, 1, H, dtype=torch.float64)
        targets = torch.nn.functional.one_hot(labels[n], C).double()[None]
        losses = []
        for start, span in enumerate(inputs[n][None].split(window, dim=1)):
            state = state.detach()
            if start == 0 and not first_step_bias:
                constant = torch.nn.functional.linear(state, rnn.weight_hh_l0)
                constant = constant + rnn.bias_hh_l0.detach() + rnn.bias_ih_l0
                state = torch.tanh(constant + span[:, :1] @ rnn.weight_ih_l0.T)
                span = span[:, 1:]
            if span.shape[1]:
                _, state = rnn(span, state)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                output(state[0]), targets, reduction="sum"
            )
            losses.append(loss)
            if update == "window":
                descend(weights[n] * loss)
        if update != "window":
            descend(weights[n] * sum(losses) / (len(losses) if update == "sequence_mean" else 1))
        values = [loss.item() for loss in losses]
        values = values if logged_every == 0 else values[-1:] if place % logged_every == 0 else []
        logged += values
        counted += [weights[n].item()] * len(values)
    return [p.detach() for p in both], np.average(logged, weights=counted)


@pytest.mark.parametrize("window", [1, 4, 11, 50])
def test_an_epoch_equals_torch_with_autograd_clipping_and_sgd(recordings, window):
    inputs, labels = recordings
    settings = {**SETTINGS, "window": window}
    params, losses = tbptt.train_epoch(make(1), *end_to_end(inputs), labels, ORDER[:1], **settings)
    expected, loss = with_torch(make(1), inputs, labels, ORDER[0], **settings)
    for mine, oracle in zip(state_dict(params).values(), expected, strict=True):
        torch.testing.assert_close(mine[0], oracle, rtol=1e-9, atol=1e-12)
    assert losses["binary_cross_entropy"].item() == pytest.approx(loss, rel=1e-9)


WEIGHTS = torch.tensor([0.5, 2.0, 0.0, 1.0, 1.25])
OPTIONS = [
    {"update": "sequence_sum"},
    {"update": "sequence_mean"},
    {"update": "sequence_sum", "clip": None},
    {"update": "sequence_mean", "clip": None, "first_step_bias": False},
    {"first_step_bias": False},
    {"first_step_bias": False, "window": 1},
    {"clip": None},
    {"logged_every": 2},
    {"update": "sequence_mean", "logged_every": 3},
    {"weights": WEIGHTS},
    {"weights": WEIGHTS, "update": "sequence_mean", "clip": None},
    {"weights": WEIGHTS, "logged_every": 2},
]
NOT_OF_TORCH = [{"transposed": False}]


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("options", [{}, *OPTIONS], ids=str)
def test_every_option_gives_the_training_that_autograd_gives(recordings, options, lengths):
    inputs, labels = recordings
    settings = SETTINGS | options
    sequences = end_to_end(inputs, lengths)
    params, losses = tbptt.train_epoch(make(2), *sequences, labels, ORDER[:2], **settings)
    cut = [x[:n] for x, n in zip(inputs, sequences[2], strict=True)]
    for r in range(2):
        start = take_replicates(make(2), [r])
        expected, loss = with_torch(start, cut, labels, ORDER[r], **settings)
        for mine, oracle in zip(state_dict(params).values(), expected, strict=True):
            torch.testing.assert_close(mine[r], oracle, rtol=1e-9, atol=1e-12)
        assert losses["binary_cross_entropy"][r].item() == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize("options", [*OPTIONS, *NOT_OF_TORCH], ids=str)
def test_every_option_changes_the_training_or_what_is_logged(recordings, options):
    read = make(1), *end_to_end(recordings[0]), recordings[1], ORDER[:1]
    plain, plain_losses = tbptt.train_epoch(*read, **SETTINGS)
    params, losses = tbptt.train_epoch(*read, **SETTINGS | options)
    moved = any(
        (a - b).abs().max() > 1e-6
        for a, b in zip(state_dict(plain).values(), state_dict(params).values(), strict=True)
    )
    name = "binary_cross_entropy"
    assert moved or abs(float(losses[name] - plain_losses[name])) > 1e-6


@pytest.mark.parametrize("window", [T, T + 1, 50])
@pytest.mark.parametrize("update", ["sequence_sum", "sequence_mean"])
def test_with_one_window_a_sequence_all_updates_are_bptt_without_truncation(
    recordings, window, update
):
    read = make(2), *end_to_end(recordings[0]), recordings[1], ORDER[:2]
    settings = SETTINGS | {"window": window}
    each_window, _ = tbptt.train_epoch(*read, **settings)
    once, _ = tbptt.train_epoch(*read, **settings, update=update)
    for one, other in zip(state_dict(each_window).values(), state_dict(once).values(), strict=True):
        assert torch.equal(one, other)


def test_the_mean_over_windows_is_a_smaller_step_along_their_sum(recordings):
    read = make(1), *end_to_end(recordings[0]), recordings[1], ORDER[:1, :1]
    settings = SETTINGS | {"clip": None}
    summed, _ = tbptt.train_epoch(*read, **settings, update="sequence_sum")
    mean, _ = tbptt.train_epoch(*read, **settings, update="sequence_mean")
    for before, far, near in zip(
        *(state_dict(params).values() for params in (read[0], summed, mean)), strict=True
    ):
        torch.testing.assert_close((far - before) / 3, near - before, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_each_replicate_is_the_network_trained_alone(recordings, lengths):
    sequences = *end_to_end(recordings[0], lengths), recordings[1]
    together, losses = tbptt.train_epoch(make(3), *sequences, ORDER, **SETTINGS)
    for r in range(3):
        start = take_replicates(make(3), [r])
        alone, loss = tbptt.train_epoch(start, *sequences, ORDER[r : r + 1], **SETTINGS)
        for mine, solo in zip(
            state_dict(take_replicates(together, [r])).values(),
            state_dict(alone).values(),
            strict=True,
        ):
            torch.testing.assert_close(mine, solo, rtol=1e-12, atol=1e-14)
        for name in losses:
            assert losses[name][r].item() == pytest.approx(loss[name].item(), rel=1e-12)


def test_no_element_moves_further_than_learning_rate_times_clip_in_one_update(recordings):
    inputs, labels = recordings
    settings = {"window": T, "learning_rate": 0.1, "clip": 1e-3}
    before = make(1)
    after, _ = tbptt.train_epoch(before, *end_to_end(inputs), labels, ORDER[:1, :1], **settings)
    moves = [
        (a - b).abs().max().item()
        for a, b in zip(state_dict(after).values(), state_dict(before).values(), strict=True)
    ]
    assert max(moves) == pytest.approx(1e-4, rel=1e-9)


def test_scores_classify_the_whole_sequence_from_a_zero_state(recordings):
    inputs, _ = recordings
    params = make(2)
    whole = tbptt.scores(params, inputs.expand(len(params.output.bias), *inputs.shape))
    logits, _, _ = elman.forward(
        params, inputs[None].expand(2, -1, -1, -1), torch.zeros(2, N, H, dtype=torch.float64)
    )
    torch.testing.assert_close(whole, logits)


def test_padding_behind_the_last_step_changes_no_score(recordings):
    inputs, _ = recordings
    lengths = torch.tensor([LENGTHS, LENGTHS])
    together = tbptt.scores(make(2), inputs.expand(2, *inputs.shape), lengths)
    for i, n in enumerate(LENGTHS):
        alone = tbptt.scores(make(2), inputs[[i], :n].expand(2, -1, -1, -1))
        torch.testing.assert_close(together[:, [i]], alone)
