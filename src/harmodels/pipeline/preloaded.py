"""What the processes of a run's scripts are forked with: all that takes long to import.

Imported by the server of `harmodels.pipeline.forks` alone. Nothing here may start a thread or ask
for a GPU: neither outlives a fork.
"""

import gc
import signal

import matplotlib.backends.backend_svg  # noqa: F401
import snakemake.cli  # noqa: F401 - each process imports the main module of its parent

import harmodels.reporting.claims
import harmodels.reporting.figures
import harmodels.reporting.tables
import harmodels.training.jobs.run  # noqa: F401

# Asked to end, a training saves its state first, and the server has to tell how it ended. It ends
# itself when Snakemake does.
signal.signal(signal.SIGTERM, signal.SIG_IGN)
gc.collect()
gc.freeze()  # else every process would copy the pages of all objects to mark them
