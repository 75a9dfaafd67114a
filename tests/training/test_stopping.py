import pytest

from harmodels.training.stopping import AllEpochs, LossGap, Patience


@pytest.mark.parametrize(
    ("rule", "train", "validation", "stops"),
    [
        (AllEpochs(), [1.0] * 1000, [9.0] * 1000, False),
        # counts the epochs since the minimum; an equal loss is no improvement, a lower one is
        (Patience(2), [], [3.0, 2.0, 2.5], False),
        (Patience(2), [], [3.0, 2.0, 2.5, 2.1], True),
        (Patience(2), [], [2.0, 2.0, 2.0], True),
        (Patience(2), [], [3.0, 3.1, 2.9, 3.0], False),
        # waits for its first epoch; the gap is absolute and includes its bound
        (LossGap(after=3, gap=0.05), [0.1] * 2, [0.9] * 2, False),
        (LossGap(after=3, gap=0.05), [0.1] * 3, [0.9] * 3, True),
        (LossGap(after=1, gap=0.25), [0.75], [0.5], True),
        (LossGap(after=1, gap=0.25), [0.75], [0.5625], False),
    ],
)
def test_a_rule_ends_a_training_when_its_losses_say_so(rule, train, validation, stops):
    assert (rule.reason(train, validation) is not None) == stops
