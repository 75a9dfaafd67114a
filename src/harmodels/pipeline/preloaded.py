"""Modules that the fork server imports once, for all scripts of a run.

Imported by the server of `harmodels.pipeline.forks` alone. Nothing here may start a thread that a
job needs, or ask for a GPU: neither survives a fork.
"""

import gc
import importlib
import os
import signal

# Asked to end, a training saves its state first, and the server has to tell how it ended. It ends
# itself when Snakemake does. Blocked, not ignored: a script is asked as soon as it is forked.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
# libraries read them when they are loaded; work runs in parallel over jobs alone
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

import numba  # noqa: E402

from harmodels.plugins import LEARNERS  # noqa: E402

MODULES = (
    "harmodels.reporting.claims",
    "harmodels.reporting.figures",
    "harmodels.reporting.tables",
    "harmodels.training.jobs.run",
    *map(LEARNERS.module, LEARNERS),
    "snakemake.cli",  # each process imports the main module of its parent
    "scipy.stats",  # of intervals and p-values
)

for module in MODULES:
    importlib.import_module(module)
numba.njit("void()")(lambda: None)  # numba sets itself up with the first function it meets
gc.collect()
gc.freeze()  # else every process would copy the pages of all objects to mark them
