"""The course's HDF5 file: `trX`, `trY`, `tstX`, `tstY` with one-hot labels."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmodels.data.dataset import Dataset
from harmodels.data.formats import PHONE, Format, Raw
from harmodels.data.sequences import Sequences
from harmodels.errors import DataError
from harmodels.files import git_blob
from harmodels.runtime.log import LOGGER

STEPS = 150
LARGEST_BYTES = 4_000_000_000  # of one part; what a file declares costs it nothing
OWN_DATA = "which could be any file of this machine; copy the values into this one"
SPLITS = {"train": ("trX", "trY"), "test": ("tstX", "tstY")}


def read(dataset: Dataset, path: Path) -> Raw:
    """Read the training and the test sequences of the HDF5 file; classes are one-hot columns.

    Ids are `train/00001`, …; the file does not say who was recorded, so subjects are empty. Notes:
    `dropped` (nothing), and with a known hash `known_file`, whether the file has it. Raises
    DataError if h5py is missing, the file is damaged, a part is missing, has another shape than (N,
    150, 3) or (N, 6), is too large or kept in another file, or a label is not one-hot.
    """
    parts = _read(path)
    channels, classes = len(dataset.channels), len(dataset.classes)
    values, labels = [], []
    for inputs, targets in SPLITS.values():
        _check_shape(path, inputs, parts[inputs], (STEPS, channels))
        _check_shape(path, targets, parts[targets], (classes,))
        if len(parts[inputs]) != len(parts[targets]):
            raise DataError(
                f"{path}: {inputs} has {len(parts[inputs])} sequences, "
                f"but {targets} has {len(parts[targets])}"
            )
        values.append(_numbers(path, inputs, parts[inputs]))
        labels.append(_labels(path, targets, parts[targets]))
    counts = [len(part) for part in labels]
    official_split = np.repeat(np.array(list(SPLITS), dtype=np.str_), counts)
    names = [f"{h}/{i:05d}" for h, n in zip(SPLITS, counts, strict=True) for i in range(1, n + 1)]
    sequences = Sequences.of_equal_length(
        dataset.facts,
        np.concatenate(values),
        ids=names,
        subjects=np.full(len(names), "", dtype=np.str_),
        official_split=official_split,
        labels=np.concatenate(labels),
    )
    return Raw(sequences, {"dropped": {}, **_compared(dataset, path)}, [path])


def _compared(dataset: Dataset, path: Path) -> dict[str, bool]:
    """Return whether a file that a user may bring is the one that the registry knows."""
    known = None if dataset.archive is None else dataset.archive.git_blob
    if known is None:
        return {}
    found = git_blob(path)
    if found != known:
        LOGGER.warning(
            "%s has the git blob hash %s, the known file %s: it is read as a user's own",
            *(path.name, found, known),
        )
    return {"known_file": found == known}


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        import h5py
    except ImportError as error:
        raise DataError(f"reading {path.name} needs h5py: pip install 'harmodels[hdf5]'") from error
    names = [name for pair in SPLITS.values() for name in pair]
    try:
        with h5py.File(path, "r") as file:
            for name in names:
                if name in file and not isinstance(file.get(name, getlink=True), h5py.HardLink):
                    raise DataError(f"{path}: {name} is a link, {OWN_DATA}")
            missing = [name for name in names if not isinstance(file.get(name), h5py.Dataset)]
            if missing:
                found = ", ".join(sorted(file)) or "nothing"
                raise DataError(f"{path} has no data set {missing[0]!r}; it holds {found}")
            for name in names:
                _check_storage(path, name, file[name])
            return {name: file[name][()] for name in names}
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{path} is no HDF5 file, or is damaged or truncated: {error}. Bring a whole copy."
        ) from error


def _check_storage(path: Path, name: str, dataset: Any) -> None:
    if dataset.external or dataset.is_virtual:
        raise DataError(f"{path}: {name} is kept in another file, {OWN_DATA}")
    if dataset.nbytes > LARGEST_BYTES:
        raise DataError(
            f"{path}: {name} has the shape {dataset.shape}, {dataset.nbytes:,} bytes, more than "
            f"the {LARGEST_BYTES:,} that can be read; bring a shorter recording"
        )


def _check_shape(path: Path, name: str, array: NDArray[Any], rest: tuple[int, ...]) -> None:
    shape = tuple(getattr(array, "shape", ()))
    if shape[1:] != rest or len(shape) != len(rest) + 1 or shape[0] == 0:
        expected = ", ".join(("N", *map(str, rest)))
        raise DataError(f"{path}: {name} has the shape {shape}, not ({expected})")


def _numbers(path: Path, name: str, array: NDArray[Any]) -> NDArray[np.float32]:
    if array.dtype.kind not in "fiu":
        raise DataError(f"{path}: {name} holds {array.dtype}, not numbers")
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _labels(path: Path, name: str, array: NDArray[Any]) -> NDArray[np.int64]:
    if array.dtype.kind not in "fiub":
        raise DataError(f"{path}: {name} holds {array.dtype}, not numbers")
    one_hot = ((array == 0) | (array == 1)).all(axis=1) & (array.sum(axis=1) == 1)
    broken = np.flatnonzero(~one_hot)
    if len(broken):
        raise DataError(
            f"{path}: row {broken[0]} of {name} is {array[broken[0]].tolist()}, not one-hot"
        )
    return array.argmax(axis=1).astype(np.int64)


FORMAT = Format(read, needs=PHONE, halves=True, people=False)
