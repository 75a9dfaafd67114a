"""A real Slurm of one node, made of Debian's packages, with all its state in one folder.

It shares nothing with a Slurm that the machine may have: configuration, keys, sockets and ports are
its own. The daemons start jobs in the name of others and therefore need root.
"""

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.cluster.slurm import Slurm, wait_until

PROGRAMS = (
    "munged",
    "slurmctld",
    "slurmd",
    "sbatch",
    "scancel",
    "scontrol",
    "sinfo",
    "squeue",
    "srun",
)
GPUS = ("/dev/null", "/dev/zero", "/dev/full")  # any device file will do for a GPU nobody opens
KILL_WAIT_S = 5

SLURM_CONF = """\
ClusterName=harmodels
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
PlugStackConfig=/dev/null
MpiDefault=none
ReturnToService=2
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
GresTypes=gpu
# finished jobs are asked for at the end
MinJobAge=3600
# a job ends at its limit, and for good soon after
OverTimeLimit=0
KillWait={kill_wait}
# whether more processors are declared than there are, Slurm shall not ask
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:{gpus} State=UNKNOWN
PartitionName=short Nodes={host} MaxTime=60 State=UP
PartitionName=other Nodes={host} Default=YES MaxTime=60 State=UP
"""


class SlurmMissingError(Exception):
    """No Slurm can be had on this machine; the message says why."""


@contextmanager
def running_slurm(folder: Path) -> Iterator[Slurm]:
    """Start munge, the controller and the node; stop them, and every job, at the end.

    Parameters
    ----------
    folder
        Empty, with a short path: a socket's is at most 107 characters long.

    Raises
    ------
    SlurmMissingError
        If Slurm is not installed, must not be started by this user or does not start.
    """
    missing = [program for program in PROGRAMS if shutil.which(program, path=_path()) is None]
    if missing:
        raise SlurmMissingError(f"{missing[0]} is not installed (Debian: slurm-wlm, munge)")
    if os.geteuid() != 0:
        raise SlurmMissingError("Slurm's daemons have to be started by root")
    slurm = Slurm(folder)
    slurm.environment["PATH"] = f"{folder}/bin:{_path()}"
    _configure(folder)
    with ExitStack() as daemons:
        start = _starter(slurm, daemons)
        start("munged", *_munge_options(folder))
        _wait_for((folder / "munge.socket").exists, "munged", folder)
        start("slurmctld", "-D", "-f", str(folder / "slurm.conf"))
        start("slurmd", "-D", "-f", str(folder / "slurm.conf"))
        _wait_for(lambda: "idle" in _states(slurm), "the node", folder)
        daemons.callback(_end_jobs, slurm)
        yield slurm


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _configure(folder: Path) -> None:
    folder.chmod(0o755)  # munge wants to know that nobody else can put a socket there
    for name in ("state", "spool", "bin"):
        (folder / name).mkdir()
    ports = _free_ports(2)
    settings = {
        "host": socket.gethostname().split(".")[0],
        "controller_port": ports[0],
        "node_port": ports[1],
        "folder": folder,
        "cpus": max(os.cpu_count() or 1, len(GPUS)),
        "memory": psutil.virtual_memory().total // 2**20,
        "gpus": len(GPUS),
        "kill_wait": KILL_WAIT_S,
    }
    (folder / "slurm.conf").write_text(SLURM_CONF.format(**settings))
    (folder / "gres.conf").write_text("".join(f"Name=gpu File={file}\n" for file in GPUS))
    (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
    # the executor's job step starts srun without SLURM_CONF: it expects a machine's only Slurm
    srun = folder / "bin" / "srun"
    real = shutil.which("srun", path=_path())
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {real} "$@"\n')
    srun.chmod(0o755)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _munge_options(folder: Path) -> list[str]:
    files = {"socket": "socket", "key-file": "key", "log-file": "log", "pid-file": "pid"}
    options = [f"--{option}={folder}/munge.{ending}" for option, ending in files.items()]
    return ["--foreground", "--force", f"--seed-file={folder}/munge.seed", *options]


def _starter(slurm: Slurm, daemons: ExitStack) -> Callable[..., None]:
    def start(*command: str) -> None:
        log = daemons.enter_context((slurm.folder / f"{command[0]}.out").open("w"))
        program = shutil.which(command[0], path=_path())
        process = subprocess.Popen(
            [str(program), *command[1:]],
            env=slurm.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the tests, which stop the daemons in order
        )
        daemons.callback(_stop, process)

    return start


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _states(slurm: Slurm) -> str:
    try:
        return slurm.call("sinfo", "--noheader", "--format=%T")
    except subprocess.CalledProcessError:
        return ""


def _wait_for(holds: Callable[[], Any], what: str, folder: Path) -> None:
    try:
        wait_until(holds, 30, what)
    except TimeoutError as error:
        logs = [file.read_text(errors="replace") for file in sorted(folder.glob("*.out"))]
        lines = [line for log in logs for line in log.splitlines()]
        found = [line for word in ("error", "fatal") for line in lines if word in line.lower()]
        reason = found[-1] if found else "the logs say nothing"
        raise SlurmMissingError(f"{error}: {reason}") from None


def _end_jobs(slurm: Slurm) -> None:
    """Cancel what is left, so that no process outlives the cluster."""
    try:
        if queued := slurm.queue():
            slurm.call("scancel", *queued)
        wait_until(lambda: not slurm.queue() and not slurm.leftovers(), 30, "the last job")
    except (TimeoutError, subprocess.SubprocessError):
        for process in slurm.leftovers():
            process.kill()
