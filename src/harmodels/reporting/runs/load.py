"""Runs under results/: the files that a training job wrote, read and checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harmodels.errors import ResultsError
from harmodels.evaluation.predictions import score_columns
from harmodels.files import read_json, read_table

Runs = Mapping[str, Sequence["Run"]]  # by experiment, in the order of the grid

_HISTORY = ["replicate", "epoch", "split", "metric", "value"]
_PREDICTIONS = ["replicate", "checkpoint", "split", "id", "label"]
_FACTS = {
    "report": str,
    "dataset": str,
    "experiment": str,
    "name": str,
    "configuration": dict,
    "grid": list,
    "classes": list,
    "replicates": list,
}


@dataclass(frozen=True, eq=False)
class Run:
    """One configuration, trained in all its replicates.

    Attributes
    ----------
    folder
        Where its files are.
    experiment, name
        The experiment's key and the configuration's readable name.
    configuration
        The values of the grid's keys, in the grid's order.
    classes
        Class names; a label is an index into them.
    simulated
        Whether the recordings were made by a generator.
    facts
        Everything in run.json.
    history
        Columns replicate, epoch, split, metric, value.
    predictions
        Columns replicate, checkpoint, split, id, label, score_0 … score_{C-1}.
    printed
        None; of a published run its row of the report's table, by column, which goes before what
        its predictions give.
    """

    folder: Path
    experiment: str
    name: str
    configuration: dict[str, Any]
    classes: tuple[str, ...]
    simulated: bool
    facts: dict[str, Any]
    history: pd.DataFrame
    predictions: pd.DataFrame
    printed: Mapping[str, float] | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """Every option of the training, those that the experiment fixes included."""
        return {**self.facts.get("options", {}), **self.configuration}

    @property
    def replicates(self) -> int:
        """How many replicates were trained, diverged ones included."""
        return len(self.facts["replicates"])

    @property
    def diverged(self) -> tuple[int, ...]:
        """The replicates whose loss became infinite or NaN."""
        return tuple(
            int(entry["replicate"])
            for entry in self.facts["replicates"]
            if entry.get("diverged_epoch") is not None
        )


def load_run(folder: str | Path) -> Run:
    """Read run.json, history.parquet and predictions.parquet of one training job.

    Raises
    ------
    ResultsError
        If a file is missing, damaged, or does not belong to the others; it names the file.

    Examples
    --------
    ::

        run = load_run("results/rnn_tbptt/uci-har/runs/part_b/learning_rate=0.1+hidden=50")
        run.predictions.query("split == 'test' and checkpoint == 'last'")
    """
    folder = Path(folder)
    facts = _read_facts(folder / "run.json")
    classes = tuple(facts["classes"])
    history = _read_frame(folder / "history.parquet", _HISTORY)
    predictions = _read_frame(folder / "predictions.parquet", _PREDICTIONS)
    _check_predictions(folder / "predictions.parquet", predictions, classes)
    _check_replicates(folder, facts, history, predictions)
    return Run(
        folder=folder,
        experiment=facts["experiment"],
        name=facts["name"],
        configuration=configuration_of(facts),
        classes=classes,
        simulated=bool(facts.get("simulated", False)),
        facts=facts,
        history=history,
        predictions=predictions,
    )


def _read_facts(path: Path) -> dict[str, Any]:
    facts = read_json(path)
    if not isinstance(facts, dict):
        facts = {}
    wrong = [key for key, kind in _FACTS.items() if not isinstance(facts.get(key), kind)]
    if not wrong and not all(_is_replicate(entry) for entry in facts["replicates"]):
        wrong = ["replicates"]
    if not wrong and sorted(facts["grid"]) != sorted(facts["configuration"]):
        wrong = ["grid"]
    if wrong:
        what = "has a damaged" if wrong[0] in facts else "lacks"
        raise ResultsError(f"{path} {what} {wrong[0]!r}. Delete it and run snakemake again.")
    return facts


def _is_replicate(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("replicate"), int)


def _read_frame(path: Path, columns: list[str]) -> pd.DataFrame:
    table, _ = read_table(path)
    frame = table.to_pandas()
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ResultsError(
            f"{path} lacks the column {missing[0]!r}. Delete it and run snakemake again."
        )
    return frame


def _check_predictions(path: Path, predictions: pd.DataFrame, classes: tuple[str, ...]) -> None:
    remedy = "Delete it and run snakemake again."
    try:
        columns = score_columns(predictions)
    except ResultsError as error:
        raise ResultsError(f"{path}: {error}. {remedy}") from error
    if len(columns) != len(classes):
        raise ResultsError(
            f"{path} has {len(columns)} scores a sequence, but run.json beside it names "
            f"{len(classes)} classes. {remedy}"
        )
    if not np.isfinite(predictions[columns].to_numpy()).all():
        raise ResultsError(f"{path} holds a score that is NaN or infinite. {remedy}")
    if not predictions["label"].between(0, len(classes) - 1).all():
        raise ResultsError(f"{path} holds a label outside 0…{len(classes) - 1}. {remedy}")


def _check_replicates(
    folder: Path, facts: dict[str, Any], history: pd.DataFrame, predictions: pd.DataFrame
) -> None:
    known = {entry["replicate"] for entry in facts["replicates"]}
    for name, frame in (("history", history), ("predictions", predictions)):
        strange = set(frame["replicate"].unique()) - known
        if strange:
            raise ResultsError(
                f"{folder / name}.parquet holds replicate {min(strange)}, which run.json beside "
                "it does not know. Delete the folder and run snakemake again."
            )


def configuration_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration that run.json records, its keys in the order of the grid."""
    return {key: facts["configuration"][key] for key in facts["grid"]}
