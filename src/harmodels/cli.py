"""The `harmodels` command: what is installed, which data sets there are, how runs fared."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from harmodels import __version__
from harmodels.config.describe import describe_all
from harmodels.config.project import resolve_engine
from harmodels.data.registry import load_registry
from harmodels.errors import HarmodelsError
from harmodels.files import read_json
from harmodels.runtime import describe_machine, describe_versions


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        given.run(given)
    except HarmodelsError as error:
        print(f"harmodels: error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="harmodels", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")
    info = commands.add_parser("info", help="versions, machine, and which engine `auto` takes")
    info.set_defaults(run=_info)
    data = commands.add_parser("data", help="the data sets, where they come from, their terms")
    data.add_argument("--registry", type=Path, default=Path("config/datasets.yaml"))
    data.set_defaults(run=_data)
    keys = commands.add_parser("keys", help="every key of every configuration file")
    keys.add_argument("--schemas", type=Path, default=Path("workflow/schemas"))
    keys.set_defaults(run=_keys)
    runs = commands.add_parser("runs", help="how every finished run fared")
    runs.add_argument("folder", type=Path, nargs="?", default=Path("results"))
    runs.set_defaults(run=_runs)
    return parser


def _info(given: argparse.Namespace) -> None:
    engine, device = resolve_engine("auto", "auto")
    facts = {"harmodels": __version__, **describe_versions(), **describe_machine(device)}
    facts |= {"device": device, "engine": engine}
    for key, value in facts.items():
        print(f"{key:>13}  {value}")


def _data(given: argparse.Namespace) -> None:
    for name, dataset in load_registry(given.registry).items():
        print(f"{name}: {dataset.title}")
        print(f"  classes   {', '.join(dataset.classes)}")
        print(f"  channels  {', '.join(dataset.channels)} at {dataset.rate_hz:g} Hz")
        print(f"  licence   {dataset.licence}")
        print(f"  cite      {dataset.citation}")


def _keys(given: argparse.Namespace) -> None:
    print(describe_all(given.schemas), end="")


def _runs(given: argparse.Namespace) -> None:
    rows = [_row(read_json(path)) for path in sorted(given.folder.glob("**/runs/**/run.json"))]
    if not rows:
        raise HarmodelsError(f"{given.folder} holds no finished run; start with `make demo`")
    with pd.option_context("display.max_colwidth", None, "display.width", 200):
        print(pd.DataFrame(rows).to_string(index=False))


def _row(run: dict[str, Any]) -> dict[str, Any]:
    replicates = run["replicates"]
    epochs = [entry["epochs"] for entry in replicates]
    return {
        "report": run["report"],
        "dataset": run["dataset"],
        "experiment": run["experiment"],
        "configuration": run["name"],
        "replicates": len(replicates),
        "diverged": sum(entry["diverged_epoch"] is not None for entry in replicates),
        "epochs": f"{min(epochs)}-{max(epochs)}" if len(set(epochs)) > 1 else str(epochs[0]),
        "engine": f"{run['engine']}, {run['device']}",
        "seconds": run["wall_time_s"],
    }
