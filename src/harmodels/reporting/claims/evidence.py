"""The evidence for a claim, and what its row of the ledger says was left out."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd

from harmodels.evaluation.claims import Judgement
from harmodels.reporting.claims.ledger import DIVERGED
from harmodels.reporting.labels import class_text
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import unknown_classes


class Evidence(NamedTuple):
    """A judgement with the words for what was measured and what was left out."""

    judgement: Judgement
    quantity: str
    note: str = ""


def joined(group: Sequence[Run], values: Callable[[Run], pd.DataFrame]) -> pd.DataFrame:
    """Return the values of all runs, each with its configuration (name) and that one's keys."""
    parts = [values(run).assign(configuration=run.name, **run.configuration) for run in group]
    return pd.concat(parts, ignore_index=True)


def note_on(
    groups: Sequence[Sequence[Run]], samples: Sequence[pd.DataFrame], classes: Sequence[str]
) -> str:
    """Say which classes the data set lacks, or how many values are missing and why."""
    unknown = unknown_classes(groups[0][0], classes)
    if unknown:
        return f"the data set has no class {class_text(unknown[0])!r}"
    asked = sum(run.replicates for group in groups for run in group)
    missing = asked - sum(len(sample) for sample in samples)
    if not missing:
        return ""
    # a comparison of two checkpoints has the same runs on both sides
    runs = {run.folder: run for group in groups for run in group}.values()
    diverged = sum(len(run.diverged) for run in runs)
    trained = sum(run.replicates for run in runs)
    parts = [f"{diverged} of {trained} {DIVERGED}"] if diverged else []
    others = missing - sum(len(run.diverged) for group in groups for run in group)
    if others > 0:
        parts.append(f"{others} of {asked} values are missing")
    return "; ".join(parts)
