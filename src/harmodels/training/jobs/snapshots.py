"""Snapshots of a training: a `Fit` as tensors and facts for a checkpoint, and back.

The history says how far each replicate came and what its losses were, so a snapshot holds these
once, and nothing in it can contradict them. It holds no state of a random generator: every epoch
draws its order and its masks from generators of its own (`harmodels.seeds`).
"""

import math
from typing import Any

import torch
from torch import Tensor

from harmodels.data.splits import SPLITS
from harmodels.errors import ResultsError
from harmodels.nn.params import load_state_dict, map_params, state_dict
from harmodels.runtime.checkpoints import Snapshot
from harmodels.training.fit import Fit, HistoryRow, Outcome

COLUMNS = {
    "history.replicate": torch.int64,
    "history.epoch": torch.int64,
    "history.split": torch.uint8,
    "history.metric": torch.uint8,
    "history.value": torch.float64,
}


def pack(result: Fit) -> Snapshot:
    """Return the state after an epoch; `unpack` gives the `Fit` back."""
    tensors = {
        name: tensor.cpu().contiguous().clone() for name, tensor in _named_tensors(result).items()
    }
    metrics = sorted({row[3] for row in result.rows})
    coded = [
        (replicate, epoch, SPLITS.index(split), metrics.index(metric), value)
        for replicate, epoch, split, metric, value in result.rows
    ]
    # without a row, which only replicates that all diverged at once leave, five empty columns
    columns = zip(*coded, strict=True) if coded else [()] * len(COLUMNS)
    tensors |= {
        name: torch.tensor(column, dtype=kind)
        for (name, kind), column in zip(COLUMNS.items(), columns, strict=True)
    }
    facts = {
        "epoch": result.epoch,
        "seconds": result.seconds,
        "metrics": metrics,
        "ends": [[outcome.diverged_epoch, outcome.stop_reason] for outcome in result.outcomes],
    }
    return Snapshot(tensors, facts)


def unpack(snapshot: Snapshot, beginning: Fit, monitor: str) -> Fit:
    """Return the `Fit` of which `pack` made a snapshot.

    `beginning` is the same training before its first epoch: its tensors tell shapes, types and
    device. Raises ResultsError if a tensor is missing or of another shape or type, or a replicate
    has not come as far as the snapshot says; the digest of the file covers everything else.
    """
    tensors, facts = snapshot
    epoch, seconds = facts["epoch"], facts["seconds"]
    _require(type(epoch) is int and epoch > 0, f"its epoch is {epoch!r}")
    _require(type(seconds) is float and seconds >= 0, f"its seconds are {seconds!r}")
    expected = _named_tensors(beginning)
    _require(set(tensors) == {*expected, *COLUMNS}, "it holds other tensors")
    for name, like in expected.items():
        given, wanted = tensors[name], (like.shape, like.dtype)
        _require((given.shape, given.dtype) == wanted, f"{name} is of another shape or type")
    columns = [tensors[name].tolist() for name in COLUMNS]
    rows = [
        (replicate, of_epoch, SPLITS[split], facts["metrics"][metric], value)
        for replicate, of_epoch, split, metric, value in zip(*columns, strict=True)
    ]
    outcomes = [
        _outcome(outcome.replicate, epoch, rows, monitor, *end)
        for outcome, end in zip(beginning.outcomes, facts["ends"], strict=True)
    ]
    last, best = (
        type(like)(
            _tree(tensors, f"{name}.params", like.params),
            _tree(tensors, f"{name}.optimiser", like.optimiser),
        )
        for name, like in (("last", beginning.last), ("best", beginning.best))
    )
    return Fit(last, best, outcomes, rows, epoch, seconds)


def _named_tensors(result: Fit) -> dict[str, Tensor]:
    trees = {
        "last.params": result.last.params,
        "last.optimiser": result.last.optimiser,
        "best.params": result.best.params,
        "best.optimiser": result.best.optimiser,
    }
    return {
        f"{name}.{key}": tensor
        for name, tree in trees.items()
        if tree
        for key, tensor in state_dict(tree).items()
    }


def _tree(tensors: dict[str, Tensor], name: str, like: Any) -> Any:
    if not like:
        return like
    found = load_state_dict(like, tensors, f"{name}.")
    return map_params(lambda tensor, model: tensor.to(model.device), found, like)


def _outcome(
    replicate: int,
    epoch: int,
    rows: list[HistoryRow],
    monitor: str,
    diverged_epoch: int | None,
    stop_reason: str | None,
) -> Outcome:
    """Return what the history tells of a replicate that has come to `epoch`, or stopped before."""
    train, validation = (
        [row[4] for row in rows if (row[0], row[2], row[3]) == (replicate, split, monitor)]
        for split in ("train", "validation")
    )
    epochs = len(train)
    if diverged_epoch == epochs:
        validation = validation[:-1]  # the last one was not finite
    fits = epochs == epoch if stop_reason is None else epochs <= epoch
    fits = fits and all(map(math.isfinite, train + validation))
    _require(fits, f"its history contradicts how replicate {replicate} ended")
    best = min(validation, default=math.inf)
    return Outcome(
        replicate=replicate,
        epochs=epochs,
        best_epoch=validation.index(best) + 1 if validation else None,
        best_loss=best,
        diverged_epoch=diverged_epoch,
        stop_reason=stop_reason,
        train_losses=train,
        validation_losses=validation,
    )


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ResultsError(message)
