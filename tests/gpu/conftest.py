"""What to train on a GPU, and a pretended GPU that runs on any machine."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from harmodels.config.options import OPTIONS, Minibatch, Perceptron, Recurrent, TruncatedBptt
from harmodels.nn.params import state_dict
from harmodels.runtime.checkpoints import Checkpoints
from harmodels.runtime.signals import StopRequest
from harmodels.training.fit import Schedule, SplitIndices, begin, fit
from harmodels.training.jobs.snapshots import pack, unpack
from harmodels.training.learners import SequenceTensors, make_learner
from harmodels.training.loops import cuda_graphs as graphs

TBPTT = TruncatedBptt(hidden=6, window=4, epochs=2, initial_range=0.3)
MINIBATCH = Minibatch(hidden=6, batch_size=5, epochs=2, test_every=None)
ADAM = MINIBATCH.replaced(learning_rate=0.01, optimiser="adam", initialisation="orthogonal")
PERCEPTRON = Perceptron(
    batch_size=5, hidden1=8, hidden2=7, learning_rate=0.1, momentum=0.5, dropout=0.5, epochs=2,
    initial_range=0.3, stopping="all_epochs",
)  # fmt: skip
RECURRENT = Recurrent(hidden=6, batch_size=5, learning_rate=0.01, epochs=2)
FINGERS = {"architecture": "hierarchical", "finger_hidden": 3}

CASES = {
    "tbptt": TBPTT,
    "tbptt, as printed": TBPTT.replaced(recurrent_gradient="untransposed"),
    "tbptt, unequal lengths": TBPTT,
    "tbptt, once a sequence": TBPTT.replaced(update="sequence_mean"),
    "tbptt, as programmed": TBPTT.replaced(
        clip=0.5, first_step_bias=False, logged_loss="last_of_fifth"
    ),
    "minibatch, no hidden bias": MINIBATCH.replaced(hidden_bias=False),
    "minibatch": MINIBATCH,
    "minibatch, unequal lengths": ADAM,
    "minibatch, Adam": ADAM,
    "minibatch, Adam, clipped": ADAM.replaced(clip_norm=0.5),
    "minibatch, clipped": MINIBATCH.replaced(clip_norm=0.5),
    "perceptron": PERCEPTRON.replaced(dropout=0.0, momentum=0.0),
    "perceptron, dropout, momentum": PERCEPTRON,
    "perceptron, inverted dropout, summed": PERCEPTRON.replaced(
        dropout_form="inverted", reduction="sum", momentum=0.0
    ),
    "perceptron, times the Jacobian": PERCEPTRON.replaced(
        output_gradient="times_jacobian_plus_identity"
    ),
    "simple_rnn": RECURRENT.replaced(cell="simple_rnn", dropout=0.0),
    "gru": RECURRENT,
    "lstm, two layers": RECURRENT.replaced(cell="lstm", layers=2),
    "gru, pooled, both directions": RECURRENT.replaced(
        layers=2, bidirectional=True, pooling="mean_max"
    ),
    "gru, fingers": RECURRENT.replaced(**FINGERS),
    "lstm, fingers": RECURRENT.replaced(**FINGERS, cell="lstm"),
}
STEP = {"clip_norm": 0.5, "weight_decay": 0.1, "schedule": "one_cycle"}
CASES |= {
    "tbptt, weighted": TBPTT,
    "tbptt, unequal lengths, weighted": TBPTT,
    "minibatch, every part of a step, weighted": ADAM.replaced(**STEP, hidden_bias=False),
    "minibatch, unequal lengths, weighted": MINIBATCH,
    "perceptron, every part of a step, weighted": PERCEPTRON.replaced(**STEP),
    "gru, every part of a step, weighted": RECURRENT.replaced(**STEP),
}
TRAININGS = {kind: training for training, kind in OPTIONS.items()}


def make_recordings(*, equal):
    """Sequences of 6 steps, or of 1 to 8."""
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(24) % 4
    if equal:
        inputs = torch.randn(24, 6, 4, generator=random) + labels[:, None, None] / 2
        return SequenceTensors.of_equal_length(inputs, labels, 4)
    lengths = torch.randint(1, 9, (24,), generator=random)
    frames = torch.randn(int(lengths.sum()), 4, generator=random)
    fingers = torch.tensor([[0, 1], [0, 2], [0, 3]])
    return SequenceTensors(frames, lengths.cumsum(0) - lengths, lengths, labels, 4, fingers)


@dataclass(frozen=True)
class Case:
    """One training: 12 sequences to learn from, of which the last batch has fewer than others."""

    training: str
    options: object
    equal: bool
    weighted: bool

    @property
    def recordings(self):
        weights = torch.linspace(0, 2, 24) if self.weighted else None
        return replace(make_recordings(equal=self.equal), weights=weights)

    def parts(self, device, replicates=(0, 1, 2), epochs=2, **changes):
        """What `fit` is given."""
        learner = make_learner(self.training, self.options, "reference", 1)
        count = len(replicates)
        train, held = [np.arange(12)] * count, [np.arange(12, 18)] * count
        indices = SplitIndices(train, held, np.arange(18, 24))
        schedule = Schedule(epochs, 7, replicates, self.options.monitor, **changes)
        return learner, self.recordings.to(device), indices, schedule

    def fit(self, device, **changes):
        return fit(*self.parts(device, **changes))

    def fit_interrupted(self, device, folder):
        """Train, be asked to end in the first epoch, and go on from the checkpoint."""
        stop = StopRequest()
        stop.asked = True

        def keep(result):
            Checkpoints(folder, {}, 0, stop).after_step(lambda: pack(result))

        with pytest.raises(KeyboardInterrupt):
            fit(*self.parts(device), on_epoch_end=keep)
        learner, recordings, _, schedule = parts = self.parts(device)
        beginning = begin(learner, recordings, schedule)
        start = Checkpoints(folder, {}, 0, StopRequest()).resume(
            lambda snapshot: unpack(snapshot, beginning, schedule.monitor)
        )
        assert start.epoch == 1
        return fit(*parts, start=start)


@pytest.fixture(params=CASES)
def case(request):
    options = CASES[request.param]
    training = TRAININGS[type(options)]
    equal = training != "recurrent" and "unequal" not in request.param
    return Case(training, options, equal, "weighted" in request.param)


@pytest.fixture
def tensors_of():
    """All tensors of a result by name, on the host."""

    def tensors(result):
        trees = {"last": result.last.params, "best": result.best.params}
        if result.last.optimiser:
            trees["optimiser"] = result.last.optimiser
        return {
            f"{tree}.{name}": tensor.cpu()
            for tree, params in trees.items()
            for name, tensor in state_dict(params).items()
        }

    return tensors


class OnGpu(Tensor):
    """A tensor that says it is on a GPU; its numbers are in `numbers`, on the host."""

    @staticmethod
    def __new__(cls, numbers, device):
        return Tensor._make_wrapper_subclass(
            cls, numbers.shape, strides=numbers.stride(), storage_offset=numbers.storage_offset(),
            dtype=numbers.dtype, device=device,
        )  # fmt: skip

    def __init__(self, numbers, device):
        self.numbers = numbers

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        raise AssertionError(f"{function} on a pretended GPU that is not switched on")


# Each makes the host wait until the GPU has come so far; the transfers are looked at on their own.
WAITING = {"_local_scalar_dense", "nonzero", "masked_select", "repeat_interleave", "equal"}
TRANSFERS = {"_to_copy", "copy_"}


class PretendedGpu(TorchDispatchMode):
    """Computes on the host what is asked of the GPU, and refuses what a GPU could not do so.

    Refused are operations on tensors of both places, operations that make the host wait and,
    while a step is recorded, transfers. Tensors from numbers on the host and indexing with lists,
    which wait too, are refused by torch, since this GPU has no memory to copy them to.
    """

    def __init__(self, device):
        super().__init__()
        self.device = device
        self.recording = False
        self.downloads = 0  # transfers to the host, for which it waits
        self.recorded = 0  # steps
        self.operations = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        name = function.overloadpacket.__name__
        tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        on_gpu = [isinstance(tensor, OnGpu) for tensor in tensors]
        target = kwargs.get("device")
        to_gpu = any(on_gpu) if target is None else torch.device(target) == self.device
        if target is not None:
            kwargs["device"] = torch.device("cpu")
        if name in TRANSFERS:
            to_gpu = on_gpu[0] if name == "copy_" else to_gpu
            self._transfer(name, on_gpu[-1], to_gpu)
        elif any(on_gpu):
            self.operations.add(name)
            if name in WAITING:
                raise RuntimeError(f"{function} makes the host wait for the GPU")
            # numbers without a dimension are handed over with the call, but `where` copies them
            least = 0 if name == "where" else 1
            if any(
                not there and t.dim() >= least for t, there in zip(tensors, on_gpu, strict=True)
            ):
                raise RuntimeError(f"{function} on tensors of the host and of the GPU")
        args, kwargs = tree_map(self._numbers, (args, kwargs))
        result = function(*args, **kwargs)
        return tree_map(self._on_gpu, result) if to_gpu else result

    def _transfer(self, name, from_gpu, to_gpu):
        if from_gpu != to_gpu and self.recording:
            raise RuntimeError(f"{name} between host and GPU in a recorded step")
        self.downloads += from_gpu and not to_gpu

    def _numbers(self, value):
        return value.numbers if isinstance(value, OnGpu) else value

    def _on_gpu(self, value):
        return OnGpu(value, self.device) if isinstance(value, Tensor) else value


@pytest.fixture(scope="session")
def pretended_device():
    # torch has no public way to a device without a backend in C++
    from torch.utils import backend_registration

    set_up = getattr(backend_registration, "_setup_privateuseone_for_python_backend", None)
    if set_up is None:
        pytest.skip(f"torch {torch.__version__} cannot pretend a device")
    set_up()
    return torch.device("privateuseone", 0)


@pytest.fixture
def gpu(pretended_device, monkeypatch):
    """A pretended GPU that is switched on; steps are recorded by running them again."""
    mode = PretendedGpu(pretended_device)

    def record(compute, carry):
        mode.recorded += 1

        def replay():
            mode.recording = True
            graphs.copy_tree(compute(), carry)
            mode.recording = False

        return replay

    monkeypatch.setitem(graphs.RECORDERS, pretended_device.type, lambda device: record)
    with mode:
        yield mode
