"""The `harmodels` command."""

import argparse
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from harmodels import __version__, assets
from harmodels.errors import HarmodelsError
from harmodels.recordings.arguments import add_arguments
from harmodels.recordings.train_arguments import add_train_arguments

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
    given = _parser().parse_args(words, argparse.Namespace(rest=rest))
    try:
        status = given.run(given)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="harmodels", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(error_status=1)
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(run: Callable[[argparse.Namespace], int | None], **texts: Any) -> Any:
        command = commands.add_parser(run.__name__.removeprefix("_"), **texts)
        command.set_defaults(run=run)
        return command

    add(
        _run,
        help="build the tables and figures in this folder",
        usage="harmodels run [demo] [any option or target of snakemake]",
        description="Build the package's workflow in this folder: the reports of the default "
        "configuration, those of a configuration of the package (`demo`: simulated recordings, "
        "offline, minutes), or of `--configfile mine.yaml`. Everything else is passed on to "
        "Snakemake, whose options `snakemake --help` lists.",
    )
    add(_info, help="versions, machine, and which engine `auto` takes")
    data = add(_data, help="the data sets, where they come from, their terms")
    data.add_argument("--registry", type=Path, help="by default the package's own")
    add(_keys, help="every key of every configuration file")
    check = add(_check, help="check a configuration without Snakemake and say what it builds")
    check.add_argument("config", type=Path, help="as for snakemake --configfile")
    check.add_argument("--root", type=Path, help="another checkout than the package's own")
    runs = add(_runs, help="accuracy, epochs and seconds of every run")
    runs.add_argument("folder", type=Path, nargs="?", default=Path("results"))
    add(_compile, help="compile every training loop now instead of at its first use")
    recent = add(
        _recency, help="whether networks just repeat the label that they were trained on last"
    )
    recent.add_argument("folder", type=Path, help="results/<report>/<data set>")
    recent.add_argument("--except", dest="leave_out", nargs="*", default=[], metavar="CLASS")
    live = add(
        _live, help="one HTML file that runs a recurrent model on a phone's sensor or a CSV file"
    )
    live.add_argument("model", type=Path, help="folder of a model")
    live.add_argument(
        "--out", type=Path, metavar="FILE", help="by default named like the folder: walks.html"
    )
    verify = add(_verify, help="recompute every table of a results folder and check every hash")
    verify.add_argument("folder", type=Path, nargs="?", default=Path("results"))
    diff = add(
        _diff,
        help="which cells of tables and which claims differ between two results folders, in what",
        epilog="Every column of the tables and ledgers is compared that a record names, no figure. "
        "Exit status: 0 if no cell differs, 1 if one does, 2 after an error",
    )
    diff.add_argument("left", type=Path, metavar="A", help="results folder")
    diff.add_argument("right", metavar="B", help="results folder, or `published`")
    diff.add_argument("--all", action="store_true", help="list every cell, equal ones too")
    diff.add_argument("--csv", type=Path, metavar="FILE", help="write every cell to FILE as well")
    diff.set_defaults(error_status=2)
    crate = add(_crate, help="describe a results folder as an RO-Crate, to be archived and cited")
    crate.add_argument("folder", type=Path, nargs="?", default=Path("results"))
    crate.add_argument("--licence", metavar="URL", help="under which you publish the results")
    train = add(
        _train,
        help="train a network on recordings of your own, and test it on people held out",
        description="Recognises how the files are written, shows what was understood, cuts the "
        "recordings into windows, trains a network on four fifths of the people, tests it on the "
        "others, and writes the folder of a model.",
    )
    add_train_arguments(train)
    classify = add(_classify, help="label the activities in a recording")
    add_arguments(classify)
    return parser


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
    from harmodels.pipeline.folders import check_recordings
    from harmodels.pipeline.pipeline import load_pipeline
    from harmodels.pipeline.targets import run_folders

    check_config_files([given.config])
    config = read_yaml(given.config)
    pipeline = load_pipeline(config, given.root or assets.root())
    project = pipeline.project
    check_recordings(Path.cwd(), pipeline.datasets.values())
    _print_lines(pipeline.left_out())
    for report, name in pipeline.reports:
        jobs = len(run_folders(pipeline, report.key, name, report.experiments))
        print(f"{report.key} on {name}: {jobs} training jobs, {report.replicates} replicates")
    print(f"archives in {project.downloads}, mirror {config.get('mirror')}")
    print(f"engine {project.engine}, device {project.device}", *pipeline.on_cuda(), sep="\n")
    print(f"sbatch options {project.resources.extra}")


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
