"""Leave-one-subject-out: one draw a fold, each of which is tested on another person.

The splits of a fold are ordinary splits, which training reads like any other. Joined over the
folds, the predictions of a replicate are those of a run that was tested on everybody.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from harmodels.data.sequences import Sequences
from harmodels.data.splits import Draw, check_people, draw_splits
from harmodels.errors import DataError


def subjects_of(sequences: Sequences) -> tuple[str, ...]:
    """Return the people recorded, each once; numbers in the order of counting.

    Raises DataError if a sequence does not say who was recorded, or all name one person.
    """
    check_people(sequences, sequences.subjects, "use protocol: official or random")
    # 2 before 10, as a reader counts
    return tuple(sorted(np.unique(sequences.subjects).tolist(), key=lambda name: (len(name), name)))


def fold_draws(sequences: Sequences, draw: Draw) -> dict[str, Draw]:
    """Return the draw of each fold of leave-one-subject-out, by the person tested.

    If `draw` takes all test sequences (`test_per_class` None), each sequence is tested in exactly
    one fold.
    """
    return {
        person: replace(draw, protocol="leave_one_subject_out", test_subjects=(person,))
        for person in subjects_of(sequences)
    }


def draw_fold_splits(
    sequences: Sequences,
    draw: Draw,
    people: Sequence[str],
    *,
    seed: int,
    replicates: int,
    first: int = 0,
) -> pd.DataFrame:
    """Return the splits of every fold, as `draw_splits` with a column `fold`, the person tested.

    Raises DataError as `draw_splits`, and if others than `people`, the registry's, were recorded.
    """
    draws = fold_draws(sequences, draw)
    differing = sorted(set(people) ^ set(draws))
    if differing:
        where = "the registry" if differing[0] in people else "the recordings"
        raise DataError(
            f"{sequences.facts.dataset}: {differing[0]!r} is a person only of {where}; correct "
            "the key subjects of the registry's entry"
        )
    parts = [
        draw_splits(sequences, draws[person], seed=seed, replicates=replicates, first=first).assign(
            fold=person
        )
        for person in people
    ]
    return pd.concat(parts, ignore_index=True)
