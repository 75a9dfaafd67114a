"""Sequences of equal content: one recording that stands in a data set twice, under two names.

Whoever is trained on one of them knows the other. Between two people, or the official training and
test data, they are refused when data are prepared; between drawn splits, when these are drawn. Of a
copy that begins elsewhere no sequence is equal: the rows of two people are compared as they are
read.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.data.sequences import Sequences
from harmodels.errors import DataError
from harmodels.messages import counted

# Values are equal to this part of their channel's standard deviation: another clock or fewer digits
# in the copy change what is resampled in the last place.
RESOLUTION = 1000
# Numbers of a sequence that differ from the step before: with fewer, of a sensor that lies still or
# is stuck, two recordings may be equal by chance.
LEAST_CHANGES = 20
DOUBLINGS = 6
RUN = 2**DOUBLINGS  # rows that two people do not have in common by chance


class SharedRows:
    """Rows of recordings as they are read, by hashes of every `RUN` of them in a row."""

    def __init__(self) -> None:
        self._recordings: list[tuple[str, str]] = []
        self._hashes: list[NDArray[np.uint64]] = []

    def add(self, whose: str, person: str, values: NDArray[np.float64]) -> None:
        """Take rows (n, D) without a break of the recording `whose` of a person."""
        self._recordings.append((whose, person))
        self._hashes.append(_hashes_of_runs(values))

    def check(self) -> None:
        """Raise DataError where recordings of two people have `RUN` rows or more in common.

        Rows that a recording repeats are of no movement, and passed over.
        """
        table = pd.DataFrame(self._recordings, columns=["whose", "person"], dtype="category")
        table = table.loc[np.repeat(table.index, [len(part) for part in self._hashes])]
        table["run"] = np.concatenate([np.empty(0, np.uint64), *self._hashes])
        table = table[table.duplicated("run", keep=False)]
        table = table[~table.duplicated(["run", "whose"], keep=False)]
        pairs = table.merge(table.drop_duplicates("run"), on="run", suffixes=("", "_first"))
        pairs = pairs[pairs["person"] != pairs["person_first"]]
        if len(pairs):
            names = ["whose", "person", "whose_first", "person_first"]
            copy, person, original, other = pairs[names].iloc[0]
            alike = (pairs["whose"] == copy) & (pairs["whose_first"] == original)
            raise DataError(
                f"{copy} and {original} have {alike.sum() + RUN - 1:,} rows in common, as "
                f"recordings of {person} and {other}: whoever is trained on one of them knows the "
                "other; remove one"
            )


def _hashes_of_runs(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return the hash of every `RUN` of rows (n, D) in a row that has `LEAST_CHANGES` or more."""
    hashes = pd.util.hash_pandas_object(pd.DataFrame(values), index=False).to_numpy()
    changes = np.cumsum(np.diff(hashes, prepend=hashes[:1]) != 0)
    factor = np.array([0x9E3779B97F4A7C15], np.uint64)  # odd; products are taken modulo 2⁶⁴
    for shift in 2 ** np.arange(DOUBLINGS):
        hashes = hashes[:-shift] * factor + hashes[shift:]
        factor = factor * factor
    return hashes[changes[RUN - 1 :] - changes[: 1 - RUN] >= LEAST_CHANGES]


def recording_of(name: str) -> str:
    """Return the recording that a sequence was cut from, by its id.

    >>> recording_of("1/sitting/13/00002")
    '1/sitting/13'
    """
    return name.rpartition("/")[0] or name


