"""Preparation: sequences.parquet and card.json from raw files of any format."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from harmodels.data.formats import fpha, motionsense, sfinge3d
from harmodels.data.formats.course_h5 import read_course_h5
from harmodels.data.formats.table import read_table_format
from harmodels.data.formats.table import source_files as table_files
from harmodels.data.formats.uci_har import read_uci_har, source_files
from harmodels.data.formats.wisdm import read_wisdm
from harmodels.data.hands import describe_hands
from harmodels.data.registry import Dataset
from harmodels.data.sequences import Sequences, write_sequences
from harmodels.data.skeletons import SKELETONS
from harmodels.errors import DataError
from harmodels.files import git_blob, sha256, write_json

LOGGER = logging.getLogger("harmodels")


def prepare(dataset: Dataset, raw: Path, sequences_path: Path, card_path: Path) -> None:
    """Parse the raw files of a data set and write its sequences and its card.

    Parameters
    ----------
    dataset
        The registry's entry.
    raw
        The folder that `archive.unpack` or `simulation.simulate` made.
    sequences_path, card_path
        Where to write; the card is described at `describe`.

    Raises
    ------
    DataError
        If a raw file is not what its format promises.
    ResultsError
        If the results cannot be written.
    """
    sequences, notes, hashes = read_raw(dataset, raw)
    write_sequences(sequences_path, sequences)
    write_json(card_path, describe(dataset, sequences, notes, hashes))


def read_raw(dataset: Dataset, raw: Path) -> tuple[Sequences, dict[str, Any], dict[str, str]]:
    """Return the sequences, the parser's notes, and SHA-256 of the raw files by relative name.

    Raises
    ------
    DataError
        If a raw file is not what its format promises.
    """
    path, facts = raw / dataset.path, dataset.facts
    if not path.exists():
        raise DataError(f"{dataset.name}: {path} does not exist; was another archive unpacked?")
    if dataset.format == "uci_har":
        files = source_files(path, dataset.channels)
        sequences, notes = read_uci_har(path, facts)
        return sequences, notes, _hashes(files, raw)
    if dataset.format in SKELETONS:
        return _read_hands(dataset, path, raw)
    if dataset.table is not None and dataset.window is not None:
        sequences, notes = read_table_format(path, facts, dataset.table, dataset.window)
        return sequences, notes, _hashes(table_files(path), raw)
    if dataset.format == "motionsense":
        return _read_motionsense(dataset, path, raw)
    hashes = _hashes([path], raw)
    if dataset.format == "course_h5":
        sequences, notes = read_course_h5(path, facts)
        return sequences, notes | _describe_file(dataset, path), hashes
    if dataset.window is None:
        raise DataError(f"{dataset.name}: the format wisdm needs a window in the registry")
    known = dataset.archive.checksums if dataset.archive else None
    # the totals are a promise of the official file, not of the format
    official = dataset.official_records if known and hashes.items() <= known.items() else None
    return *read_wisdm(path, facts, dataset.window, official), hashes


def _read_motionsense(
    dataset: Dataset, path: Path, raw: Path
) -> tuple[Sequences, dict[str, Any], dict[str, str]]:
    if dataset.window is None or dataset.recorded_hz is None:
        raise DataError(f"{dataset.name}: its format needs window and recorded_hz in the registry")
    sequences, notes = motionsense.read_motionsense(
        path, dataset.facts, dataset.window, dataset.recorded_hz, dataset.subjects
    )
    trials = motionsense.find_trials(path, dataset.classes, dataset.subjects)
    return sequences, notes, _hashes([trial.path for trial in trials], raw)


def _describe_file(dataset: Dataset, path: Path) -> dict[str, Any]:
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


def _read_hands(
    dataset: Dataset, path: Path, raw: Path
) -> tuple[Sequences, dict[str, Any], dict[str, str]]:
    facts, normalise = dataset.facts, dataset.normalise
    if normalise is None:
        raise DataError(f"{dataset.name}: its format needs the key normalise in the registry")
    if dataset.format == "sfinge3d":
        sequences, notes = sfinge3d.read_sfinge3d(path, facts, normalise)
        files = sfinge3d.source_files(path, len(facts.classes))
    else:
        sequences, notes = fpha.read_fpha(path, facts, normalise)
        files = fpha.source_files(path, facts.classes)
    return sequences, {**notes, **describe_hands(dataset)}, _hashes(files, raw)


def describe(
    dataset: Dataset, sequences: Sequences, notes: dict[str, Any], hashes: dict[str, str]
) -> dict[str, Any]:
    """Return the card of a data set, ready for JSON.

    Keys: `dataset`, `title`, `licence`, `citation`, `homepage`, `simulated`, `simulation` (its
    parameters or null), `rate_hz`, `channels`, `units`, `classes`, `sequences` (their
    number), `counts` (split or `all` → class → number), `subjects` (split or `all` → subject →
    number), `subjects_in_both` (who is in the training and in the test data, so that a result
    says nothing of new people), `length` (`min`, `median`, `max`, in steps), `sources` (SHA-256
    by raw file), `dropped` (number by reason), and what else the parser notes; of hands also what
    `hands.describe_hands` returns, of a file that users may bring `known_file`, whether it is the
    one whose hash the registry has.
    """
    lengths = sequences.lengths
    facts = sequences.facts
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
        "dataset": dataset.name,
        "title": dataset.title,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "homepage": dataset.homepage,
        "simulated": dataset.simulated,
        "simulation": vars(dataset.simulation).copy() if dataset.simulation else None,
        "rate_hz": facts.rate_hz,
        "channels": list(facts.channels),
        "units": list(facts.units),
        "classes": list(facts.classes),
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


def _hashes(files: list[Path], raw: Path) -> dict[str, str]:
    try:
        return {file.relative_to(raw).as_posix(): sha256(file) for file in files}
    except OSError as error:
        raise DataError(f"cannot read {error.filename}: {error.strerror or error}") from error
