"""A registry and a configuration that do through the workflow what `harmodels train` does."""

import argparse
import os
from pathlib import Path
from typing import Any

import yaml

from harmodels.data.sequences import Sequences
from harmodels.errors import DataError
from harmodels.files import write_text
from harmodels.recordings.entry import Understood
from harmodels.recordings.hold_out import LEAST_PEOPLE, split_by
from harmodels.recordings.networks import REPORT, options_of


def write_configuration(
    given: argparse.Namespace,
    understood: Understood,
    draw: dict[str, Any] | None,
    sequences: Sequences,
) -> None:
    """Write registry.yaml and config.yaml, which do the same through the workflow."""
    if given.model == "perceptron":
        raise DataError(
            "--configuration: the workflow computes the features of recordings in the form of UCI "
            "HAR alone; leave it out, or take --model gru"
        )
    if draw is None:
        raise DataError(
            "--configuration: the workflow tests and validates on people who are held out, which "
            f"takes {LEAST_PEOPLE} or more, of whom enough did each activity; leave it out"
        )
    folder, name = given.configuration, understood.name
    entry = understood.entry | {
        "recordings": os.path.relpath(given.recordings, folder),
    }
    trained = split_by(sequences, draw, given.seed).train
    options = options_of(given.model, len(trained), given.epochs)
    changed = {key: options[key] for key in ("epochs", "patience")}
    config = {
        "name": name,
        "registry": str(folder / "registry.yaml"),
        "reports": {
            REPORT: {
                "datasets": [name],
                "experiments": [given.model],
                "options": changed,
                "draw": draw,
            }
        },
        "models": {
            name: {
                "report": REPORT,
                "dataset": name,
                "experiment": given.model,
                "checkpoint": "best",
            }
        },
        "live": [name],
        "replicates": 1,
        "seed": given.seed,
    }
    for path, content in (("registry.yaml", {name: entry}), ("config.yaml", config)):
        _write_once(folder / path, _yaml(content))


def _write_once(path: Path, text: str) -> None:
    """Write a file that a user may edit later, and do not take that back."""
    if path.exists() and path.read_bytes() != text.encode():
        raise DataError(
            f"--configuration: {path} is there and differs from what would be written; name "
            "another folder, or remove it"
        )
    write_text(path, text)


def _yaml(content: dict[str, Any]) -> str:
    return yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )
