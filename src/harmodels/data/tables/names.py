"""Names of people and activities as text: which are alike, and which class a label means."""

import difflib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.data.names import alike
from harmodels.errors import DataError
from harmodels.messages import counted, listed, shown

Text = NDArray[np.object_]
Codes = NDArray[np.int64]

NO_CLASS = -1
WHOLE = re.compile(r"([-+]?\d+)\.0+")  # what programs make of 7 in a column with an empty cell
MOST_LABELS = 8  # that one message names


def plain(name: str) -> str:
    """Return a name as it is compared: as `alike` has it, and 1.0 is 1.

    >>> plain("Walking_Upstairs"), plain("-1.0")
    ('walking upstairs', '-1')
    """
    return alike(WHOLE.sub(r"\1", name.strip()))


class Labels:
    """Which class a label means: that of its name, or of the name that `mapping` gives it."""

    def __init__(self, classes: Sequence[str], mapping: Mapping[str, str]) -> None:
        self.classes = tuple(classes)
        own = {plain(name): code for code, name in enumerate(classes)}
        self._codes = own | {plain(label): own[plain(name)] for label, name in mapping.items()}
        self.met: Counter[str] = Counter()  # rows by label, as it is written

    def codes(self, labels: Text) -> Codes:
        """Return (n,) classes of (n,) labels, `NO_CLASS` where a label is none, and count rows."""
        numbers, names = pd.factorize(labels)
        found = [self._codes.get(plain(str(name)), NO_CLASS) for name in names]
        rows = np.bincount(numbers, minlength=len(names))
        self.met.update({str(name): int(n) for name, n in zip(names, rows, strict=True) if name})
        return np.array(found, dtype=np.int64)[numbers]

    def rows_of(self, code: int) -> int:
        """Return how many rows had a label of a class."""
        return sum(
            rows for label, rows in self.met.items() if self._codes.get(plain(label)) == code
        )

    def is_class(self, label: str) -> bool:
        """Return whether a label means a class."""
        return plain(label) in self._codes

    def others(self) -> dict[str, int]:
        """Return rows by label that is none of the classes, the most first."""
        return {label: n for label, n in self.met.most_common() if not self.is_class(label)}

    def advice(self, name: str) -> str:
        """Return which labels were met in the place of a class, and the mapping that would help."""
        others = self.others()
        if not others:
            known = listed(map(repr, self.met), MOST_LABELS)
            return f"labels met: {known}; take {name} out of classes, or add recordings of it"
        near = difflib.get_close_matches(plain(name), map(plain, others), n=1, cutoff=0.4)
        like = next((_yaml(label) for label in others if [plain(label)] == near), "…")
        met = [f"{shown(label)} ({counted(rows, 'row')})" for label, rows in others.items()]
        return (
            f"labels met that are none of the classes: {listed(met, MOST_LABELS)}. Where one of "
            f"them means {name}, say so in `table` of the entry: "
            f"labels: {{{like}: {_yaml(name)}}}"
        )


def people(found: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return who is meant by each name as it is written, and what to tell a user.

    `found` is the file of each name. Where all names are whole numbers, 1.0 is 1: a program wrote
    it that reads numbers. Raises DataError where names differ otherwise in case, signs or zeros
    alone: one person on both sides of a split would make its result worthless.
    """
    names = {name: unicodedata.normalize("NFC", name) for name in sorted(found)}
    notes = []
    written = [name for name in names if WHOLE.fullmatch(name)]
    if written and all(re.fullmatch(r"[-+]?\d+(\.0+)?", name) for name in names):
        names = {name: WHOLE.sub(r"\1", name) for name in names}
        notes = [f"people are written as numbers: {written[0]} is read as {names[written[0]]}"]
    seen: dict[str, str] = {}  # as it is written
    for name in names:
        other = seen.setdefault(re.sub(r"(?<!\d)0+(?=\d)", "", plain(names[name])), name)
        if names[other] != names[name]:
            raise DataError(
                f"{shown(other)} of {found[other]} and {shown(name)} of {found[name]} may be one "
                "person: write the name alike in all rows and files, or give two people names that "
                "differ by more than case and zeros"
            )
    return names, notes


def _yaml(text: str) -> str:
    """Return a text as YAML takes it for text."""
    simple = re.fullmatch(r"[A-Za-z]\w{3,}( \w+)*", text) and text.casefold() not in _WORDS
    return text if simple else json.dumps(text, ensure_ascii=False)


_WORDS = frozenset(("true", "false", "null"))
