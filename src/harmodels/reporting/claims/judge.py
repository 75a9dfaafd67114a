"""What our replicates say to the claims of a report; one function a kind of claim."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from harmodels.errors import ConfigurationError
from harmodels.evaluation.claims import (
    Judgement,
    at_least_everywhere,
    best_of,
    compare,
    equivalent,
    majority,
    mean_beyond,
    share_beyond,
)
from harmodels.reporting.claims.ledger import EITHER_WAY, LEDGER_COLUMNS
from harmodels.reporting.labels import agrees, class_text, measure_label, value_text
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import (
    LOSS_MEASURES,
    confused_share,
    loss_measure,
    prediction_measure,
    recall_of,
    unknown_classes,
)
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.specs import Spec

Runs = Mapping[str, Sequence[Run]]


class Evidence(NamedTuple):
    """A judgement with the words for what was measured and what was left out."""

    judgement: Judgement
    quantity: str
    note: str = ""


def evaluate_claims(claims: Mapping[str, Spec], runs: Runs) -> pd.DataFrame:
    """Judge every claim of a report; one row a claim, columns `LEDGER_COLUMNS`.

    Parameters
    ----------
    claims
        The section `claims` of a report's configuration, by id.
    runs
        The runs of each experiment that `specs.experiments_of` names for any of them.

    Raises
    ------
    ConfigurationError
        If a kind, a measure or a key of `where` does not exist; it names the claim.
    """
    rows = []
    for name, spec in claims.items():
        try:
            evidence = _evidence(spec, runs)
        except ConfigurationError as error:
            raise ConfigurationError(f"claim {name!r}: {error}") from error
        rows.append(_row(name, spec, evidence, any(r.simulated for g in runs.values() for r in g)))
    return pd.DataFrame(rows, columns=list(LEDGER_COLUMNS))


def _evidence(spec: Spec, runs: Runs) -> Evidence:
    kinds: dict[str, Callable[[Spec, Runs], Evidence]] = {
        "comparison": _comparison,
        "majority": _comparison,
        "equivalence": _comparison,
        "best": _best,
        "threshold": _threshold,
        "share": _threshold,
        "recall": _recall,
        "confused_pair": _confused_pair,
    }
    if spec.get("kind") not in kinds:
        raise ConfigurationError(
            f"there is no claim of kind {spec.get('kind')!r}; there are {', '.join(kinds)}"
        )
    return kinds[spec["kind"]](spec, runs)


def _comparison(spec: Spec, runs: Runs) -> Evidence:
    """Judge left against right, configurations paired on the keys that neither side fixes.

    One configuration on each side is a pair whatever its keys.
    """
    sides = [select_runs(runs, spec[side]) for side in ("left", "right")]
    fixed = {key for side in ("left", "right") for key in spec[side].get("where", {})}
    common = set(sides[0][0].configuration) & set(sides[1][0].configuration)
    pair_on = [key for key in sides[0][0].configuration if key in common - fixed]
    if len(sides[0]) == len(sides[1]) == 1:
        pair_on = []
    left, right = (
        _sample(spec, spec[side], group)
        for side, group in zip(("left", "right"), sides, strict=True)
    )
    name = _measure_text(spec)
    if spec["kind"] == "majority":
        judgement = majority(left, right, pair_on, spec["expected"])
        quantity = f"share of configurations with {spec['expected']} {name}"
    elif spec["kind"] == "equivalence":
        judgement = equivalent(left, right, pair_on, spec["margin"])
        quantity = f"{name}, {EITHER_WAY}"
    else:
        judgement = compare(left, right, pair_on, spec["expected"])
        quantity = f"{name}, difference"
    return Evidence(judgement, quantity, _note(spec, sides, [left, right]))


def _best(spec: Spec, runs: Runs) -> Evidence:
    """Judge the configuration `best` against the strongest other one among `where`."""
    group = select_runs(runs, spec)
    sample = _sample(spec, spec, group)
    names = {run.name for run in group if agrees(run.configuration, spec["best"])}
    if len(names) != 1:
        raise ConfigurationError(
            f"`best` {spec['best']} names {len(names)} of the configurations compared, not one"
        )
    judgement = best_of(sample, sample["configuration"].isin(names), spec["expected"])
    quantity = f"{_measure_text(spec)}, difference to the strongest other configuration"
    return Evidence(judgement, quantity, _note(spec, [group], [sample]))


def _threshold(spec: Spec, runs: Runs) -> Evidence:
    """Judge the configurations' mean, or the share of them, beyond `threshold`."""
    group = select_runs(runs, spec)
    sample = _sample(spec, spec, group)
    name = _measure_text(spec)
    if spec["kind"] == "threshold":
        judgement = mean_beyond(sample, float(spec["threshold"]), spec["expected"])
        quantity = f"{name}, mean over the configurations"
    else:
        judgement = share_beyond(sample, float(spec["threshold"]), spec["expected"])
        side = {"greater": "above", "less": "below"}[spec["expected"]]
        limit = value_text(float(spec["threshold"]))
        quantity = f"share of configurations with {name} {side} {limit}"
    return Evidence(judgement, quantity, _note(spec, [group], [sample]))


