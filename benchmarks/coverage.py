"""Coverage: how often each kind of interval of harmodels.evaluation holds the true value.

Simulated accuracies, shares and counts whose true values are known::

    python -m benchmarks.coverage

prints the tables of docs/statistics.md, each rate with the standard error of the simulation.
"""

import argparse
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from harmodels.evaluation.people import (
    SubjectCounts,
    accuracy_intervals,
    difference_over_people,
    people_interval,
)
from harmodels.evaluation.statistics import (
    Interval,
    count_interval,
    difference_of_intervals,
    mean_interval,
    share_interval,
)

REPLICATES = (3, 5, 20)
SUBJECTS = 9  # as in the test half of UCI HAR
EVERYBODY = 30  # in all of it
DRAWS = 200  # of the pigeonhole bootstrap

Values = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Values]


class Rate(NamedTuple):
    """How often an interval held the truth, and the standard error of that."""

    rate: float
    error: float

    def __str__(self) -> str:
        return f"{100 * self.rate:.1f} ± {100 * self.error:.1f}"


class Source(NamedTuple):
    """A distribution of values of replicates, and its mean."""

    draw: Draw
    truth: float


class Spread(NamedTuple):
    """Standard deviations of the logit of an accuracy: between people, seeds, and the rest."""

    mean: float
    people: float
    seeds: float
    rest: float


LOSSES = {"normal": Source(lambda random, shape: random.normal(0.4, 0.1, shape), 0.4)}
SHARES = {
    "accuracy near 0.95": Source(lambda random, shape: random.beta(285, 15, shape), 0.95),
    "accuracy near 0.99, skewed": Source(lambda random, shape: random.beta(49.5, 0.5, shape), 0.99),
    "one replicate in five stuck": Source(
        lambda random, shape: np.where(random.random(shape) < 0.2, 1 / 6, 0.9), 0.2 / 6 + 0.8 * 0.9
    ),
    "4 configurations, true share 0.7": Source(
        lambda random, shape: random.binomial(4, 0.7, shape) / 4, 0.7
    ),
    "4 configurations, true share 0.95": Source(
        lambda random, shape: random.binomial(4, 0.95, shape) / 4, 0.95
    ),
}
PEOPLE = {
    "people alike, seeds differ": Spread(3.0, 0.05, 0.3, 0.1),
    "seeds and people differ": Spread(2.0, 0.5, 0.3, 0.3),
    "people differ": Spread(3.0, 0.8, 0.1, 0.3),
    "people differ much": Spread(3.0, 1.2, 0.1, 0.3),
}


def main() -> None:
    """Print a table a kind of interval."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--trials", type=int, default=4000, help="simulated studies a row (4000)")
    trials = parser.parse_args().trials
    print("| means over replicates | R | Student's t |\n| --- | --- | --- |")
    for name, source in LOSSES.items():
        for R in REPLICATES:
            print(f"| {name} | {R} | {coverage_of_means(source, R, trials, mean_interval)} |")
    print("\n| shares over replicates | R | t on the logit scale | plain t |")
    print("| --- | --- | --- | --- |")
    for name, source in SHARES.items():
        for R in REPLICATES:
            rates = [
                coverage_of_means(source, R, trials, interval)
                for interval in (share_interval, mean_interval)
            ]
            print(f"| {name} | {R} | {rates[0]} | {rates[1]} |")
    print("\n| counts | n | lowest rate over all true shares (exact, %) |\n| --- | --- | --- |")
    for n in REPLICATES:
        print(f"| Clopper-Pearson | {n} | {100 * lowest_coverage_of_counts(n):.1f} |")
    print(
        f"\n| accuracy over {SUBJECTS} people | R | seeds | people | both | pigeonhole bootstrap |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for name, spread in PEOPLE.items():
        for R in REPLICATES:
            row = coverage_over_people(spread, R, trials)
            bootstrap = coverage_of_bootstrap(spread, R, trials // 4)
            cells = [row["seeds"], row["people"], row["seeds_and_people"], bootstrap]
            print(f"| {name} | {R} | {' | '.join(map(str, cells))} |")
    print(f"\n| difference of two protocols, {EVERYBODY} people | paired in people | from both |")
    print("| --- | --- | --- |")
    for name, spread in PEOPLE.items():
        rates = coverage_of_differences(spread, trials)
        print(f"| {name} | {rates['paired']} | {rates['from both']} |")


def coverage_of_means(
    source: Source, replicates: int, trials: int, interval: Callable[[Values], Interval]
) -> Rate:
    """Return how often the interval of simulated replicates holds the source's mean."""
    values = source.draw(np.random.default_rng(replicates), (trials, replicates))
    return _rate((interval(each) for each in values), source.truth)


