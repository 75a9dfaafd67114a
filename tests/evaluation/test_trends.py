"""Change and bend of a sweep, one number a replicate."""

import numpy as np
import pandas as pd
import pytest

from harmodels.evaluation.claims import judge_equivalence, judge_mean
from harmodels.evaluation.trends import form_of

PLACES = [5.0, 10.0, 25.0, 50.0, 100.0]


def sample(values, places=PLACES):
    """Make a sample of {replicate: values at each place}; NaN is a value that is missing."""
    rows = [
        {"replicate": replicate, "place": place, "value": value}
        for replicate, each in values.items()
        for place, value in zip(places, each, strict=True)
    ]
    return pd.DataFrame(rows).dropna()


def test_the_change_of_a_line_is_that_between_its_ends_and_it_has_no_bend():
    form = form_of(sample({0: [0.9 - 0.004 * at for at in PLACES]}), PLACES)
    assert form.change[0] == pytest.approx(-0.004 * 95)
    assert form.bend[0] == pytest.approx(0, abs=1e-12)


def test_the_bend_of_a_parabola_is_its_middle_above_the_line_between_its_ends():
    def height(at):
        return 0.5 + 0.002 * at - 0.00003 * at**2

    middle = height((5 + 100) / 2) - (height(5) + height(100)) / 2
    bend = form_of(sample({0: [height(at) for at in PLACES]}), PLACES).bend[0]
    assert middle > 0
    assert bend == pytest.approx(middle)


def test_fits_are_those_of_numpy():
    values = np.random.default_rng(1).normal(size=(4, 5))
    form = form_of(sample(dict(enumerate(values.tolist()))), PLACES)
    for replicate, each in enumerate(values):
        slope = np.polyfit(PLACES, each, 1)[0]
        curvature = np.polyfit(PLACES, each, 2)[0]
        assert form.change[replicate] == pytest.approx(slope * 95)
        assert form.bend[replicate] == pytest.approx(-curvature * 95**2 / 4)


def test_a_replicate_without_a_value_at_some_place_is_left_out():
    line = [0.1, 0.2, 0.3, 0.4, 0.5]
    form = form_of(sample({0: line, 1: [0.1, float("nan"), 0.3, 0.4, 0.5], 2: line}), PLACES)
    assert form.change.index.tolist() == [0, 2]


def test_a_place_that_no_replicate_has_leaves_nothing_to_judge():
    missing = [0.1, 0.2, float("nan"), 0.4, 0.5]
    judgement = judge_mean(form_of(sample({0: missing, 1: missing}), PLACES).change, 0, "greater")
    assert judgement.verdict == "undecided"
    assert judgement.interval.n == 0


def test_two_places_have_no_bend():
    with pytest.raises(ValueError, match="three places, not 2"):
        form_of(sample({0: [0.1, 0.2]}, [1.0, 2.0]), [1.0, 2.0])


@pytest.mark.parametrize(
    ("slope", "expected", "verdict"),
    [
        (0.003, "greater", "holds"),
        (0.003, "less", "does not hold"),
        (-0.003, "less", "holds"),
        (0.0, "greater", "undecided"),
    ],
)
def test_a_trend_holds_where_all_replicates_change_as_expected(slope, expected, verdict):
    noise = np.random.default_rng(2).normal(scale=0.01, size=(5, 5))
    values = {
        r: [0.5 + slope * at + e for at, e in zip(PLACES, noise[r], strict=True)] for r in range(5)
    }
    assert judge_mean(form_of(sample(values), PLACES).change, 0, expected).verdict == verdict


@pytest.mark.parametrize(
    ("bend", "verdict"), [(0.0, "holds"), (0.2, "does not hold"), (0.031, "undecided")]
)
def test_a_line_is_straight_where_its_bend_is_within_the_margin(bend, verdict):
    noise = np.random.default_rng(3).normal(scale=0.005, size=(5, 5))
    x = (np.array(PLACES) - 5) / 95
    values = {r: (0.5 - 4 * bend * (x**2 - x) + noise[r]).tolist() for r in range(5)}
    judgement = judge_equivalence(form_of(sample(values), PLACES).bend, 0.03)
    assert judgement.interval.mean == pytest.approx(bend, abs=0.01)
    assert judgement.verdict == verdict
