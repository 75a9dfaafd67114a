"""What the processes of a run's scripts are forked with: all that takes long to import.

Imported by the server of `harmodels.pipeline.forks` alone. Nothing here may start a thread that a
job needs, or ask for a GPU: neither outlives a fork.
"""

import gc
import importlib
import signal

import numba

from harmodels.plugins import LEARNERS

MODULES = (
    "harmodels.reporting.claims",
    "harmodels.reporting.figures",
    "harmodels.reporting.tables",
    "harmodels.training.jobs.run",
    *map(LEARNERS.module, LEARNERS),
    "snakemake.cli",  # each process imports the main module of its parent
    "statsmodels.stats.multitest",  # of the ledgers of claims; scipy.stats comes with it
)

for module in MODULES:
    importlib.import_module(module)
numba.njit("void()")(lambda: None)  # numba sets itself up with the first function it meets
# Asked to end, a training saves its state first, and the server has to tell how it ended. It ends
# itself when Snakemake does.
signal.signal(signal.SIGTERM, signal.SIG_IGN)
gc.collect()
gc.freeze()  # else every process would copy the pages of all objects to mark them
