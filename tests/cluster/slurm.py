"""How tests speak to a Slurm."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil


class Slurm:
    """How tests speak to the cluster."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}

    def call(self, *command: str) -> str:
        """Run one of Slurm's commands and return what it printed."""
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    def jobs(self) -> list[dict[str, str]]:
        """Return what the controller knows of all jobs, finished ones included."""
        records = self.call("scontrol", "--oneliner", "--details", "show", "jobs").splitlines()
        # NAME=VALUE separated by blanks; the first one of a name is the job's own
        return [
            dict(reversed([field.split("=", 1) for field in line.split() if "=" in field]))
            for line in records
            if line.startswith("JobId=")
        ]

    def queue(self) -> list[str]:
        """Return the ids of the jobs that wait, run or are about to end."""
        return self.call("squeue", "--noheader", "--format=%i").split()

    def processes(self, job: str, *words: str) -> list[psutil.Process]:
        """Return the processes of a running job whose command line holds all `words`."""
        listed = self.call("scontrol", "listpids", job).splitlines()[1:]
        found = []
        for pid in sorted({int(line.split()[0]) for line in listed} - {-1}):
            try:
                command = " ".join(psutil.Process(pid).cmdline())
            except psutil.NoSuchProcess:
                continue
            if all(word in command for word in words):
                found.append(psutil.Process(pid))
        return found

    def leftovers(self) -> list[psutil.Process]:
        """Return the processes that were started by jobs of this cluster and still live."""
        mine = self.environment["SLURM_CONF"]
        found = []
        for process in psutil.process_iter():
            try:
                environment = process.environ()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            if environment.get("SLURM_CONF") == mine and "SLURM_JOB_ID" in environment:
                found.append(process)
        return found


def wait_until(holds: Callable[[], Any], timeout_s: float, what: str) -> Any:
    """Return the first true value of `holds`, asked four times a second.

    Raises
    ------
    TimeoutError
        Naming `what` was waited for.
    """
    end = time.monotonic() + timeout_s
    while not (value := holds()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout_s:.0f} s in vain for {what}")
        time.sleep(0.25)
    return value
