"""The `harmodels` command."""

import argparse
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from harmodels import assets
from harmodels.commands import parser
from harmodels.errors import HarmodelsError

# Commands import what they run: `harmodels run` need not wait for torch, and a command that needs
# an extra which is not installed says so when it is called, not when another one is.
_EXTRA_OF = {"rocrate": "crate"}
CLOSED_PIPE = 128 + 13  # what a shell says of a program that SIGPIPE ended
_NO_RUNS = "holds no finished run; start with `harmodels run demo`"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    try:
        try:
            return _run_command(arguments)
        finally:
            sys.stdout.flush()  # here, where the error of a closed pipe is caught
    except BrokenPipeError:  # the reader has enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE


def _run_command(arguments: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    rest: list[str] = []
    if words[:1] == ["run"] and not {"-h", "--help"} & set(words):
        words, rest = words[:1], words[1:]  # Snakemake's options are not ours to read
    given = parser().parse_args(words, argparse.Namespace(rest=rest))
    try:
        status = _COMMANDS[given.command](given)
    except HarmodelsError as error:
        print(f"harmodels: error: {error}", file=sys.stderr)
        return int(given.error_status)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "harmodels"):
            raise
        extra = f"'harmodels[{_EXTRA_OF.get(package, 'workflow')}]'"
        install = f"{sys.executable} -m pip install {extra}"
        print(f"harmodels: error: this command needs {package}: {install}", file=sys.stderr)
        return int(given.error_status)
    return int(status or 0)


def _classify(given: argparse.Namespace) -> None:
    from harmodels.recordings.command import classify

    lines = classify(given)
    try:
        for line in lines:
            print(line)
    except BrokenPipeError:
        deque(lines, maxlen=0)  # the files are written all the same
        raise


def _train(given: argparse.Namespace) -> int:
    from harmodels.recordings.train import train

    try:
        for line in train(given):
            print(line, flush=True)
    except KeyboardInterrupt:
        print("harmodels: stopped; no model was written", file=sys.stderr)
        return 130
    return 0


def _run(given: argparse.Namespace) -> None:
    from harmodels.pipeline.launch import run_workflow

    run_workflow(given.rest)


def _info(given: argparse.Namespace) -> None:
    from harmodels.config.devices import engine_on, planned_device
    from harmodels.runtime.machine import describe_machine, describe_versions

    device = planned_device("auto")
    used = "cpu" if device == "cpu" else "cuda"  # auto: for some
    facts = describe_versions() | describe_machine(used)
    facts |= {"device": device, "engine": "auto" if device == "auto" else engine_on("auto", device)}
    for key, value in facts.items():
        print(f"{key:>13}  {value}")


def _data(given: argparse.Namespace) -> None:
    from harmodels.data.own_files import own_files
    from harmodels.data.registry import load_registry
    from harmodels.messages import counted

    registry = given.registry or assets.root() / "config" / "datasets.yaml"
    for name, dataset in load_registry(registry).items():
        print(f"{name}: {dataset.title}")
        if dataset.recordings is not None:
            print(f"  reads     {counted(len(own_files(dataset)), 'file')} of {dataset.recordings}")
        print(f"  classes   {', '.join(dataset.classes)}")
        recorded = dataset.recorded_hz
        resampled = f", recorded at {recorded:g} Hz" if recorded else ""
        print(f"  channels  {', '.join(dataset.channels)} at {dataset.rate_hz:g} Hz{resampled}")
        print(f"  licence   {dataset.licence}")
        print(f"  cite      {dataset.citation}")
        if dataset.worn:
            print(f"  worn      {dataset.worn}")
        if dataset.homepage:
            print(f"  home      {dataset.homepage}")


def _keys(given: argparse.Namespace) -> None:
    from harmodels.pipeline.describe import describe_all

    print(describe_all(), end="")


