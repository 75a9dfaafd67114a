"""Checks that every file of a results folder is covered by a record, or known to be no product."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harmodels.messages import counted, listed, printable
from harmodels.provenance.record import ProjectRecord
from harmodels.provenance.text import heading_of, provenance_markdown
from harmodels.provenance.verification.checks import Checks
from harmodels.provenance.verification.products import first_difference
from harmodels.records.run import RunRecord

Project = tuple[ProjectRecord, Mapping[str, RunRecord]]  # and its runs, by folder

PAGE = "provenance.md"
# what is no product, by its path; everything else that no record names is reported
OTHERS = re.compile(
    r"(benchmarks|checkpoints|downloads|logs)/.*"
    r"|datasets/[^/]+/raw/.*"
    r"|(.*/)?\.[^/]*(/.*)?"  # hidden, as Snakemake's own files and half-written ones are
    r"|ro-crate-metadata\.json|[^/]+\.provenance\.json"
)
# what stays behind of blocks, folds and configurations that a project no longer has
LEFT = re.compile(
    r"(?P<run>[^/]+/[^/]+/runs/[^/]+/[^/]+)"
    r"/(run\.json|(history|predictions)\.parquet|weights\.safetensors)"
    r"|[^/]+/[^/]+/splits/[^/]+\.parquet"
)


def check_coverage(checks: Checks, records: Sequence[ProjectRecord]) -> None:
    """Report files that no record names, and note runs and splits that none names."""
    recorded = {PAGE}.union(*(record.files for record in records))
    runs = {folder: run for record in records for folder, run in record.runs.items()}
    recorded |= {f"{folder}/{name}" for folder, run in runs.items() for name in run.files}
    strange: set[str] = set()
    for file in sorted(_files(checks.root)):
        if file in recorded or OTHERS.fullmatch(file):
            continue
        left = LEFT.fullmatch(file)
        if left and left["run"] not in runs:
            strange.add(left["run"] or file)
        elif left is None or runs[left["run"]].files:  # without hashes there is a note already
            checks.report(
                file,
                "is named by no record, so nothing covers it. Delete it, or run snakemake with "
                "the configuration that builds it",
            )
    for noun in ("run", "splits file"):
        names = sorted(name for name in strange if name.endswith(".parquet") == (noun != "run"))
        if names:
            found = listed(map(printable, names))
            checks.note(f"{counted(len(names), noun)} of no record: {found}")


def _files(root: Path) -> Iterator[str]:
    """Yield all that is no folder below `root`, behind links too, relative to it."""
    seen: set[str] = set()  # a link to a folder above would lead round for ever
    for folder, folders, files in os.walk(root, followlinks=True):
        folders.sort()
        place = Path(folder)
        if (real := os.path.realpath(folder)) in seen:
            folders.clear()
            continue
        seen.add(real)
        yield from ((place / name).relative_to(root).as_posix() for name in files)


def check_page(checks: Checks, projects: Sequence[Project]) -> None:
    """Compare `provenance.md` with what the record that it describes, and its runs, give."""
    if not checks.is_readable(PAGE):
        return
    stored = (checks.root / PAGE).read_bytes().decode("utf-8", "replace")
    described = [one for one in projects if stored.split("\n")[0] == heading_of(one[0])]
    if not described:
        checks.report(PAGE, f"is of none of the records: it begins with {stored[:60]!r}")
        return
    record, runs = described[0]
    absent = [folder for folder in record.runs if folder not in runs]
    if absent:
        checks.report(PAGE, f"cannot be recomputed without {absent[0]}/run.json")
        return
    with checks.guarded(PAGE):
        text = provenance_markdown(record, runs)
        if stored != text:
            where = first_difference(stored, text)
            checks.report(PAGE, f"does not follow from the record and its runs: {where}")
