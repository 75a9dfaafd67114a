import math

import numpy as np
import pandas as pd
import pytest

from harmodels.evaluation.claims import (
    Numbers,
    Sample,
    adjusted_verdict,
    decided,
    judge_equivalence,
    judge_mean,
    reduce,
)
from harmodels.evaluation.contrasts import (
    best_of_each,
    differences,
    interaction,
    judge_best,
    judge_count,
    lowest_of,
    mean_of,
    share_ahead,
    share_beyond,
)
from harmodels.evaluation.curves import loss_roughness
from harmodels.evaluation.people import SubjectCounts, difference_over_seeds_and_people
from harmodels.evaluation.significance import adjust, mean_p_value, sign_flip_p_value


def sample(values):
    """Make a sample of {(configuration, hidden): values of replicates 0, 1, …}."""
    rows = [(*key, r, value) for key, each in values.items() for r, value in enumerate(each)]
    return pd.DataFrame(rows, columns=["configuration", "hidden", "replicate", "value"])


@pytest.mark.parametrize(
    ("p_value", "holds", "verdict"),
    [
        (0.04, True, "holds"),
        (0.05, False, "does not hold"),
        (0.06, True, "undecided"),
        (math.nan, True, "undecided"),  # of a single replicate
    ],
)
def test_the_verdict_follows_the_side_once_the_p_value_is_small_enough(p_value, holds, verdict):
    assert decided(p_value, holds) == verdict


@pytest.mark.parametrize(
    ("side", "verdict"),
    [
        ("greater", "holds"),
        ("at_least", "holds"),
        ("less", "does not hold"),
        ("at_most", "does not hold"),
    ],
)
def test_a_mean_is_judged_by_its_side(side, verdict):
    assert judge_mean([0.2, 0.21, 0.22], 0.0, side).verdict == verdict


def test_a_comparison_averages_paired_configurations_within_each_replicate():
    left = sample({("a", 50): [0.5, 0.6], ("b", 100): [0.7, 0.8]})
    right = sample({("c", 50): [0.4, 0.4], ("d", 100): [0.5, 0.5]})
    found = differences(left, right, ["hidden"])
    assert found.tolist() == pytest.approx([0.15, 0.25])


def test_a_pair_with_a_diverged_side_is_left_out_on_both_sides():
    left = sample({("a", 50): [0.5, 0.6], ("b", 100): [0.9]})
    right = sample({("c", 50): [0.4, 0.4], ("d", 100): [0.1, 0.1]})
    assert differences(left, right, ["hidden"]).tolist() == pytest.approx([(0.1 + 0.8) / 2, 0.2])


def test_a_majority_is_the_share_of_configurations_and_equal_is_not_better():
    left = sample({("a", 50): [0.5, 0.5], ("b", 100): [0.7, 0.7]})
    right = sample({("a", 50): [0.5, 0.5], ("b", 100): [0.6, 0.6]})
    assert share_ahead(left, right, ["hidden"], "greater").tolist() == [0.5, 0.5]


def test_a_majority_without_ties_looks_at_the_configurations_that_differ():
    left = sample({("a", 50): [0.5, 0.5], ("b", 100): [0.7, 0.5], ("c", 200): [0.1, 0.9]})
    right = sample({("a", 50): [0.5, 0.5], ("b", 100): [0.6, 0.5], ("c", 200): [0.2, 0.8]})
    assert share_ahead(left, right, ["hidden"], "greater", untied=True).tolist() == [0.5, 1]


def test_a_replicate_of_ties_has_no_majority():
    left = sample({("a", 50): [0.5, 0.9, 0.9]})
    right = sample({("a", 50): [0.5, 0.8, 0.8]})
    found = share_ahead(left, right, ["hidden"], "greater", untied=True)
    assert found.to_dict() == {1: 1.0, 2: 1.0}
    assert share_ahead(right, right, ["hidden"], "greater", untied=True).empty


@pytest.mark.parametrize(("expected", "value"), [("greater", 0.9 - 0.6), ("less", 0.1 - 0.2)])
def test_the_best_of_each_side_is_the_one_on_the_expected_side(expected, value):
    left = sample({("a", 50): [0.9, 0.1], ("b", 100): [0.1, 0.9]})
    right = sample({("c", 50): [0.2, 0.6], ("d", 100): [0.6, 0.2]})
    assert best_of_each(left, right, expected).tolist() == pytest.approx([value] * 2)


def test_an_interaction_is_a_difference_of_differences_of_each_replicate():
    at = (sample({("a", 50): [0.9, 0.8]}), sample({("b", 50): [0.5, 0.5]}))
    elsewhere = (sample({("c", 50): [0.4, 0.3]}), sample({("d", 50): [0.3, 0.1]}))
    found = interaction(*at, *elsewhere, ["hidden"])
    assert found.tolist() == pytest.approx([0.4 - 0.1, 0.3 - 0.2])
    assert interaction(*elsewhere, *at, ["hidden"]).tolist() == pytest.approx([-0.3, -0.1])