def _check(given: argparse.Namespace) -> None:
    from harmodels.config.yaml_files import check_config_files, read_yaml
    from harmodels.messages import counted
    from harmodels.pipeline.folders import check_recordings
    from harmodels.pipeline.pipeline import load_pipeline
    from harmodels.pipeline.targets import run_folders

    check_config_files([given.config])
    config = read_yaml(given.config)
    mirror = os.environ.get("HARMODELS_MIRROR") or config.get("mirror")
    pipeline = load_pipeline(config, given.root or assets.root())
    project = pipeline.project
    check_recordings(Path.cwd(), pipeline.datasets.values())
    _print_lines(pipeline.left_out())
    for report, name in pipeline.reports:
        jobs = len(run_folders(pipeline, report.key, name, report.experiments))
        replicates = counted(report.replicates, "replicate")
        print(f"{report.key} on {name}: {counted(jobs, 'training job')}, {replicates}")
    print(f"archives in {project.downloads}, {f'mirror {mirror}' if mirror else 'no mirror'}")
    print(f"engine {project.engine}, device {project.device}", *pipeline.on_cuda(), sep="\n")
    print(f"further options of sbatch: {project.resources.extra or 'none'}")


def _runs(given: argparse.Namespace) -> None:
    import pandas as pd

    from harmodels.provenance.current import current_runs
    from harmodels.provenance.overview import run_overview

    runs, notes = current_runs(given.folder)
    table = run_overview(runs)
    if table.empty:
        raise HarmodelsError(f"{given.folder} {_NO_RUNS}")
    with pd.option_context("display.max_colwidth", None, "display.width", 200):
        print(table.to_string(index=False))
    _print_lines(notes)


def _print_lines(lines: Iterable[str]) -> None:
    """Print what names files of a folder that somebody sent, whatever these are called."""
    from harmodels.messages import printable

    for line in lines:
        print("\n".join(map(printable, line.split("\n"))))


def _compile(given: argparse.Namespace) -> None:
    from harmodels.training.jobs.warm_up import warm_up

    warm_up()


def _recency(given: argparse.Namespace) -> None:
    from harmodels.pipeline.recency import recency_lines

    lines = recency_lines(given.folder, given.leave_out)
    if not lines:
        raise HarmodelsError(f"{given.folder} {_NO_RUNS}")
    _print_lines(lines)


def _live(given: argparse.Namespace) -> None:
    from harmodels.files import check_outputs
    from harmodels.live import write_live_page

    page = given.out or Path(f"{given.model.resolve().name}.html")
    if page.suffix.lower() not in (".html", ".htm"):
        raise HarmodelsError(f"--out {page}: a page ends in .html")
    check_outputs({"--out": page}, {"the model": given.model})
    write_live_page(given.model, page)
    print(f"{page}: open it on a phone (https) or drop a CSV file on it")


def _verify(given: argparse.Namespace) -> None:
    from tqdm import tqdm

    from harmodels.provenance.verification import report_lines, verify_folder

    def show(folders: Iterable[str], title: str) -> Iterable[str]:
        return tqdm(folders, desc=title, unit="run", leave=False, disable=None)

    checks = verify_folder(given.folder, show)
    _print_lines(report_lines(checks))
    if checks.findings:
        found = len(checks.findings)
        raise HarmodelsError(f"{found} {'inconsistency' if found == 1 else 'inconsistencies'}")


def _diff(given: argparse.Namespace) -> int:
    from harmodels.files import check_outputs, write_text
    from harmodels.provenance.diff import (
        MOST_LINES,
        compare_folders,
        compare_with_published,
        diff_lines,
        diff_notes,
    )

    other = None if given.right == "published" else Path(given.right)
    check_outputs({"--csv": given.csv}, {"folder A": given.left, "folder B": other})
    cells = (
        compare_with_published(given.left) if other is None else compare_folders(given.left, other)
    )
    if given.csv is not None:
        write_text(given.csv, cells.to_csv(index=False, lineterminator="\n"))
    folders = [given.left] if other is None else [given.left, other]
    *lines, counts = diff_lines(cells, most=None if given.all else MOST_LINES)
    _print_lines([*lines, *diff_notes(*folders), counts])
    return int(cells["differs"].any())


def _crate(given: argparse.Namespace) -> None:
    from harmodels.files import check_outputs
    from harmodels.provenance.crate import FILE, write_crate

    check_outputs({"the crate": given.folder / FILE}, {})
    print(f"wrote {write_crate(given.folder, given.licence)}")


_COMMANDS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    function.__name__.removeprefix("_"): function
    for function in (
        *(_run, _info, _data, _keys, _check, _runs, _compile, _recency, _live, _verify, _diff),
        *(_crate, _train, _classify),
    )
}
