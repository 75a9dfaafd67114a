"""Checks of predictions, histories and weights against run.json, the labels and the splits."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from safetensors import safe_open

from harmodels.data.splits import SPLITS, kept_checkpoints, training_splits
from harmodels.evaluation.gradients import is_gradient_norm
from harmodels.provenance.verification.inputs import Codes, Expected, places_in
from harmodels.reporting.labels import count_text
from harmodels.reporting.runs.load import Run


def prediction_problems(run: Run, expected: Expected | None) -> Iterator[str]:
    """Yield where predictions disagree with the outcomes, the labels or the splits.

    Of each replicate and kind of weights that the outcomes promise, every sequence of the splits
    must be there once, in its split; a run without validation trains on those sequences too.
    """
    frame = run.predictions
    indices: Mapping[Any, Any] = frame.groupby(["replicate", "checkpoint"]).indices
    groups = {(int(key[0]), str(key[1])): rows for key, rows in indices.items()}
    promised = set(_promised(run.facts))
    for replicate, checkpoint in sorted(promised ^ set(groups)):
        what = "lacks the" if (replicate, checkpoint) in promised else "holds unexpected"
        yield f"{what} predictions of replicate {replicate}, {checkpoint} weights"
    if expected is None:
        return
    places = places_in(frame["id"], expected.ids)
    unknown = np.flatnonzero(places < 0)
    if len(unknown):
        count = count_text(len(unknown), "prediction")
        first = frame["id"].iloc[unknown[0]]
        yield f"holds {count} of sequences that the data set lacks, first {first}"
    if expected.labels is not None:
        yield from _label_problems(frame, places, expected.labels, expected.classes)
    if expected.splits is not None:
        given = places_in(frame["split"], pa.array(SPLITS))
        validation = bool(run.facts.get("validation"))
        for (replicate, checkpoint), rows in groups.items():
            where = f"of replicate {replicate}, {checkpoint} weights"
            if replicate not in expected.splits:
                yield f"holds replicate {replicate}, which the splits lack"
                continue
            wanted = expected.splits[replicate]
            trained = [SPLITS.index(split) for split in training_splits(validation)]
            wanted = np.where(np.isin(wanted, trained), SPLITS.index("train"), wanted)
            for problem in _split_problems(places[rows], given[rows], wanted, expected.ids):
                yield f"{problem} {where}"


def _promised(facts: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    for outcome in facts["replicates"]:
        for checkpoint in kept_checkpoints(outcome["diverged_epoch"], outcome["best_epoch"]):
            yield outcome["replicate"], checkpoint


def _label_problems(
    frame: pd.DataFrame, places: Codes, labels: NDArray[np.int64], classes: tuple[str, ...]
) -> Iterator[str]:
    given = frame["label"].to_numpy()
    moved = np.flatnonzero((places >= 0) & (given != labels[places]))
    if len(moved):
        first = moved[0]
        yield (
            f"holds {count_text(len(moved), 'label')} that the sequences do not have: "
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
            f"({count_text(len(wrong), 'such row')})"
        )
    missing = np.flatnonzero((wanted >= 0) & (seen == 0))
    if len(missing):
        count = count_text(len(missing), "sequence")
        yield f"lacks {count} of the splits, first {ids[int(missing[0])]},"


def _split_name(code: np.int64) -> str:
    return SPLITS[code] if code >= 0 else "none"


def history_problems(run: Run) -> Iterator[str]:
    """Yield where the history repeats or lacks an epoch, or contradicts the outcomes.

    Training losses, and validation losses if there are any, are recorded in every epoch up to the
    last one of a replicate, once; the best weights are those of the first epoch of the lowest
    validation loss.
    """
    repeated = run.history.loc[run.history.duplicated(["replicate", "epoch", "split", "metric"])]
    if len(repeated):
        first = repeated.iloc[0]
        yield (
            f"holds {first['split']} {first['metric']} of replicate {first['replicate']} in epoch "
            f"{first['epoch']} twice ({count_text(len(repeated), 'such row')})"
        )
    yield from _gradient_problems(run)
    history = run.history.loc[~is_gradient_norm(run.history)]
    trained = history.loc[history["split"] == "train"]
    ends = trained.groupby("replicate")["epoch"].max()
    monitored = history.loc[
        (history["split"] == "validation")
        & (history["metric"] == run.facts["options"].get("monitor"))
        & np.isfinite(history["value"])
    ]
    lowest = monitored.loc[monitored.groupby("replicate")["value"].idxmin()]
    best = lowest.set_index("replicate")["epoch"]
    for outcome in run.facts["replicates"]:
        replicate = outcome["replicate"]
        end = int(ends.get(replicate, 0))
        if end != outcome["epochs"]:
            yield f"ends replicate {replicate} at epoch {end}, run.json at {outcome['epochs']}"
        # the best weights of a replicate that diverged in its last update may be lost
        lost = outcome["diverged_epoch"] is not None and outcome["best_epoch"] is None
        if best.get(replicate) != outcome["best_epoch"] and not lost:
            yield (
                f"has the lowest validation loss of replicate {replicate} in epoch "
                f"{best.get(replicate)}, run.json in {outcome['best_epoch']}"
            )
    curves = history.loc[history["split"] != "test"]  # measured every few epochs only
    for (split, metric), curve in curves.groupby(["split", "metric"]):
        for outcome in run.facts["replicates"]:
            replicate, epochs = outcome["replicate"], np.arange(1, outcome["epochs"] + 1)
            found = curve.loc[curve["replicate"] == replicate, "epoch"]
            for verb, wrong in (
                ("lacks", np.setdiff1d(epochs, found)),
                ("holds unexpected", np.setdiff1d(found, epochs)),
            ):
                if len(wrong):
                    yield (
                        f"{verb} {split} {metric} of replicate {replicate} in epoch {wrong[0]} "
                        f"({count_text(len(wrong), 'such epoch')})"
                    )


def _gradient_problems(run: Run) -> Iterator[str]:
    """Yield where norms of gradients are missing or belong to neither begin nor end."""
    held = run.history.loc[is_gradient_norm(run.history), ["replicate", "epoch"]]
    for outcome in run.facts["replicates"]:
        found = set(held.loc[held["replicate"] == outcome["replicate"], "epoch"])
        wanted = {0} if run.facts["options"].get("measure_gradients") else set()
        if wanted and outcome["diverged_epoch"] is None:
            wanted.add(outcome["epochs"])
        for verb, epochs in (("lacks", wanted - found), ("holds unexpected", found - wanted)):
            if epochs:
                yield (
                    f"{verb} norms of gradients of replicate {outcome['replicate']} in epoch "
                    f"{min(epochs)}"
                )


def weight_problems(path: Path, facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the names and shapes in a file of weights contradict in run.json."""
    replicates = len(facts["replicates"])
    with safe_open(path, framework="numpy") as stored:
        shapes = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
    if not shapes:
        yield "holds no weights"
    for name, shape in shapes.items():
        if not shape or shape[0] != replicates:
            yield f"holds {name} of shape {shape}, but {replicates} replicates were trained"
    kinds: dict[str, dict[str, tuple[int, ...]]] = {"last": {}, "best": {}}
    for name, shape in shapes.items():
        kind, _, parameter = name.partition(".")
        kinds.get(kind, {})[parameter] = shape
    if kinds["best"] and kinds["best"] != kinds["last"]:
        yield "holds last and best weights of different names or shapes"
    if kinds["last"] and bool(kinds["best"]) != bool(facts.get("validation")):
        yield f"{'holds' if kinds['best'] else 'lacks'} best weights, against run.json"
