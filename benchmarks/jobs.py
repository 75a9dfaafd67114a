"""CPU seconds of one job of each kind, and of imports.

    python -m benchmarks.jobs

Builds a small report on simulated recordings in a folder of its own, on one core; each job logs its
processor time. A training is of one epoch, so nearly all of its time is the job's own. On Linux a
run imports once for all its jobs.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from harmodels.assets import root
from harmodels.reporting.page.timing import PROCESSOR_TIME

PROJECT = {
    "name": "jobs",
    "reports": {
        "rnn_tbptt": {
            "datasets": ["simulated"],
            "options": {"epochs": 1},
            "draw": {"train_per_class": 40, "test_per_class": 15, "validation_per_class": 8},
        }
    },
    "replicates": 3,
    "seed": 1,
}
KINDS = {
    "a training of one epoch": "rnn_tbptt/simulated/train/**/*.log",
    "a table": "rnn_tbptt/simulated/tables/*.log",
    "a figure": "rnn_tbptt/simulated/figures/*.log",
    "a ledger of claims": "rnn_tbptt/simulated/claims.log",
    "splits": "rnn_tbptt/simulated/splits/*.log",
    "the page": "jobs.log",
}
IMPORTS = ("numpy", "pandas", "torch", "numba", "scipy.stats", "matplotlib.figure")


def main() -> None:
    """Print both tables."""
    print("| import, once a run | CPU s |\n| --- | ---: |")
    bare = cpu_seconds([sys.executable, "-c", "pass"])
    print(f"| the interpreter | {bare:.2f} |")
    for name in IMPORTS:
        print(f"| {name} | {cpu_seconds([sys.executable, '-c', f'import {name}']) - bare:.2f} |")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "jobs.yaml").write_text(yaml.safe_dump(PROJECT), encoding="utf-8")
        command = [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(root() / "Snakefile")),
            *("--workflow-profile", str(root() / "profiles" / "default"), "--cores", "1"),
            *("--configfile", "jobs.yaml", "--quiet", "all"),
        ]
        run_silently(command, work)
        costs = {
            kind: [
                float(PROCESSOR_TIME.findall(log.read_text(encoding="utf-8"))[-1])
                for log in (work / "results" / "logs").glob(pattern)
            ]
            for kind, pattern in KINDS.items()
        }
    print("\n| job | jobs | CPU s, median | most |\n| --- | ---: | ---: | ---: |")
    for kind, seconds in costs.items():
        middle = statistics.median(seconds)
        print(f"| {kind} | {len(seconds)} | {middle:.2f} | {max(seconds):.2f} |")


def run_silently(command: list[str], folder: Path | None = None) -> None:
    """Run a command; end with what it said where it fails."""
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode:
        raise SystemExit(done.stderr)


def cpu_seconds(command: list[str], folder: Path | None = None) -> float:
    """Return user and system time of a command, run in `folder`, and of what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run_silently(command, folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
