"""Arguments of `harmodels train`, without the imports that its work needs."""

import argparse
from pathlib import Path

from harmodels.recordings.arguments import add_reading

NETWORKS = ("gru", "lstm", "elman", "perceptron")


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to a parser."""
    parser.add_argument("recordings", type=Path, help="a table, or a folder of them")
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    labels = parser.add_argument_group("who did what")
    labels.add_argument(
        "--label", required=True, metavar="NAME", help="column of the activity, or field of --files"
    )
    labels.add_argument(
        "--person", required=True, metavar="NAME", help="column of who was recorded, or field"
    )
    labels.add_argument(
        "--files",
        metavar="PATTERN",
        help="where paths say it: '{person}/{activity}-*.csv', with --person person --label "
        "activity",
    )
    labels.add_argument(
        "--label-file", metavar="FILE", help="table of file, person and label in the folder"
    )
    labels.add_argument(
        "--intervals",
        metavar="FILE",
        help="table of start, end, label, and file or person where there are several recordings",
    )
    labels.add_argument(
        "--labels",
        action="append",
        default=[],
        metavar="NAME=NAME,…",
        help="other names: walk=walking,run=running",
    )
    labels.add_argument("--classes", metavar="NAME,…", help="leave out what is of no other label")
    add_reading(parser.add_argument_group("the form of the files, where it is not recognised"))
    model = parser.add_argument_group("the model")
    model.add_argument(
        "--channels",
        metavar="NAME,…",
        help="what it reads: acc, gyro, acc_x; by default acceleration, and the gyroscope where "
        "every file has it",
    )
    model.add_argument("--hz", type=float, help="samples a second that it reads (50)")
    model.add_argument(
        "--window", type=float, default=2.56, metavar="SECONDS", help="of a window (2.56)"
    )
    model.add_argument("--model", choices=NETWORKS, default="gru", help="kind of network (gru)")
    model.add_argument("--epochs", type=int, help="passes through the recordings")
    model.add_argument("--seed", type=int, default=1, help="of the random numbers (1)")
    model.add_argument("--worn", default="", metavar="TEXT", help="where and how the sensor was")
    model.add_argument(
        "--configuration",
        type=Path,
        metavar="DIR",
        help="write registry.yaml and config.yaml, which do the same through `harmodels run`",
    )
