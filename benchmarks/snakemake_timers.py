"""What Snakemake's own scheduler takes while jobs wait, for several limits of its job rate.

    python -m benchmarks.snakemake_timers --jobs 100 --jobs 1000 --limit 100/1s --limit none

Needs nothing but Snakemake and /proc. `docs/snakemake-timers.md` says what was found with it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

# So many trivial jobs first; then two long ones while a third waits; then one last job.
SNAKEFILE = """
onstart:
    if config["limit"] == "none":
        workflow.scheduler.job_rate_limiter = None

rule all:
    input: "last"

rule last:
    input:
        expand("short/{i}", i=range(int(config["jobs"]))),
        expand("long/{i}", i=range(2)),
        "waiting",
    output: "last"
    shell: "touch {output}"

rule short:
    output: "short/{i}"
    priority: 2
    shell: "touch {output}"

rule long:
    output: "long/{i}"
    priority: 1
    shell: "touch {output}.begun; sleep 20; touch {output}"

rule waiting:
    output: "waiting"
    shell: "touch {output}"
"""
TICK = os.sysconf("SC_CLK_TCK")
WINDOW_S = 12.0
TRIALS_S = 3600.0


class Cost(NamedTuple):
    """CPU seconds of Snakemake for all the short jobs, and what it does while two others run."""

    seconds: float
    threads: int
    share_of_a_core: float
    end_delay_s: float


def main() -> None:
    """Print one line for each number of jobs and each limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, action="append", required=True)
    parser.add_argument("--limit", action="append", required=True, help="as 100/1s, or none")
    parser.add_argument("--scheduler", default="ilp", choices=["ilp", "greedy"])
    arguments = parser.parse_args()
    print("| jobs | limit | scheduler | CPU s | threads | share of a core | delay of the end, s |")
    print("| ---: | --- | --- | ---: | ---: | ---: | ---: |")
    for jobs in arguments.jobs:
        for limit in arguments.limit:
            cost = measure(jobs, limit, arguments.scheduler)
            print(
                f"| {jobs} | {limit} | {arguments.scheduler} | {cost.seconds:.1f} | {cost.threads} "
                f"| {cost.share_of_a_core:.1%} | {cost.end_delay_s:.1f} |",
                flush=True,
            )


def measure(jobs: int, limit: str, scheduler: str) -> Cost:
    """Run the workflow in an empty folder and watch Snakemake's process."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
        rate = [] if limit == "none" else ["--max-jobs-per-timespan", limit]
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all"),
                *("--scheduler", scheduler, "--config", f"jobs={jobs}"),
                *(f"limit={limit}", *rate),
            ],
            cwd=work,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _wait(lambda: all((work / f"long/{i}.begun").exists() for i in (0, 1)), process)
        time.sleep(2.0)
        seconds = _cpu_seconds(process.pid)
        threads = len(list(Path(f"/proc/{process.pid}/task").iterdir()))
        time.sleep(WINDOW_S)
        share = (_cpu_seconds(process.pid) - seconds) / WINDOW_S
        if process.wait(TRIALS_S):
            raise SystemExit(f"snakemake ended with {process.returncode}")
        (work / "end").touch()  # the clock of the file system tells both times
        delay = (work / "end").stat().st_mtime - (work / "last").stat().st_mtime
        return Cost(seconds, threads, share, delay)


def _cpu_seconds(pid: int) -> float:
    """Return user and system time of a process, without those of its children."""
    # the second field, the command in brackets, may hold spaces
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _wait(happened, process: subprocess.Popen) -> None:
    while not happened():
        if process.poll() is not None:
            raise SystemExit(f"snakemake ended with {process.returncode}")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
