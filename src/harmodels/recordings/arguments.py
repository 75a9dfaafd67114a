"""Arguments of `harmodels classify`, without the imports that its work needs."""

import argparse
from collections.abc import Sequence
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to a parser."""
    parser.add_argument(
        "recording", type=Path, help="a file, or the folder or zip of an app's files, one a sensor"
    )
    parser.add_argument("--model", type=Path, required=True, help="folder of a model")
    add_reading(parser)
    parser.add_argument("--step", type=int, help="samples from one window to the next")
    parser.add_argument("--gap", type=float, default=0.2, help="longest pause bridged, in s (0.2)")
    parser.add_argument("--out", type=Path, help="CSV of windows and probabilities")
    parser.add_argument("--plot", type=Path, help="timeline as svg, png or pdf")
    parser.add_argument("--truth", type=Path, help="table of start, end, label to compare with")


def add_reading(parser: argparse._ActionsContainer) -> None:
    """Add what a user may say of the form of a file, as `harmodels classify` and `train` take."""
    parser.add_argument(
        "--columns",
        action="append",
        default=[],
        metavar="NAME=COLUMN,…",
        help="column of the time and of each channel, where they are not recognised: "
        "time=t,acc_x=ax; a+b adds two columns; '\"acc_x=Acc, x\"' has a comma",
    )
    parser.add_argument(
        "--unit",
        action="append",
        default=[],
        metavar="NAME=UNIT,…",
        help="of the file: acc=m/s2, acc=mg, gyro=deg/s, acc=8192/g (so many steps are one g), "
        "acc=-g (all signs turned)",
    )
    parser.add_argument(
        "--time-unit", help="s, ms, us, ns, iso, or a pattern as '%%d/%%m/%%Y %%H:%%M:%%S'"
    )
    parser.add_argument("--rate", type=float, help="samples a second of a file without times")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the arguments of a command line."""
    parser = argparse.ArgumentParser(prog="harmodels classify")
    add_arguments(parser)
    return parser.parse_args(arguments)
