"""The data sets and splits of a results folder: their hashes, labels and splits."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harmodels.data.splits import SPLITS
from harmodels.errors import ResultsError
from harmodels.files import git_blob, read_table
from harmodels.provenance.record import RecordedArchive, RecordedData
from harmodels.provenance.verification.checks import Checks, short

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Expected:
    """What predictions must agree with."""

    ids: pa.Array  # (N,) all sequences
    labels: NDArray[np.int64] | None = None  # (N,); None without the table of the data set
    classes: tuple[str, ...] = ()
    splits: dict[int, Codes] | None = None  # (N,) by replicate, indices into SPLITS; -1: none


def expected_of(
    table: Expected | None, splits: pd.DataFrame | None, fold: str | None = None
) -> Expected | None:
    """Return what predictions of a run on this table and these splits must agree with."""
    if splits is None:
        return table
    if fold is not None:
        splits = splits[splits["fold"] == fold]
    known = table or Expected(pc.unique(pa.array(splits["id"])))
    divided = {}
    for replicate, rows in splits.groupby("replicate"):
        places = places_in(rows["id"], known.ids)
        found = np.full(len(known.ids), -1, dtype=np.int64)
        found[places[places >= 0]] = places_in(rows["split"], pa.array(SPLITS))[places >= 0]
        divided[int(str(replicate))] = found
    return replace(known, splits=divided)


def places_in(column: "pd.Series[str]", values: pa.Array) -> Codes:
    """Return the place of each entry of a column of text in `values`, -1 where it is not there."""
    given = pa.array(column, pa.string())
    found = pc.index_in(given, value_set=values.cast(pa.string()))
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def check_data(checks: Checks, name: str, data: RecordedData) -> dict[str, Expected]:
    """Check the files of one data set and return the ids and labels of its tables, by path.

    Tables may be absent, because recordings may not be passed on; everything else may not.
    """
    for file, recorded in data.files.items():
        checks.compare_record(file, recorded)
    if data.archive is not None:
        _check_archive(checks, data.archive)
    found = {}
    for file, recorded in data.tables.items():
        if not checks.exists(file):
            checks.note(f"{file} is absent: the runs that read it cannot be checked against it")
            continue
        checks.compare_record(file, recorded)
        if checks.fits_in_memory(file, ["id", "label"]):
            with checks.guarded(file):
                found[file] = _read_labels(checks, file, name)
    _compare_tables(checks, found)
    return found


def read_splits(checks: Checks, file: str, recorded: str) -> pd.DataFrame | None:
    """Check one file of splits and return it; None if it cannot be read.

    No sequence may be in two splits of one replicate and fold.
    """
    checks.compare_record(file, recorded)
    if not checks.fits_in_memory(file):
        return None
    with checks.guarded(file):
        frame = read_table(checks.root / file)[0].to_pandas()
        missing = {"replicate", "id", "split"} - set(frame.columns)
        if missing:
            raise ResultsError(f"{file} lacks the column {sorted(missing)[0]!r}")
        unique = [name for name in ("fold", "replicate", "id") if name in frame.columns]
        twice = frame.loc[frame.duplicated(unique)]
        if len(twice):
            first = twice.iloc[0]
            checks.report(
                file,
                f"holds sequence {first['id']} twice in replicate {first['replicate']}: "
                "it would be trained on and tested",
            )
        return frame
    return None


def _check_archive(checks: Checks, archive: RecordedArchive) -> None:
    file = archive.path
    if not checks.exists(file):
        checks.note(f"{file} is absent: the raw recordings were not checked")
        return
    if not checks.is_readable(file):
        return
    checks.hashes += 1
    digest = checks.digest(file)
    if digest in archive.known:
        return
    if digest != archive.found:
        known = ", ".join(map(short, archive.known)) or "none"
        checks.report(
            file,
            f"is another archive: its hash is {short(digest)}, the registry knows {known}",
        )
    elif git_blob(checks.root / file) != archive.git_blob:
        checks.note(
            f"{file} is a repacked archive; its members were checked when it was unpacked"
            if archive.members
            else f"{file} is a file of the user's own; the registry has no hash of it"
        )


def _read_labels(checks: Checks, file: str, name: str) -> Expected:
    table, facts = read_table(checks.root / file, ["id", "label"])
    if facts["dataset"] != name:
        checks.report(file, f"holds the data set {facts['dataset']!r}")
    ids = table["id"].combine_chunks().cast(pa.string())
    if len(pc.unique(ids)) < len(ids):
        checks.report(file, "holds a sequence twice")
    return Expected(ids, table["label"].to_numpy(), tuple(facts["classes"]))


def _compare_tables(checks: Checks, found: dict[str, Expected]) -> None:
    """Compare the tables of one data set with each other: they hold the same sequences."""
    for file, table in list(found.items())[1:]:
        first_file, first = next(iter(found.items()))
        if not table.ids.equals(first.ids) or not np.array_equal(table.labels, first.labels):  # type: ignore[arg-type]
            checks.report(file, f"holds other sequences or labels than {first_file}")
