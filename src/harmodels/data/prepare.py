"""Preparation: sequences.parquet and card.json from raw files of any format."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from harmodels.data.archives.extract import verify
from harmodels.data.census import census
from harmodels.data.copies import check_copies
from harmodels.data.dataset import Dataset
from harmodels.data.formats import FORMATS
from harmodels.data.hands import describe_hands
from harmodels.data.own_files import check_own_files, own_recordings, refuse_changed
from harmodels.data.sequences import Sequences, write_sequences
from harmodels.errors import DataError
from harmodels.files import sha256, write_json
from harmodels.runtime.log import LOGGER


def prepare(
    dataset: Dataset,
    raw: Path | None,
    sequences_path: Path,
    card_path: Path,
    planned: dict[str, str] | None = None,
) -> None:
    """Parse the raw files of a data set and write its sequences and its card, as `describe` has it.

    `raw` is as for `read_raw`. Raises DataError if a raw file is not what its format promises, or
    no longer has the SHA-256 that was `planned` by path.
    """
    sequences, notes, hashes = read_raw(dataset, raw)
    if planned is not None:
        refuse_changed(dataset, planned)
    card = describe(dataset, sequences, notes, hashes)
    for line in census(card):
        LOGGER.info("%s", line)
    write_sequences(sequences_path, sequences)
    write_json(card_path, card)


def read_raw(
    dataset: Dataset, raw: Path | None
) -> tuple[Sequences, dict[str, Any], dict[str, str]]:
    """Return the sequences, the parser's notes, and SHA-256 of the raw files by relative name.

    `raw` is the folder of an unpacked archive or of a simulation; None of recordings of a user's
    own, which are read where they lie.
    """
    path, raw = _place(dataset, raw)
    known = FORMATS[dataset.format]
    for key in sorted(known.needs):
        if getattr(dataset, key.partition(".")[0]) is None and "." not in key:
            raise DataError(f"{dataset.name}: its format {dataset.format} needs the key {key}")
    sequences, notes, files = known.read(dataset, path)
    if equal := check_copies(sequences, dataset.copies):
        notes = {**notes, "equal_sequences": equal}
    if known.skeleton is not None:
        notes = {**notes, **describe_hands(dataset)}
    try:
        return sequences, notes, {f.relative_to(raw).as_posix(): sha256(f) for f in files}
    except OSError as error:
        raise DataError(f"cannot read {error.filename}: {error.strerror or error}") from error


def _place(dataset: Dataset, raw: Path | None) -> tuple[Path, Path]:
    """Return what the parser reads, and the folder from which the card names its files."""
    if raw is None:
        check_own_files(dataset)
        path = own_recordings(dataset)
        assert path is not None, "recordings of a user's own"
        if dataset.archive is not None and path.is_file():
            verify(path, dataset.archive)
        return path, dataset.folder if path.is_relative_to(dataset.folder) else path.parent
    path = raw / dataset.path
    if not path.exists():
        raise DataError(f"{dataset.name}: {path} does not exist; was another archive unpacked?")
    return path, raw


def describe(
    dataset: Dataset, sequences: Sequences, notes: dict[str, Any], hashes: dict[str, str]
) -> dict[str, Any]:
    """Return the card of a data set, ready for JSON.

    Keys: `dataset`, `title`, `licence`, `citation`, `homepage`, `simulated`, `simulation` (its
    parameters or null), `rate_hz`, `channels`, `units`, `classes`, `sequences` (their
    number), `counts` (split or `all` → class → number), `subjects` (split or `all` → subject →
    number), `subjects_in_both` (who is in the training and in the test data, so that a result
    says nothing of new people), `length` (`min`, `median`, `max`, in steps), `sources` (SHA-256
    by raw file), `dropped` (number by reason), and what else the parser notes;
    `equal_sequences` (their number by the names of two recordings, where sequences have the content
    of others); of hands also what
    `hands.describe_hands` returns, of a file that users may bring `known_file`, whether it is the
    one whose hash the registry has.
    """
    lengths = sequences.lengths
    subjects = _subjects(sequences)
    shared = sorted(set(subjects.get("train", {})) & set(subjects.get("test", {})))
    if shared:
        LOGGER.warning(
            "%s: %d subjects are in the official training and test data, %s among them",
            dataset.name,
            len(shared),
            shared[0],
        )
    return {
        **asdict(sequences.facts),
        "title": dataset.title,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "homepage": dataset.homepage,
        "simulation": vars(dataset.simulation).copy() if dataset.simulation else None,
        "sequences": len(sequences),
        "counts": _counts(sequences),
        "subjects": subjects,
        "subjects_in_both": shared,
        "length": {
            "min": int(lengths.min()),
            "median": float(np.median(lengths)),
            "max": int(lengths.max()),
        },
        "sources": hashes,
        **notes,
    }


def _rows_of_splits(sequences: Sequences) -> dict[str, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return split → rows; a data set without an official split has `all`."""
    names = np.unique(sequences.official_split)
    return {str(name) or "all": sequences.official_split == name for name in names}


def _counts(sequences: Sequences) -> dict[str, dict[str, int]]:
    classes = sequences.facts.classes
    return {
        split: {name: int((sequences.labels[rows] == c).sum()) for c, name in enumerate(classes)}
        for split, rows in _rows_of_splits(sequences).items()
    }


def _subjects(sequences: Sequences) -> dict[str, dict[str, int]]:
    result = {}
    for split, rows in _rows_of_splits(sequences).items():
        names, counts = np.unique(sequences.subjects[rows], return_counts=True)
        pairs = zip(names.tolist(), counts.tolist(), strict=True)
        result[split] = {name: count for name, count in pairs if name}
    return result
