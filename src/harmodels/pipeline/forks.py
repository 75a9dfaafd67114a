"""Python scripts of a run in processes forked from one that has imported the libraries already.

Snakemake starts an interpreter for every job with `script:`, and each imports torch, pandas and
the rest anew, which takes several times as long as a table does. On Linux the scripts of a run
are forked instead from a server of `multiprocessing`, which imports them once; everything else of
a job, its preamble, log, benchmark and exit status, stays as Snakemake makes it. Only `kill` of
Snakemake itself is passed on to them: Snakemake alone would wait until they are done.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.util import get_temp_dir
from pathlib import Path
from typing import Any

from snakemake.benchmark import benchmarked
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.script import PythonScript

PRELOADED = "harmodels.pipeline.preloaded"
COMMAND = Path("/proc/self/comm")  # what `ps` and `top` call a process
# The path of a socket has at most 107 bytes on Linux; multiprocessing puts that of its server into
# a folder of its own, /pymp-abcdefgh/listener-abcdefgh below the one for temporary files.
LONGEST = 107 - 32
SHORT = ("/tmp", "/var/tmp", "/dev/shm")  # the folder in them is private

_running: set[BaseProcess] = set()
# Starting a process also asks all others whether they have ended, and an exit status can be read
# only once: who comes second is given 255.
_asking = threading.Lock()
_asked_to_end = threading.Event()


def fork_scripts(folder: Path) -> None:
    """Let Snakemake fork the scripts of `folder` instead of starting an interpreter for each.

    Nothing changes where processes cannot be forked safely (macOS, Windows), nor for scripts that
    run in an environment of their own, or of a workflow that uses this one as a module. The
    server starts with the first script.
    """
    if sys.platform != "linux" or not has_room_for_sockets():
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
    end_gracefully = JobScheduler.exit_gracefully

    def pass_on(scheduler: JobScheduler, *signal_and_frame: Any) -> None:
        end_gracefully(scheduler, *signal_and_frame)
        _asked_to_end.set()
        for process in tuple(_running):
            process.terminate()

    JobScheduler.exit_gracefully = pass_on


def has_room_for_sockets() -> bool:
    """Return whether multiprocessing has a folder whose path leaves room for that of a socket.

    Where that for temporary files ($TMPDIR) is too long, it is given another one.
    """
    if len(os.fsencode(tempfile.gettempdir())) <= LONGEST:
        return True
    usual = tempfile.tempdir
    for folder in SHORT:
        if os.access(folder, os.W_OK | os.X_OK):
            tempfile.tempdir = folder
            try:
                get_temp_dir()  # which it makes now, keeps, and removes at the end
            finally:
                tempfile.tempdir = usual
            return True
    return False


def _fork(script: PythonScript, fname: str) -> None:
    """Run a script that Snakemake has written, preamble included, as `execute_script` does."""
    name = Path(script.path.get_filename()).stem
    server = multiprocessing.get_context("forkserver")
    process = server.Process(target=_run, args=(fname, name, script.resources.get("tmpdir")))
    with _asking:
        process.start()
    _running.add(process)
    try:
        if _asked_to_end.is_set():  # while it was started
            process.terminate()
        with benchmarked(process.pid if script.bench_record else False, script.bench_record):
            wait([process.sentinel])
    finally:
        _running.discard(process)
    with _asking:
        process.join()
    if process.exitcode:
        # as a shell says it: 128 and the number of the signal
        status = process.exitcode if process.exitcode > 0 else 128 - process.exitcode
        raise subprocess.CalledProcessError(status, [sys.executable, fname])


def _run(fname: str, name: str, tmpdir: str | None) -> None:
    """Be the process of a script."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # which the server blocks
    if COMMAND.exists():
        COMMAND.write_text(name, encoding="utf-8")
    if tmpdir:
        os.environ.update(dict.fromkeys(("TMPDIR", "TMP", "TEMPDIR", "TEMP"), tmpdir))
    runpy.run_path(fname, run_name="__main__")
