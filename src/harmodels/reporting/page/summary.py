"""Summary of a report on one screen: verdicts, best model, findings, data and machine."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from harmodels.messages import listed
from harmodels.records.run import RunRecord
from harmodels.reporting.labels import configuration_text
from harmodels.reporting.page.dot_plot import Pair
from harmodels.reporting.page.products import ADJUSTED, PageTable, claim_anchor, line_anchor
from harmodels.reporting.page.sections import ReportSection

VERDICTS = ("holds", "does not hold", "undecided")
MOST_FINDINGS = 3
MOST_NAMED = 5  # experiments in a line
SOURCES = ("seeds", "people", "seeds_and_people")  # of the spread of a mean
BEST = "top_1"  # the measure by which a published model is the best


class Best(NamedTuple):
    """The model with the highest published number, and ours of the same configuration.

    `intervals` are ours at 95 %, each with what it is over: seeds, people, or both.
    """

    name: str
    pair: Pair
    intervals: list[tuple[str, float, float]]
    replicates: int
    table: str
    title: str


class Finding(NamedTuple):
    """A decided claim, its evidence as printed in the ledger, and the published number."""

    statement: str
    verdict: str
    kind: str
    measured: str
    published: str
    anchor: str


def verdict_counts(ledger: pd.DataFrame, column: str = "verdict") -> dict[str, int]:
    """Return how many claims hold, do not hold and are undecided."""
    return {verdict: int((ledger[column] == verdict).sum()) for verdict in VERDICTS}


def pairs(tables: Sequence[PageTable]) -> list[Pair]:
    """Return every mean with a published number beside it, each once.

    A number that several tables repeat is shown where it comes first.
    """
    found: dict[tuple[float, ...], Pair] = {}
    for table in tables:
        for row, number in _published_rows(table):
            pair = _pair(table, row, number)
            found.setdefault((pair.published, pair.value, pair.low, pair.high), pair)
    return list(found.values())


def best_model(tables: Sequence[PageTable]) -> Best | None:
    """Return the model with the highest published top-1 accuracy; None if none is published."""
    rows = [
        (table, row, number)
        for table in tables
        for row, number in _published_rows(table)
        if row["measure"] == BEST
    ]
    if not rows:
        return None
    # the first of equals: a later table repeats it
    table, row, number = max(rows, key=lambda entry: float(entry[1]["published"]))
    return Best(
        _row_text(table, row),
        _pair(table, row, number),
        [
            (source.replace("_", " "), float(row[f"{source}_low"]), float(row[f"{source}_high"]))
            for source in SOURCES
            if not pd.isna(row[f"{source}_low"])
        ],
        int(row["n"]),
        table.label,
        table.title,
    )


def findings(
    section: ReportSection, ledger: pd.DataFrame, claims: Sequence[Mapping[str, Any]]
) -> list[Finding]:
    """Return the decided claims whose effects are the largest, the largest first.

    An effect is the distance of the value from the threshold. Losses, whose units are not those of
    shares, and verdicts that fall when they are corrected for the number of claims are left out.
    """
    decided = ledger[ledger[ADJUSTED].isin(["holds", "does not hold"])]
    claims_of = section.spec.claims
    shares = decided[decided["id"].map(lambda name: claims_of[name].of_shares).astype(bool)]
    effects = (
        (shares["value"] - shares["threshold"]).abs().sort_values(ascending=False, kind="stable")
    )
    return [
        Finding(
            statement=str(ledger.loc[i, "statement"]),
            verdict=claims[i]["adjusted"],
            kind=claims[i]["kind"],
            measured=claims[i]["cells"][2],
            published=claims[i]["cells"][3],
            anchor=claim_anchor(section, str(ledger.loc[i, "id"])),
        )
        for i in effects.index[:MOST_FINDINGS]
    ]


def data_line(card: Mapping[str, Any]) -> str:
    """Return a data set in a line, from its card.json."""
    parts = []
    if "sequences" in card:
        parts.append(f"{card['sequences']:,} sequences")
    people = {
        person for split in (card.get("subjects") or {}).values() for person in _names_of(split)
    }
    parts.append(f"{len(people)} people" if people else "people not named")
    if card.get("classes"):
        parts.append(f"{len(card['classes'])} classes")
    if card.get("rate_hz"):
        parts.append(f"{card['rate_hz']:g} Hz")
    for split, counts in sorted((card.get("counts") or {}).items(), reverse=True):
        if split != "all" and isinstance(counts, Mapping):
            parts.append(f"{sum(counts.values()):,} to {split}")
    return ", ".join(parts)


def people_line(section: ReportSection, card: Mapping[str, Any]) -> str:
    """Return which experiments may be tested on people whom they are trained on; empty if none."""
    halves, both = "train" in (card.get("counts") or {}), bool(card.get("subjects_in_both"))
    known = {"official": halves, "subjects": any((card.get("subjects") or {}).values())}
    shared = []
    for name, given in section.protocols.items():
        named = [given] if isinstance(given, str) else list(given)
        protocol = next((each for each in named if known.get(each, True)), named[-1])
        if protocol in ("random", "per_class") or (protocol == "official" and both):
            shared.append(name)
    if not shared:
        return ""
    where = "" if len(shared) == len(section.protocols) else f" in {listed(shared, MOST_NAMED)}"
    return f"people tested may be trained on as well{where}"


def unit_line(runs: Sequence[RunRecord]) -> str:
    """Return in which units the networks read accelerations; empty where no report says."""
    units = dict.fromkeys(run.unit for run in runs if run.unit)
    return f"accelerations read in {' and '.join(units)}" if units else ""


def machine_line(runs: Sequence[RunRecord]) -> str:
    """Return the machines, engines and versions of the runs in a line."""
    machines = dict.fromkeys(_machine(run) for run in runs)
    versions = dict.fromkeys(
        ", ".join(f"{name} {run.versions[name]}" for name in ("torch", "numba", "python"))
        for run in runs
        if {"torch", "numba", "python"} <= set(run.versions)
    )
    return "; ".join([*machines, *versions])


def _published_rows(table: PageTable) -> list[tuple[Mapping[Any, Any], int]]:
    cells = table.content.cells
    shown = cells["published"].notna() & (cells["statistic"] == "mean") & (cells["n"] > 0)
    rows = cells.to_dict("records")
    return [(rows[i], i + 2) for i in cells.index[shown]]


def _pair(table: PageTable, row: Mapping[Any, Any], number: int) -> Pair:
    return Pair(
        name=f"{table.label}, {_row_text(table, row)}",
        measure=str(row["measure"]),
        published=float(row["published"]),
        value=float(row["value"]),
        low=float(row["low"]),
        high=float(row["high"]),
        anchor=line_anchor(table, number),
    )


def _row_text(table: PageTable, row: Mapping[Any, Any]) -> str:
    keys = {key: row[key] for key in table.content.keys if not pd.isna(row[key])}
    return ": ".join(part for part in (str(row["group"]), configuration_text(keys)) if part)


def _names_of(split: Any) -> list[str]:
    return list(split) if isinstance(split, Mapping | list) else []


def _machine(run: RunRecord) -> str:
    hardware = run.hardware
    processor = hardware.get("gpu" if run.device == "cuda" else "processor")
    parts = [processor, f"{hardware['cores']} cores" if "cores" in hardware else None]
    named = (*parts, run.device.upper(), f"{run.engine} engine")
    return ", ".join(str(part) for part in named if part)