def lowest_coverage_of_counts(n: int) -> float:
    """Return the lowest probability, over true shares, that the interval of a count holds it.

    Exact: the sum of the binomial probabilities of the counts whose intervals hold the share.
    """
    shares = np.linspace(0, 1, 2001)[:, None]
    counts = np.arange(n + 1)
    bounds = np.array([count_interval(int(count), n)[1:3] for count in counts])
    holds = (bounds[:, 0] <= shares) & (shares <= bounds[:, 1])
    return float((stats.binom.pmf(counts, n, shares) * holds).sum(axis=1).min())


def coverage_over_people(spread: Spread, replicates: int, trials: int) -> dict[str, Rate]:
    """Return how often each of `accuracy_intervals` holds the accuracy of all people and seeds."""
    studies = [
        accuracy_intervals(counts)._asdict() for counts in _studies(spread, replicates, trials)
    ]
    return {name: _rate((study[name] for study in studies), _truth(spread)) for name in studies[0]}


def coverage_of_bootstrap(spread: Spread, replicates: int, trials: int) -> Rate:
    """Return how often the percentiles of the pigeonhole bootstrap hold the accuracy.

    Replicates and subjects are resampled independently, and crossed (Owen 2007).
    """
    random = np.random.default_rng(7)
    intervals = []
    for counts in _studies(spread, replicates, trials):
        by_replicate, by_subject = (
            random.multinomial(size, np.full(size, 1 / size), DRAWS).astype(float)
            for size in counts.correct.shape
        )
        correct = ((by_replicate @ counts.correct) * by_subject).sum(axis=1)
        sequences = ((by_replicate @ counts.sequences) * by_subject).sum(axis=1)
        low, high = np.quantile(correct / sequences, [0.025, 0.975])
        intervals.append(Interval(counts.accuracy, low, high, replicates))
    return _rate(intervals, _truth(spread))


def coverage_of_differences(spread: Spread, trials: int) -> dict[str, Rate]:
    """Return how often intervals hold what random windows add to leaving one person out.

    One network; every person is tested both ways, on few random windows and on all.
    """
    random = np.random.default_rng(EVERYBODY)
    shape = (trials, EVERYBODY)
    people = random.normal(0, spread.people, shape)
    names = tuple(str(s) for s in range(EVERYBODY))
    sides, truths = [], []
    for mean, most in ((spread.mean + 0.5, 45), (spread.mean, 400)):
        sequences = random.integers(most // 2, most, shape)
        logits = mean + people + random.normal(0, spread.rest, shape)
        correct = random.binomial(sequences, special.expit(logits))
        sides.append(
            [
                SubjectCounts((0,), names, right[None], tested[None])
                for right, tested in zip(correct, sequences, strict=True)
            ]
        )
        truths.append(_truth(spread._replace(mean=mean, seeds=0.0)))
    pairs, truth = list(zip(*sides, strict=True)), truths[0] - truths[1]
    return {
        "paired": _rate((difference_over_people(*pair) for pair in pairs), truth),
        "from both": _rate(
            (difference_of_intervals(*map(people_interval, pair)) for pair in pairs), truth
        ),
    }


def _studies(spread: Spread, replicates: int, trials: int) -> Iterable[SubjectCounts]:
    random = np.random.default_rng([replicates, SUBJECTS])
    shape = (trials, replicates, SUBJECTS)
    sequences = np.broadcast_to(random.integers(250, 400, (trials, 1, SUBJECTS)), shape)
    logits = (
        spread.mean
        + random.normal(0, spread.people, (trials, 1, SUBJECTS))
        + random.normal(0, spread.seeds, (trials, replicates, 1))
        + random.normal(0, spread.rest, shape)
    )
    correct = random.binomial(sequences, special.expit(logits))
    people = tuple(str(s) for s in range(SUBJECTS))
    for right, tested in zip(correct, sequences, strict=True):
        yield SubjectCounts(tuple(range(replicates)), people, right, tested)


def _truth(spread: Spread) -> float:
    """Return the mean accuracy over all people and seeds, by Gauss–Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    deviation = np.sqrt(spread.people**2 + spread.seeds**2 + spread.rest**2)
    values = special.expit(spread.mean + deviation * nodes)
    return float((weights * values).sum() / weights.sum())


def _rate(intervals: Iterable[Interval], truth: float) -> Rate:
    holds = np.array([each.low <= truth <= each.high for each in intervals])
    rate = float(holds.mean())
    return Rate(rate, float(np.sqrt(rate * (1 - rate) / holds.size)))


if __name__ == "__main__":
    main()
