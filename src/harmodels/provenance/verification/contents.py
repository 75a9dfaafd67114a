"""Predictions, histories and weights of a run against run.json, the labels and the splits."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from safetensors import safe_open

from harmodels.data.splits import SPLITS, training_splits
from harmodels.evaluation.gradients import is_gradient_norm
from harmodels.messages import counted
from harmodels.provenance.verification.inputs import Codes, Expected, places_in
from harmodels.records.run import RunRecord
from harmodels.reporting.runs.load import Run


def prediction_problems(run: Run, expected: Expected | None) -> Iterator[str]:
    """Yield where predictions disagree with the outcomes, the labels or the splits.

    Of each replicate and kind of weights that the outcomes promise, every sequence of the splits
    must be there once, in its split; a run without validation trains on those sequences too.
    """
    frame = run.predictions
    indices: Mapping[Any, Any] = frame.groupby(["replicate", "checkpoint"]).indices
    groups = {(int(key[0]), str(key[1])): rows for key, rows in indices.items()}
    promised = {(one.replicate, kind) for one in run.outcomes for kind in one.checkpoints}
    for replicate, checkpoint in sorted(promised ^ set(groups)):
        what = "lacks the" if (replicate, checkpoint) in promised else "holds unexpected"
        yield f"{what} predictions of replicate {replicate}, {checkpoint} weights"
    if expected is None:
        return
    places = places_in(frame["id"], expected.ids)
    unknown = np.flatnonzero(places < 0)
    if len(unknown):
        count = counted(len(unknown), "prediction")
        first = frame["id"].iloc[unknown[0]]
        yield f"holds {count} of sequences that the data set lacks, first {first}"
    if expected.labels is not None:
        yield from _label_problems(frame, places, expected.labels, expected.classes)
    if expected.splits is not None:
        given = places_in(frame["split"], pa.array(SPLITS))
        for (replicate, checkpoint), rows in groups.items():
            where = f"of replicate {replicate}, {checkpoint} weights"
            if replicate not in expected.splits:
                yield f"holds replicate {replicate}, which the splits lack"
                continue
            wanted = expected.splits[replicate]
            trained = [SPLITS.index(split) for split in training_splits(run.record.validation)]
            wanted = np.where(np.isin(wanted, trained), SPLITS.index("train"), wanted)
            for problem in _split_problems(places[rows], given[rows], wanted, expected.ids):
                yield f"{problem} {where}"


def _label_problems(
    frame: pd.DataFrame, places: Codes, labels: NDArray[np.int64], classes: tuple[str, ...]
) -> Iterator[str]:
    given = frame["label"].to_numpy()
    moved = np.flatnonzero((places >= 0) & (given != labels[places]))
    if len(moved):
        first = moved[0]
        yield (
            f"holds {counted(len(moved), 'label')} that the sequences do not have: "
            f"{frame['id'].iloc[first]} is {classes[labels[places[first]]]}, "
            f"not {classes[given[first]]}"
        )


def _split_problems(places: Codes, given: Codes, wanted: Codes, ids: pa.Array) -> Iterator[str]:
    """Compare the splits `given` to the sequences at `places` with those `wanted` of all."""
    known = places >= 0
    seen = np.bincount(places[known], minlength=len(wanted))
    twice = np.flatnonzero(seen > 1)
    if len(twice):
        yield f"holds {ids[int(twice[0])]} twice"
    wrong = np.flatnonzero(known & (given != wanted[places]))
    if len(wrong):
        place = places[wrong[0]]
        yield (
            f"does not agree with the splits: {ids[int(place)]} is listed under "
            f"{_split_name(given[wrong[0]])}, its split is {_split_name(wanted[place])} "
            f"({counted(len(wrong), 'such row')})"
        )
    missing = np.flatnonzero((wanted >= 0) & (seen == 0))
    if len(missing):
        count = counted(len(missing), "sequence")
        yield f"lacks {count} of the splits, first {ids[int(missing[0])]},"


def _split_name(code: np.int64) -> str:
    return SPLITS[code] if code >= 0 else "none"


def history_problems(run: Run) -> Iterator[str]:
    """Yield where the history repeats or lacks an epoch, or contradicts the outcomes.

    Losses of training and validation are recorded once in every epoch up to the last one of a
    replicate, those of the test set every few epochs, norms of gradients before the first and
    after the last; the best weights are those of the first epoch of the lowest validation loss.
    """
    history, options = run.history, run.options
    repeated = history.loc[history.duplicated(["replicate", "epoch", "split", "metric"])]
    if len(repeated):
        first = repeated.iloc[0]
        yield (
            f"holds {first['split']} {first['metric']} of replicate {first['replicate']} in epoch "
            f"{first['epoch']} twice ({counted(len(repeated), 'such row')})"
        )
    norms = is_gradient_norm(history)
    curves = history.loc[~norms & (history["split"] != "test")]
    kinds = set(zip(curves["split"], curves["metric"], strict=True))
    if "monitor" in options:  # of what is trained in epochs
        splits = ("train", "validation") if run.record.validation else ("train",)
        kinds |= {(split, options["monitor"]) for split in splits}
    for outcome in run.outcomes:
        number, epochs = outcome.replicate, int(outcome.epochs)
        mine = curves.loc[curves["replicate"] == number]
        for split, metric in sorted(kinds):
            found = mine.loc[(mine["split"] == split) & (mine["metric"] == metric)]
            name = f"{split} {metric} of replicate {number}"
            yield from _epoch_problems(name, set(found["epoch"]), range(1, epochs + 1))
        ends = {0} if outcome.diverged else {0, epochs}
        found = history.loc[norms & (history["replicate"] == number)]
        yield from _epoch_problems(
            f"norms of gradients of replicate {number}",
            set(found["epoch"]),
            ends if options.get("measure_gradients") else (),
        )
        losses = mine.loc[
            (mine["split"] == "validation")
            & (mine["metric"] == options.get("monitor"))
            & np.isfinite(mine["value"])
        ]
        best = None if losses.empty else losses.loc[losses["value"].idxmin(), "epoch"]
        # the best weights of a replicate that diverged in its last update may be lost
        if best != outcome.best_epoch and not (outcome.diverged and outcome.best_epoch is None):
            yield (
                f"has the lowest validation loss of replicate {number} in epoch {best}, "
                f"run.json in {outcome.best_epoch}"
            )


def _epoch_problems(name: str, found: set[int], wanted: Collection[int]) -> Iterator[str]:
    """Compare epochs; whatever run.json asks for, no more of them are listed than were found."""
    strange = [epoch for epoch in found if epoch not in wanted]
    missing = len(wanted) - len(found) + len(strange)
    if missing:
        first = next(epoch for epoch in wanted if epoch not in found)
        yield f"lacks {name} in epoch {first} ({counted(missing, 'such epoch')})"
    if strange:
        count = counted(len(strange), "such epoch")
        yield f"holds unexpected {name} in epoch {min(strange)} ({count})"


def weight_problems(path: Path, record: RunRecord) -> Iterator[str]:
    """Yield what the names and shapes in a file of weights contradict in run.json."""
    replicates = len(record.replicates)
    with safe_open(path, framework="numpy") as stored:
        shapes = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
    if not shapes:
        yield "holds no weights"
    kinds: dict[str, dict[str, tuple[int, ...]]] = {"last": {}, "best": {}}
    for name, shape in shapes.items():
        if not shape or shape[0] != replicates:
            yield f"holds {name} of shape {shape}, but {replicates} replicates were trained"
        kind, _, parameter = name.partition(".")
        kinds.get(kind, {})[parameter] = shape
    if kinds["best"] and kinds["best"] != kinds["last"]:
        yield "holds last and best weights of different names or shapes"
    if kinds["last"] and bool(kinds["best"]) != record.validation:
        yield f"{'holds' if kinds['best'] else 'lacks'} best weights, against run.json"
