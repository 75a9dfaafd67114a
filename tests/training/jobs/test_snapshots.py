"""A checkpoint is used as it was written, or refused: no bit of it can change a result."""

import numpy as np
import pytest
import torch

from harmodels.config.options import Minibatch
from harmodels.errors import ResultsError
from harmodels.nn.params import state_dict
from harmodels.runtime.checkpoints import FILE, Checkpoints, read_checkpoint
from harmodels.runtime.log import LOGGER
from harmodels.runtime.signals import StopRequest
from harmodels.training.fit import Schedule, SplitIndices, begin, fit
from harmodels.training.jobs.snapshots import pack, unpack
from harmodels.training.learners import SequenceTensors, make_learner

MONITOR = "negative_log_likelihood"
OPTIONS = Minibatch(
    learning_rate=0.05, hidden=2, batch_size=4, epochs=4, initialisation="uniform",
    optimiser="adam", clip_norm=None, monitor=MONITOR, patience=None, test_every=None,
)  # fmt: skip
IDENTITY = {"code": "a", "options": {"hidden": 2}}


class Trained:
    """A real training of two replicates, three epochs long, and its checkpoint."""

    def __init__(self, folder):
        inputs = torch.randn(12, 3, 2, generator=torch.Generator().manual_seed(0))
        data = SequenceTensors.of_equal_length(inputs, torch.arange(12) % 2, 2)
        indices = SplitIndices([np.arange(6)] * 2, [np.arange(6, 9)] * 2, np.arange(9, 12))
        schedule = Schedule(3, 7, (0, 1), MONITOR, test_every=2)
        learner = make_learner("minibatch", OPTIONS, "reference", 1)
        self.folder = folder
        self.beginning = begin(learner, data, schedule)
        keeper = Checkpoints(folder, IDENTITY, 0.0, StopRequest())

        def keep(result):
            keeper.after_step(lambda: pack(result))

        self.result = fit(learner, data, indices, schedule, on_epoch_end=keep)
        self.content = (folder / FILE).read_bytes()

    def resume(self, content):
        """Return all that a resumed job takes from a checkpoint; None if it is refused."""
        (self.folder / FILE).write_bytes(content)
        keeper = Checkpoints(self.folder, IDENTITY, 0.0, StopRequest())
        result = keeper.resume(lambda snapshot: unpack(snapshot, self.beginning, MONITOR))
        return None if result is None else (keeper.resumes, *meaning(result))


def meaning(result):
    tensors = [
        (name, str(tensor.dtype), tensor.numpy().tobytes())
        for state in (result.last, result.best)
        for tree in state
        for name, tensor in state_dict(tree).items()
    ]
    return result.epoch, result.seconds, result.rows, result.outcomes, tensors


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return Trained(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture
def _quiet():
    LOGGER.disabled = True  # thousands of refusals
    yield
    LOGGER.disabled = False


def test_a_resumed_training_is_the_one_that_was_kept(trained):
    assert trained.resume(trained.content) == (1, *meaning(trained.result))


@pytest.mark.attack("flipped bit in a checkpoint")
@pytest.mark.usefixtures("_quiet")
def test_no_flipped_bit_of_a_checkpoint_changes_its_meaning(trained, tries, drawn, outcome):
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


def test_a_snapshot_of_another_shape_is_refused(trained):
    for other in (lambda bias: bias[:1], lambda bias: bias.double()):
        snapshot = pack(trained.result)
        snapshot.tensors["last.params.output.bias"] = other(trained.result.last.params.output.bias)
        with pytest.raises(ResultsError, match=r"output\.bias is of another shape or type"):
            unpack(snapshot, trained.beginning, MONITOR)
    del snapshot.tensors["last.params.output.bias"]
    with pytest.raises(ResultsError, match="holds other tensors"):
        unpack(snapshot, trained.beginning, MONITOR)


@pytest.mark.parametrize(
    ("key", "value"),
    [("epoch", 2), ("epoch", 4), ("epoch", "3"), ("seconds", -1.0), ("ends", [[None, None]])],
)
def test_a_snapshot_that_contradicts_its_history_is_refused(key, value, trained):
    snapshot = pack(trained.result)
    snapshot.facts[key] = value
    with pytest.raises((ResultsError, ValueError)):
        unpack(snapshot, trained.beginning, MONITOR)


def test_the_tensors_of_a_snapshot_are_named_by_their_place_in_the_network(trained):
    (trained.folder / FILE).write_bytes(trained.content)
    names = set(read_checkpoint(trained.folder / FILE).tensors)
    assert {"last.params.output.bias", "best.params.output.bias"} <= names
