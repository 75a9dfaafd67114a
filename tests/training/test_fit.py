from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from harmodels.config.options import TruncatedBptt
from harmodels.nn.params import state_dict, take_replicates
from harmodels.training.fit import Schedule, SplitIndices, epoch_order, fit
from harmodels.training.learners import SequenceTensors, State
from harmodels.training.learners.truncated_bptt import TruncatedBpttLearner
from harmodels.training.stopping import Patience

OPTIONS = TruncatedBptt(hidden=5, window=4, epochs=3, initial_range=0.3)
SCHEDULE = Schedule(epochs=3, seed=7, replicates=(0, 1, 2), monitor="binary_cross_entropy")


@pytest.fixture
def recordings():
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(24) % 6
    inputs = torch.randn(24, 10, 3, generator=random) * 0.3 + labels[:, None, None] / 3
    return SequenceTensors.of_equal_length(inputs, labels, 6)


def indices(replicates=3, validation=True):
    train = [np.arange(12) for _ in range(replicates)]
    held = [np.arange(12, 18) for _ in range(replicates)] if validation else None
    return SplitIndices(train, held, np.arange(18, 24))


@pytest.fixture(params=["reference", "compiled"])
def learner(request):
    return TruncatedBpttLearner(OPTIONS, request.param, threads=1)


def bytes_of(state):
    return [tensor.numpy().tobytes() for tensor in state_dict(state.params).values()]


def replicate(state, r):
    return state_dict(take_replicates(state.params, [r]))


def train(learner, recordings, count=3, **changes):
    """Fit on `count` replicates with validation data, with a changed schedule."""
    return fit(learner, recordings, indices(count), replace(SCHEDULE, **changes))


def test_the_same_seed_twice_gives_the_same_bytes_and_another_one_others(learner, recordings):
    first, second = train(learner, recordings), train(learner, recordings)
    assert bytes_of(first.last) == bytes_of(second.last)
    assert bytes_of(first.best) == bytes_of(second.best)
    assert first.history().equals(second.history())
    assert bytes_of(first.last) != bytes_of(train(learner, recordings, seed=8).last)


def test_a_replicate_trained_alone_is_the_same_network(learner, recordings):
    together, alone = train(learner, recordings), train(learner, recordings, 1, replicates=(2,))
    close = {"rtol": 0, "atol": 0} if learner.engine == "compiled" else {"rtol": 1e-4, "atol": 1e-6}
    mine, solo = replicate(together.last, 2), state_dict(alone.last.params)
    torch.testing.assert_close(mine, solo, **close)


def test_replicates_may_train_and_validate_on_different_numbers_of_sequences(learner, recordings):
    train = [np.arange(12), np.arange(9), np.arange(12), np.arange(14)]
    held = [np.arange(12, 18), np.arange(9, 18), np.arange(12, 17), np.arange(14, 18)]
    schedule = replace(SCHEDULE, replicates=(0, 1, 2, 3), test_every=1)
    together = fit(learner, recordings, SplitIndices(train, held, np.arange(18, 24)), schedule)
    for r in range(4):
        mine = SplitIndices(train[r : r + 1], held[r : r + 1], np.arange(18, 24))
        alone = fit(learner, recordings, mine, replace(schedule, replicates=(r,)))
        for several, one in ((together.last, alone.last), (together.best, alone.best)):
            mine, solo = replicate(several, r), state_dict(one.params)
            torch.testing.assert_close(mine, solo, rtol=1e-4, atol=1e-6)
        history = together.history().query("replicate == @r").reset_index(drop=True)
        pd.testing.assert_frame_equal(history, alone.history(), rtol=1e-4)


def test_threads_change_no_byte(recordings):
    one, three = (
        train(TruncatedBpttLearner(OPTIONS, "compiled", threads), recordings) for threads in (1, 3)
    )
    assert bytes_of(one.last) == bytes_of(three.last)
    assert one.history().equals(three.history())


