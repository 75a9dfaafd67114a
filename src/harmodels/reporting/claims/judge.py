"""Judgement of a report's claims over our replicates; one function a kind of claim."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from harmodels.config.selection import Selection, agrees
from harmodels.config.specs import ClaimSpec, selections_of
from harmodels.config.specs.claims import (
    Best,
    Comparison,
    ConfusedPair,
    Equivalence,
    Published,
    Recall,
    Threshold,
)
from harmodels.errors import ConfigurationError
from harmodels.evaluation.claims import (
    Judgement,
    Verdict,
    adjusted_verdict,
    at_least_everywhere,
    best_of,
    compare,
    equivalent,
    majority,
    mean_beyond,
    share_beyond,
)
from harmodels.evaluation.significance import adjust, replicates_to_decide
from harmodels.evaluation.statistics import LEVEL
from harmodels.reporting.claims.ledger import DIVERGED, EITHER_WAY, LEDGER_COLUMNS
from harmodels.reporting.labels import class_text, measure_label, value_text
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.measures import (
    confused_share,
    loss_measure,
    prediction_measure,
    recall_of,
    unknown_classes,
)
from harmodels.reporting.runs.published import counterparts
from harmodels.reporting.runs.selection import select_runs

Measured = Comparison | Equivalence | Best | Threshold  # claims on a metric of one's choice


class Evidence(NamedTuple):
    """A judgement with the words for what was measured and what was left out."""

    judgement: Judgement
    quantity: str
    note: str = ""


def evaluate_claims(
    claims: Mapping[str, ClaimSpec], runs: Runs, published: Runs | None = None
) -> pd.DataFrame:
    """Judge every claim of a report; one row a claim, columns `LEDGER_COLUMNS`.

    What the report published of the experiments (`published`) is judged by the same code as a
    single replicate, whose value decides by its side of the threshold.

    Parameters
    ----------
    claims
        By id, as `config.specs.parse_claim` reads them from a report's configuration.
    runs
        The runs of each experiment that any of them selects from.

    Raises
    ------
    ConfigurationError
        If a key of `where` does not exist or nothing agrees with it; it names the claim.
    """
    found = {}
    for name, spec in claims.items():
        try:
            found[name] = _evidence(spec, runs)
        except ConfigurationError as error:
            raise ConfigurationError(f"claim {name!r}: {error}") from error
    theirs = counterparts(runs, published or {})
    simulated = any(run.simulated for group in runs.values() for run in group)
    p_values = [evidence.judgement.p_value for evidence in found.values()]
    adjusted = adjust(p_values)
    tests = int(np.isfinite(p_values).sum())
    rows = [
        _row(name, claims[name], evidence, simulated)
        | _published(claims[name], theirs)
        | _corrected(evidence.judgement, p, tests)
        for (name, evidence), p in zip(found.items(), adjusted, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(LEDGER_COLUMNS))


def _corrected(judgement: Judgement, adjusted: float, tests: int) -> dict[str, Any]:
    """Return what a claim's row says of it as one of `tests` claims of the ledger.

    An undecided claim says how many replicates would decide it if the effect is as large as seen,
    with all of Holm's correction for the number of claims: the strictest level that it may meet.
    """
    verdict = adjusted_verdict(judgement, adjusted)
    needed = None
    if verdict == Verdict.UNDECIDED and tests:
        needed = replicates_to_decide(judgement.effect, 1 - (1 - LEVEL) / tests)
    return {
        "adjusted_verdict": str(verdict),
        "p_value": judgement.p_value,
        "adjusted_p_value": adjusted,
        "effect_size": judgement.effect,
        "replicates_to_decide": np.nan if needed is None else needed,
    }


def _evidence(spec: ClaimSpec, runs: Runs) -> Evidence:
    match spec:
        case Comparison() | Equivalence():
            return _comparison(spec, runs)
        case Best():
            return _best(spec, runs)
        case Threshold():
            return _threshold(spec, runs)
        case Recall():
            return _recall(spec, runs)
        case ConfusedPair():
            return _confused_pair(spec, runs)


def _comparison(spec: Comparison | Equivalence, runs: Runs) -> Evidence:
    """Judge left against right, configurations paired on the keys that neither side fixes.

    One configuration on each side is a pair whatever its keys.
    """
    sides = (spec.left, spec.right)
    groups = [select_runs(runs, side) for side in sides]
    fixed = {key for side in sides for key in side.where}
    common = set(groups[0][0].configuration) & set(groups[1][0].configuration)
    pair_on = [key for key in groups[0][0].configuration if key in common - fixed]
    if len(groups[0]) == len(groups[1]) == 1:
        pair_on = []
    left, right = (_sample(spec, side, group) for side, group in zip(sides, groups, strict=True))
    name = _measure_text(spec)
    if isinstance(spec, Equivalence):
        judgement = equivalent(left, right, pair_on, spec.margin)
        quantity = f"{name}, {EITHER_WAY}"
    elif spec.kind == "majority":
        judgement = majority(left, right, pair_on, spec.expected)
        quantity = f"share of configurations with {spec.expected} {name}"
    else:
        judgement = compare(left, right, pair_on, spec.expected)
        quantity = f"{name}, difference"
    return Evidence(judgement, quantity, _note(groups, [left, right], _classes(spec)))


def _best(spec: Best, runs: Runs) -> Evidence:
    """Judge the configuration `best` against the strongest other one among `where`."""
    group = select_runs(runs, spec.selection)
    sample = _sample(spec, spec.selection, group)
    names = {run.name for run in group if agrees(run.configuration, spec.best)}
    if len(names) != 1:
        raise ConfigurationError(
            f"`best` {spec.best} names {len(names)} of the configurations compared, not one"
        )
    judgement = best_of(sample, sample["configuration"].isin(names), spec.expected)
    quantity = f"{_measure_text(spec)}, difference to the strongest other configuration"
    return Evidence(judgement, quantity, _note([group], [sample], _classes(spec)))


def _threshold(spec: Threshold, runs: Runs) -> Evidence:
    """Judge the configurations' mean, or the share of them, beyond `threshold`."""
    group = select_runs(runs, spec.selection)
    sample = _sample(spec, spec.selection, group)
    name, limit = _measure_text(spec), float(spec.threshold)
    if spec.kind == "threshold":
        judgement = mean_beyond(sample, limit, spec.expected)
        quantity = f"{name}, mean over the configurations"
    else:
        judgement = share_beyond(sample, limit, spec.expected)
        side = {"greater": "above", "less": "below"}[spec.expected]
        quantity = f"share of configurations with {name} {side} {value_text(limit)}"
    return Evidence(judgement, quantity, _note([group], [sample], _classes(spec)))