def test_a_replicate_without_one_of_the_four_values_has_no_interaction():
    whole, lacking = sample({("a", 50): [0.9, 0.8, 0.7]}), sample({("a", 50): [0.9, 0.8]})
    samples = [Sample(each) for each in (whole, whole, whole, lacking)]
    found = reduce(lambda a, b, c, d: interaction(a, b, c, d, []), *samples)
    assert len(found.values) == 2


def test_networks_are_counted_not_averaged():
    values = sample({("a", 1): [1.0] * 3, ("b", 2): [0.95] * 3, ("c", 3): [0.2, 0.2, 0.99]})
    judgement, count = judge_count(values, 0.9, "greater")
    assert count == 7
    assert judgement.interval.mean == pytest.approx(7 / 9)
    assert judgement.interval.n == 3  # replicates
    # two tails of 7 or more heads in 9 tosses
    assert judgement.p_value == pytest.approx(2 * (36 + 9 + 1) / 512)
    assert judgement.verdict == "undecided"
    assert judge_count(values, 0.9, "less")[1] == 2


def test_six_networks_of_one_kind_decide_and_five_do_not():
    stuck = sample({("a", 1): [1.0] * 3, ("b", 2): [1.0] * 3})
    assert judge_count(stuck, 0.9, "greater")[0].verdict == "holds"
    assert judge_count(stuck, 0.9, "less")[0].verdict == "does not hold"
    assert judge_count(stuck.iloc[1:], 0.9, "greater")[0].verdict == "undecided"


def test_the_lowest_of_the_configurations_counts():
    values = sample({("a", 1): [0.3, 0.4], ("b", 2): [0.1, -0.1]})
    assert lowest_of(values).tolist() == [0.1, -0.1]


BEST = {
    ("a", 1): [0.90, 0.80, 0.82, 0.86],
    ("b", 2): [0.1, 0.1, 0.1, 0.15],
    ("c", 3): [0.7, 0.6, 0.61, 0.66],
}


def test_the_best_is_set_against_the_strongest_rival_and_is_undecided_without_one():
    judgement = judge_best(Sample(sample(BEST)), "a", "greater")
    assert judgement.interval.mean == pytest.approx(0.2, abs=0.01)
    assert judgement.verdict == "holds"
    assert judge_best(Sample(sample(BEST)), "c", "greater").verdict == "does not hold"
    assert judge_best(Sample(sample(BEST)), "b", "less").verdict == "holds"
    alone = {("a", 1): BEST["a", 1]}
    assert judge_best(Sample(sample(alone)), "a", "greater").verdict == "undecided"


def test_the_best_needs_to_be_ahead_of_every_rival():
    rng = np.random.default_rng(3)
    # ahead of b by more on the mean than of c, and of c more steadily
    values = {("a", 1): [0.8] * 10, ("c", 3): [0.78 + 0.001 * k for k in range(10)]}
    values["b", 2] = (0.7 + rng.normal(0, 0.3, 10)).tolist()
    judgement = judge_best(Sample(sample(values)), "a", "greater")
    assert judgement.interval.mean < 0.03
    p_of_b = mean_p_value(0.8 - np.array(values["b", 2]))
    assert judgement.p_value >= p_of_b > 0.05
    assert judgement.verdict == "undecided"


def test_the_strongest_of_many_equal_rivals_seldom_decides():
    rng = np.random.default_rng(4)
    failed = 0
    for _ in range(100):
        values = {(f"{k}", k): rng.normal(size=5).tolist() for k in range(16)}
        failed += judge_best(Sample(sample(values)), "0", "greater").verdict != "undecided"
    assert failed <= 6  # 13 % failed against the strongest rival by its own p-value


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
    level_at = left.assign(value=0.57)
    pair = ["hidden"]
    return {
        "comparison": judge_mean(differences(left, right, pair), 0, "greater", level),
        "majority": judge_mean(
            share_ahead(left, level_at, pair, "greater"), 0.5, "greater", level, share=True
        ),
        "best of each": judge_mean(best_of_each(right, left, "greater"), 0, "less", level),
        "count": judge_count(left, 0.57, "greater", level)[0],
        "best": judge_best(Sample(left), "b", "greater", level),
        "not best": judge_best(Sample(left), "a", "greater", level),
        "recall": judge_mean(lowest_of(left), 0.45, "at_least", level, share=True),
        "no difference": judge_equivalence(differences(left, right, pair), 0.3, level),
        "a difference": judge_equivalence(differences(left, right, pair), 0.1, level),
        "mean": judge_mean(mean_of(left), 0.65, "greater", level),
        "share": judge_mean(share_beyond(left, 0.57, "greater"), 0.5, "greater", level, share=True),
    }


def test_the_p_value_is_where_the_verdict_turns_for_every_kind_of_claim(noisy):
    for kind, judgement in _judgements(noisy, 0.95).items():
        p = judgement.p_value
        assert 0 < p < 1, kind
        assert _judgements(noisy, 1 - p * 1.001)[kind].verdict != "undecided", kind
        assert _judgements(noisy, 1 - p * 0.999)[kind].verdict == "undecided", kind