def equal_sequences(sequences: Sequences) -> pd.DataFrame:
    """Return every sequence whose content occurs more than once, next to the first that has it.

    Columns `row`, the place of the sequence, and `first`, that of the first of its content, which
    is a row as well. Sequences of fewer than `LEAST_CHANGES` changes are passed over.
    """
    spread = sequences.values.std(axis=0, dtype=np.float64)
    scale = RESOLUTION / np.where(spread > 0, spread, 1.0)
    mean = sequences.values.mean(axis=0, dtype=np.float64)
    values = np.rint((sequences.values - mean) * scale).astype(np.int32)
    first: dict[bytes, int] = {}
    found = []
    for row, (start, stop) in enumerate(
        zip(sequences.offsets[:-1], sequences.offsets[1:], strict=True)
    ):
        own = values[start:stop]
        if np.count_nonzero(own[1:] != own[:-1]) >= LEAST_CHANGES:
            digest = hashlib.blake2b(own.tobytes(), digest_size=16).digest()
            found.append((row, first.setdefault(digest, row)))
    table = pd.DataFrame(found, columns=["row", "first"], dtype=np.int64)
    return table[table.duplicated("first", keep=False)].reset_index(drop=True)


def check_copies(sequences: Sequences, known: Mapping[str, str]) -> dict[str, int]:
    """Return how many sequences have the content of another, by the names of both recordings.

    `known` are the copies of a registry's entry, recording → the one that it repeats. Raises
    DataError where others are of two people, or on both sides of the official split.
    """
    equal = equal_sequences(sequences)
    counts: Counter[str] = Counter()
    wrong = []
    subjects, split = sequences.subjects, sequences.official_split
    for row, first in equal[equal["row"] != equal["first"]].itertuples(index=False):
        pair = [recording_of(sequences.ids[each]) for each in (row, first)]
        counts[" = ".join(pair)] += 1
        apart = subjects[row] != subjects[first] or split[row] != split[first]
        if apart and not _are_known(pair, known):
            wrong.append((row, first))
    if wrong:
        places = [
            f"{sequences.ids[row]} of {subjects[row] or 'somebody'}{_half(split[row])}"
            for row in wrong[0]
        ]
        raise DataError(
            f"{sequences.facts.dataset}: the values of {' and '.join(places)} are equal, and those "
            f"of {counted(len(wrong), 'sequence')} in all. {_remedy(sequences, *wrong[0])}"
        )
    return dict(counts)


def check_splits(sequences: Sequences, splits: pd.DataFrame, known: Mapping[str, str]) -> None:
    """Raise DataError if sequences of equal content are in two splits of one replicate.

    `splits` is a frame of `draw_splits` or `draw_fold_splits`, `known` as for `check_copies`.
    """
    equal = equal_sequences(sequences)
    drawn = splits.merge(equal.assign(id=sequences.ids[equal["row"]]), on="id")
    keys = [key for key in ("replicate", "fold", "first") if key in drawn]
    apart = drawn[drawn.groupby(keys)["split"].transform("nunique") > 1]
    for _, group in apart.groupby(keys, sort=False):
        if not _are_known([recording_of(name) for name in group["id"]], known):
            sides = group.drop_duplicates("split").head(2)
            places = [
                f"{name} ({side})" for name, side in zip(sides["id"], sides["split"], strict=True)
            ]
            first, row = sides["row"].to_list()
            raise DataError(
                f"{sequences.facts.dataset}: the values of {' and '.join(places)} are equal. "
                + _remedy(sequences, row, first)
            )


def _are_known(recordings: list[str], known: Mapping[str, str]) -> bool:
    """Return whether these are named as copies of one recording, each another of them."""
    originals = {known.get(name, name) for name in recordings}
    return len(originals) == 1 and len(set(recordings)) == len(recordings)


def _half(split: str) -> str:
    return f", in the official {split} data," if split else ""


def _remedy(sequences: Sequences, row: int, first: int) -> str:
    copy, original = (recording_of(sequences.ids[each]) for each in (row, first))
    if copy == original:
        return (
            f"{copy} repeats itself: take the repeated part out, or let the draw keep people apart "
            "(protocol: subjects, validation: subjects)"
        )
    return (
        "Who is trained on one of them knows the other: take one of the two recordings out. If "
        f"they were published so, say it in the entry of the registry: copies: {{{copy}: "
        f"{original}}}"
    )
