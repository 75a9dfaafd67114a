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
from harmodels.evaluation.claims import Judgement, Sample
from harmodels.evaluation.people import SubjectCounts
from harmodels.evaluation.ties import Relation, on_side
from harmodels.reporting.checks import Known
from harmodels.reporting.claims.ledger import DIVERGED
from harmodels.reporting.labels import class_text
from harmodels.reporting.product import ProductSpec
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import unknown_classes
from harmodels.reporting.sources import Sources

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
    def judge(self, given: Sources) -> Evidence:
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
    def needs_subjects(self) -> bool:
        """Whether who was recorded matters: to verdicts over people."""
        return True

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


def joined(
    group: Sequence[Run],
    values: Callable[[Run], pd.DataFrame],
    resolution: Callable[[Run], float] = lambda run: 0.0,
    people: Callable[[Run], SubjectCounts | None] = lambda run: None,
) -> Sample:
    """Return the values of all runs, each with its configuration (name) and that one's keys.

    `resolution` is the distance of two of a run's values that can be told apart, `people` how many
    sequences of each person count in it, where it is a share of sequences.
    """

    def join(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
        parts = [
            frame.assign(configuration=run.name, **run.configuration)
            for run, frame in zip(group, frames, strict=True)
        ]
        return pd.concat(parts, ignore_index=True)

    counts = [people(run) for run in group]
    named = [_of_people(each) for each in counts if each is not None]
    return Sample(
        join([values(run) for run in group]),
        max(resolution(run) for run in group),
        join(named) if len(named) == len(group) else None,
    )


def _of_people(counts: SubjectCounts) -> pd.DataFrame:
    """Return replicate, subject and value: the accuracy plus what each cell adds to it."""
    value = counts.accuracy + counts.contributions
    frame = pd.DataFrame(value, pd.Index(counts.replicates, name="replicate"), counts.subjects)
    return frame.melt(var_name="subject", ignore_index=False).reset_index()


def note_on(
    groups: Sequence[Sequence[Run]], samples: Sequence[Sample], classes: Sequence[str]
) -> str:
    """Say which classes the data set lacks, or how many values are missing and why."""
    unknown = unknown_classes(groups[0][0], classes)
    if unknown:
        return f"the data set has no class {class_text(unknown[0])!r}"
    asked = sum(run.replicates for group in groups for run in group)
    missing = asked - sum(len(sample.values) for sample in samples)
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
