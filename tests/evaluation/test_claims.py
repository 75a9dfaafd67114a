import math

import pandas as pd
import pytest

from harmodels.evaluation.claims import (
    adjusted_verdict,
    at_least_everywhere,
    best_of,
    compare,
    equivalent,
    judge,
    loss_roughness,
    majority,
    majority_untied,
    mean_beyond,
    share_beyond,
)
from harmodels.evaluation.contrasts import best_of_each, count_beyond, interaction, lowest_beyond
from harmodels.evaluation.significance import adjust
from harmodels.evaluation.statistics import Interval


def sample(values):
    """Make a sample of {(configuration, hidden): values of replicates 0, 1, …}."""
    rows = [(*key, r, value) for key, each in values.items() for r, value in enumerate(each)]
    return pd.DataFrame(rows, columns=["configuration", "hidden", "replicate", "value"])


@pytest.mark.parametrize(
    ("low", "high", "expected", "verdict"),
    [
        (0.1, 0.3, "greater", "holds"),
        (-0.3, -0.1, "greater", "does not hold"),
        (-0.1, 0.2, "greater", "undecided"),
        (-0.3, -0.1, "less", "holds"),
        (0.1, 0.3, "less", "does not hold"),
        (0.0, 0.0, "greater", "does not hold"),
        (math.nan, math.nan, "greater", "undecided"),  # of a single replicate
    ],
)
def test_the_verdict_follows_the_side_of_the_whole_interval(low, high, expected, verdict):
    assert judge(Interval((low + high) / 2, low, high, 5), expected) == verdict


def test_a_comparison_averages_paired_configurations_within_each_replicate():
    left = sample({("a", 50): [0.5, 0.6], ("b", 100): [0.7, 0.8]})
    right = sample({("c", 50): [0.4, 0.4], ("d", 100): [0.5, 0.5]})
    interval = compare(left, right, ["hidden"], "greater").interval
    assert interval.mean == pytest.approx((0.15 + 0.25) / 2)
    assert interval.n == 2


def test_a_pair_with_a_diverged_side_is_left_out_on_both_sides():
    left = sample({("a", 50): [0.5, 0.6], ("b", 100): [0.9]})
    right = sample({("c", 50): [0.4, 0.4], ("d", 100): [0.1, 0.1]})
    interval = compare(left, right, ["hidden"], "greater").interval
    assert interval.mean == pytest.approx(((0.1 + 0.8) / 2 + 0.2) / 2)


def test_a_majority_is_the_share_of_configurations_and_equal_is_not_better():
    left = sample({("a", 50): [0.5, 0.5], ("b", 100): [0.7, 0.7]})
    right = sample({("a", 50): [0.5, 0.5], ("b", 100): [0.6, 0.6]})
    judgement = majority(left, right, ["hidden"], "greater")
    assert judgement.interval.mean == 0.5
    assert judgement.verdict == "does not hold"


def test_a_majority_without_ties_looks_at_the_configurations_that_differ():
    left = sample({("a", 50): [0.5, 0.5], ("b", 100): [0.7, 0.5], ("c", 200): [0.1, 0.9]})
    right = sample({("a", 50): [0.5, 0.5], ("b", 100): [0.6, 0.5], ("c", 200): [0.2, 0.8]})
    judgement = majority_untied(left, right, ["hidden"], "greater")
    assert judgement.interval.mean == pytest.approx((1 / 2 + 1) / 2)


def test_a_replicate_of_ties_has_no_majority():
    left = sample({("a", 50): [0.5, 0.9, 0.9]})
    right = sample({("a", 50): [0.5, 0.8, 0.8]})
    judgement = majority_untied(left, right, ["hidden"], "greater")
    assert (judgement.interval.mean, judgement.interval.n) == (1.0, 2)
    assert judgement.verdict == "holds"
    assert majority_untied(right, right, ["hidden"], "greater").interval.n == 0


@pytest.mark.parametrize(("expected", "value"), [("greater", 0.9 - 0.6), ("less", 0.1 - 0.2)])
def test_the_best_of_each_side_is_the_one_on_the_expected_side(expected, value):
    left = sample({("a", 50): [0.9, 0.1], ("b", 100): [0.1, 0.9]})
    right = sample({("c", 50): [0.2, 0.6], ("d", 100): [0.6, 0.2]})
    judgement = best_of_each(left, right, expected)
    assert judgement.interval.mean == pytest.approx(value)
    assert judgement.verdict == "holds"


def test_an_interaction_is_a_difference_of_differences_of_each_replicate():
    at = (sample({("a", 50): [0.9, 0.8]}), sample({("b", 50): [0.5, 0.5]}))
    elsewhere = (sample({("c", 50): [0.4, 0.3]}), sample({("d", 50): [0.3, 0.1]}))
    judgement = interaction(at, elsewhere, ["hidden"], "greater")
    assert judgement.interval.mean == pytest.approx((0.4 - 0.1 + 0.3 - 0.2) / 2)
    swapped = interaction(elsewhere, at, ["hidden"], "greater")
    assert swapped.interval.mean == pytest.approx(-judgement.interval.mean)


def test_a_replicate_without_one_of_the_four_values_has_no_interaction():
    whole, lacking = sample({("a", 50): [0.9, 0.8, 0.7]}), sample({("a", 50): [0.9, 0.8]})
    assert interaction((whole, whole), (whole, lacking), [], "greater").interval.n == 2


def test_networks_are_counted_not_averaged():
    values = sample({("a", 1): [1.0] * 3, ("b", 2): [0.95] * 3, ("c", 3): [0.2, 0.2, 0.99]})
    judgement, count = count_beyond(values, 0.9, "greater")
    assert count == 7
    assert judgement.interval.mean == pytest.approx(7 / 9)
    assert judgement.interval.n == 3  # replicates
    # two tails of 7 or more heads in 9 tosses
    assert judgement.p_value == pytest.approx(2 * (36 + 9 + 1) / 512)
    assert judgement.verdict == "undecided"
    assert count_beyond(values, 0.9, "less")[1] == 2


