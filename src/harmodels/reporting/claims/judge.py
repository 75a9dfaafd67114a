"""Judgement of a report's claims over our replicates; one function a kind of claim."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from harmodels.config.selection import Selection, agrees
from harmodels.config.specs import ClaimSpec, selections_of
from harmodels.config.specs.claims import (
    Best,
    Comparison,
    ConfusedPair,
    Equivalence,
    HighestRecall,
    Interaction,
    MistakenFor,
    Published,
    Recall,
    Straight,
    Threshold,
    Trend,
    sides_of,
)
from harmodels.errors import ConfigurationError
from harmodels.evaluation.claims import (
    Judgement,
    Verdict,
    adjusted_verdict,
    best_of,
    compare,
    equivalent,
    majority,
    majority_untied,
    mean_beyond,
    share_beyond,
)
from harmodels.evaluation.contrasts import best_of_each, count_beyond, interaction
from harmodels.evaluation.significance import adjust, replicates_to_decide
from harmodels.evaluation.statistics import LEVEL
from harmodels.evaluation.trends import straight, trend
from harmodels.reporting.claims import classes
from harmodels.reporting.claims.evidence import Evidence, joined, note_on
from harmodels.reporting.claims.ledger import EITHER_WAY, LEDGER_COLUMNS
from harmodels.reporting.labels import class_text, key_label, measure_label, value_text
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.measures import (
    loss_measure,
    prediction_measure,
    recall_of,
)
from harmodels.reporting.runs.published import counterparts
from harmodels.reporting.runs.selection import select_runs

Line = Trend | Straight
# claims on a metric of one's choice
Measured = Comparison | Equivalence | Best | Threshold | Interaction | Line


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
        case Interaction():
            return _interaction(spec, runs)
        case Trend() | Straight():
            return _line(spec, runs)
        case Recall():
            return classes.recall(spec, runs)
        case HighestRecall():
            return classes.highest_recall(spec, runs)
        case ConfusedPair():
            return classes.confused_pair(spec, runs)
        case MistakenFor():
            return classes.mistaken_for(spec, runs)


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
    elif spec.kind == "majority_untied":
        judgement = majority_untied(left, right, pair_on, spec.expected)
        quantity = f"share with {spec.expected} {name} among the configurations that differ"
    elif spec.kind == "best_of_each":
        judgement = best_of_each(left, right, spec.expected)
        quantity = f"{name} of the best configuration of each side, difference"
    else:
        judgement = compare(left, right, pair_on, spec.expected)
        quantity = f"{name}, difference"
    return Evidence(judgement, quantity, note_on(groups, [left, right], _classes(spec)))


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
    return Evidence(judgement, quantity, note_on([group], [sample], _classes(spec)))


def _threshold(spec: Threshold, runs: Runs) -> Evidence:
    """Judge the configurations' mean, or the share of them, beyond `threshold`."""
    group = select_runs(runs, spec.selection)
    sample = _sample(spec, spec.selection, group)
    name, limit = _measure_text(spec), float(spec.threshold)
    beyond = f"{name} {'above' if spec.expected == 'greater' else 'below'} {value_text(limit)}"
    if spec.kind == "threshold":
        judgement = mean_beyond(sample, limit, spec.expected)
        quantity = f"{name}, mean over the configurations"
    elif spec.kind == "count":
        judgement, count = count_beyond(sample, limit, spec.expected)
        quantity = f"share of networks with {beyond} ({count} of {len(sample)})"
    else:
        judgement = share_beyond(sample, limit, spec.expected)
        quantity = f"share of configurations with {beyond}"
    return Evidence(judgement, quantity, note_on([group], [sample], _classes(spec)))


def _interaction(spec: Interaction, runs: Runs) -> Evidence:
    """Judge how much larger a difference is `at` some values of the grid than `elsewhere`."""
    sides = sides_of(spec)
    groups = [select_runs(runs, side) for side in sides]
    fixed = {key for side in sides for key in side.where}
    pair_on = [key for key in groups[0][0].configuration if key not in fixed]
    samples = [_sample(spec, side, group) for side, group in zip(sides, groups, strict=True)]
    left, right, other_left, other_right = samples
    judgement = interaction((left, right), (other_left, other_right), pair_on, spec.expected)
    quantity = f"{_measure_text(spec)}, difference of two differences"
    return Evidence(judgement, quantity, note_on(groups, samples, _classes(spec)))


def _line(spec: Line, runs: Runs) -> Evidence:
    """Judge how the metric changes along an option, or how straight it does."""
    group = select_runs(runs, spec.selection)
    sample = _sample(spec, spec.selection, group)
    along = {run.name: run.configuration[spec.option] for run in group}
    place = {name: np.log2(at) if spec.scale == "log" else at for name, at in along.items()}
    placed = sample.assign(place=sample["configuration"].map(place))
    axis = key_label(spec.option).lower() + (" (log scale)" if spec.scale == "log" else "")
    name = f"{_measure_text(spec)} along {axis}"
    if isinstance(spec, Trend):
        judgement = trend(placed, sorted(place.values()), spec.expected)
        ends = " to ".join(value_text(at) for at in (min(along.values()), max(along.values())))
        quantity = f"{name}, difference from {ends} on the straight line"
    else:
        judgement = straight(placed, sorted(place.values()), spec.margin)
        quantity = f"{name}, middle above a straight line, {EITHER_WAY}"
    return Evidence(judgement, quantity, note_on([group], [sample], _classes(spec)))


def _sample(spec: Measured, selection: Selection, group: Sequence[Run]) -> pd.DataFrame:
    """Return configuration (name), its keys, replicate and value of every run."""

    def values(run: Run) -> pd.DataFrame:
        if spec.loss is not None:
            curve = spec.loss
            return loss_measure(run, spec.metric, curve.metric, curve.split, curve.reach)
        if spec.class_name is not None:
            return recall_of(run, spec.class_name, selection.checkpoint, selection.split)
        return prediction_measure(run, spec.metric, selection.checkpoint, selection.split)

    return joined(group, values)


def _measure_text(spec: Measured) -> str:
    if spec.class_name is not None:
        return f"recall of {class_text(spec.class_name)!r}"
    if spec.loss is not None and spec.loss.reach is not None:
        return f"epochs to a {spec.loss.split} loss of {value_text(spec.loss.reach)}"
    return measure_label(spec.metric)


def _classes(spec: Measured) -> list[str]:
    return [] if spec.class_name is None else [spec.class_name]


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
    """Return what published data say to a claim, or without them what the configuration says."""
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
    # of shares of configurations or networks on the expected side, more than half holds
    shares = ("majority", "majority_untied", "share", "count")
    match spec:
        case Equivalence() | Straight():
            holds = abs(value) < threshold
        case Recall():
            holds = value >= threshold
        case (
            Comparison(expected="less")
            | Best(expected="less")
            | Threshold(expected="less")
            | Interaction(expected="less")
            | MistakenFor(expected="less")
            | Trend(expected="less")
        ) if spec.kind not in shares:
            holds = value < threshold
        case _:
            holds = value > threshold
    return Verdict.HOLDS if holds else Verdict.FAILS
