"""Equal values get one verdict, however often they are repeated and whatever their last digit."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmodels.evaluation.claims import Sample, judge_equivalence, judge_mean
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
from harmodels.evaluation.people import SubjectCounts, difference_over_people, widest
from harmodels.evaluation.statistics import Interval, mean_interval, share_interval
from harmodels.evaluation.ties import extreme, on_side, spread, tied, within
from harmodels.evaluation.trends import form_of

SHARES = st.integers(2, 5000).flatmap(lambda n: st.integers(1, n - 1).map(lambda k: k / n))
COUNTS = st.integers(1, 50)


def sample(values, **keys):
    return pd.DataFrame({"replicate": range(len(values)), "value": values, **keys})


def noisy(value, n):
    """Return n numbers that are equal on paper, each computed in another way."""
    ways = (value, value + 0.1 - 0.1, (value + 0.7) - 0.7, value * 3 / 3, 1 - (1 - value))
    return [ways[i % len(ways)] for i in range(n)]


def sweep(values):
    """Return a sample of a flat line over four places."""
    parts = [sample(values).assign(place=place) for place in (1, 2, 5, 9)]
    return pd.concat(parts)


def side(values, configuration="a"):
    return sample(values, configuration=configuration)


# what claims are judged on where n equal values v are held against v itself, which v takes off
REDUCED = {
    "mean": lambda v, n: mean_of(sample(noisy(v, n))) - v,
    "lowest": lambda v, n: lowest_of(sample(noisy(v, n))) - v,
    "share": lambda v, n: share_beyond(sample(noisy(v, n)), v, "greater"),
    "comparison": lambda v, n: differences(side(noisy(v, n)), side([v] * n), []),
    "majority": lambda v, n: share_ahead(side(noisy(v, n)), side([v] * n), [], "less"),
    "best of each": lambda v, n: best_of_each(side(noisy(v, n)), side([v] * n), "greater"),
    "interaction": lambda v, n: interaction(
        side(noisy(v, n)), side([0.1] * n), side([v] * n), side([0.1] * n), []
    ),
    "trend": lambda v, n: form_of(sweep(noisy(v, n)), [1, 2, 5, 9]).change,
    "straight": lambda v, n: form_of(sweep(noisy(v, n)), [1, 2, 5, 9]).bend,
}


@pytest.mark.parametrize("kind", REDUCED)
@given(value=SHARES, n=st.integers(2, 50))
def test_equal_values_on_the_threshold_decide_nothing(kind, value, n):
    judgement = judge_mean(REDUCED[kind](value, n), 0.0, "greater")
    assert (judgement.verdict, judgement.p_value, judgement.effect) == ("undecided", 1, 0)


@given(value=SHARES, n=st.integers(2, 50))
def test_equal_values_on_the_margin_decide_nothing(value, n):
    for sign in (1, -1):
        assert judge_equivalence([sign * x for x in noisy(value, n)], value).p_value == 1


@given(value=SHARES, n=st.integers(2, 40), sequences=st.integers(2, 100_000))
def test_one_sequence_more_is_as_far_beyond_as_the_number_of_replicates_can_say(
    value, n, sequences
):
    higher = value + 1 / sequences
    judgement = judge_mean([higher] * n, value, "greater")
    assert judgement.p_value == pytest.approx(2 / 2**n)
    assert judgement.verdict == ("holds" if n > 5 else "undecided")


@given(value=SHARES, n=st.integers(2, 50), sequences=st.integers(2, 10_000))
def test_equal_numbers_are_as_uncertain_as_their_rounding(value, n, sequences):
    mean, deviation = spread(np.full(n, value), 1 / sequences)
    assert mean == value
    assert deviation == pytest.approx(1 / sequences / math.sqrt(12))


@given(value=SHARES, n=COUNTS)
def test_equal_values_have_their_value_as_mean_and_bounds(value, n):
    for interval in (mean_interval([value] * n), share_interval([value] * n)):
        assert interval.mean == value
        assert n == 1 or interval.low == interval.high == value


def test_networks_that_tie_with_the_threshold_are_not_counted():
    assert judge_count(sample([0.1 + 0.2, 0.4]), 0.3, "greater")[1] == 1


def test_pairs_that_tie_are_left_out_of_those_that_differ():
    left, right = side([0.1 + 0.2, 0.9]), side([0.3, 0.8])
    assert len(share_ahead(left, right, [], "greater", untied=True)) == 1


def test_the_rival_of_the_best_is_the_first_of_equal_ones():
    # the mean of c is above that of b by its last digit; b differs less from the best
    values = {"a": [0.5, 0.6, 0.7], "b": [0.2, 0.3, 0.4], "c": [0.4, 0.1 + 0.2 + 1e-15, 0.2]}
    rows = pd.concat([side(each, name) for name, each in values.items()])
    found = judge_best(Sample(rows), "a", "greater").interval
    assert found.half_width == pytest.approx(0, abs=1e-9)


def test_an_interval_that_touches_zero_does_not_exclude_it():
    assert not Interval(0.1, 0.1 + 0.2 - 0.3, 0.2, 3).excludes_zero
    assert not Interval(-0.1, -0.2, 0.3 - 0.2 - 0.1, 3).excludes_zero
    assert Interval(0.1, 1e-6, 0.2, 3).excludes_zero
    assert not Interval(0.1, math.nan, math.nan, 1).excludes_zero


def test_people_who_gain_equally_have_a_difference_without_length():
    sequences = np.array([[10, 10, 10]])
    counts = (np.array([[9, 8, 6]]), np.array([[8, 7, 5]]))
    left, right = (SubjectCounts((0,), ("a", "b", "c"), each, sequences) for each in counts)
    assert difference_over_people(left, right).half_width == 0


def test_the_widest_of_equal_intervals_is_the_first():
    first, second = Interval(0.5, 0.4, 0.6, 3), Interval(0.5, 0.7 - 0.3, 0.5 + 0.1, 9)
    assert widest([first, second]).n == 3
    assert widest([second, first]).n == 9


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nan_lies_on_no_side_and_infinity_ties_with_itself(value):
    for which in ("greater", "less", "at_least", "at_most"):
        assert bool(on_side(value, which, 0.5)) == (
            value == math.inf and which in ("greater", "at_least")
        )
    assert bool(tied(value, value)) == (value == math.inf)
    assert not within(0.5, math.nan, math.nan)


def test_large_numbers_tie_relative_to_their_size():
    assert tied(1e6 + 1e-7, 1e6)
    assert not tied(1e6 + 1e-3, 1e6)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8))
def test_the_first_of_the_highest_is_taken(counts):
    values = [k / 20 + 0.1 - 0.1 for k in counts]
    assert extreme(values, "greater") == counts.index(max(counts))
    assert extreme(values, "less") == counts.index(min(counts))
