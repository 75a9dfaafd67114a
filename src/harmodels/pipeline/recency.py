"""How often trained networks repeat the label of the sequence that they were trained on last."""

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from harmodels.data.sequences import read_sequences
from harmodels.errors import HarmodelsError
from harmodels.evaluation.predictions import select
from harmodels.evaluation.recency import recency
from harmodels.files import read_table
from harmodels.provenance.current import current_runs, refuse_mixed
from harmodels.training.jobs.replay import labels_of_epoch, splits_name

COLUMNS = ["experiment", "configuration", "replicate", "most_predicted", "share", "newest"]


def recency_lines(folder: Path, leave_out: Sequence[str]) -> list[str]:
    """Return a table of the networks of `results/<report>/<data set>` and a sentence, if any.

    Its runs are those of `current_runs`; ResultsError if they are of several trainings.
    """
    place = Path(os.path.abspath(folder))
    data = place.parent.parent / "datasets" / place.name / "sequences.parquet"
    if not data.is_file():
        raise HarmodelsError(
            f"{folder} should be results/<report>/<data set>, and {data} is not there"
        )
    sequences = read_sequences(data)
    classes = sequences.facts.classes
    unknown = [name for name in leave_out if name not in classes]
    if unknown:
        raise HarmodelsError(f"no class {unknown[0]!r}; the classes are {', '.join(classes)}")
    left_out = [classes.index(name) for name in leave_out]
    runs, notes = current_runs(folder)
    refuse_mixed(runs)
    rows = []
    for path, run in runs.items():
        frame = read_table(path / "predictions.parquet")[0].to_pandas()
        splits = read_table(folder / "splits" / splits_name(run))[0].to_pandas()
        for outcome in run.replicates:
            replicate = outcome.replicate
            chosen = select(frame[frame["replicate"] == replicate], "last")
            if chosen.empty:
                continue
            seen = labels_of_epoch(run, sequences, splits, replicate, int(outcome.epochs))
            if set(chosen["label"]) <= {*left_out} or {*seen.tolist()} <= {*left_out}:
                raise HarmodelsError(
                    f"{path}: replicate {replicate} has no sequence of another class than "
                    f"{', '.join(leave_out)}; leave out fewer"
                )
            found = recency(chosen, seen.tolist(), left_out)
            rows.append((run.experiment, run.name, replicate, *found))
    if not rows:
        return []
    table = pd.DataFrame(rows, columns=COLUMNS)
    same = table["most_predicted"] == table["newest"]
    for name in ("most_predicted", "newest"):
        table[name] = [classes[label] for label in table[name]]
    return [
        table.to_string(index=False, float_format="%.2f"),
        *notes,
        f"{same.sum()} of {len(table)} networks predict most often the label of their last "
        f"training sequence; the most predicted class has {table['share'].mean():.0%} on average",
    ]
