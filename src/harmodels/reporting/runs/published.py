"""Published runs: what a report printed of an experiment, as runs of one replicate.

Tables, confusion matrices and digitised curves become what training writes, so that the same code
measures ours and theirs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harmodels.assets import root
from harmodels.config.published import (
    EPOCH,
    TRUE_CLASS,
    PublishedRun,
    columns_before,
    curve_columns,
    key_columns,
)
from harmodels.records.run import ReplicateRecord
from harmodels.reporting.labels import class_text
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.measures import column

Files = Mapping[str, pd.DataFrame]  # of config/published, by name
FOLDER = Path("config", "published")
_Key = tuple[tuple[str, Any], ...]


def published_folder(own: str | None) -> Path:
    """Return where a report's published files lie: a user's folder, or else config/published."""
    return root() / "config" / "published" if own is None else Path(own)


def read_published(entries: Mapping[str, PublishedRun], files: Files) -> dict[str, list[Run]]:
    """Return the published runs of each experiment, in the order of their files."""
    return {name: _runs_of(name, entry, files) for name, entry in entries.items()}


def load_published(entries: Mapping[str, PublishedRun], folder: Path) -> dict[str, list[Run]]:
    """Return the published runs of some entries, whose files lie in `folder`."""
    names = dict.fromkeys(file for entry in entries.values() for file in entry.files)
    return read_published(entries, {name: pd.read_csv(folder / name) for name in names})


def counterpart(run: Run, published: Runs) -> Run | None:
    """Return the published run of the same experiment and configuration as ours, or None.

    It is found by all keys that the report prints, among the options of our run, and takes the
    name and, where the classes are the same, their order from ours.
    """
    for found in published.get(run.experiment, ()):
        theirs, ours = found.configuration, run.settings
        if all(key in ours and ours[key] == value for key, value in theirs.items()):
            return replace(
                _in_order_of(found, run.classes),
                name=run.name,
                configuration=run.configuration,
                options=run.settings,
            )
    return None


def published_measure(run: Run, measure: str, checkpoint: str, split: str = "test") -> float | None:
    """Return a measure of a published run, as `measures.column` gives ours; None without data."""
    values = column(run, measure, checkpoint, split)["value"]
    return float(values.iloc[0]) if len(values) else None


def counterparts(runs: Runs, published: Runs) -> dict[str, list[Run]]:
    """Return the published counterpart of every run that has one, by experiment."""
    return {
        name: [found for run in group if (found := counterpart(run, published)) is not None]
        for name, group in runs.items()
    }


def _runs_of(name: str, entry: PublishedRun, files: Files) -> list[Run]:
    table = _grouped(entry.table, files, key_columns)
    curves = _grouped(entry.curves, files, lambda columns: columns_before(EPOCH, columns))
    matrices = {
        checkpoint: _grouped(file, files, lambda columns: columns_before(TRUE_CLASS, columns))
        for checkpoint, file in entry.matrices.items()
    }
    values = dict.fromkeys(
        value for group in (table, curves, *matrices.values()) for value in group
    )
    order = [key for key in files[entry.files[0]].columns if key in dict(next(iter(values)))]
    return [
        _run(
            name,
            {key: dict(value)[key] for key in order} | entry.where,
            table.get(value),
            curves.get(value),
            {checkpoint: group[value] for checkpoint, group in matrices.items() if value in group},
        )
        for value in values
    ]


def _grouped(
    file: str | None, files: Files, keys_of: Callable[[list[str]], list[str]]
) -> dict[_Key, pd.DataFrame]:
    """Return the rows of each configuration of a file, by the pairs of its keys and values."""
    if file is None:
        return {}
    keys = sorted(keys_of(list(files[file].columns)))
    return {
        tuple((key, _plain(value)) for key, value in zip(keys, values, strict=True)): rows.drop(
            columns=keys
        ).reset_index(drop=True)
        for values, rows in files[file].groupby(keys, sort=False)
    }


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _run(
    experiment: str,
    configuration: dict[str, Any],
    table: pd.DataFrame | None,
    curves: pd.DataFrame | None,
    matrices: Mapping[str, pd.DataFrame],
) -> Run:
    printed = {} if table is None else {str(k): float(v) for k, v in table.iloc[0].dropna().items()}
    classes = next((tuple(map(str, rows[TRUE_CLASS])) for rows in matrices.values()), ())
    outcome = ReplicateRecord(
        replicate=0,
        epochs=printed.get("epochs", 0),
        best_epoch=printed.get("early_stop_epoch"),
        diverged_epoch=None,
    )
    return Run(
        folder=FOLDER,
        experiment=experiment,
        name=experiment,
        configuration=configuration,
        options=configuration,
        classes=classes,
        simulated=False,
        outcomes=(outcome,),
        history=_history(curves),
        predictions=_predictions(matrices, classes),
        printed=printed,
    )


def _history(curves: pd.DataFrame | None) -> pd.DataFrame:
    columns = ["replicate", "epoch", "split", "metric", "value"]
    if curves is None:
        return pd.DataFrame(columns=columns)
    parts = [
        pd.DataFrame(
            {
                "replicate": 0,
                "epoch": curves[EPOCH],
                "split": split,
                "metric": metric,
                "value": curves[name].astype(float),
            }
        ).dropna()
        for name, (split, metric) in curve_columns(list(curves.columns)).items()
    ]
    return pd.concat(parts, ignore_index=True)[columns]


def _predictions(matrices: Mapping[str, pd.DataFrame], classes: Sequence[str]) -> pd.DataFrame:
    """Return one row a sequence of each matrix; the class that was predicted has the score 1."""
    parts = [
        _expanded(checkpoint, rows.set_index(TRUE_CLASS).loc[list(classes), list(classes)])
        for checkpoint, rows in matrices.items()
    ]
    columns = ["replicate", "checkpoint", "split", "id", "label"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _expanded(checkpoint: str, counts: pd.DataFrame) -> pd.DataFrame:
    size = len(counts)
    labels, answers = np.divmod(np.arange(size * size), size)
    times = counts.to_numpy().ravel()
    labels, answers = labels.repeat(times), answers.repeat(times)
    frame = pd.DataFrame(np.eye(size)[answers], columns=[f"score_{c}" for c in range(size)])
    return frame.assign(
        replicate=0,
        checkpoint=checkpoint,
        split="test",
        id=[f"published/{i}" for i in range(len(labels))],
        label=labels,
    )


def _in_order_of(run: Run, classes: Sequence[str]) -> Run:
    """Return the run with its classes in our order, if they are the same ones."""
    theirs, ours = (
        [class_text(name) for name in run.classes],
        [class_text(name) for name in classes],
    )
    if sorted(theirs) != sorted(ours):
        return run
    place = {label: ours.index(name) for label, name in enumerate(theirs)}
    moved = {f"score_{label}": f"score_{to}" for label, to in place.items()}
    predictions = run.predictions.rename(columns=moved)
    predictions = predictions.assign(label=predictions["label"].map(place))
    return replace(run, classes=tuple(classes), predictions=predictions)