def _recall(spec: Recall, runs: Runs) -> Evidence:
    """Judge the lowest recall of a class over all configurations against `at_least`."""
    group, selection = select_runs(runs, spec.selection), spec.selection
    sample = _joined(
        group, lambda run: recall_of(run, spec.class_name, selection.checkpoint, selection.split)
    )
    quantity = f"lowest recall of {class_text(spec.class_name)!r} over the configurations"
    judgement = at_least_everywhere(sample, float(spec.at_least))
    return Evidence(judgement, quantity, _note([group], [sample], [spec.class_name]))


def _confused_pair(spec: ConfusedPair, runs: Runs) -> Evidence:
    """Judge the share of all errors that lie between two classes against `at_least`."""
    group, selection = select_runs(runs, spec.selection), spec.selection
    sample = _joined(
        group, lambda run: confused_share(run, spec.classes, selection.checkpoint, selection.split)
    )
    first, second = (class_text(name) for name in spec.classes)
    quantity = f"share of the errors between {first!r} and {second!r}"
    judgement = mean_beyond(sample, float(spec.at_least), "greater")
    return Evidence(judgement, quantity, _note([group], [sample], spec.classes))


def _sample(spec: Measured, selection: Selection, group: Sequence[Run]) -> pd.DataFrame:
    """Return configuration (name), its keys, replicate and value of every run."""

    def values(run: Run) -> pd.DataFrame:
        if spec.loss is not None:
            return loss_measure(run, spec.metric, spec.loss.metric, spec.loss.split)
        if spec.class_name is not None:
            return recall_of(run, spec.class_name, selection.checkpoint, selection.split)
        return prediction_measure(run, spec.metric, selection.checkpoint, selection.split)

    return _joined(group, values)


