"""The runs of a results folder that count: those that its records name.

Blocks of replicates, folds and configurations that a project no longer has stay on disk.
"""

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from harmodels.errors import ResultsError
from harmodels.files import sha256
from harmodels.messages import counted, listed, printable
from harmodels.provenance.record import ENDING, ProjectRecord, read_record
from harmodels.records.run import RunRecord

LEVELS = 3  # results/<report>/<dataset>


class Current(NamedTuple):
    """Finished runs by folder, in its order, and sentences on omitted and missing ones."""

    runs: dict[Path, RunRecord]
    notes: list[str]


def records_of(results: Path) -> list[ProjectRecord]:
    """Return the records in a results folder; ResultsError if one is damaged."""
    return [read_record(path) for path in sorted(results.glob(f"*{ENDING}"))]


def current_runs(folder: Path) -> Current:
    """Return the runs in a results folder, or in a part of it, that its records name.

    Where they name none of them (nothing was built to the end yet), all that lie there, with a
    note. A block of replicates gives way to one that holds all of them, from the same seed.
    """
    found = sorted(path.parent for path in folder.glob("**/runs/*/*/run.json"))
    recorded = _recorded_in(folder)
    named = sorted(path for path in recorded if (path / "run.json").is_file())
    runs = {path: RunRecord.read_file(path / "run.json") for path in named or found}
    notes = []
    if named:
        changed = [path for path in named if sha256(path / "run.json") not in recorded[path]]
        for what, folders in (
            ("left out, because no record names it", [p for p in found if p not in recorded]),
            ("made or changed after its record was written", changed),
            ("named by a record and missing", [path for path in recorded if path not in named]),
        ):
            if folders:
                names = listed(printable(str(path)) for path in folders)
                notes.append(f"{what}: {counted(len(folders), 'run')}, {names}")
    elif found:
        notes.append(f"of no record: {counted(len(found), 'run')}")
    return Current(_whole(runs), notes)


def refuse_mixed(runs: Mapping[Path, RunRecord]) -> None:
    """Refuse runs of one experiment with several seeds, and a replicate that two of them hold."""
    seeds: dict[tuple[str, ...], tuple[int, Path]] = {}
    held: dict[tuple[object, ...], Path] = {}
    for path, run in runs.items():
        place = (run.report, run.dataset, run.experiment)
        seed, first = seeds.setdefault(place, (run.seed, path))
        other = first if seed != run.seed else None
        for one in run.replicates:
            keeper = held.setdefault((*place, run.name, run.fold, one.replicate), path)
            other = keeper if keeper != path else other
        if other is not None:
            raise ResultsError(
                f"{other} and {path} are of different trainings of one experiment. Run snakemake "
                "to its end: the record then says which of them counts"
            )


def _recorded_in(folder: Path) -> dict[Path, set[str]]:
    """Return the runs in a folder that records in it or above it name, with their hashes."""
    inside = Path(os.path.abspath(folder))
    places = (inside, *inside.parents)[:LEVELS]
    results = next((place for place in places if any(place.glob(f"*{ENDING}"))), inside)
    named: dict[Path, set[str]] = defaultdict(set)
    for record in records_of(results):
        for name, run in record.runs.items():
            if (results / name).is_relative_to(inside):
                named[folder / (results / name).relative_to(inside)].add(run.sha256)
    return dict(named)


def _whole(runs: Mapping[Path, RunRecord]) -> dict[Path, RunRecord]:
    """Leave out each block of replicates of which another one holds all and more."""
    blocks: dict[tuple[object, ...], list[set[int]]] = defaultdict(list)
    of = {
        path: (
            (run.report, run.dataset, run.experiment, run.name, run.fold, run.seed),
            {one.replicate for one in run.replicates},
        )
        for path, run in runs.items()
    }
    for key, replicates in of.values():
        blocks[key].append(replicates)
    return {
        path: runs[path]
        for path, (key, replicates) in of.items()
        if not any(replicates < other for other in blocks[key])
    }
