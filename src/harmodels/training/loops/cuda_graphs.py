"""Training steps recorded once as a CUDA graph and replayed from then on.

An update of a small network is hundreds of kernels, each of which takes the GPU less time than it
takes Python to launch it. A graph launches them all at once, and always on the same memory: what
a step reads and writes lies in buffers that live as long as the graph. Source: the section on
CUDA graphs in torch's notes on CUDA semantics.

A step is a pure function from the state of the step before (`carry`), the data of all steps of an
epoch (`fixed`) and the data of this one (`item`) to the new state; the three are trees of
NamedTuples of tensors. Every tensor that a step reads must be in them. It makes tensors by kernels
only, never from numbers on the host, and asks for no value of a tensor.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from harmodels.errors import TrainingError
from harmodels.nn.params import map_params
from harmodels.runtime.log import LOGGER
from harmodels.runtime.memory import is_out_of_memory

WARM_UPS = 3  # as many as torch's own helper makes: libraries choose and allocate in the first

Step = Callable[[Any, Any, Any], Any]  # carry, fixed, item -> carry
Loop = Callable[[Step, Any, Any, Iterable[Any]], Any]  # step, carry, fixed, items -> carry
Replay = Callable[[], None]
Recorder = Callable[[Callable[[], Any], Any], Replay]


def plain_loop(step: Step, carry: Any, fixed: Any, items: Iterable[Any]) -> Any:
    """Take a step for each item and return the last carry."""
    for item in items:
        carry = step(carry, fixed, item)
    return carry


class CudaRecorder:
    """Records steps on a GPU, all on one stream and in one pool of memory.

    Its recordings are to be given up together: those of one stream share a workspace of cuBLAS,
    which the first to be deleted takes away from the others (pytorch/pytorch#193402). They can
    share their memory too, because none leaves anything there for another one.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self.pool = torch.cuda.graph_pool_handle()

    def __call__(self, compute: Callable[[], Any], carry: Any) -> Replay:
        """Return a function that launches `compute` and the copy of its result into `carry`.

        `compute` is one step on buffers that outlive the replays and that it does not change; it
        reads its carry from `carry`. Raises TrainingError if the step cannot be recorded.
        """
        with torch.cuda.device(self.device):  # a capture is of the current device
            self.stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.stream):
                for _ in range(WARM_UPS):
                    compute()
            torch.cuda.current_stream().wait_stream(self.stream)
            graph, failed = torch.cuda.CUDAGraph(), None
            try:
                with warnings.catch_warnings():
                    warnings.filterwarnings("error", "The CUDA Graph is empty")
                    with torch.cuda.graph(graph, pool=self.pool, stream=self.stream):
                        try:
                            copy_tree(compute(), carry)
                        except BaseException as error:
                            failed = error  # it makes the end fail too, which says nothing of it
                            raise
            except (RuntimeError, UserWarning) as error:
                raise _cannot_record(failed or error) from error
        LOGGER.info("a training step is recorded as a CUDA graph")

        def replay() -> None:
            with torch.cuda.device(self.device):
                graph.replay()

        return replay


def _cannot_record(cause: BaseException) -> BaseException:
    """Return what to raise for an error of a recording."""
    if not isinstance(cause, Exception) or is_out_of_memory(cause):
        return cause
    return TrainingError(
        f"a training step could not be recorded as a CUDA graph: {cause}; "
        "`--config device=cpu` trains without one"
    )


RECORDERS: dict[str, Callable[[torch.device], Recorder]] = {"cuda": CudaRecorder}
"""Makers of recorders, by the type of their device; on any other the plain loop runs."""


class RecordedLoop:
    """A loop that records its step for each shape of an item, and keeps that from epoch to epoch.

    It belongs to one step: Python numbers that a step reads, such as a bound on the gradient, are
    recorded as constants. When the carry or the fixed data change shape, because a replicate has
    ended, all recordings are discarded and their memory is freed. On a device without a recorder it
    is the plain loop.
    """

    def __init__(self) -> None:
        self._shapes: Any = None
        self._carry: Any = None
        self._fixed: Any = None
        self._record: Recorder | None = None
        self._recordings: dict[Any, tuple[Any, Replay]] = {}

    def __call__(self, step: Step, carry: Any, fixed: Any, items: Iterable[Any]) -> Any:
        """Take a step for each item and return the last carry, in new tensors."""
        device = next(tensors(carry)).device
        if device.type not in RECORDERS:
            return plain_loop(step, carry, fixed, items)
        record = self._load(carry, fixed, device)
        for item in items:
            shapes = _shapes(item)
            if shapes not in self._recordings:
                self._recordings[shapes] = self._buffered(record, step, item)
            buffers, replay = self._recordings[shapes]
            copy_tree(item, buffers)
            replay()
        return map_params(torch.clone, self._carry)

    def _load(self, carry: Any, fixed: Any, device: torch.device) -> Recorder:
        shapes = _shapes(carry), _shapes(fixed)
        if self._record is not None and shapes == self._shapes:
            copy_tree(carry, self._carry)
            copy_tree(fixed, self._fixed)
            return self._record
        self._recordings.clear()
        self._record = RECORDERS[device.type](device)
        self._shapes = shapes
        self._carry, self._fixed = (map_params(torch.clone, tree) for tree in (carry, fixed))
        return self._record

    def _buffered(self, record: Recorder, step: Step, item: Any) -> tuple[Any, Replay]:
        buffers, carry, fixed = map_params(torch.clone, item), self._carry, self._fixed
        return buffers, record(lambda: step(carry, fixed, buffers), carry)


def copy_tree(source: Any, target: Any) -> None:
    """Copy each tensor of a tree into the one at its place in another."""
    for new, old in zip(tensors(source), tensors(target), strict=True):
        old.copy_(new)


def tensors(tree: Any) -> Iterator[Tensor]:
    """Yield the tensors of a tree in their order."""
    if isinstance(tree, Tensor):
        yield tree
    else:
        for part in tree:
            yield from tensors(part)


def _shapes(tree: Any) -> tuple[Any, ...]:
    return tuple((tuple(t.shape), t.dtype, t.device) for t in tensors(tree))
