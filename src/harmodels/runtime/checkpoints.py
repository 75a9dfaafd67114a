"""Checkpoints: the state of a long job in one file, from which another process resumes it.

Nothing here knows what the job computes. A job hands over a `Snapshot`, tensors by name and facts
that JSON can hold; the file keeps them with the job's identity, which is all that its result
depends on. One SHA-256 covers every byte of that, so a file that is damaged, or that belongs to
other code, data or options, is refused with a line in the log, and the job starts from the
beginning.

>>> import tempfile
>>> import torch
>>> folder = Path(tempfile.mkdtemp())
>>> def count_to(end, stop_after=None):
...     stop = StopRequest()  # `with stop:` makes it listen to Ctrl-C and SIGTERM
...     checkpoints = Checkpoints(folder, {"end": end}, every_s=0, stop=stop)
...     total = checkpoints.resume(lambda snapshot: snapshot.tensors["total"])
...     total = torch.zeros(()) if total is None else total
...     for step in range(int(total), end):
...         total = total + 1
...         stop.asked = step + 1 == stop_after
...         checkpoints.after_step(lambda: Snapshot({"total": total}, {}))
...     checkpoints.remove()
...     return int(total), checkpoints.resumes
>>> try:
...     count_to(5, stop_after=3)
... except KeyboardInterrupt as stopped:
...     print(stopped)
asked to stop; the work so far is in the checkpoint
>>> count_to(5)
(5, 1)
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from harmodels.errors import ResultsError
from harmodels.files import atomic_path, remove_leftovers
from harmodels.runtime.log import LOGGER
from harmodels.runtime.memory import is_out_of_memory
from harmodels.runtime.signals import StopRequest

FILE = "checkpoint.safetensors"
METADATA = "checkpoint"  # one key: with several, safetensors writes them in no fixed order

State = TypeVar("State")


class Snapshot(NamedTuple):
    """State of a job: tensors by name, on the host, and everything else as JSON-able facts."""

    tensors: dict[str, Tensor]
    facts: dict[str, Any]


class Checkpoints:
    """Keeper of one job's checkpoint, which decides when it is written and whether it is used.

    Parameters
    ----------
    folder
        Of this job alone; made when the first checkpoint is written. None keeps nothing.
    identity
        All that the result depends on, as JSON-able values.
    every_s
        Least seconds between two checkpoints.
    stop
        Tells whether the process was asked to stop, which it does after the next checkpoint.

    Attributes
    ----------
    resumes
        How often the job was resumed from a checkpoint.
    """

    def __init__(
        self, folder: Path | None, identity: Mapping[str, Any], every_s: float, stop: StopRequest
    ) -> None:
        self.path = None if folder is None else folder / FILE
        self.identity = json.loads(json.dumps(identity))  # as JSON reads it back
        self.every_s = every_s
        self.stop = stop
        self.resumes = 0
        self._seconds_before = 0.0
        self._started = self._written = time.monotonic()

    @property
    def seconds(self) -> float:
        """Time that the job has taken, interrupted processes included up to their checkpoints."""
        return self._seconds_before + time.monotonic() - self._started

    def resume(self, restore: Callable[[Snapshot], State]) -> State | None:
        """Return the state that a checkpoint holds, or None to start from the beginning.

        Parameters
        ----------
        restore
            Turns a snapshot into a state; any exception that it raises refuses the checkpoint.
        """
        if self.path is None:
            return None
        remove_leftovers(self.path)
        if not self.path.exists():
            return None
        try:
            snapshot = read_checkpoint(self.path)
            difference = _difference(snapshot.facts["identity"], self.identity)
            if difference:
                raise ResultsError(f"it belongs to another job: {difference}")
            state = restore(Snapshot(snapshot.tensors, snapshot.facts["state"]))
            resumes, seconds = snapshot.facts["resumes"] + 1, float(snapshot.facts["seconds"])
        except Exception as error:
            # whatever the file holds, it must not stop the job, and each of its reruns
            if is_out_of_memory(error):
                raise
            LOGGER.warning("%s is refused, the job starts from the beginning: %s", self.path, error)
            return None
        self.resumes, self._seconds_before = resumes, seconds
        return state

    def after_step(self, take: Callable[[], Snapshot]) -> None:
        """Write a checkpoint if it is time, and end the process if it was asked to stop.

        A checkpoint that cannot be written is reported, and the job continues.

        Parameters
        ----------
        take
            Returns the state; called only if a checkpoint is to be written.

        Raises
        ------
        KeyboardInterrupt
            After the checkpoint, if the process was asked to stop.
        """
        due = time.monotonic() - self._written >= self.every_s
        if self.path is not None and (due or self.stop.asked):
            self._write(self.path, take())
            self._written = time.monotonic()
        if self.stop.asked:
            raise KeyboardInterrupt("asked to stop; the work so far is in the checkpoint")

    def remove(self) -> None:
        """Delete the checkpoint of a job that is done."""
        if self.path is not None and self.path.parent.is_dir():
            self.path.unlink(missing_ok=True)
            if not any(self.path.parent.iterdir()):
                self.path.parent.rmdir()

    def _write(self, path: Path, snapshot: Snapshot) -> None:
        facts = {
            "identity": self.identity,
            "resumes": self.resumes,
            "seconds": self.seconds,
            "state": snapshot.facts,
        }
        try:
            write_checkpoint(path, Snapshot(snapshot.tensors, facts))
        except ResultsError as error:
            LOGGER.warning("no checkpoint, the job continues: %s", error)


def write_checkpoint(path: Path, snapshot: Snapshot) -> None:
    """Write tensors and facts under one digest, atomically, as a safetensors file.

    Raises
    ------
    ResultsError
        If the folder cannot be written or the disk is full.
    """
    facts = json.dumps(snapshot.facts)
    metadata = {METADATA: f"{_digest(snapshot.tensors, facts)} {facts}"}
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(snapshot.tensors, metadata))


def read_checkpoint(path: Path) -> Snapshot:
    """Return what `write_checkpoint` wrote.

    Raises
    ------
    ResultsError
        If the digest does not fit; other exceptions where the file is not safetensors at all.
    """
    with safe_open(path, framework="pt") as stored:
        digest, _, facts = (stored.metadata() or {}).get(METADATA, "").partition(" ")
        tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118 - no mapping
    if digest != _digest(tensors, facts):
        raise ResultsError("it is damaged")
    return Snapshot(tensors, json.loads(facts))


def _digest(tensors: Mapping[str, Tensor], facts: str) -> str:
    names = sorted(tensors)
    layout = [(name, str(tensors[name].dtype), list(tensors[name].shape)) for name in names]
    digest = hashlib.sha256(json.dumps([facts, layout]).encode())
    for name in names:
        digest.update(tensors[name].numpy().tobytes())
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
