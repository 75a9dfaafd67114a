"""Everything on one page: a single HTML file that opens offline and is the same on every build."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from harmodels.config.selection import humanise
from harmodels.config.specs import parse_table
from harmodels.errors import ResultsError
from harmodels.files import write_text
from harmodels.reporting.claims import claims_caption, claims_rows, read_claims_csv
from harmodels.reporting.labels import configuration_text, value_text
from harmodels.reporting.runs.load import configuration_of
from harmodels.reporting.specs import Spec, experiments_of, published_of
from harmodels.reporting.tables.layout import Layout, lay_out
from harmodels.reporting.tables.write import read_table_csv


@dataclass(frozen=True)
class ReportSection:
    """One report on one data set, as the page shows it.

    Attributes
    ----------
    report, dataset
        Keys, as in the paths under results/.
    spec
        The report's configuration: title, experiments, tables, figures, claims.
    folder
        `results/<report>/<dataset>`, which holds tables/, figures/ and claims.csv.
    runs
        The content of every run.json.
    """

    report: str
    dataset: str
    spec: Spec
    folder: Path
    runs: Sequence[Mapping[str, Any]]


def build_page(
    title: str,
    sections: Sequence[ReportSection],
    cards: Mapping[str, Mapping[str, Any]],
    previews: Mapping[str, str | Path] | None = None,
    comparisons: Mapping[str, str | Path] | None = None,
    recordings: Mapping[str, Path] | None = None,
) -> str:
    """Return the page as HTML; figures are embedded, nothing is fetched from elsewhere.

    Parameters
    ----------
    title
        Heading of the page.
    sections
        The reports, in the order in which they are shown.
    cards
        The content of each data set's card.json, by data set.
    previews
        The SVG file of each data set's preview figure, where there is one.
    comparisons
        The SVG file that compares a data set's computed features with its shipped ones, where
        there is one.
    recordings
        The folder of each recording that a model classified: timeline.svg and summary.txt.

    Raises
    ------
    ResultsError
        If a table, figure or ledger is missing or damaged.
    """
    environment = Environment(
        loader=PackageLoader("harmodels.reporting", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"humanise": humanise, "value": _value}
    simulated = any(run.get("simulated") for section in sections for run in section.runs)
    return environment.get_template("page.html.j2").render(
        title=title,
        simulated=simulated or any(card.get("simulated") for card in cards.values()),
        sections=[_section(section) for section in sections],
        cards=dict(sorted(cards.items())),
        previews={name: _embedded(Path(path)) for name, path in (previews or {}).items()},
        comparisons={name: _embedded(Path(path)) for name, path in (comparisons or {}).items()},
        recordings={
            name: (_embedded(folder / "timeline.svg"), _text(folder / "summary.txt"))
            for name, folder in (recordings or {}).items()
        },
        software=_software(sections),
    )


def write_page(path: str | Path, html: str) -> None:
    """Write the page."""
    write_text(path, html)


def _section(section: ReportSection) -> dict[str, Any]:
    spec, folder = section.spec, section.folder
    claims = spec.get("claims") or {}
    ledger = read_claims_csv(folder / "claims.csv") if claims else None
    return {
        "id": f"{section.report}-{section.dataset}",
        "title": spec.get("title", humanise(section.report)),
        "report": section.report,
        "dataset": section.dataset,
        "simulated": any(run.get("simulated") for run in section.runs),
        "tables": [
            _described(name, table) | {"layout": _layout(folder / "tables" / f"{name}.csv", table)}
            for name, table in (spec.get("tables") or {}).items()
        ],
        "figures": [
            _described(name, figure) | {"source": _embedded(folder / "figures" / f"{name}.svg")}
            for name, figure in (spec.get("figures") or {}).items()
        ],
        "claims": [] if ledger is None else claims_rows(ledger),
        "claims_caption": claims_caption(),
        "experiments": _experiments(section),
    }


def _layout(path: Path, entry: Spec) -> Layout:
    return lay_out(read_table_csv(path, parse_table(entry)))


def _described(name: str, spec: Spec) -> dict[str, Any]:
    return {
        "name": name,
        "title": spec["title"],
        "experiments": experiments_of(spec),
        "published": published_of(spec),
    }


def _experiments(section: ReportSection) -> list[dict[str, Any]]:
    """Return each experiment with one row a run: what it was, how long, where and of which code."""
    titles = {
        name: experiment.get("title", humanise(name))
        for name, experiment in (section.spec.get("experiments") or {}).items()
    }
    groups: dict[str, list[Mapping[str, Any]]] = {name: [] for name in titles}
    for run in section.runs:
        groups.setdefault(run["experiment"], []).append(run)
    return [
        {
            "name": name,
            "title": titles.get(name, humanise(name)),
            "options": _common_options(runs),
            "runs": [_run_row(run) for run in runs],
        }
        for name, runs in groups.items()
        if runs
    ]


def _common_options(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the options that all runs of an experiment share."""
    first = runs[0].get("options", {})
    return {
        key: first[key]
        for key in sorted(first)
        if all(run.get("options", {}).get(key) == first[key] for run in runs)
    }


def _run_row(run: Mapping[str, Any]) -> dict[str, Any]:
    replicates = run["replicates"]
    diverged = sum(entry.get("diverged_epoch") is not None for entry in replicates)
    return {
        "name": configuration_text(configuration_of(run)) or run["name"],
        "replicates": len(replicates),
        "diverged": diverged,
        "epochs": _range([entry["epochs"] for entry in replicates if "epochs" in entry]),
        "seed": run.get("seed", ""),
        "engine": f"{run.get('engine', '')}, {run.get('device', '')}".strip(", "),
        "seconds": f"{run['wall_time_s']:.1f}" if "wall_time_s" in run else "",
        "commit": _commit(run),
    }


def _commit(run: Mapping[str, Any]) -> str:
    """Return ten digits of the commit; a tree with edits is not that commit and says so."""
    return str(run.get("commit") or "unknown")[:10] + (" + edits" if run.get("dirty") else "")


def _range(values: Sequence[int]) -> str:
    if not values:
        return ""
    few, many = min(values), max(values)
    return str(few) if few == many else f"{few} to {many}"


def _software(sections: Sequence[ReportSection]) -> list[dict[str, Any]]:
    """Return the distinct pairs of versions and hardware that the runs recorded."""
    found: list[dict[str, Any]] = []
    for section in sections:
        for run in section.runs:
            entry = {"versions": run.get("versions", {}), "hardware": run.get("hardware", {})}
            if entry not in found:
                found.append(entry)
    return found


def _embedded(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ResultsError(
            f"cannot read {path}: {error.strerror or error}. Run snakemake again."
        ) from error
    return "data:image/svg+xml;base64," + base64.b64encode(content).decode("ascii")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ResultsError(f"cannot read {path}: {error}. Run snakemake again.") from error


def _value(value: Any) -> str:
    """Return a scalar or a list of scalars as text."""
    if isinstance(value, list | tuple):
        return ", ".join(_value(item) for item in value)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) and value >= 100_000 else value_text(value)
