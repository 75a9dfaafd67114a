"""Splits into training, validation and test sequences, drawn by seed and replicate."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.data.hold_out import hold_out_subjects
from harmodels.data.sequences import Sequences
from harmodels.errors import DataError
from harmodels.seeds import Purpose, generator

PROTOCOLS = ("official", "subjects", "leave_one_subject_out", "random", "per_class")
VALIDATIONS = ("sequences", "subjects")
SPLITS = ("train", "validation", "test")
SETS_OF_PEOPLE = 100  # of which the first is tested on that leaves enough of each class


@dataclass(frozen=True)
class Draw:
    """How training, validation and test sequences are taken.

    The attributes are the keys of a report's `draw` (`config.report_file.DrawEntry`). Validation
    sequences are taken out of the training ones for each replicate anew; where people are held out,
    every class is on both sides and the number is that on average over the classes. Of several
    protocols the first is taken that the data set allows: official needs an official split,
    subjects needs to know who was recorded. `subjects` takes the first set of people that leaves as
    many sequences of each class on both sides as are asked for; the person of a fold of
    `leave_one_subject_out`, named in `test_subjects`, may lack some of the classes.
    """

    train_per_class: int | None = None
    test_per_class: int | None = None
    validation_per_class: int = 0
    validation: str = "sequences"
    protocol: str | Sequence[str] = ("official", "subjects")
    test_fraction: float = 0.3
    test_subjects: Sequence[str] | None = None


def draw_splits(
    sequences: Sequences, draw: Draw, *, seed: int, replicates: int, first: int = 0
) -> pd.DataFrame:
    """Return who trains, validates and tests, for replicates first … first + replicates − 1.

    Columns `replicate` (int16), `id` and `split` (`train`, `validation`, `test`), ordered by
    replicate and by the place of the sequence, without those not drawn. Training and test sequences
    are drawn once, the same number of each class; a smaller draw is a part of a larger one.
    Validation is taken out of the training sequences per replicate, and replicate r is the same for
    any number of replicates. Raises DataError if the protocol does not suit the data set, or a
    class has fewer sequences than asked.
    """
    draw = replace(draw, protocol=protocol_of(sequences, draw))
    random = generator(seed, Purpose.DRAW)
    test_side = _test_side(sequences, draw, random)
    train = _per_class(sequences, ~test_side, draw.train_per_class, "train", random)
    # one person may lack a class, which is no reason to lose the fold
    least = 0 if draw.protocol == "leave_one_subject_out" else 1
    test = _per_class(sequences, test_side, draw.test_per_class, "test", random, least)
    parts = []
    for replicate in range(first, first + replicates):
        split = np.full(len(sequences), -1)
        split[train] = SPLITS.index("train")
        split[test] = SPLITS.index("test")
        validation = _validation(
            sequences, train, draw, generator(seed, Purpose.VALIDATION, replicate)
        )
        split[validation] = SPLITS.index("validation")
        rows = np.flatnonzero(split >= 0)
        names = np.array(SPLITS)[split[rows]]
        parts.append(
            pd.DataFrame({"replicate": replicate, "id": sequences.ids[rows], "split": names})
        )
    if not parts:
        raise DataError(f"splits of {replicates} replicates cannot be drawn; ask for at least 1")
    return pd.concat(parts, ignore_index=True).astype({"replicate": np.int16})


def training_splits(validation: bool) -> tuple[str, ...]:
    """Return the splits that are trained on: without validation, its sequences are too.

    >>> training_splits(validation=False)
    ('train', 'validation')
    """
    return ("train",) if validation else ("train", "validation")


def split_indices(
    frame: pd.DataFrame, sequences: Sequences, replicate: int, *splits: str
) -> NDArray[np.int64]:
    """Return the rows of `sequences` that form one or more splits of one replicate, in order.

    Raises DataError if the frame has no such replicate, or an id that does not exist.
    """
    mine = frame[frame["replicate"] == replicate]
    if mine.empty:
        raise DataError(f"the splits hold no replicate {replicate}; draw more replicates")
    ids = mine.loc[mine["split"].isin(splits), "id"].to_numpy(dtype=np.str_)
    order = np.argsort(sequences.ids)
    places = np.searchsorted(sequences.ids, ids, sorter=order)
    rows = order[np.minimum(places, len(order) - 1)]
    missing = np.flatnonzero(sequences.ids[rows] != ids)
    if len(missing):
        raise DataError(
            f"the splits name {ids[missing[0]]!r}, which {sequences.facts.dataset} does not hold; "
            "delete the splits and run snakemake again"
        )
    return np.sort(rows).astype(np.int64)


def protocol_of(sequences: Sequences, draw: Draw) -> str:
    """Return the first protocol of a draw that the data set allows, or the last one.

    Raises DataError if there is no such protocol.
    """
    protocols = [draw.protocol] if isinstance(draw.protocol, str) else list(draw.protocol)
    strange = [name for name in protocols if name not in PROTOCOLS]
    if strange or not protocols:
        what = repr(strange[0]) if strange else "no protocol"
        raise DataError(f"draw.protocol {what} should be one of {', '.join(PROTOCOLS)}")
    suits = {"official": _is_split(sequences), "subjects": _names_people(sequences.subjects)}
    return next((name for name in protocols if suits.get(name, True)), protocols[-1])


def _is_split(sequences: Sequences) -> bool:
    return bool((sequences.official_split != "").all())


def _names_people(subjects: NDArray[np.str_]) -> bool:
    return len(np.unique(subjects)) > 1 and not (subjects == "").any()


def _test_side(sequences: Sequences, draw: Draw, random: np.random.Generator) -> NDArray[np.bool_]:
    """Return (N,) whether a sequence may be tested on; the others may be trained on."""
    # imported here: every training job reads splits, few draw them, and the import takes a while
    from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

    name, protocol = sequences.facts.dataset, draw.protocol
    by_person = protocol in ("subjects", "leave_one_subject_out")
    if draw.test_subjects is not None and not by_person:
        raise DataError(f"draw.test_subjects needs protocol: subjects, not {protocol}")
    if protocol == "leave_one_subject_out" and len(draw.test_subjects or ()) != 1:
        raise DataError(
            "protocol: leave_one_subject_out tests one person a fold; name that person in "
            "draw.test_subjects, or draw the folds of folds.fold_draws"
        )
    if protocol == "official":
        if not _is_split(sequences):
            raise DataError(f"{name} has no official split; use protocol: subjects or random")
        return sequences.official_split == "test"
    if protocol == "per_class":
        if draw.test_per_class is None:
            raise DataError("protocol: per_class needs draw.test_per_class, the test sequences")
        everyone = np.ones(len(sequences), dtype=np.bool_)
        return _among(
            sequences, _per_class(sequences, everyone, draw.test_per_class, "test", random)
        )
    if protocol == "random":
        shuffled = StratifiedShuffleSplit(
            1, test_size=draw.test_fraction, random_state=_state(random)
        )
        return _drawn(sequences, draw, shuffled, None)
    check_people(sequences, sequences.subjects, "use protocol: official or random")
    if draw.test_subjects is not None:
        return _named(sequences, draw.test_subjects)
    grouped = GroupShuffleSplit(
        SETS_OF_PEOPLE, test_size=draw.test_fraction, random_state=_state(random)
    )
    return _drawn(sequences, draw, grouped, sequences.subjects)


def check_people(sequences: Sequences, subjects: NDArray[np.str_], remedy: str) -> None:
    """Raise DataError with the remedy unless `subjects` names several people, and all of them."""
    if not _names_people(subjects):
        raise DataError(
            f"{sequences.facts.dataset} does not say for every sequence which of several people "
            f"was recorded; {remedy}"
        )


def _named(sequences: Sequences, people: Sequence[str]) -> NDArray[np.bool_]:
    """Return (N,) whether one of these people was recorded, of whom each must exist."""
    known = np.unique(sequences.subjects).tolist()
    strange = [person for person in people if person not in known]
    if strange or not people or set(people) == set(known):
        what = f"{strange[0]!r} is nobody" if strange else "some people, not all, are tested on"
        raise DataError(
            f"draw.test_subjects: {what} in {sequences.facts.dataset}; it has {', '.join(known)}"
        )
    return np.isin(sequences.subjects, np.array(list(people)))


def _drawn(
    sequences: Sequences,
    draw: Draw,
    splitter: Any,  # of scikit-learn, which draws one split or several
    groups: NDArray[np.str_] | None,
) -> NDArray[np.bool_]:
    split = splitter.split(np.zeros(len(sequences)), sequences.labels, groups)
    try:
        sides = [_among(sequences, test) for _, test in split]
    except ValueError as error:
        raise DataError(
            f"{sequences.facts.dataset} cannot be split with test_fraction "
            f"{draw.test_fraction}: {error}"
        ) from error
    return next((side for side in sides if _suffices(sequences, side, draw)), sides[0])


def _suffices(sequences: Sequences, test_side: NDArray[np.bool_], draw: Draw) -> bool:
    """Return whether both sides hold as many sequences of each class as the draw asks for."""
    classes = len(sequences.facts.classes)
    train, test = (
        np.bincount(sequences.labels[side], minlength=classes).min()
        for side in (~test_side, test_side)
    )
    return bool(train >= (draw.train_per_class or 0) and test >= (draw.test_per_class or 0))


def _among(sequences: Sequences, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    side = np.zeros(len(sequences), dtype=np.bool_)
    side[rows] = True
    return side


def _state(random: np.random.Generator) -> int:
    return int(random.integers(2**31))


def _per_class(
    sequences: Sequences,
    side: NDArray[np.bool_],
    count: int | None,
    split: str,
    random: np.random.Generator,
    least: int = 1,
) -> NDArray[np.int64]:
    """Return rows of one side, `count` of each class and at least `least`."""
    chosen = []
    for label, name in enumerate(sequences.facts.classes):
        rows = np.flatnonzero(side & (sequences.labels == label))
        asked = len(rows) if count is None else count
        asked = max(asked, least)
        if len(rows) < asked:
            raise DataError(
                f"{sequences.facts.dataset}: class {name} has {len(rows)} {split} sequences, but "
                f"draw.{split}_per_class asks for {asked}; ask for fewer, "
                "or cut more windows (window.step in config/datasets.yaml)"
            )
        # the whole class is permuted, so that the draw of one class never moves another's
        chosen.append(random.permutation(rows)[:asked])
    return np.sort(np.concatenate(chosen))


def _validation(
    sequences: Sequences, train: NDArray[np.int64], draw: Draw, random: np.random.Generator
) -> NDArray[np.int64]:
    """Return the rows that one replicate takes out of its training sequences."""
    if draw.validation not in VALIDATIONS:
        raise DataError(
            f"draw.validation {draw.validation!r} should be one of {', '.join(VALIDATIONS)}"
        )
    if draw.validation == "sequences" or draw.validation_per_class == 0:
        return _validation_sequences(sequences, train, draw.validation_per_class, random)
    labels, subjects = sequences.labels[train], sequences.subjects[train]
    check_people(sequences, subjects, "use draw.validation: sequences")
    share = draw.validation_per_class * len(sequences.facts.classes) / len(train)
    return train[hold_out_subjects(labels, subjects, share, random)]


def _validation_sequences(
    sequences: Sequences, train: NDArray[np.int64], count: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Return `count` training sequences of each class, whoever was recorded."""
    chosen = [train[:0]]
    for label, name in enumerate(sequences.facts.classes):
        rows = train[sequences.labels[train] == label]
        if count >= len(rows):
            raise DataError(
                f"{sequences.facts.dataset}: class {name} has {len(rows)} training sequences; "
                f"draw.validation_per_class asks for {count} of them and would leave none"
            )
        chosen.append(random.permutation(rows)[:count])
    return np.concatenate(chosen)
