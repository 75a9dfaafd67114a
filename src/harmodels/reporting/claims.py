"""The claims ledger: what a report states, what our replicates say to it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from harmodels.errors import ConfigurationError, ResultsError
from harmodels.evaluation.claims import (
    Judgement,
    at_least_everywhere,
    best_of,
    compare,
    majority,
)
from harmodels.evaluation.statistics import LEVEL
from harmodels.files import write_text
from harmodels.reporting.labels import agrees, class_text, measure_label
from harmodels.reporting.measures import (
    LOSS_MEASURES,
    loss_measure,
    prediction_measure,
    recall_of,
)
from harmodels.reporting.runs import Run, runs_of
from harmodels.reporting.specs import Spec
from harmodels.reporting.tables.layout import MISSING, SIMULATED
from harmodels.reporting.tables.markdown import markdown_row

Runs = Mapping[str, Sequence[Run]]

LEDGER_COLUMNS = (
    "id",
    "statement",
    "verdict",
    "quantity",
    "value",
    "low",
    "high",
    "threshold",
    "n",
    "published_verdict",
    "published_value",
    "published_source",
    "note",
    "simulated",
)


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


def write_claims(ledger: pd.DataFrame, stem: str | Path) -> None:
    """Write `<stem>.csv` in full precision and `<stem>.md` for reading."""
    write_text(f"{stem}.csv", ledger.to_csv(index=False, lineterminator="\n"))
    write_text(f"{stem}.md", claims_markdown(ledger))


def read_claims_csv(path: str | Path) -> pd.DataFrame:
    """Read the ledger back from CSV.

    Raises
    ------
    ResultsError
        If the file is missing or lacks a column.
    """
    try:
        ledger = pd.read_csv(path, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise ResultsError(
            f"cannot read {path}: {error}. Delete it and run snakemake again."
        ) from error
    missing = [name for name in LEDGER_COLUMNS if name not in ledger.columns]
    if missing:
        raise ResultsError(
            f"{path} lacks the column {missing[0]!r}. Delete it and run snakemake again."
        )
    return ledger


def claims_markdown(ledger: pd.DataFrame) -> str:
    """Return the ledger as a Markdown table under a caption."""
    caption = ["**Claims of the report, judged over replicates.**", claims_caption()]
    if ledger["simulated"].any():
        caption.insert(1, SIMULATED)
    headings = ["Claim", "Verdict", "Measured", "Published", "Note"]
    lines = [" ".join(caption), "", markdown_row(headings), "| :--- | :--- | :--- | :--- | :--- |"]
    lines += [markdown_row(list(row)) for row in claims_rows(ledger)]
    return "\n".join(lines) + "\n"


def claims_caption() -> str:
    """Return the sentence that explains the verdicts."""
    return (
        f"A claim holds, or does not, if the whole {LEVEL:.0%} interval over replicates lies on "
        "one side of the threshold; otherwise it is undecided."
    ).replace("%", " %")


def claims_rows(ledger: pd.DataFrame) -> list[tuple[str, str, str, str, str]]:
    """Return statement, verdict, measured, published and note of each claim, as printed."""
    return [
        (
            str(row["statement"]),
            str(row["verdict"]),
            _measured_text(row),
            _published_text(row),
            _text(row["note"]),
        )
        for row in ledger.to_dict("records")
    ]


def _evidence(spec: Spec, runs: Runs) -> Evidence:
    kinds: dict[str, Callable[[Spec, Runs], Evidence]] = {
        "comparison": _comparison,
        "majority": _comparison,
        "best": _best,
        "recall": _recall,
    }
    if spec.get("kind") not in kinds:
        raise ConfigurationError(
            f"there is no claim of kind {spec.get('kind')!r}; there are {', '.join(kinds)}"
        )
    return kinds[spec["kind"]](spec, runs)


def _comparison(spec: Spec, runs: Runs) -> Evidence:
    """Judge left against right, configurations paired on the keys that neither side fixes."""
    sides = [_selected(spec[side], runs) for side in ("left", "right")]
    fixed = {key for side in ("left", "right") for key in spec[side].get("where", {})}
    common = set(sides[0][0].configuration) & set(sides[1][0].configuration)
    pair_on = [key for key in sides[0][0].configuration if key in common - fixed]
    samples = [
        _sample(spec, spec[side], group)
        for side, group in zip(("left", "right"), sides, strict=True)
    ]
    judged = compare if spec["kind"] == "comparison" else majority
    judgement = judged(samples[0], samples[1], pair_on, spec["expected"])
    name = measure_label(spec["metric"])
    quantity = (
        f"{name}, difference"
        if spec["kind"] == "comparison"
        else f"share of configurations with {spec['expected']} {name}"
    )
    return Evidence(judgement, quantity, _missing_note(sides, samples))


def _best(spec: Spec, runs: Runs) -> Evidence:
    """Judge the configuration `best` against the strongest other one among `where`."""
    group = _selected(spec, runs)
    sample = _sample(spec, spec, group)
    names = {run.name for run in group if agrees(run.configuration, spec["best"])}
    if len(names) != 1:
        raise ConfigurationError(
            f"`best` {spec['best']} names {len(names)} of the configurations compared, not one"
        )
    judgement = best_of(sample, sample["configuration"].isin(names), spec["expected"])
    quantity = f"{measure_label(spec['metric'])}, difference to the strongest other configuration"
    return Evidence(judgement, quantity, _missing_note([group], [sample]))


def _recall(spec: Spec, runs: Runs) -> Evidence:
    """Judge the lowest recall of a class over all configurations against `at_least`."""
    group = _selected(spec, runs)
    parts = [
        _named(run, recall_of(run, spec["class"], spec["checkpoint"], spec.get("split", "test")))
        for run in group
    ]
    sample = pd.concat(parts, ignore_index=True)
    known = class_text(spec["class"]) in {class_text(name) for name in group[0].classes}
    note = (
        _missing_note([group], [sample])
        if known
        else f"the data set has no class {class_text(spec['class'])!r}"
    )
    quantity = f"lowest recall of {class_text(spec['class'])!r} over the configurations"
    return Evidence(at_least_everywhere(sample, float(spec["at_least"])), quantity, note)


def _selected(side: Spec, runs: Runs) -> list[Run]:
    group = runs_of(runs, side["experiment"])
    found = [run for run in group if agrees(run.configuration, side.get("where", {}))]
    if not found:
        raise ConfigurationError(
            f"no configuration of experiment {side['experiment']!r} agrees with {side.get('where')}"
        )
    return found


def _sample(spec: Spec, side: Spec, group: Sequence[Run]) -> pd.DataFrame:
    """Return configuration (name), its keys, replicate and value of every run."""
    measure = spec["metric"]
    parts = []
    for run in group:
        if measure in LOSS_MEASURES:
            loss = spec["loss"]
            values = loss_measure(run, measure, loss["metric"], loss["split"])
        else:
            split = side.get("split", "test")
            values = prediction_measure(run, measure, side["checkpoint"], split)
        parts.append(_named(run, values))
    return pd.concat(parts, ignore_index=True)


def _named(run: Run, values: pd.DataFrame) -> pd.DataFrame:
    return values.assign(configuration=run.name, **run.configuration)


def _missing_note(groups: Sequence[Sequence[Run]], samples: Sequence[pd.DataFrame]) -> str:
    trained = sum(run.replicates for group in groups for run in group)
    left_out = trained - sum(len(sample) for sample in samples)
    if not left_out:
        return ""
    return f"{left_out} of {trained} values are missing because the replicate diverged"


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


def _measured_text(row: Mapping[Any, Any]) -> str:
    if row["n"] == 0:
        return MISSING
    text = f"{row['quantity']}: {_signed(row, row['value'])}"
    if row["n"] > 1:
        text += f" ± {(row['high'] - row['low']) / 2:.3f}"
    return f"{text} (threshold {row['threshold']:g}, {row['n']} replicates)"


def _published_text(row: Mapping[Any, Any]) -> str:
    parts = [_text(row["published_verdict"])]
    if not pd.isna(row["published_value"]):
        parts.append(_signed(row, row["published_value"]))
    text = ", ".join(part for part in parts if part) or MISSING
    source = _text(row["published_source"])
    return f"{text} ({source})" if source else text


def _signed(row: Mapping[Any, Any], value: float) -> str:
    return f"{value:+.3f}" if "difference" in str(row["quantity"]) else f"{value:.3f}"


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
