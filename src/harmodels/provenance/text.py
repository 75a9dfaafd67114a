"""The page for people, `provenance.md`, from the record of a project and its runs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from harmodels.config.selection import humanise
from harmodels.provenance.facts import Facts
from harmodels.provenance.record import ENDING, Record
from harmodels.reporting.labels import count_text
from harmodels.reporting.tables.layout import SIMULATED
from harmodels.reporting.tables.markdown import markdown_row

MOST = 4  # runs named where some differ from the others
PLAIN = ("engine", "device", "threads", "seed")
UNKNOWN = "unknown"
BASELINE = "scikit-learn"  # the engine of baselines, beside which networks have another


def heading_of(record: Record) -> str:
    """Return the first line of the page."""
    return f"# Provenance of `{record.project}`"


def provenance_markdown(record: Record, facts: Mapping[str, Facts]) -> str:
    """Return a page that describes how the results of a project were made; ends in a line feed.

    Where runs disagree in code, versions, machine or settings, every value is listed with the
    runs that have it.

    Parameters
    ----------
    record
        Of the project.
    facts
        The run.json of each of its runs, by folder.
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
    lines += _training(facts)
    lines += _data(record)
    lines += _experiments(record, facts)
    lines += _products(record)
    return "\n".join(lines) + "\n"


def _fact_values(facts: Facts) -> dict[str, str]:
    """Return code, machine and settings of one run as they are printed."""
    lock = facts.get("lock")
    values = {
        "Commit": _commit(facts),
        "requirements.lock (SHA-256)": f"`{lock}`" if lock else UNKNOWN,
        **{humanise(key): str(facts.get(key, UNKNOWN)) for key in PLAIN},
    }
    hardware = dict(facts.get("hardware", {}))
    values["GPU"] = str(hardware.pop("gpu", "none"))
    values |= {humanise(key): str(value) for key, value in hardware.items()}
    return values | {key: str(value) for key, value in facts.get("versions", {}).items()}


def _values_by_fact(facts: Mapping[str, Facts]) -> dict[str, dict[str, list[str]]]:
    """Return, for each fact, its values and the runs that have each, in order of appearance."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    known = {folder: _fact_values(run) for folder, run in facts.items()}
    keys = list(dict.fromkeys(key for values in known.values() for key in values))
    for key in keys:
        for folder, values in known.items():
            found[key][values.get(key, "none")].append(folder)
    return found


def _training(runs: Mapping[str, Facts]) -> list[str]:
    facts = _values_by_fact(runs)
    several = [key for key, values in facts.items() if len(set(values) - {BASELINE}) > 1]
    lines = ["## Code, machine and settings", ""]
    if several:
        lines += [f"**The {count_text(len(runs), 'run')} differ in {', '.join(several)}.**", ""]
    else:
        mixed = any(BASELINE in values and len(values) > 1 for values in facts.values())
        apart = ", the engine of the baselines apart" if mixed else ""
        lines += [f"The same for all {count_text(len(runs), 'run')}{apart}.", ""]
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
    return f"{value} ({count_text(len(folders), 'run')}: {', '.join(folders[:MOST])}{more})"


def _commit(facts: Mapping[str, Any]) -> str:
    commit = facts.get("commit")
    return (str(commit) if commit else UNKNOWN) + (" + edits" if facts.get("dirty") else "")


def _data(record: Record) -> list[str]:
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
        found = "" if archive is None else f", archive {archive['found'] or 'not here'}"
        lines.append(f"- `{name}`: {origin}, hashes in card.json{found}")
    return [*lines, "", *_pipe_table(["File", "SHA-256"], rows)]


def _cards(files: Mapping[str, str]) -> dict[str, str]:
    return {file: digest for file, digest in files.items() if file.endswith("card.json")}


def _experiments(record: Record, runs: Mapping[str, Facts]) -> list[str]:
    groups: dict[tuple[str, str, str], list[Facts]] = defaultdict(list)
    for part in record.reports:
        for folder in part.runs:
            experiment = PurePosixPath(folder).parent.name
            groups[part.report, part.dataset, experiment].append(runs[folder])
    everything = [facts for group in groups.values() for facts in group]
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


def _numbers(group: Sequence[Mapping[str, Any]]) -> list[str]:
    times = [facts.get("wall_time_s") for facts in group]
    resumes = [facts.get("resumes") for facts in group]
    peaks = [p for p in (facts.get("peak_gpu_memory_mb") for facts in group) if p is not None]
    speeds = [s for s in (facts.get("sequences_per_s") for facts in group) if s is not None]
    return [
        str(len(group)),
        _range([len(facts["replicates"]) for facts in group], "d"),
        f"{sum(t for t in times if t is not None):.1f}",
        str(sum(r for r in resumes if r is not None)),
        _range(speeds, ".0f"),
        f"{max(peaks):.0f}" if peaks else "none",
    ]


def _range(values: Sequence[float], form: str) -> str:
    if not values:
        return "none"
    ends = list(dict.fromkeys(format(end, form) for end in (min(values), max(values))))
    return " to ".join(ends)


def _products(record: Record) -> list[str]:
    written = record.written
    products = [product for part in record.reports for product in part.products]
    files = sum(len(product.files) for product in products)
    return [
        "## Products",
        "",
        f"{len(products)} tables, figures and ledgers in {files} files, and "
        f"{', '.join(record.page)}; their hashes are in the record, which was written at commit "
        f"{_commit(written)}.",
    ]


def _pipe_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    rule = "| " + " | ".join(":---" for _ in head) + " |"
    return [markdown_row(list(head)), rule, *(markdown_row(list(row)) for row in rows), ""]