def _recall(spec: Spec, runs: Runs) -> Evidence:
    """Judge the lowest recall of a class over all configurations against `at_least`."""
    group = select_runs(runs, spec)
    sample = _sample(spec | {"metric": "recall"}, spec, group)
    quantity = f"lowest recall of {class_text(spec['class'])!r} over the configurations"
    judgement = at_least_everywhere(sample, float(spec["at_least"]))
    return Evidence(judgement, quantity, _note(spec, [group], [sample]))


def _confused_pair(spec: Spec, runs: Runs) -> Evidence:
    """Judge the share of all errors that lie between two classes against `at_least`."""
    group = select_runs(runs, spec)
    parts = [
        _named(
            run,
            confused_share(run, spec["classes"], spec["checkpoint"], spec.get("split", "test")),
        )
        for run in group
    ]
    sample = pd.concat(parts, ignore_index=True)
    first, second = (class_text(name) for name in spec["classes"])
    quantity = f"share of the errors between {first!r} and {second!r}"
    judgement = mean_beyond(sample, float(spec["at_least"]), "greater")
    return Evidence(judgement, quantity, _note(spec, [group], [sample]))


def _sample(spec: Spec, side: Spec, group: Sequence[Run]) -> pd.DataFrame:
    """Return configuration (name), its keys, replicate and value of every run."""
    measure, split = spec["metric"], side.get("split", "test")
    parts = []
    for run in group:
        if measure in LOSS_MEASURES:
            loss = spec["loss"]
            values = loss_measure(run, measure, loss["metric"], loss["split"])
        elif measure == "recall":
            values = recall_of(run, spec["class"], side["checkpoint"], split)
        else:
            values = prediction_measure(run, measure, side["checkpoint"], split)
        parts.append(_named(run, values))
    return pd.concat(parts, ignore_index=True)


def _named(run: Run, values: pd.DataFrame) -> pd.DataFrame:
    return values.assign(configuration=run.name, **run.configuration)


def _measure_text(spec: Spec) -> str:
    if spec["metric"] == "recall":
        return f"recall of {class_text(spec['class'])!r}"
    return measure_label(spec["metric"])


def _note(spec: Spec, groups: Sequence[Sequence[Run]], samples: Sequence[pd.DataFrame]) -> str:
    """Say which classes the data set lacks, or how many values are missing and why."""
    wanted = [spec["class"]] if "class" in spec else spec.get("classes", [])
    unknown = unknown_classes(groups[0][0], wanted)
    if unknown:
        return f"the data set has no class {class_text(unknown[0])!r}"
    trained = sum(run.replicates for group in groups for run in group)
    left_out = trained - sum(len(sample) for sample in samples)
    if not left_out:
        return ""
    diverged = sum(len(run.diverged) for group in groups for run in group)
    reason = " because the replicate diverged" if left_out <= diverged else ""
    return f"{left_out} of {trained} values are missing{reason}"


def _row(name: str, spec: Spec, evidence: Evidence, simulated: bool) -> dict[str, Any]:
    judgement = evidence.judgement
    published = spec.get("published", {})
    return {
        "id": name,
        "statement": spec["statement"],
        "verdict": str(judgement.verdict),
        "quantity": evidence.quantity,
        "value": judgement.interval.mean,
        "low": judgement.interval.low,
        "high": judgement.interval.high,
        "threshold": judgement.threshold,
        "n": judgement.interval.n,
        "published_verdict": published.get("verdict", ""),
        "published_value": published.get("value", np.nan),
        "published_source": published.get("source", ""),
        "note": evidence.note,
        "simulated": simulated,
    }
