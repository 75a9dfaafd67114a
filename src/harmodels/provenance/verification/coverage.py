"""Checks that every product of a results folder is covered by a record."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from harmodels.config.messages import counted, listed
from harmodels.provenance.record import ProjectRecord
from harmodels.provenance.text import heading_of, provenance_markdown
from harmodels.provenance.verification.checks import Checks
from harmodels.provenance.verification.products import first_difference
from harmodels.records.run import RunRecord

Project = tuple[ProjectRecord, Mapping[str, RunRecord]]  # and its runs, by folder

PAGE = "provenance.md"
PRODUCTS = {".csv", ".html", ".md", ".pdf", ".png", ".svg", ".tex"}
MODELS = "models"  # every file of a model is one, whatever its ending
OTHERS = {"benchmarks", "checkpoints", "downloads", "logs"}  # folders that hold no product


def check_coverage(checks: Checks, records: Sequence[ProjectRecord]) -> None:
    """Report products that no record names, and note runs that none names."""
    recorded = {PAGE}.union(*(record.files for record in records))
    for path in sorted(checks.root.rglob("*")):
        file = path.relative_to(checks.root)
        if file.as_posix() not in recorded and _is_product(file) and path.is_file():
            checks.report(
                file.as_posix(),
                "is named by no record, so nothing covers it. Delete it, or run snakemake with "
                "the configuration that builds it",
            )
    runs = {path.relative_to(checks.root) for path in checks.root.glob("*/*/runs/*/*/run.json")}
    strange = sorted(run.parent.as_posix() for run in runs if run.as_posix() not in recorded)
    if strange:
        checks.note(f"{counted(len(strange), 'run')} of no record: {listed(strange)}")


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


def _is_product(file: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.parts)
    named = file.suffix.lower() in PRODUCTS or file.parts[0] == MODELS
    return named and file.parts[0] not in OTHERS and not hidden
