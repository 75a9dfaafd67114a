"""People held out of training, whole, so that validation windows overlap no training window."""

from itertools import islice

import numpy as np
from numpy.typing import NDArray

from harmodels.errors import DataError

CANDIDATES = 20  # sets of people of which the best is taken; more would draw alike every time
ATTEMPTS = 1000  # sets looked at for as many that leave every class on both sides


def hold_out_subjects(
    labels: NDArray[np.generic],
    subjects: NDArray[np.generic],
    share: float,
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Return the indices of the people to hold out, all their sequences, in order.

    Labels and subjects (or any other group that is not to be divided) are (N,), `share` is of the N
    sequences. Of sets of as many people as `share` asks for, drawn at random by scikit-learn's
    `GroupShuffleSplit`, the first few with every class on both sides are compared, and the one
    whose sequences come closest to `share` is taken. Raises DataError if there is no such set.

    >>> labels = np.tile([0, 1], 6)
    >>> subjects = np.repeat(["a", "b", "c", "d"], 3)
    >>> held_out = hold_out_subjects(labels, subjects, 0.25, np.random.default_rng(0))
    >>> len(held_out), len(set(subjects[held_out]))
    (3, 1)
    """
    # imported here: every training job reads splits, few draw them, and the import takes a while
    from sklearn.model_selection import GroupShuffleSplit

    people = len(np.unique(subjects))
    if people < 2:
        raise DataError(
            f"validation by person needs two people to train on, and there is {people}; "
            "use validation: sequences"
        )
    number = min(max(round(share * people), 1), people - 1)
    splitter = GroupShuffleSplit(
        ATTEMPTS, test_size=number, random_state=int(random.integers(2**31))
    )
    classes = len(np.unique(labels))
    possible = (
        held_out
        for kept, held_out in splitter.split(labels, groups=subjects)
        if len(np.unique(labels[kept])) == len(np.unique(labels[held_out])) == classes
    )
    wanted = share * len(labels)
    best = min(
        islice(possible, CANDIDATES),
        key=lambda held_out: abs(len(held_out) - wanted),
        default=None,
    )
    if best is None:
        raise DataError(
            f"no {number} of {people} people can be held out for validation so that every class "
            "occurs in training and in validation; hold out more, or use validation: sequences"
        )
    return np.sort(best).astype(np.int64)
