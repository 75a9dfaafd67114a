import math

import numpy as np
import pandas as pd
import pytest

from harmodels.errors import ResultsError
from harmodels.evaluation.classification import subject_accuracy
from harmodels.evaluation.people import (
    SubjectCounts,
    accuracy_intervals,
    difference_over_people,
    difference_over_seeds_and_people,
    people_interval,
    seeds_and_people_interval,
    subject_counts,
)
from harmodels.evaluation.statistics import mean_interval


def counts_of(correct, sequences=100):
    correct = np.asarray(correct)
    replicates, subjects = correct.shape
    return SubjectCounts(
        tuple(range(replicates)),
        tuple(str(s) for s in range(subjects)),
        correct,
        np.broadcast_to(sequences, correct.shape),
    )


def test_counts_are_those_of_the_predictions(predictions_of):
    right, wrong = [0.1, 0.9], [0.9, 0.1]
    predictions = predictions_of(
        [(0, 1, right), (0, 1, wrong), (0, 1, right), (1, 1, right), (1, 1, right), (1, 1, wrong)]
    )
    subjects = pd.DataFrame({"id": ["s0", "s1", "s2"], "subject": ["2", "2", "4"]})
    counts = subject_counts(subject_accuracy(predictions, subjects))
    assert (counts.replicates, counts.subjects) == ((0, 1), ("2", "4"))
    assert counts.correct.tolist() == [[1, 1], [2, 0]]
    assert counts.sequences.tolist() == [[2, 1], [2, 1]]


def test_the_accuracy_is_a_ratio_of_sums_and_not_a_mean_of_people():
    assert counts_of([[90, 10]], [[100, 20]]).accuracy == pytest.approx(100 / 120)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [(0, "2", 1.0, 10), (0, "4", 0.5, 10), (1, "2", 0.9, 10)],
            "replicate 1 was not tested on every subject",
        ),
        ([], "there are none"),
    ],
)
def test_accuracies_that_lack_a_subject_or_all_are_refused(rows, message):
    columns = ["replicate", "subject", "accuracy", "sequences"]
    with pytest.raises(ResultsError, match=message):
        subject_counts(pd.DataFrame(rows, columns=columns))


def test_people_alone_give_the_interval_of_their_accuracies():
    # each replicate the same: logit m ± t · s / (√S m (1 − m)) of the subjects' accuracies
    shares = [0.9, 0.8, 0.7, 0.95]
    interval = people_interval(counts_of([[90, 80, 70, 95]] * 3))
    plain = mean_interval(shares)
    wide = plain.half_width / (plain.mean * (1 - plain.mean))
    odds = plain.mean / (1 - plain.mean) * math.exp(wide)
    assert interval.high == pytest.approx(odds / (1 + odds))
    assert interval.n == 4


def test_seeds_and_people_is_the_wider_source_where_the_other_does_nothing():
    people_only = counts_of([[90, 80, 70, 95]] * 3)
    assert seeds_and_people_interval(people_only)[:3] == pytest.approx(
        people_interval(people_only)[:3]
    )
    seeds_only = counts_of(np.array([[90], [80], [70], [95]]) * np.ones((1, 3), dtype=int))
    both = accuracy_intervals(seeds_only)
    assert both.seeds_and_people[:3] == pytest.approx(both.seeds[:3])


def test_the_variance_is_that_of_the_crossed_analysis_of_variance():
    # u = [[-8, 2], [2, 4]] / 100 around 0.83: MS_replicates = MS_subjects = 36, MS_rest = 16
    # of 10⁻⁴, V = (36 + 36 − 16) / 4 = 14, degrees 56² / (36² + 36² + 16²) = 1.1
    counts = counts_of([[75, 85], [85, 87]])
    u = np.array([[-8.0, 2.0], [2.0, 4.0]])
    assert (counts.correct - 83 == u).all()
    other = counts_of([[83, 83], [83, 83]])
    interval = difference_over_seeds_and_people(counts, other)
    from scipy import stats

    t = stats.t.ppf(0.975, 56**2 / (2 * 36**2 + 16**2))
    assert interval.half_width == pytest.approx(t * math.sqrt(14) / 100)


def test_the_wider_interval_is_the_one_to_print_or_the_only_one():
    one_replicate = accuracy_intervals(counts_of([[90, 80, 70, 95]]))
    assert math.isnan(one_replicate.seeds.low)
    assert math.isnan(one_replicate.seeds_and_people.low)
    assert one_replicate.wider == one_replicate.people
    one_person = accuracy_intervals(counts_of([[90], [80], [70]]))
    assert math.isnan(one_person.people.low)
    assert one_person.wider == one_person.seeds
    intervals = accuracy_intervals(counts_of([[98, 90, 71], [97, 90, 72]]))
    assert intervals.wider.half_width == max(each.half_width for each in intervals)


def test_bounds_stay_in_the_range_of_an_accuracy():
    interval = seeds_and_people_interval(counts_of([[100, 60, 100], [100, 100, 100]]))
    assert 0 < interval.low < interval.mean < interval.high < 1
    assert accuracy_intervals(counts_of([[100, 100]] * 2)).wider[:3] == (1.0, 1.0, 1.0)


def test_a_difference_is_paired_in_people():
    hard_and_easy = np.array([[98, 55, 80], [97, 56, 81]])
    better = difference_over_seeds_and_people(
        counts_of(hard_and_easy + 1), counts_of(hard_and_easy)
    )
    assert better[:3] == pytest.approx((0.01, 0.01, 0.01))


@pytest.mark.parametrize(
    ("difference", "message"),
    [
        (difference_over_seeds_and_people, "same replicates and subjects"),
        (difference_over_people, "same subjects"),
    ],
)
def test_a_difference_of_other_people_is_refused(difference, message):
    with pytest.raises(ResultsError, match=message):
        difference(counts_of([[9, 8]]), counts_of([[9, 8, 7]]))


def test_a_difference_over_people_takes_other_numbers_of_sequences_and_replicates():
    left = counts_of([[90, 60, 80], [92, 60, 78]])
    right = SubjectCounts((0,), left.subjects, np.array([[43, 29, 39]]), np.full((1, 3), 50))
    interval = difference_over_people(left, right)
    each = np.array([91, 60, 79]) / 100 - np.array([43, 29, 39]) / 50
    assert interval.mean == pytest.approx(each.mean())
    assert interval.half_width == pytest.approx(4.303 * each.std(ddof=1) / math.sqrt(3), rel=1e-3)
    assert interval.n == 3
