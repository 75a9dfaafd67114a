"""Arguments of `harmodels classify`, without the imports that its work needs."""

import argparse
from collections.abc import Sequence
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to a parser."""
    parser.add_argument("recording", type=Path, help="CSV or Parquet")
    parser.add_argument("--model", type=Path, required=True, help="results/models/<name>")
    parser.add_argument(
        "--columns",
        default="",
        metavar="NAME=COLUMN,…",
        help="column of the time and of each channel: time=t,acc_x=ax; by default their own names",
    )
    parser.add_argument(
        "--unit", default="", metavar="NAME=UNIT,…", help="where the file's differ: acc=m/s2"
    )
    parser.add_argument("--time-unit", default="s", help="s (default), ms, us, ns, or iso")
    parser.add_argument("--rate", type=float, help="samples a second of a file without times")
    parser.add_argument("--step", type=int, help="samples from one window to the next")
    parser.add_argument("--gap", type=float, default=0.2, help="longest pause bridged, in s")
    parser.add_argument("--out", type=Path, help="CSV of windows and probabilities")
    parser.add_argument("--plot", type=Path, help="timeline as svg, png or pdf")
    parser.add_argument("--truth", type=Path, help="CSV of start, end, label to compare with")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the arguments of a command line."""
    parser = argparse.ArgumentParser(prog="harmodels classify")
    add_arguments(parser)
    return parser.parse_args(arguments)