def test_six_networks_of_one_kind_decide_and_five_do_not():
    stuck = sample({("a", 1): [1.0] * 3, ("b", 2): [1.0] * 3})
    assert count_beyond(stuck, 0.9, "greater")[0].verdict == "holds"
    assert count_beyond(stuck, 0.9, "less")[0].verdict == "does not hold"
    assert count_beyond(stuck.iloc[1:], 0.9, "greater")[0].verdict == "undecided"


def test_the_lowest_of_the_configurations_counts():
    values = sample({("a", 1): [0.3, 0.4], ("b", 2): [0.1, -0.1]})
    assert lowest_beyond(values, 0.0).interval.mean == pytest.approx(0.0)


def test_the_best_is_set_against_the_strongest_rival_and_is_undecided_without_one():
    values = sample({("a", 1): [0.9, 0.8], ("b", 2): [0.1, 0.1], ("c", 3): [0.7, 0.6]})
    best = values["configuration"] == "a"
    judgement = best_of(values, best, "greater")
    assert judgement.interval.mean == pytest.approx(0.2)
    assert judgement.verdict == "holds"
    assert best_of(values[best], best[best], "greater").verdict == "undecided"


def test_at_least_everywhere_looks_at_the_weakest_configuration():
    values = sample({("a", 1): [1.0, 1.0], ("b", 2): [0.97, 0.97]})
    assert at_least_everywhere(values, 0.95).verdict == "holds"
    assert at_least_everywhere(values, 0.99).verdict == "does not hold"


def test_roughness_counts_rises_only_and_one_epoch_has_none():
    assert loss_roughness([3.0, 2.0, 2.5, 1.0, 1.1]) == pytest.approx(0.6 / 4)
    assert loss_roughness([3.0, 1.0, 0.5]) == 0.0
    assert math.isnan(loss_roughness([1.0]))


@pytest.fixture
def noisy():
    """Two configurations over five replicates; the difference is 0.2 ± 0.1 on average."""
    left = sample(
        {("a", 50): [0.52, 0.68, 0.55, 0.71, 0.60], ("b", 100): [0.8, 0.9, 0.7, 0.8, 0.9]}
    )
    right = sample({("a", 50): [0.4, 0.4, 0.5, 0.4, 0.5], ("b", 100): [0.6, 0.6, 0.6, 0.6, 0.6]})
    return left, right


def _judgements(noisy, level):
    left, right = noisy
    return {
        "compare": compare(left, right, ["hidden"], "greater", level),
        "majority": majority(left, left.assign(value=0.57), ["hidden"], "greater", level),
        "majority_untied": majority_untied(
            left, left.assign(value=0.57), ["hidden"], "greater", level
        ),
        "best_of_each": best_of_each(right, left, "greater", level),
        "interaction": interaction((left, right), (right, left), ["hidden"], "greater", level),
        "count_beyond": count_beyond(left, 0.57, "greater", level)[0],
        "lowest_beyond": lowest_beyond(left, 0.5, level),
        "best_of": best_of(left, left["configuration"] == "b", "greater", level),
        "at_least_everywhere": at_least_everywhere(left, 0.45, level),
        "equivalent": equivalent(left, right, ["hidden"], 0.3, level),
        "not equivalent": equivalent(left, right, ["hidden"], 0.1, level),
        "mean_beyond": mean_beyond(left, 0.65, "greater", level),
        "share_beyond": share_beyond(left, 0.57, "greater", level),
    }


def test_the_p_value_is_where_the_verdict_turns_for_every_kind_of_claim(noisy):
    for kind, judgement in _judgements(noisy, 0.95).items():
        p = judgement.p_value
        assert 0 < p < 1, kind
        assert _judgements(noisy, 1 - p * 1.001)[kind].verdict != "undecided", kind
        assert _judgements(noisy, 1 - p * 0.999)[kind].verdict == "undecided", kind


def test_no_difference_is_as_far_as_the_nearer_margin(noisy):
    left, right = noisy
    inside = equivalent(left, right, ["hidden"], 0.5)
    swapped = equivalent(right, left, ["hidden"], 0.5)
    assert inside.effect == pytest.approx(swapped.effect)
    assert inside.effect > 0 > equivalent(left, right, ["hidden"], 0.1).effect
    assert inside.p_value == pytest.approx(swapped.p_value)


def test_the_interval_of_a_share_of_configurations_stays_in_its_range():
    left = sample({("a", 50): [0.5, 0.1, 0.1], ("b", 100): [0.7, 0.1, 0.7]})
    interval = majority(left, left.assign(value=0.3), ["hidden"], "greater").interval
    assert 0 < interval.low < interval.mean < interval.high < 1


def test_a_claim_that_holds_alone_may_be_undecided_among_many(noisy):
    judgement = compare(*noisy, ["hidden"], "greater")
    assert judgement.verdict == "holds"
    ledger = adjust([judgement.p_value] + [0.9] * 49)
    assert adjusted_verdict(judgement, adjust([judgement.p_value])[0]) == "holds"
    assert adjusted_verdict(judgement, ledger[0]) == "undecided"


def test_a_claim_of_one_replicate_is_not_tested_and_stays_undecided():
    judgement = mean_beyond(sample({("a", 1): [0.9]}), 0.5, "greater")
    assert math.isnan(judgement.p_value)
    assert math.isnan(judgement.effect)
    assert adjusted_verdict(judgement, adjust([judgement.p_value])[0]) == "undecided"
