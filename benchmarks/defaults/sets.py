"""The data sets: those of packages, of a folder of .ts files, and of this project's workflow."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, train_test_split

from harmodels.data.sequences import read_sequences

Series = list[NDArray[np.float32]]  # (T_i, D) each
PREPARED = Path("results/datasets")  # `snakemake results/datasets/uci-har/sequences.parquet`


@dataclass(frozen=True)
class Half:
    """Sequences of a half with labels (n,) and, where people are known, who was recorded (n,)."""

    X: Series
    y: NDArray
    people: NDArray | None = None

    def of(self, rows: NDArray) -> "Half":
        """Return the part of these rows, without people."""
        return Half([self.X[row] for row in rows], self.y[rows])

    def folds(self, count: int) -> Iterator[tuple["Half", "Half"]]:
        """Yield training and validation parts: of other people where people are known."""
        kind = StratifiedKFold if self.people is None else StratifiedGroupKFold
        splitter = kind(count, shuffle=True, random_state=0)
        for train, validation in splitter.split(self.y, self.y, self.people):
            yield self.of(train), self.of(validation)


Read = Callable[[Path | None], tuple[Half, Half] | None]


def ts(name: str) -> Read:
    """Return what reads a set of two .ts files, or gives None where they are not found."""

    def read(folder: Path | None) -> tuple[Half, Half] | None:
        import aeon
        import sktime

        packaged = [Path(each.__file__).parent / "datasets" / "data" for each in (aeon, sktime)]
        for root in (*packaged, *([folder] if folder else [])):
            train, test = (root / name / f"{name}_{half}.ts" for half in ("TRAIN", "TEST"))
            if train.exists():
                return _half(train), _half(test)
        return None

    return read


def _half(path: Path) -> Half:
    from aeon.datasets import load_from_ts_file

    X, y = load_from_ts_file(str(path))
    return Half([np.ascontiguousarray(x.T, np.float32) for x in X], y)


def digits(_: Path | None) -> tuple[Half, Half]:
    """Return scikit-learn's digits, 8 rows of 8 pixels each, in halves."""
    given = load_digits()
    rows = np.arange(len(given.target))
    halves = train_test_split(rows, test_size=0.5, stratify=given.target, random_state=0)
    everything = Half(list(given.images.astype(np.float32)), given.target)
    return everything.of(halves[0]), everything.of(halves[1])


def prepared(name: str, every: int, tested: int | None, _: Path | None) -> tuple[Half, Half] | None:
    """Return every so many windows of a set that the workflow prepared, if it is there.

    The last `tested` people are the test half; None takes the set's own.
    """
    path = PREPARED / name / "sequences.parquet"
    if not path.exists():
        return None
    given = read_sequences(path)
    rows = np.arange(0, len(given.labels), every)
    if tested is None:
        train = given.official_split[rows] == "train"
    else:
        train = ~np.isin(given.subjects[rows], np.unique(given.subjects)[-tested:])
    halves = [
        Half([given[int(row)] for row in half], given.labels[half], given.subjects[half])
        for half in (rows[train], rows[~train])
    ]
    return halves[0], halves[1]


# In each group by what an update costs, as the loop over the cells goes. A choosing set has 60 or
# more sequences to train on: of fewer, a fold is decided by one or two.
GROUPS: dict[str, dict[str, Read]] = {
    "choosing": {
        "digits": digits,
        **{name: ts(name) for name in (
            "SmoothSubspace", "FingerMovements", "SyntheticControl", "DistalPhalanxTW",
        )},
        "MotionSense": partial(prepared, "motionsense", 10, 8),
        **{name: ts(name) for name in (
            "ECG200", "MedicalImages", "Plane", "PowerCons", "GestureMidAirD1",
        )},
    },
    "confirming": {
        **{name: ts(name) for name in (
            "JapaneseVowels", "ItalyPowerDemand", "RacketSports", "Libras", "NATOPS", "ERing",
            "BasicMotions", "ArticularyWordRecognition", "GunPoint", "Handwriting", "Epilepsy",
            "ArrowHead", "UWaveGestureLibrary", "LSST", "PenDigits",
        )},
        "UCI HAR": partial(prepared, "uci-har", 1, None),
    },
}  # fmt: skip
