"""Python scripts of a run in processes forked from one that has imported the libraries already.

Snakemake starts an interpreter for every job with `script:`, and each imports torch, pandas and
the rest anew, which takes several times as long as a table does. On Linux the scripts of a run
are forked instead from a server of `multiprocessing`, which imports them once; everything else of
a job, its preamble, log, benchmark and exit status, stays as Snakemake makes it.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

from snakemake.benchmark import benchmarked
from snakemake.script import PythonScript

PRELOADED = "harmodels.pipeline.preloaded"
COMMAND = Path("/proc/self/comm")  # what `ps` and `top` call a process


def fork_scripts(folder: Path) -> None:
    """Let Snakemake fork the scripts of `folder` instead of starting an interpreter for each.

    Nothing changes where processes cannot be forked safely (macOS, Windows), nor for scripts that
    run in an environment of their own, or of a workflow that uses this one as a module. The
    server starts with the first script.
    """
    if sys.platform != "linux":
        return
    multiprocessing.set_forkserver_preload([PRELOADED])
    start_interpreter = PythonScript.execute_script

    def execute_script(script: PythonScript, fname: str, edit: bool = False) -> None:
        path = Path(script.path.get_path_or_uri(secret_free=True))
        ours = path.parent.resolve() == folder.resolve()
        if ours and not (script.conda_env or script.container_img or script.env_modules):
            _fork(script, fname)
        else:
            start_interpreter(script, fname, edit)

    PythonScript.execute_script = execute_script


def _fork(script: PythonScript, fname: str) -> None:
    """Run a script that Snakemake has written, preamble included, as `execute_script` does."""
    name = Path(script.path.get_filename()).stem
    server = multiprocessing.get_context("forkserver")
    process = server.Process(target=_run, args=(fname, name, script.resources.get("tmpdir")))
    process.start()
    with benchmarked(process.pid if script.bench_record else False, script.bench_record):
        process.join()
    if process.exitcode:
        # as a shell says it: 128 and the number of the signal
        status = process.exitcode if process.exitcode > 0 else 128 - process.exitcode
        raise subprocess.CalledProcessError(status, [sys.executable, fname])


def _run(fname: str, name: str, tmpdir: str | None) -> None:
    """Be the process of a script."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # which the server ignores
    if COMMAND.exists():
        COMMAND.write_text(name, encoding="utf-8")
    if tmpdir:
        os.environ.update(dict.fromkeys(("TMPDIR", "TMP", "TEMPDIR", "TEMP"), tmpdir))
    runpy.run_path(fname, run_name="__main__")
