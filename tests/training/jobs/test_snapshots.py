"""A checkpoint is used as it was written, or refused: no bit of it can change a result."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harmodels.config.options import Minibatch
from harmodels.errors import ResultsError
from harmodels.nn.params import state_dict
from harmodels.runtime.checkpoints import FILE, Checkpoints, Snapshot, read_checkpoint
from harmodels.runtime.log import LOGGER
from harmodels.runtime.signals import StopRequest
from harmodels.training.fit import Fit, Schedule, SplitIndices, begin, fit
from harmodels.training.jobs.snapshots import pack, unpack
from harmodels.training.learners import SequenceTensors, make_learner

MONITOR = "negative_log_likelihood"
OPTIONS = Minibatch(
    learning_rate=0.05,
    hidden=2,
    batch_size=4,
    epochs=4,
    initialisation="uniform",
    optimiser="adam",
    clip_norm=None,
    monitor=MONITOR,
    patience=None,
    test_every=None,
)
IDENTITY = {"code": "a", "options": {"hidden": 2}}


class Trained:
    """A real training of two replicates, three epochs long, and its checkpoint."""

    def __init__(self, folder: Path) -> None:
        inputs = torch.randn(12, 3, 2, generator=torch.Generator().manual_seed(0))
        data = SequenceTensors.of_equal_length(inputs, torch.arange(12) % 2, 2)
        indices = SplitIndices([np.arange(6)] * 2, [np.arange(6, 9)] * 2, np.arange(9, 12))
        schedule = Schedule(3, 7, (0, 1), MONITOR, test_every=2)
        learner = make_learner("minibatch", OPTIONS, "reference", 1)
        self.folder = folder
        self.beginning = begin(learner, data, schedule)
        keeper = Checkpoints(folder, IDENTITY, 0.0, StopRequest())
        self.result = fit(
            learner,
            data,
            indices,
            schedule,
            on_epoch_end=lambda result: keeper.after_step(lambda: pack(result)),
        )
        self.content = (folder / FILE).read_bytes()

    def resume(self, content: bytes) -> tuple[Any, ...] | None:
        """Return all that a resumed job takes from a checkpoint; None if it is refused."""
        (self.folder / FILE).write_bytes(content)
        keeper = Checkpoints(self.folder, IDENTITY, 0.0, StopRequest())
        result = keeper.resume(lambda snapshot: unpack(snapshot, self.beginning, MONITOR))
        return None if result is None else (keeper.resumes, *meaning(result))


def meaning(result: Fit) -> tuple[Any, ...]:
    tensors = [
        (name, str(tensor.dtype), tensor.numpy().tobytes())
        for state in (result.last, result.best)
        for tree in state
        for name, tensor in state_dict(tree).items()
    ]
    return result.epoch, result.seconds, result.rows, result.outcomes, tensors


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return Trained(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture
def _quiet() -> Any:
    LOGGER.disabled = True  # thousands of refusals
    yield
    LOGGER.disabled = False


def test_a_resumed_training_is_the_one_that_was_kept(trained: Trained) -> None:
    assert trained.resume(trained.content) == (1, *meaning(trained.result))


@pytest.mark.attack("flipped bit in a checkpoint")
@pytest.mark.usefixtures("_quiet")
def test_no_flipped_bit_of_a_checkpoint_changes_its_meaning(
    trained: Trained,
    tries: Callable[[int], int],
    drawn: random.Random,
    outcome: Callable[[str], None],
) -> None:
    content = trained.content
    whole = trained.resume(content)
    header = 8 + int.from_bytes(content[:8], "little")
    # half of them in the header; twice as many tries as it has bits take each of these
    bits = drawn.sample(range(8 * header), min(tries(1000) // 2, 8 * header))
    bits += (drawn.randrange(8 * len(content)) for _ in range(tries(1000) // 2))
    for bit in bits:
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        found = trained.resume(bytes(damaged))
        assert found in (None, whole), bit
        outcome("refused" if found is None else "of the same meaning")


def edit(key: str, value: Any) -> Callable[[Snapshot], None]:
    def change(snapshot: Snapshot) -> None:
        snapshot.facts[key] = value

    return change


def put(name: str, position: int, value: float) -> Callable[[Snapshot], None]:
    def change(snapshot: Snapshot) -> None:
        snapshot.tensors[name][position] = value

    return change


def replace_tensor(name: str, new: Callable[[torch.Tensor], Any]) -> Callable[[Snapshot], None]:
    def change(snapshot: Snapshot) -> None:
        snapshot.tensors[name] = new(snapshot.tensors[name])

    return change


def drop_rows(start: int) -> Callable[[Snapshot], None]:
    def change(snapshot: Snapshot) -> None:
        for name in [name for name in snapshot.tensors if name.startswith("history.")]:
            rows = snapshot.tensors[name]
            snapshot.tensors[name] = torch.cat([rows[:start], rows[start + 1 :]])

    return change


def rename_metric(snapshot: Snapshot) -> None:
    snapshot.facts["metrics"][1:] = ["other"] * (len(snapshot.facts["metrics"]) - 1)


@pytest.mark.parametrize(
    "change",
    [
        edit("epoch", 2),
        edit("epoch", 4),
        edit("epoch", "3"),
        edit("epoch", 3.0),
        edit("epoch", None),
        edit("seconds", "1"),
        edit("seconds", -1.0),
        edit("seconds", float("nan")),
        edit("metrics", []),
        edit("metrics", [1, 2, 3]),
        edit("metrics", None),
        edit("ends", [[None, None]]),
        edit("ends", [[None, None]] * 3),
        edit("ends", [[3, None], [None, None]]),
        edit("ends", [[5, "loss"], [None, None]]),
        edit("ends", [[1, "loss"], [None, None]]),
        edit("ends", [["3", "loss"], [None, None]]),
        edit("ends", [[None, 3], [None, None]]),
        edit("ends", 3),
        rename_metric,
        drop_rows(0),
        drop_rows(11),
        drop_rows(7),
        put("history.epoch", 0, 2),
        put("history.epoch", -1, 9),
        put("history.replicate", 0, 5),
        put("history.split", 0, 7),
        put("history.metric", 0, 99),
        put("history.value", 0, float("nan")),
        replace_tensor("history.value", lambda values: values.float()),
        replace_tensor("history.value", lambda values: values[:, None]),
        replace_tensor("last.params.output.bias", lambda bias: bias[:1]),
        replace_tensor("last.params.output.bias", lambda bias: bias.double()),
    ],
)
def test_a_snapshot_that_contradicts_itself_is_refused(
    change: Callable[[Snapshot], None], trained: Trained
) -> None:
    snapshot = pack(trained.result)
    assert meaning(unpack(snapshot, trained.beginning, MONITOR)) == meaning(trained.result)
    change(snapshot)
    with pytest.raises((ResultsError, TypeError, ValueError, IndexError)):
        unpack(snapshot, trained.beginning, MONITOR)


@pytest.mark.parametrize("part", ["epoch", "seconds", "metrics", "ends"])
def test_a_snapshot_that_lacks_a_fact_is_refused(part: str, trained: Trained) -> None:
    snapshot = pack(trained.result)
    del snapshot.facts[part]
    with pytest.raises(KeyError):
        unpack(snapshot, trained.beginning, MONITOR)


def test_the_tensors_of_a_snapshot_are_named_by_their_place_in_the_network(
    trained: Trained,
) -> None:
    (trained.folder / FILE).write_bytes(trained.content)
    names = set(read_checkpoint(trained.folder / FILE).tensors)
    assert {"last.params.output.bias", "best.params.output.bias"} <= names
