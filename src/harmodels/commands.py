"""What the `harmodels` command takes, and its help."""

import argparse
from pathlib import Path
from typing import Any

from harmodels import __version__
from harmodels.recordings.arguments import add_arguments
from harmodels.recordings.train_arguments import add_train_arguments

FOLDER: dict[str, Any] = {
    "type": Path,
    "nargs": "?",
    "default": Path("results"),
    "help": "results folder (results)",
}


def parser() -> argparse.ArgumentParser:
    """Return the parser; it sets `command` and, as `error_status`, the exit status of an error."""
    whole = argparse.ArgumentParser(
        prog="harmodels",
        description="Builds reports on human-activity recognition, and trains and runs networks on "
        "recordings of your own.",
        epilog="`harmodels COMMAND --help` explains a command and shows an example.",
    )
    whole.add_argument("--version", action="version", version=__version__)
    whole.set_defaults(error_status=1)
    commands = whole.add_subparsers(required=True, metavar="command", dest="command")

    def add(name: str, brief: str, says: str, example: str) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(
            name, help=brief, description=says, epilog=f"Example: {example}"
        )
        return command

    run = add(
        "run",
        "build the tables and figures in this folder",
        "Build the package's workflow in this folder: the reports of the default configuration, "
        "those of a configuration of the package (`demo`: simulated recordings, offline, minutes), "
        "or of `--configfile mine.yaml`. Everything else is passed on to Snakemake, whose options "
        "`snakemake --help` lists. It needs the extra `workflow`.",
        "harmodels run demo --cores 2",
    )
    run.usage = "harmodels run [demo] [any option or target of snakemake]"
    add(
        "info",
        "versions, machine, and which engine `auto` takes",
        "Print the versions that decide a result, the processor, and what device and engine `auto` "
        "takes here.",
        "harmodels info",
    )
    data = add(
        "data",
        "the data sets, where they come from, their terms",
        "List the data sets with their classes, channels, licence, citation and home page. Nothing "
        "is downloaded.",
        "harmodels data --registry mine.yaml",
    )
    data.add_argument("--registry", type=Path, help="by default the package's own")
    add(
        "keys",
        "every key of every configuration file",
        "Print every key of every configuration file in Markdown: what it holds, its default, its "
        "meaning.",
        "harmodels keys",
    )
    check = add(
        "check",
        "check a configuration without Snakemake and say what it builds",
        "Read a configuration, its reports and its registries, name every mistake with its place, "
        "and say how many trainings it would start. Nothing runs.",
        "harmodels check mine.yaml",
    )
    check.add_argument("config", type=Path, help="as for snakemake --configfile")
    check.add_argument("--root", type=Path, help="another checkout than the package's own")
    runs = add(
        "runs",
        "accuracy, epochs and seconds of every run",
        "List every finished run of a results folder: test accuracy of its last and best weights, "
        "epochs, divergence, engine and seconds.",
        "harmodels runs results",
    )
    runs.add_argument("folder", **FOLDER)
    add(
        "compile",
        "compile every training loop now instead of at its first use",
        "Compile every training loop now, once on a machine, instead of at its first use.",
        "harmodels compile",
    )
    recent = add(
        "recency",
        "whether networks just repeat the label that they were trained on last",
        "Say how often the answer of a network is the label that it was trained on last.",
        "harmodels recency results/rnn_tbptt/motionsense --except sitting",
    )
    recent.add_argument("folder", type=Path, help="results/<report>/<data set>")
    recent.add_argument(
        "--except",
        dest="leave_out",
        nargs="*",
        default=[],
        metavar="CLASS",
        help="leave these classes out",
    )
    live = add(
        "live",
        "one HTML file that runs a recurrent model on a phone's sensor or a CSV file",
        "Write one HTML file that runs a recurrent model in a browser, on the sensor of a phone or "
        "on a file that is dropped on it.",
        "harmodels live walks --out walks.html",
    )
    live.add_argument("model", type=Path, help="folder of a model")
    live.add_argument(
        "--out", type=Path, metavar="FILE", help="by default named like the folder: walks.html"
    )
    verify = add(
        "verify",
        "recompute every table of a results folder and check every hash",
        "Recompute every table and ledger of a results folder from its predictions, check every "
        "hash, and name each file that does not fit. Nothing is changed.",
        "harmodels verify results",
    )
    verify.add_argument("folder", **FOLDER)
    diff = add(
        "diff",
        "which cells of tables and which claims differ between two results folders, in what",
        "Compare every column of the tables and ledgers that a record names, no figure. Exit "
        "status: 0 if no cell differs, 1 if one does, 2 after an error.",
        "harmodels diff results other/results --csv cells.csv",
    )
    diff.add_argument("left", type=Path, metavar="A", help="results folder")
    diff.add_argument("right", metavar="B", help="results folder, or `published`")
    diff.add_argument("--all", action="store_true", help="list every cell, equal ones too")
    diff.add_argument("--csv", type=Path, metavar="FILE", help="write every cell to FILE as well")
    diff.set_defaults(error_status=2)
    crate = add(
        "crate",
        "describe a results folder as an RO-Crate, to be archived and cited",
        "Write ro-crate-metadata.json into a results folder: its files, their inputs "
        "and the program. It needs the extra `crate`.",
        "harmodels crate results --licence https://creativecommons.org/licenses/by/4.0/",
    )
    crate.add_argument("folder", **FOLDER)
    crate.add_argument("--licence", metavar="URL", help="under which you publish the results")
    train = add(
        "train",
        "train a network on recordings of your own, and test it on people held out",
        "Recognise how the files are written, show what was understood, cut the recordings into "
        "windows, train a network on four fifths of the people, test it on the others, and write "
        "the folder of a model.",
        "harmodels train recordings --label activity --person person --out walks",
    )
    add_train_arguments(train)
    classify = add(
        "classify",
        "label the activities in a recording",
        "Recognise how a recording is written, cut it into windows, and label each by a model.",
        'harmodels classify "Raw Data.csv" --model walks --plot walk.svg',
    )
    add_arguments(classify)
    return whole
