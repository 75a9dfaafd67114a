"""The specification of a claim, whatever its kind, and the evidence for it."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Self

import pandas as pd
from pydantic import model_validator

from harmodels.config.base import Number, Record, Text, key, wrong
from harmodels.config.published import TRUE_CLASS, PublishedRun, read_rows
from harmodels.config.selection import (
    CHECKPOINT,
    Checkpoint,
    OfCheckpoint,
    OfSplit,
    Selecting,
    Selection,
)
from harmodels.errors import ConfigurationError
from harmodels.evaluation.claims import Judgement
from harmodels.evaluation.ties import Relation, on_side
from harmodels.reporting.checks import Known
from harmodels.reporting.claims.ledger import DIVERGED
from harmodels.reporting.labels import class_text
from harmodels.reporting.product import ProductSpec
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.measures import unknown_classes

CLASS = "Name of a class; the claim is undecided if the data set has none of that name."


class Evidence(NamedTuple):
    """A judgement with the words for what was measured and what was left out."""

    judgement: Judgement
    quantity: str
    note: str = ""


class Published(Record):
    """What the report's own numbers say to the claim, read as a single replicate."""

    verdict: Literal["holds", "does not hold", "undecided"] | None = key(None, "What they say.")
    value: Number | None = key(None, "The same quantity as ours, from the report's tables.")
    source: Text | None = key(None, "Where in the report.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise wrong(f"it is empty; give {', '.join(self.known_keys())}")
        return self


class ClaimSpec(ProductSpec):
    """Base of the kinds of claims."""

    noun: ClassVar[str] = "claim"

    statement: Text = key(..., "What the report says, in our words.")
    published: Published | None = key(
        None, "What the report's own numbers say to the claim, read as a single replicate."
    )

    @abstractmethod
    def judge(self, runs: Runs) -> Evidence:
        """Return the evidence for the claim in runs, ours or published ones."""

    @property
    def side(self) -> Relation:
        """The side of the threshold on which the claim puts what is judged."""
        expected: Relation = getattr(self, "expected", "greater")
        return expected

    def holds(self, value: float, threshold: float) -> bool:
        """Return whether a single value, which has no interval, is on the side claimed."""
        return bool(on_side(value, self.side, threshold))

    @property
    def of_shares(self) -> bool:
        """Whether what is measured is a share, which other claims have too."""
        return True

    def check_published(self, known: Known) -> None:
        """Refuse a published verdict or value that the published data themselves give."""
        super().check_published(known)
        typed = self.published
        if typed is None or (typed.verdict is None and typed.value is None):
            return
        if all(self._covered(side, known.published_runs, known.folder) for side in self.selections):
            raise ConfigurationError(
                "`published` types a verdict or a value, which is computed from the published runs "
                f"of {', '.join(self.needs)}; keep `source` alone"
            )

    def _covered(self, side: Selection, entries: Mapping[str, PublishedRun], folder: Path) -> bool:
        """Return whether one of the side's configurations has published data of the claim."""
        entry = entries.get(side.experiment)
        return (
            entry is not None
            and side.split == "test"
            and any(
                any(name in row for name in columns) and _agrees({**row, **entry.where}, side.where)
                for file, columns in self._holders(entry, side.checkpoint)
                if file is not None
                for row in read_rows(file, folder)
            )
        )

    def _holders(
        self, entry: PublishedRun, checkpoint: str
    ) -> list[tuple[str | None, Sequence[str]]]:
        """Return files that may hold what is measured, with the columns that would."""
        return [(entry.matrices.get(checkpoint), [TRUE_CLASS])]


class Judged(OfSplit, Selecting):
    """Keys of a claim on the configurations of one experiment."""

    checkpoint: Checkpoint = key("last", CHECKPOINT)


class JudgedWeights(OfCheckpoint, OfSplit, Selecting):
    """Keys of a claim on the predictions of an experiment."""


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


def _agrees(row: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    """Return whether a row has the values of `where`, of those keys that the report varies."""
    return all(_same(row[key], value) for key, value in where.items() if key in row)


def _same(text: Any, value: Any) -> bool:
    try:
        return float(text) == float(value)
    except (TypeError, ValueError):  # a null is no number
        return str(text) == str(value)
