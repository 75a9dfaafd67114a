from harmodels.training.stopping import AllEpochs, LossGap, Patience


def test_all_epochs_never_stops():
    assert AllEpochs().reason([1.0] * 1000, [9.0] * 1000) is None


def test_patience_counts_the_epochs_since_the_minimum():
    rule = Patience(2)
    assert rule.reason([], [3.0, 2.0, 2.5]) is None
    assert rule.reason([], [3.0, 2.0, 2.5, 2.1]) is not None


def test_patience_does_not_take_an_equal_loss_for_an_improvement():
    assert Patience(2).reason([], [2.0, 2.0, 2.0]) is not None


def test_a_new_minimum_renews_the_patience():
    assert Patience(2).reason([], [3.0, 3.1, 2.9, 3.0]) is None


def test_loss_gap_waits_for_its_first_epoch():
    rule = LossGap(after=3, gap=0.05)
    assert rule.reason([0.1] * 2, [0.9] * 2) is None
    assert rule.reason([0.1] * 3, [0.9] * 3) is not None


def test_loss_gap_is_absolute_and_includes_its_bound():
    rule = LossGap(after=1, gap=0.25)
    assert rule.reason([0.75], [0.5]) is not None
    assert rule.reason([0.75], [0.5625]) is None
