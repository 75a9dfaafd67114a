"""The page for people, `provenance.md`, from the record of a project and its runs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from harmodels.config.selection import humanise
from harmodels.messages import counted
from harmodels.provenance.record import ENDING, ProjectRecord
from harmodels.records.run import Program, RunRecord
from harmodels.reporting.tables.layout import SIMULATED
from harmodels.reporting.tables.markdown import markdown_row

MOST = 4  # runs named where some differ from the others
UNKNOWN = "unknown"
BASELINE = "scikit-learn"  # the engine of baselines, beside which networks have another


def heading_of(record: ProjectRecord) -> str:
    """Return the first line of the page."""
    return f"# Provenance of `{record.project}`"


def provenance_markdown(record: ProjectRecord, runs: Mapping[str, RunRecord]) -> str:
    """Return a page that describes how the results of a project were made; ends in a line feed.

    Where runs (by folder) disagree in code, versions, machine or settings, every value is listed
    with the runs that have it.
    """
    lines = [
        heading_of(record),
        "",
        f"The record is `{record.project}{ENDING}`; `harmodels verify` checks the folder against "
        "it. The page describes the project that was built last in this folder.",
        "",
    ]
    if any(data.simulated for data in record.data.values()):
        lines += [SIMULATED, ""]
    lines += _training(runs)
    lines += _data(record)
    lines += _experiments(record, runs)
    lines += _products(record)
    return "\n".join(lines) + "\n"


def _fact_values(run: RunRecord) -> dict[str, str]:
    """Return code, machine and settings of one run as they are printed."""
    values = {
        "Commit": _commit(run),
        "requirements.lock (SHA-256)": f"`{run.lock}`" if run.lock else UNKNOWN,
        "Engine": run.engine,
        "Device": run.device,
        "Threads": UNKNOWN if run.threads is None else str(run.threads),
        "Seed": str(run.seed),
    }
    hardware = dict(run.hardware)
    values["GPU"] = str(hardware.pop("gpu", "none"))
    values |= {humanise(key): str(value) for key, value in hardware.items()}
    return values | run.versions


def _values_by_fact(runs: Mapping[str, RunRecord]) -> dict[str, dict[str, list[str]]]:
    """Return, for each fact, its values and the runs that have each, in order of appearance."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    known = {folder: _fact_values(run) for folder, run in runs.items()}
    keys = list(dict.fromkeys(key for values in known.values() for key in values))
    for key in keys:
        for folder, values in known.items():
            found[key][values.get(key, "none")].append(folder)
    return found


def _training(runs: Mapping[str, RunRecord]) -> list[str]:
    facts = _values_by_fact(runs)
    several = [key for key, values in facts.items() if len(set(values) - {BASELINE}) > 1]
    lines = ["## Code, machine and settings", ""]
    if several:
        lines += [f"**The {counted(len(runs), 'run')} differ in {', '.join(several)}.**", ""]
    else:
        mixed = any(BASELINE in values and len(values) > 1 for values in facts.values())
        apart = ", the engine of the baselines apart" if mixed else ""
        lines += [f"The same for all {counted(len(runs), 'run')}{apart}.", ""]
    lines += _pipe_table(
        ["", ""],
        (
            [key, "; ".join(_value(*item, len(values)) for item in values.items())]
            for key, values in facts.items()
        ),
    )
    return lines


def _value(value: str, folders: Sequence[str], values: int) -> str:
    if values == 1:
        return value
    more = f" and {len(folders) - MOST} more" if len(folders) > MOST else ""
    return f"{value} ({counted(len(folders), 'run')}: {', '.join(folders[:MOST])}{more})"


def _commit(program: Program) -> str:
    return (program.commit or UNKNOWN) + (" + edits" if program.dirty else "")


def _data(record: ProjectRecord) -> list[str]:
    rows = [
        [file, digest]
        for data in record.data.values()
        for file, digest in (data.tables | _cards(data.files)).items()
    ]
    rows += [[file, digest] for part in record.reports for file, digest in part.splits.items()]
    lines = ["## Data", ""]
    for name, data in record.data.items():
        archive = data.archive
        origin = "simulated" if data.simulated else f"{len(data.sources)} raw files"
        found = "" if archive is None else f", archive {archive.found or 'not here'}"
        lines.append(f"- `{name}`: {origin}, hashes in card.json{found}")
    return [*lines, "", *_pipe_table(["File", "SHA-256"], rows)]


def _cards(files: Mapping[str, str]) -> dict[str, str]:
    return {file: digest for file, digest in files.items() if file.endswith("card.json")}


def _experiments(record: ProjectRecord, runs: Mapping[str, RunRecord]) -> list[str]:
    groups: dict[tuple[str, str, str], list[RunRecord]] = defaultdict(list)
    for part in record.reports:
        for folder in part.runs:
            experiment = PurePosixPath(folder).parent.name
            groups[part.report, part.dataset, experiment].append(runs[folder])
    everything = [run for group in groups.values() for run in group]
    head = ["Report", "Data set", "Experiment", *_NUMBERS]
    rows = [[*names, *_numbers(group)] for names, group in groups.items()]
    rows.append(["all", "", "", *_numbers(everything)])
    note = (
        "Wall time is the sum over runs, interrupted attempts included; throughput is of training, "
        "in sequences of all replicates."
    )
    return ["## Training", "", note, "", *_pipe_table(head, rows)]


_NUMBERS = (
    "Runs",
    "Replicates",
    "Wall time (s)",
    "Resumes",
    "Sequences/s",
    "Peak GPU memory (MB)",
)


def _numbers(group: Sequence[RunRecord]) -> list[str]:
    peaks = [run.peak_gpu_memory_mb for run in group if run.peak_gpu_memory_mb is not None]
    speeds = [run.sequences_per_s for run in group if run.sequences_per_s is not None]
    return [
        str(len(group)),
        _range([len(run.replicates) for run in group], "d"),
        f"{sum(run.wall_time_s for run in group):.1f}",
        str(sum(run.resumes for run in group)),
        _range(speeds, ".0f"),
        f"{max(peaks):.0f}" if peaks else "none",
    ]


def _range(values: Sequence[float], form: str) -> str:
    if not values:
        return "none"
    ends = list(dict.fromkeys(format(end, form) for end in (min(values), max(values))))
    return " to ".join(ends)


def _products(record: ProjectRecord) -> list[str]:
    products = [product for part in record.reports for product in part.products]
    files = sum(len(product.files) for product in products)
    return [
        "## Products",
        "",
        f"{len(products)} tables, figures and ledgers in {files} files, and "
        f"{', '.join(record.page)}; their hashes are in the record, which was written at commit "
        f"{_commit(record.written)}.",
    ]


def _pipe_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    rule = "| " + " | ".join(":---" for _ in head) + " |"
    return [markdown_row(list(head)), rule, *(markdown_row(list(row)) for row in rows), ""]
