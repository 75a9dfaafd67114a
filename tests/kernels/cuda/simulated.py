"""What runs in the process of numba's simulator: `NUMBA_ENABLE_CUDASIM` has to be set at its start.

The simulator runs the Python source of a kernel, a thread of Python for each thread of a block.
Here those of a block take turns: between two barriers one runs after another, forwards or
backwards. A number that one thread writes and another reads without a barrier between them is
then read before in one direction and after in the other.
"""

import threading
from functools import partial
from unittest.mock import patch

import numpy as np
import torch
from numba.cuda.simulator import kernel
from torch.utils._pytree import tree_map_only

from harmodels.config.options import TruncatedBptt
from harmodels.kernels.cuda import plan, tbptt
from harmodels.training.learners import SequenceTensors, make_learner


class Thread(kernel.BlockThread):
    """A thread that runs up to its next barrier when it is let."""

    def __init__(self, *args):
        super().__init__(*args)
        self.let, self.paused, self.over = threading.Semaphore(0), threading.Semaphore(0), False
        self.start()

    def run(self):
        self.let.acquire()
        super().run()
        self.over = True
        self.paused.release()

    def syncthreads(self):
        self.paused.release()
        self.let.acquire()

    def go_on(self):
        self.let.release()
        self.paused.acquire()
        if self.exception:
            kind, trace = self.exception
            raise kind.with_traceback(trace) from None


class Block(kernel.BlockManager):
    """A block whose threads take turns."""

    backwards = False

    def run(self, grid_point, *args):
        places = list(np.ndindex(*self._block_dim))[:: -1 if self.backwards else 1]
        start = partial(Thread, lambda: self._f(*args), self, grid_point)
        threads = [start(place, False) for place in places]
        while threads:
            for thread in threads:
                thread.go_on()
            ended = sum(thread.over for thread in threads)
            assert ended in (0, len(threads)), "some threads wait at a barrier, others have ended"
            threads = [thread for thread in threads if not thread.over]


kernel.BlockManager = Block


def train(problem, options, registers=plan.MOST_A_THREAD, backwards=False):
    """Return parameters, losses and how many threads shared a row; arrays for tensors."""
    plan.MOST_A_THREAD, Block.backwards = registers, backwards
    problem, options = tree_map_only(np.ndarray, torch.from_numpy, (problem, options))
    parts = tbptt._plan(problem.params, problem.lengths, options["window"]).parts
    params, losses = tbptt.train_epoch(*problem, **options)
    return tree_map_only(torch.Tensor, torch.Tensor.numpy, (params, losses, parts))


def train_learner(options, data, order):
    """Return parameters and losses of a learner's epoch, and how often a kernel was launched."""
    learner = make_learner("truncated_bptt", TruncatedBptt(**options), "reference", 1)
    data, order = tree_map_only(np.ndarray, torch.from_numpy, (data, order))
    data = SequenceTensors(**data)
    state = learner.initialise([np.random.default_rng(r) for r in range(len(order))], data)
    with (
        patch.object(tbptt, "DEVICE", "cpu"),  # the simulator's GPU has the host's memory
        patch.object(tbptt, "_launch", wraps=tbptt._launch) as launch,
    ):
        state, losses = learner.train_epoch(state, data, order, [])
    trained = state.params, losses, launch.call_count
    return tree_map_only(torch.Tensor, torch.Tensor.numpy, trained)
