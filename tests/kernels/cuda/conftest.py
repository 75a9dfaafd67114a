import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_map_only


def call(name, args, options):
    """Call a function of `simulated`, which is imported in the simulator's process alone."""
    return getattr(import_module("tests.kernels.cuda.simulated"), name)(*args, **options)


@pytest.fixture(scope="session")
def simulator():
    """Run a function of `simulated` in a process where numba simulates a GPU."""
    context = multiprocessing.get_context("spawn")
    with pytest.MonkeyPatch.context() as patch, ProcessPoolExecutor(1, context) as process:
        patch.setenv("NUMBA_ENABLE_CUDASIM", "1")

        def run(name, *args, **options):
            sent = tree_map_only(Tensor, Tensor.numpy, (args, options))
            return tree_map_only(
                np.ndarray, torch.from_numpy, process.submit(call, name, *sent).result()
            )

        yield run
