"""A training job's state on disk, from which it goes on as if it had never been interrupted.

A checkpoint is one safetensors file: the trees of weights and optimiser, the history as columns,
and, as JSON, how each replicate fared so far. There is no state of a random generator in it: every
epoch draws its order and its masks from a generator of its own (`harmodels.seeds`). It says what
job it belongs to; one of other code, data or configuration is refused.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from harmodels.errors import ResultsError
from harmodels.files import atomic_path
from harmodels.nn.params import load_state_dict, map_params, state_dict
from harmodels.runtime.log import LOGGER
from harmodels.runtime.signals import StopRequest
from harmodels.training.fit import Fit, Outcome

FILE = "checkpoint.safetensors"
METADATA = "harmodels"  # one key: with several, safetensors writes them in no fixed order


class Attempts(NamedTuple):
    """What went before this process: how often the job was resumed, and its time until then."""

    resumes: int = 0
    seconds: float = 0.0


class Checkpoints:
    """Where one job keeps its state, and when.

    Parameters
    ----------
    folder
        Of this job alone; made when the first checkpoint is written. None keeps nothing.
    identity
        All that the result depends on, as JSON-able values.
    every_s
        Seconds between two checkpoints, at least; they are written after an epoch.
    stop
        Tells whether the process was asked to end, which it does after the next checkpoint.
    """

    def __init__(
        self, folder: Path | None, identity: Mapping[str, Any], every_s: float, stop: StopRequest
    ) -> None:
        self.path = None if folder is None else folder / FILE
        self.identity = json.loads(json.dumps(identity))  # as it reads after a journey through JSON
        self.every_s = every_s
        self.stop = stop
        self.attempts = Attempts()
        self.started = self.written = time.monotonic()

    @property
    def seconds(self) -> float:
        """Time that the job has taken so far, interrupted attempts included up to what was kept."""
        return self.attempts.seconds + time.monotonic() - self.started

    def resume(self, beginning: Fit) -> Fit:
        """Return where the job stood, or the beginning if there is no checkpoint to go on from.

        Parameters
        ----------
        beginning
            The job before its first epoch: its tensors say shapes and device.
        """
        if self.path is None or not self.path.exists():
            return beginning
        try:
            tensors, facts = _read(self.path)
            difference = _difference(facts["identity"], self.identity)
            if difference:
                raise ResultsError(f"it belongs to another job: {difference}")
            result = _unpack(tensors, facts, beginning)
            self.attempts = Attempts(facts["resumes"] + 1, facts["seconds"])
        except (ResultsError, SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            LOGGER.warning("%s is refused, training starts anew: %s", self.path, error)
            return beginning
        LOGGER.info("going on after epoch %d from %s", result.epoch, self.path)
        return result

    def on_epoch_end(self, result: Fit) -> None:
        """Write a checkpoint if it is time, and end the process if it was asked to end.

        A checkpoint that cannot be written is reported and training goes on.

        Raises
        ------
        KeyboardInterrupt
            After the checkpoint, if the process was asked to end.
        """
        due = time.monotonic() - self.written >= self.every_s
        if self.path is not None and (due or self.stop.asked):
            self._write(self.path, result)
            self.written = time.monotonic()
        if self.stop.asked:
            raise KeyboardInterrupt(f"asked to end; epoch {result.epoch} is kept")

    def remove(self) -> None:
        """Delete the checkpoint of a job that is done."""
        if self.path is not None and self.path.parent.is_dir():
            self.path.unlink(missing_ok=True)
            if not any(self.path.parent.iterdir()):
                self.path.parent.rmdir()

    def _write(self, path: Path, result: Fit) -> None:
        tensors, facts = _pack(result)
        facts |= {
            "identity": self.identity,
            "resumes": self.attempts.resumes,
            "seconds": self.seconds,
            "digest": _digest(tensors),
        }
        try:
            with atomic_path(path) as temporary:
                temporary.write_bytes(save(tensors, {METADATA: json.dumps(facts)}))
        except ResultsError as error:
            LOGGER.warning("no checkpoint, training goes on: %s", error)


def _pack(result: Fit) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors by name and everything else as JSON-able values."""
    trees = {
        "last.params": result.last.params,
        "last.optimiser": result.last.optimiser,
        "best.params": result.best.params,
        "best.optimiser": result.best.optimiser,
    }
    tensors = {
        f"{name}.{key}": tensor.cpu().contiguous().clone()
        for name, tree in trees.items()
        if tree
        for key, tensor in state_dict(tree).items()
    }
    # without a row, which only replicates that all diverged at once leave, five empty columns
    columns = zip(*result.rows, strict=True) if result.rows else [()] * 5
    replicates, epochs, splits, metrics, values = (list(column) for column in columns)
    names = sorted({*splits, *metrics})
    codes = {name: code for code, name in enumerate(names)}
    tensors |= {
        "history.replicate": torch.tensor(replicates, dtype=torch.int64),
        "history.epoch": torch.tensor(epochs, dtype=torch.int64),
        "history.split": torch.tensor([codes[name] for name in splits], dtype=torch.uint8),
        "history.metric": torch.tensor([codes[name] for name in metrics], dtype=torch.uint8),
        "history.value": torch.tensor(values, dtype=torch.float64),
    }
    facts = {
        "epoch": result.epoch,
        "training_seconds": result.seconds,
        "names": names,
        "outcomes": [asdict(outcome) for outcome in result.outcomes],
    }
    return tensors, facts


def _unpack(tensors: dict[str, Tensor], facts: dict[str, Any], beginning: Fit) -> Fit:
    def tree(name: str, like: Any) -> Any:
        if not like:
            return like
        found = load_state_dict(like, tensors, f"{name}.")
        return map_params(lambda tensor, model: tensor.to(model.device), found, like)

    last, best = (
        type(like)(tree(f"{name}.params", like.params), tree(f"{name}.optimiser", like.optimiser))
        for name, like in (("last", beginning.last), ("best", beginning.best))
    )
    names = facts["names"]
    rows = [
        (replicate, epoch, names[split], names[metric], value)
        for replicate, epoch, split, metric, value in zip(
            *(
                tensors[f"history.{key}"].tolist()
                for key in ("replicate", "epoch", "split", "metric", "value")
            ),
            strict=True,
        )
    ]
    outcomes = [Outcome(**outcome) for outcome in facts["outcomes"]]
    return Fit(last, best, outcomes, rows, facts["epoch"], facts["training_seconds"])


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    with safe_open(path, framework="pt") as stored:
        facts = json.loads((stored.metadata() or {})[METADATA])
        tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118 - no mapping
    if _digest(tensors) != facts["digest"]:
        raise ResultsError("its tensors are damaged")
    return tensors, facts


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for key in sorted(tensors):
        digest.update(key.encode())
        digest.update(tensors[key].numpy().tobytes())
    return digest.hexdigest()


def _difference(kept: Any, wanted: Any, place: str = "") -> str:
    """Return the first place where two JSON values differ, with both values; empty if none."""
    if isinstance(kept, dict) and isinstance(wanted, dict):
        parts = (
            _difference(kept.get(key), wanted.get(key), f"{place}.{key}".lstrip("."))
            for key in sorted({*kept, *wanted})
        )
        return next((part for part in parts if part), "")
    return "" if kept == wanted else f"{place} was {kept!r} and is {wanted!r}"