def test_a_held_out_sequence_of_weight_zero_counts_in_no_validation_loss(learner, recordings):
    weights = torch.ones(24)
    weights[[13, 14, 16]] = 0
    weighted = train(learner, replace(recordings, weights=weights), 1, replicates=(0,)).history()
    some = replace(indices(1), validation=[np.array([12, 15, 17])])
    without = fit(learner, recordings, some, replace(SCHEDULE, replicates=(0,))).history()
    losses = "split == 'validation' and metric != 'accuracy'"
    expected = without.query(losses)["value"].to_numpy()
    # scored beside others a sequence may be rounded otherwise, in float32
    np.testing.assert_allclose(weighted.query(losses)["value"], expected, rtol=1e-6)


def test_the_order_of_an_epoch_does_not_depend_on_the_epochs_before():
    rows = np.arange(50)
    assert np.array_equal(epoch_order(rows, 1, 2, 30), epoch_order(rows, 1, 2, 30))
    assert not np.array_equal(epoch_order(rows, 1, 2, 30), epoch_order(rows, 1, 2, 31))
    assert not np.array_equal(epoch_order(rows, 1, 2, 30), epoch_order(rows, 1, 3, 30))
    assert sorted(epoch_order(rows, 1, 2, 30)) == rows.tolist()


def test_without_validation_there_is_no_best_epoch(learner, recordings):
    result = fit(learner, recordings, indices(validation=False), SCHEDULE)
    assert [o.best_epoch for o in result.outcomes] == [None] * 3
    assert set(result.history()["split"]) == {"train"}


def test_history_holds_every_epoch_of_every_replicate(learner, recordings):
    frame = train(learner, recordings).history()
    counts = frame.groupby(["split", "metric"]).size()
    assert counts["train", "binary_cross_entropy"] == 9
    assert counts["validation", "accuracy"] == 9


class Weight(NamedTuple):
    value: Tensor


@dataclass(frozen=True)
class Scripted:
    """A learner whose losses are written down: replicate r has VALIDATION[r][epoch - 1]."""

    validation: tuple[tuple[float, ...], ...] = ((1.0,) * 3,) * 3
    train: tuple[tuple[float, ...], ...] = ((1.0,) * 3,) * 3

    def initialise(self, generators, recordings):
        return State(Weight(torch.tensor([[r, 0.0] for r in range(len(generators))])))

    def train_epoch(self, state, recordings, order, dropout, epoch=1):
        value = state.params.value.clone()
        value[:, 1] += 1
        losses = [self.train[int(r)][int(e) - 1] for r, e in value.tolist()]
        return State(Weight(value)), {"binary_cross_entropy": torch.tensor(losses)}

    def scores(self, params, recordings, rows):
        losses = [self.validation[int(r)][int(e) - 1] for r, e in params.value.tolist()]
        return torch.tensor(losses)[:, None, None].expand(-1, rows.shape[1], 6)

    def losses(self, scores, labels, weights):
        return {"binary_cross_entropy": scores[0, 0]}


def test_best_weights_are_those_of_the_lowest_validation_loss_of_each_replicate(recordings):
    learner = Scripted(((3.0, 1.0, 2.0), (1.0, 2.0, 3.0), (2.0, 2.0, 2.0)))
    result = train(learner, recordings)
    assert [o.best_epoch for o in result.outcomes] == [2, 1, 1]
    assert result.best.params.value[:, 1].tolist() == [2, 1, 1]
    assert result.last.params.value[:, 1].tolist() == [3, 3, 3]


def test_a_validation_loss_that_is_not_finite_is_a_divergence_too(recordings):
    learner = Scripted(((2.0, float("nan"), 1.0),) + ((1.0,) * 3,) * 2)
    result = train(learner, recordings)
    assert [o.diverged_epoch for o in result.outcomes] == [2, None, None]
    assert result.outcomes[0].best_epoch == 1


