"""CPU seconds that planning takes: a report with many configurations, and a bare workflow as large.

    python -m benchmarks.planning --configurations 10000

The bare one has the same number of jobs, each of as many files, and products that read as many of
them, but no line of Python of ours: what it takes is Snakemake's own.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.jobs import cpu_seconds
from harmodels.assets import root
from harmodels.files import write_text

PROJECT = {
    "name": "planning",
    "reports": {"rnn_tbptt": {"datasets": ["simulated"], "experiments": ["part_b"]}},
    "replicates": 5,
    "seed": 1,
}
PARTS = ("Snakefile", "rules", "workflow", "config", "profiles", "src", "pyproject.toml")
# Of the project above: products that read three files of each run, and those that read one.
BARE = """
RUNS = range({configurations})
READ = ("history.parquet", "predictions.parquet", "run.json")

rule all:
    input: expand("products/{{i}}", i=range(6)), expand("records/{{i}}", i=range(2))

rule train:
    input: "sequences", "splits"
    output: expand("runs/{{{{run}}}}/{{file}}", file=(*READ, "weights.safetensors"))
    shell: "touch {{output}}"

rule product:
    input: expand("runs/{{run}}/{{file}}", run=RUNS, file=READ)
    output: "products/{{i}}"
    shell: "touch {{output}}"

rule record:
    input: expand("runs/{{run}}/run.json", run=RUNS)
    output: "records/{{i}}"
    shell: "touch {{output}}"

rule data:
    output: "sequences", "splits"
    shell: "touch {{output}}"
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--configurations", type=int, default=10_000, metavar="N")
    configurations = parser.parse_args().configurations
    with tempfile.TemporaryDirectory() as folder:
        copy, ours, bare = (Path(folder) / name for name in ("copy", "ours", "bare"))
        ours.mkdir()
        bare.mkdir()
        copy_with_grid(copy, grid_of(configurations))
        os.environ["PYTHONPATH"] = str(copy / "src")
        write_text(ours / "planning.yaml", yaml.safe_dump(PROJECT))
        write_text(bare / "Snakefile", BARE.format(configurations=configurations))
        options = ["--snakefile", str(copy / "Snakefile"), "--configfile", "planning.yaml"]
        print(f"| {configurations} configurations | plan, CPU s | with the list of a dry run |")
        print("| --- | ---: | ---: |")
        for name, work, extra in (("harmodels", ours, options), ("a bare workflow", bare, [])):
            snakemake = [sys.executable, "-m", "snakemake", "--cores", "1", *extra]
            plan = cpu_seconds([*snakemake, "--rulegraph"], work)
            dry = cpu_seconds([*snakemake, "--dry-run", "--quiet", "all"], work)
            print(f"| {name} | {plan:.1f} | {dry:.1f} |", flush=True)


def grid_of(configurations: int) -> dict[str, list[Any]]:
    """Return a grid with that many configurations, among them those that claims name."""
    if configurations < 200 or configurations % 100:
        raise SystemExit("the number of configurations has to be a multiple of 100, 200 at least")
    return {
        "learning_rate": [0.1 / (1 + i) for i in range(configurations // 100)],
        "hidden": [10 * i for i in range(1, 11)],
        "window": [5 * i for i in range(1, 11)],
    }


def copy_with_grid(copy: Path, grid: dict[str, list[Any]]) -> None:
    """Copy the workflow with its package, and give the report's part_b another grid."""
    copy.mkdir()
    for part in PARTS:
        take = shutil.copytree if (root() / part).is_dir() else shutil.copy
        take(root() / part, copy / part)
    path = copy / "config" / "reports" / "rnn_tbptt.yaml"
    report = yaml.safe_load(path.read_text(encoding="utf-8"))
    report["experiments"]["part_b"]["grid"] = grid
    write_text(path, yaml.safe_dump(report, allow_unicode=True, sort_keys=False))


if __name__ == "__main__":
    main()
