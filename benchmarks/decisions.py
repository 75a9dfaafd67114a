"""Decisions: how often the claims of the reports are decided falsely, and how often rightly.

Every primary claim of `config/protocol.yaml` is judged on simulated values, by its kind and with as
many configurations and replicates as it has::

    python -m benchmarks.decisions

prints the tables of docs/statistics.md. In the first each claim is true or false by next to
nothing, by chance, which is where false decisions are most frequent; a study counts if any of its
claims is decided falsely. In the second each is true by so many standard deviations over
replicates.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.assets import root
from harmodels.config.yaml_files import read_yaml
from harmodels.evaluation.claims import Judgement, Sample, Verdict, adjusted_verdict, judge_mean
from harmodels.evaluation.contrasts import judge_best, judge_count
from harmodels.evaluation.significance import adjust
from harmodels.pipeline.project import parse_project
from harmodels.reporting.protocol import PROTOCOL, Protocol, read_protocol
from harmodels.reporting.reports import Report

Values = NDArray[np.float64]
SEQUENCES = 600  # of a test set: shares are multiples of 1 / 600
SPREADS = {"normal": 0.0, "one network in ten stuck": 0.1}
MEANS = ("recall", "confused_pair", "threshold")  # kinds on one mean, and no difference
EFFECTS = (0.5, 1.0, 1.5)
MEAN, DEVIATION, STUCK = 0.6, 0.05, 1 / 6


class Claim:
    """A claim as the simulation needs it: its kind, and how many configurations it looks at."""

    def __init__(self, report: Report, name: str) -> None:
        spec = report.claims[name]
        self.kind: str = spec.kind  # type: ignore[attr-defined]
        side = spec.selections[0]
        names = report.experiments[side.experiment].configurations.values()
        self.configurations = sum(
            all(c.values.get(key) == value for key, value in side.where.items()) for c in names
        )


def main() -> None:
    """Print how often claims are decided falsely, and how often rightly."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decisions", description=__doc__)
    parser.add_argument("--studies", type=int, default=400, help="simulated studies a row (400)")
    studies = parser.parse_args().studies
    protocol = protocol_of(root())
    primary, others = claims_of(root(), protocol)
    means = np.array([claim.kind in MEANS for claim in primary])
    print(
        f"| networks | {len(primary)} primary claims | {(~means).sum()} on differences and counts "
        f"| {means.sum()} on a mean | {len(others)} other claims |\n| --- | --- | --- | --- | --- |"
    )
    for name, stuck in SPREADS.items():
        falsely = false_decisions(primary, protocol.replicates, stuck, studies)
        shown = [falsely, falsely[:, ~means], falsely[:, means]]
        shown.append(false_decisions(others, protocol.replicates, stuck, studies))
        print(f"| {name} | {' | '.join(_rate(each.any(axis=1)) for each in shown)} |")
    sizes = ", ".join(map(str, EFFECTS))
    print(f"\n| kind | claims | decided rightly at {sizes} standard deviations |")
    print("| --- | --- | --- |")
    for kind in sorted({claim.kind for claim in primary}):
        group = [claim for claim in primary if claim.kind == kind]
        rates = [
            power(group[0], protocol.replicates, len(primary), effect, studies)
            for effect in EFFECTS
        ]
        print(f"| {kind} | {len(group)} | {', '.join(f'{rate:.2f}' for rate in rates)} |")


def protocol_of(folder: Path) -> Protocol:
    """Return the protocol of a checkout; a ValueError if it has none."""
    protocol = read_protocol(folder / PROTOCOL)
    if protocol is None:
        raise ValueError(f"{folder / PROTOCOL} is missing")
    return protocol


def claims_of(folder: Path, protocol: Protocol) -> tuple[list[Claim], list[Claim]]:
    """Return the primary claims of the reports and all others."""
    project = parse_project(read_yaml(folder / "config" / "config.yaml"), folder)
    found: tuple[list[Claim], list[Claim]] = ([], [])
    for key, entry in protocol.reports.items():
        report = project.reports[key]
        for name in report.buildable("claims"):
            found[name not in entry.claims].append(Claim(report, name))
    return found


def false_decisions(
    claims: list[Claim], replicates: int, stuck: float, studies: int
) -> NDArray[np.bool_]:
    """Return which claims are decided falsely, shape (studies, claims).

    Each is true or false by next to nothing, by chance.
    """
    random = np.random.default_rng([replicates, len(claims), int(100 * stuck)])
    return np.array(
        [
            [
                _decided(_judged(claim, random, replicates, stuck, 0.0), len(claims))
                == random.choice([Verdict.HOLDS, Verdict.FAILS])
                for claim in claims
            ]
            for _ in range(studies)
        ]
    )


def power(claim: Claim, replicates: int, tests: int, effect: float, studies: int) -> float:
    """Return how often a claim is decided rightly that is true by `effect` deviations."""
    random = np.random.default_rng([replicates, tests])
    judged = (_judged(claim, random, replicates, 0.0, effect) for _ in range(studies))
    return float(np.mean([_decided(each, tests) == Verdict.HOLDS for each in judged]))


def _decided(judgement: Judgement, tests: int) -> Verdict:
    return adjusted_verdict(judgement, adjust([judgement.p_value], tests)[0])


def _judged(
    claim: Claim, random: np.random.Generator, replicates: int, stuck: float, effect: float
) -> Judgement:
    """Judge simulated values of a claim that is true by `effect` standard deviations."""
    K = claim.configurations
    if claim.kind == "best":
        return _judge_best(random, replicates, K, stuck, effect)
    if claim.kind == "count":
        values = random.normal(effect, 1.0, (K, replicates))  # on both sides of 0 without effect
        return judge_count(_frame(values), 0.0, "greater")[0]
    if claim.kind.startswith("majority"):
        ahead = random.normal(effect, 1.0, (replicates, K)) > 0
        return judge_mean(ahead.mean(axis=1), 0.5, "greater", share=True)
    left, right = (_accuracies(random, (replicates,), stuck) for _ in range(2))
    if claim.kind in MEANS:
        truth = MEAN - stuck * (MEAN - STUCK)
        found = left + effect * DEVIATION
        return judge_mean(np.clip(found, 0, 1), truth, "at_least", share=True)
    # all other kinds judge differences
    return judge_mean(left - right + effect * DEVIATION * np.sqrt(2), 0.0, "greater")


def _judge_best(
    random: np.random.Generator, replicates: int, K: int, stuck: float, effect: float
) -> Judgement:
    values = _accuracies(random, (K, replicates), stuck)
    values[0] += effect * DEVIATION * np.sqrt(2)
    return judge_best(Sample(_frame(values), 1 / SEQUENCES), "0", "greater")


def _accuracies(random: np.random.Generator, shape: tuple[int, ...], stuck: float) -> Values:
    values = random.normal(MEAN, DEVIATION, shape)
    values = np.where(random.random(shape) < stuck, STUCK, values)
    return np.rint(values * SEQUENCES) / SEQUENCES


def _frame(values: Values) -> pd.DataFrame:
    """Return a frame of values, shape (configurations, replicates), as claims have them."""
    return pd.DataFrame(_rows(values))


def _rows(values: Values) -> Iterator[Mapping[str, Any]]:
    for name, each in enumerate(values):
        for replicate, value in enumerate(each):
            yield {"configuration": str(name), "replicate": replicate, "value": value}


def _rate(found: NDArray[np.bool_]) -> str:
    rate = float(found.mean())
    return f"{100 * rate:.1f} ± {100 * np.sqrt(rate * (1 - rate) / found.size):.1f}"


if __name__ == "__main__":
    main()
