"""Simulated coverage, with fixed seeds; three standard errors of the simulation are granted."""

import pytest

from benchmarks.coverage import (
    LOSSES,
    PEOPLE,
    REPLICATES,
    SHARES,
    coverage_of_differences,
    coverage_of_means,
    coverage_over_people,
    lowest_coverage_of_counts,
)
from harmodels.evaluation.statistics import LEVEL, mean_interval, share_interval

TRIALS = 600


@pytest.mark.parametrize("replicates", REPLICATES)
@pytest.mark.parametrize(
    ("source", "interval"),
    [(LOSSES["normal"], mean_interval), (SHARES["accuracy near 0.95"], share_interval)],
)
def test_the_interval_of_a_mean_covers_at_its_level(source, interval, replicates):
    reached = coverage_of_means(source, replicates, TRIALS, interval)
    assert abs(reached.rate - LEVEL) < 3 * reached.error


@pytest.mark.parametrize("replicates", REPLICATES)
def test_near_one_the_logit_scale_covers_more_often_than_the_plain_interval(replicates):
    source = SHARES["accuracy near 0.99, skewed"]
    logit, plain = (
        coverage_of_means(source, replicates, TRIALS, interval)
        for interval in (share_interval, mean_interval)
    )
    assert logit.rate > plain.rate + logit.error + plain.error
    assert logit.rate > 0.89  # docs/statistics.md states what it reaches


def test_three_replicates_of_a_lumpy_share_cover_as_seldom_as_the_documents_say():
    source = SHARES["4 configurations, true share 0.95"]
    reached = coverage_of_means(source, 3, TRIALS, share_interval)
    assert abs(reached.rate - 0.45) < 3 * reached.error


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 20])
def test_the_interval_of_a_count_covers_at_least_at_its_level_for_every_true_share(n):
    assert lowest_coverage_of_counts(n) >= LEVEL


@pytest.mark.parametrize("replicates", REPLICATES)
@pytest.mark.parametrize("source", ["people alike, seeds differ", "seeds and people differ"])
def test_the_interval_over_seeds_and_nine_people_covers_at_its_level(source, replicates):
    reached = coverage_over_people(PEOPLE[source], replicates, TRIALS)["seeds_and_people"]
    assert abs(reached.rate - LEVEL) < 3 * reached.error


@pytest.mark.parametrize("replicates", REPLICATES)
def test_where_people_differ_much_it_falls_short_by_what_the_documents_say(replicates):
    reached = coverage_over_people(PEOPLE["people differ much"], replicates, TRIALS)
    assert reached["seeds_and_people"].rate > 0.88
    assert reached["seeds"].rate < 0.7  # which is why seeds alone are not enough


@pytest.mark.parametrize("source", PEOPLE)
def test_the_difference_of_two_protocols_paired_in_people_covers_at_its_level(source):
    reached = coverage_of_differences(PEOPLE[source], TRIALS)
    assert abs(reached["paired"].rate - LEVEL) < 3 * reached["paired"].error
    assert reached["from both"].rate > LEVEL - 3 * reached["from both"].error


def test_people_who_are_hard_both_ways_widen_only_the_difference_that_is_not_paired():
    reached = coverage_of_differences(PEOPLE["people differ much"], TRIALS)
    assert reached["from both"].rate > reached["paired"].rate + 3 * reached["paired"].error