@pytest.mark.parametrize("validation", [True, False])
def test_weights_that_become_infinite_in_the_last_update_are_a_divergence(recordings, validation):
    @dataclass(frozen=True)
    class Exploding(Scripted):
        def train_epoch(self, state, data, order, dropout, epoch=1):
            after, losses = super().train_epoch(state, data, order, dropout, epoch)
            value = after.params.value
            value[:, 1] = torch.where(value[:, 1] == 3, torch.inf, value[:, 1])
            return after, losses

        def scores(self, params, data, indices):
            return torch.ones(len(params.value), indices.shape[1], 6)

    result = fit(Exploding(), recordings, indices(validation=validation), SCHEDULE)
    assert [o.diverged_epoch for o in result.outcomes] == [3, 3, 3]
    assert [o.epochs for o in result.outcomes] == [3, 3, 3]
    assert result.outcomes[0].stop_reason == "weights not finite after epoch 3"


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_diverged_replicate_ends_and_the_others_go_on(recordings, bad):
    learner = Scripted(((3.0, 2.0, 1.0),) * 3, ((1.0,) * 3, (1.0, bad, 1.0), (1.0,) * 3))
    result = train(learner, recordings)
    assert [o.diverged_epoch for o in result.outcomes] == [None, 2, None]
    assert [o.epochs for o in result.outcomes] == [3, 1, 3]
    assert result.outcomes[1].best_epoch == 1
    assert np.isfinite(result.history()["value"]).all()


def test_training_ends_when_every_replicate_has_diverged(recordings):
    learner = Scripted(train=((float("nan"),) * 3,) * 3)
    epochs = []
    result = fit(learner, recordings, indices(), SCHEDULE, lambda r: epochs.append(r.epoch))
    assert epochs == [1]
    assert all(o.best_epoch is None for o in result.outcomes)


def test_an_absurd_learning_rate_diverges_instead_of_failing(learner, recordings):
    absurd = replace(learner, options=OPTIONS.replaced(learning_rate=1e38, clip=1e38))
    result = train(absurd, recordings)
    assert all(o.diverged_epoch == 1 for o in result.outcomes)


def test_a_stopping_rule_ends_one_replicate_and_leaves_the_others(recordings):
    learner = Scripted(((1.0, 2.0, 3.0), (3.0, 2.0, 1.0), (2.0, 1.0, 3.0)))
    result = train(learner, recordings, stopping=Patience(1))
    assert [o.epochs for o in result.outcomes] == [2, 3, 3]
    assert [o.best_epoch for o in result.outcomes] == [1, 3, 2]
    assert result.last.params.value[:, 1].tolist() == [2, 3, 3]
    assert "no lower validation loss" in result.outcomes[0].stop_reason


def test_the_test_set_is_looked_at_every_so_many_epochs_and_changes_nothing(recordings):
    learner = TruncatedBpttLearner(OPTIONS, "compiled", 1)
    never, often = train(learner, recordings), train(learner, recordings, test_every=2)
    history = often.history()
    assert history.query("split == 'test'")["epoch"].unique().tolist() == [2]
    assert bytes_of(often.best) == bytes_of(never.best)
    kept = history.query("split != 'test'").reset_index(drop=True)
    assert kept.equals(never.history())


def test_a_replicate_that_a_rule_ends_may_keep_the_weights_of_the_epoch_before(recordings):
    learner = Scripted(((1.0, 2.0, 3.0), (3.0, 2.0, 1.0), (2.0, float("nan"), 3.0)))
    rule = {"stopping": Patience(1)}
    result = train(learner, recordings, **rule, keep_before_stop=True)
    # the first meets the rule in epoch 2, the second never, the third diverges
    assert result.last.params.value[:2, 1].tolist() == [1, 3]
    assert [o.epochs for o in result.outcomes] == [2, 3, 2]
    assert result.outcomes[2].diverged_epoch == 2
    at_stop = train(learner, recordings, **rule)
    assert at_stop.outcomes == result.outcomes
    assert at_stop.history().equals(result.history())
    assert at_stop.last.params.value[:2, 1].tolist() == [2, 3]
