"""Equal values get one verdict, however often they are repeated and whatever their last digit."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmodels.evaluation.claims import (
    at_least_everywhere,
    best_of,
    compare,
    judge_equivalence,
    majority,
    majority_untied,
    mean_beyond,
    share_beyond,
)
from harmodels.evaluation.contrasts import best_of_each, count_beyond, interaction, lowest_beyond
from harmodels.evaluation.people import SubjectCounts, difference_over_people, widest
from harmodels.evaluation.statistics import Interval, mean_interval, share_interval
from harmodels.evaluation.ties import extreme, on_side, tied, within
from harmodels.evaluation.trends import straight, trend

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


# what is judged of n equal values v, against v itself or against 0, and whether it then holds
JUDGED = {
    "recall": (lambda v, n: at_least_everywhere(sample(noisy(v, n)), v), True),
    "confused pair": (lambda v, n: mean_beyond(sample(noisy(v, n)), v, "at_least"), True),
    "above": (lambda v, n: mean_beyond(sample(noisy(v, n)), v, "greater"), False),
    "below": (lambda v, n: mean_beyond(sample(noisy(v, n)), v, "less"), False),
    "lowest": (lambda v, n: lowest_beyond(sample(noisy(v, n)), v), False),
    "share": (lambda v, n: share_beyond(sample(noisy(v, n)), v, "greater"), False),
    "no difference": (lambda v, n: judge_equivalence(noisy(v, n), v), False),
    "no difference below": (lambda v, n: judge_equivalence([-x for x in noisy(v, n)], v), False),
    "comparison": (lambda v, n: compare(side(noisy(v, n)), side([v] * n), [], "greater"), False),
    "majority": (lambda v, n: majority(side(noisy(v, n)), side([v] * n), [], "less"), False),
    "best of each": (
        lambda v, n: best_of_each(side(noisy(v, n)), side([v] * n), "greater"),
        False,
    ),
    "interaction": (
        lambda v, n: interaction(
            (side(noisy(v, n)), side([0.1] * n)),
            (side([v] * n), side([0.1] * n)),
            [],
            "greater",
        ),
        False,
    ),
    "trend": (lambda v, n: trend(sweep(noisy(v, n)), [1, 2, 5, 9], "greater"), False),
    "straight": (lambda v, n: straight(sweep(noisy(v, n)), [1, 2, 5, 9], 0.01), True),
}


@pytest.mark.parametrize("kind", JUDGED)
@given(value=SHARES, n=COUNTS)
def test_equal_values_on_the_threshold_get_one_verdict(kind, value, n):
    judge, holds = JUDGED[kind]
    judgement = judge(value, n)
    known = "holds" if holds else "does not hold"
    assert judgement.verdict == (known if n > 1 else "undecided")
    assert n == 1 or judgement.p_value == 0


@given(value=SHARES, n=st.integers(2, 50), sequences=st.integers(2, 100_000))
def test_one_sequence_more_is_beyond_the_threshold(value, n, sequences):
    higher = min(value + 1 / sequences, 1.0)
    assert mean_beyond(sample([higher] * n), value, "greater").verdict == "holds"
    assert at_least_everywhere(sample([value] * n), higher).verdict == "does not hold"


@given(value=SHARES, n=COUNTS)
def test_equal_values_have_their_value_as_mean_and_bounds(value, n):
    for interval in (mean_interval([value] * n), share_interval([value] * n)):
        assert interval.mean == value
        assert n == 1 or interval.low == interval.high == value


def test_the_examples_of_the_threshold_0_95_and_0_1():
    assert at_least_everywhere(sample([0.95] * 10), 0.95).verdict == "holds"
    assert mean_beyond(sample([0.1] * 20), 0.1, "greater").verdict == "does not hold"


@given(value=SHARES, n=st.integers(2, 50))
def test_equal_values_on_the_threshold_have_no_effect(value, n):
    assert mean_beyond(sample(noisy(value, n)), value, "greater").effect == 0


def test_networks_that_tie_with_the_threshold_are_not_counted():
    assert count_beyond(sample([0.1 + 0.2, 0.4]), 0.3, "greater")[1] == 1


def test_pairs_that_tie_are_left_out_of_those_that_differ():
    left, right = side([0.1 + 0.2, 0.9]), side([0.3, 0.8])
    assert majority_untied(left, right, [], "greater").interval.n == 1


def test_the_rival_of_the_best_is_the_first_of_equal_ones():
    # the mean of c is above that of b by its last digit; b differs less from the best
    values = {"a": [0.5, 0.6, 0.7], "b": [0.2, 0.3, 0.4], "c": [0.4, 0.1 + 0.2 + 1e-15, 0.2]}
    rows = pd.concat([side(each, name) for name, each in values.items()])
    found = best_of(rows, rows["configuration"] == "a", "greater").interval
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
