"""Which people a network is tested and validated on, and which it is trained on.

Axes: N windows, S people.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmodels.data.hold_out import hold_out_subjects
from harmodels.data.sequences import Sequences
from harmodels.data.splits import SPLITS, Draw, draw_splits, split_indices
from harmodels.errors import DataError
from harmodels.seeds import Purpose, generator

Indices = NDArray[np.int64]

SHARE = 0.2  # of the people: for the test, and of the others for validation
ENOUGH = 9  # people, of whom three are tested: an interval over two says next to nothing
LEAST_PEOPLE = 5  # of whom three are left to train on
MOST_FOLDS = 5


@dataclass(frozen=True)
class Fold:
    """Rows to train, validate and test on, each person in one of them; without validation None."""

    train: Indices
    validation: Indices | None
    test: Indices


def draw_people(sequences: Sequences, seed: int) -> dict[str, Any] | None:
    """Return a `draw` as a configuration has it, which holds a fifth of the people out.

    None where there are fewer than five, or no such people leave every class on all sides.
    """
    people = np.unique(sequences.subjects)
    if len(people) < LEAST_PEOPLE:
        return None
    tested = max(round(SHARE * len(people)), 3 if len(people) >= ENOUGH else 2)
    try:
        test = hold_out_subjects(
            sequences.labels,
            sequences.subjects,
            tested / len(people),
            generator(seed, Purpose.DRAW),
        )
        names = np.unique(sequences.subjects[test]).tolist()
        others = len(people) - tested
        share = max(1, round(SHARE * others)) / others
        windows = share * (len(sequences) - len(test)) / len(sequences.facts.classes)
        draw = {
            "protocol": "subjects",
            "test_subjects": names,
            "validation": "subjects",
            "validation_per_class": max(1, round(windows)),
        }
        split_by(sequences, draw, seed)
    except DataError:
        return None
    return draw


def split_by(sequences: Sequences, draw: dict[str, Any], seed: int) -> Fold:
    """Return the rows of a draw, as the workflow draws its first replicate."""
    frame = draw_splits(sequences, Draw(**draw), seed=seed, replicates=1)
    train, validation, test = (split_indices(frame, sequences, 0, each) for each in SPLITS)
    return Fold(train, validation, test)


def folds_of_people(sequences: Sequences) -> Iterator[Fold]:
    """Yield folds in which everybody is tested once, a person each or a fifth of many people."""
    people, number = np.unique(sequences.subjects, return_inverse=True)
    fold = number % min(len(people), MOST_FOLDS)
    for each in range(fold.max() + 1):
        yield Fold(np.flatnonzero(fold != each), None, np.flatnonzero(fold == each))