def test_no_difference_is_as_far_as_the_nearer_margin(noisy):
    left, right = noisy
    gains = differences(left, right, ["hidden"])
    inside, swapped = judge_equivalence(gains, 0.5), judge_equivalence(-gains, 0.5)
    assert inside.effect == pytest.approx(swapped.effect)
    assert inside.effect > 0 > judge_equivalence(gains, 0.1).effect
    assert inside.p_value == pytest.approx(swapped.p_value)
    assert inside.verdict == "holds"
    assert judge_equivalence(gains, 0.05).verdict == "does not hold"


def test_the_interval_of_a_share_stays_in_its_range():
    interval = judge_mean([0.5, 0.1, 0.9], 0.3, "greater", share=True).interval
    assert 0 < interval.low < interval.mean < interval.high < 1


def test_a_claim_that_holds_alone_may_be_undecided_among_many(noisy):
    judgement = judge_mean(differences(*noisy, ["hidden"]), 0, "greater")
    assert judgement.verdict == "holds"
    for tests, verdict in ((1, "holds"), (50, "undecided")):
        assert adjusted_verdict(judgement, adjust([judgement.p_value], tests)[0]) == verdict


def test_a_claim_of_one_replicate_is_not_tested_and_stays_undecided():
    judgement = judge_mean([0.9], 0.5, "greater")
    assert math.isnan(judgement.p_value)
    assert math.isnan(judgement.effect)
    assert adjusted_verdict(judgement, adjust([judgement.p_value], 1)[0]) == "undecided"


def test_replicates_that_agree_decide_no_more_than_their_number_can():
    """Three networks that differ by the same three of 48 sequences decide nothing."""
    three = judge_mean(Numbers(pd.Series([3 / 48] * 3), resolution=1 / 48), 0.0, "greater")
    assert (three.verdict, three.p_value) == ("undecided", 0.25)
    assert three.interval.half_width > 0
    assert 0 < three.effect < 20
    six = judge_mean(Numbers(pd.Series([3 / 48] * 6), resolution=1 / 48), 0.0, "greater")
    assert (six.verdict, six.p_value) == ("holds", 2 / 2**6)


def test_from_six_replicates_on_both_tests_have_to_decide():
    values = [1.0, 1.0, 1.0, 1.0, 1.1, 1.2, 30.0]  # one far off, on the side of the others
    assert mean_p_value(values) > sign_flip_p_value(values)
    assert judge_mean(values, 0.0, "greater").p_value == mean_p_value(values)
    steady = [1.0, 1.1, 0.9, 1.0, 1.1, 0.9]
    assert mean_p_value(steady) < sign_flip_p_value(steady) == 2 / 2**6
    assert judge_mean(steady, 0.0, "greater").p_value == 2 / 2**6
    assert judge_mean(steady[:5], 0.0, "greater").p_value == mean_p_value(steady[:5])


def people_of(counts, name):
    value = counts.accuracy + counts.contributions
    rows = [
        (name, 50, r, person, value[i, j])
        for i, r in enumerate(counts.replicates)
        for j, person in enumerate(counts.subjects)
    ]
    return pd.DataFrame(rows, columns=["configuration", "hidden", "replicate", "subject", "value"])


@pytest.fixture
def tested():
    """Counts of 20 networks on 6 people, of whom only some gain."""
    rng = np.random.default_rng(5)
    sequences = np.full((20, 6), 50)
    right = rng.binomial(50, 0.6, (20, 6))
    left = np.minimum(right + np.array([0, 0, 0, 1, 2, 12]) + rng.integers(0, 2, (20, 6)), 50)
    names = tuple("abcdef")
    return [SubjectCounts(tuple(range(20)), names, each, sequences) for each in (left, right)]


def _of(counts, name):
    shares = counts.correct.sum(axis=1) / counts.sequences.sum(axis=1)
    return Sample(sample({(name, 50): shares}), 1 / 300, people_of(counts, name))


def test_a_difference_over_people_is_judged_over_people(tested):
    left, right = (_of(counts, name) for counts, name in zip(tested, "lr", strict=True))
    numbers = reduce(lambda a, b: differences(a, b, []), left, right)
    judgement = judge_mean(numbers, 0.0, "greater")
    expected = difference_over_seeds_and_people(*tested)
    assert judgement.interval.mean == pytest.approx(expected.mean)
    assert judgement.interval.low == pytest.approx(expected.low)
    assert judgement.over == "seeds and people"
    assert judgement.verdict == "undecided"  # over seeds alone it would hold
    seeds = judge_mean(numbers._replace(people=None), 0.0, "greater")
    assert (seeds.over, seeds.verdict) == ("seeds", "holds")


def test_what_is_no_sum_over_people_is_judged_over_seeds(tested):
    left, right = (_of(counts, name) for counts, name in zip(tested, "lr", strict=True))
    numbers = reduce(lambda a, b: best_of_each(a, b, "greater"), left, right, linear=False)
    assert numbers.people is None


def test_sides_tested_on_other_people_are_not_paired_in_them(tested):
    left, right = (_of(counts, name) for counts, name in zip(tested, "lr", strict=True))
    fewer = right._replace(people=right.people.loc[right.people["subject"] != "a"])
    assert reduce(lambda a, b: differences(a, b, []), left, fewer).people is None