def _joined(group: Sequence[Run], values: Callable[[Run], pd.DataFrame]) -> pd.DataFrame:
    parts = [values(run).assign(configuration=run.name, **run.configuration) for run in group]
    return pd.concat(parts, ignore_index=True)


def _measure_text(spec: Measured) -> str:
    if spec.class_name is not None:
        return f"recall of {class_text(spec.class_name)!r}"
    return measure_label(spec.metric)


def _classes(spec: Measured) -> list[str]:
    return [] if spec.class_name is None else [spec.class_name]


def _note(
    groups: Sequence[Sequence[Run]], samples: Sequence[pd.DataFrame], classes: Sequence[str]
) -> str:
    """Say which classes the data set lacks, or how many values are missing and why."""
    unknown = unknown_classes(groups[0][0], classes)
    if unknown:
        return f"the data set has no class {class_text(unknown[0])!r}"
    asked = sum(run.replicates for group in groups for run in group)
    missing = asked - sum(len(sample) for sample in samples)
    if not missing:
        return ""
    # a comparison of two checkpoints has the same runs on both sides
    runs = {run.folder: run for group in groups for run in group}.values()
    diverged = sum(len(run.diverged) for run in runs)
    trained = sum(run.replicates for run in runs)
    parts = [f"{diverged} of {trained} {DIVERGED}"] if diverged else []
    others = missing - sum(len(run.diverged) for group in groups for run in group)
    if others > 0:
        parts.append(f"{others} of {asked} values are missing")
    return "; ".join(parts)


def _row(name: str, spec: ClaimSpec, evidence: Evidence, simulated: bool) -> dict[str, Any]:
    judgement = evidence.judgement
    return {
        "id": name,
        "statement": spec.statement,
        "verdict": str(judgement.verdict),
        "quantity": evidence.quantity,
        "value": judgement.interval.mean,
        "low": judgement.interval.low,
        "high": judgement.interval.high,
        "threshold": judgement.threshold,
        "n": judgement.interval.n,
        "note": evidence.note,
        "simulated": simulated,
    }


def _published(spec: ClaimSpec, theirs: Runs) -> dict[str, Any]:
    """Return what the published data say to a claim; what is typed, where there are none."""
    typed = spec.published or Published()
    judgement = _judge_published(spec, theirs)
    verdict, value = str(typed.verdict or ""), typed.value
    if judgement is not None:
        value = judgement.interval.mean
        verdict = str(_verdict_of_one(spec, value, judgement.threshold))
    return {
        "published_verdict": verdict,
        "published_value": np.nan if value is None else value,
        "published_source": typed.source or "",
    }


def _judge_published(spec: ClaimSpec, theirs: Runs) -> Judgement | None:
    """Return the judgement over one published replicate; None where data are missing."""
    if not all(theirs.get(selection.experiment) for selection in selections_of(spec)):
        return None
    try:
        judgement = _evidence(spec, theirs).judgement
    except ConfigurationError:  # ours has what the claim names, and the published data have not
        return None
    return judgement if judgement.interval.n else None


def _verdict_of_one(spec: ClaimSpec, value: float, threshold: float) -> Verdict:
    """Return on which side of the threshold a value lies; there is no interval of one replicate."""
    match spec:
        case Equivalence():
            holds = abs(value) < threshold
        case Recall():
            holds = value >= threshold
        case Comparison(kind="comparison", expected="less") | Best(expected="less"):
            holds = value < threshold
        case Threshold(kind="threshold", expected="less"):
            holds = value < threshold
        case _:
            holds = value > threshold
    return Verdict.HOLDS if holds else Verdict.FAILS
