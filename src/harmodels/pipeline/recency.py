"""How often trained networks repeat the label of the sequence that they were trained on last."""

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
    data = folder.parent.parent / "datasets" / folder.name
    sequences = read_sequences(data / "sequences.parquet")
    classes = sequences.facts.classes
    unknown = [name for name in leave_out if name not in classes]
    if unknown:
        raise HarmodelsError(f"no class {unknown[0]!r}; the classes are {', '.join(classes)}")
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
            found = recency(chosen, seen.tolist(), [classes.index(name) for name in leave_out])
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
