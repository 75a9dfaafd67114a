"""Everything on one page: a single HTML file that opens offline and is the same on every build."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harmodels.config.selection import humanise
from harmodels.errors import ResultsError
from harmodels.messages import counted
from harmodels.reporting.claims import claims_caption, read_claims_csv
from harmodels.reporting.labels import value_text
from harmodels.reporting.page.dot_plot import dot_plot, main_pairs
from harmodels.reporting.page.experiments import experiments, software
from harmodels.reporting.page.products import (
    ADJUSTED,
    claim_columns,
    embedded,
    line_anchor,
    page_claims,
    page_figures,
    page_tables,
)
from harmodels.reporting.page.sections import ReportSection
from harmodels.reporting.page.summary import (
    best_model,
    data_line,
    findings,
    machine_line,
    pairs,
    people_line,
    unit_line,
    verdict_counts,
)
from harmodels.reporting.page.timing import duration, times

REPRODUCED = "Human-activity recognition, reproduced"


def build_page(
    name: str,
    sections: Sequence[ReportSection],
    cards: Mapping[str, Mapping[str, Any]],
    previews: Mapping[str, str | Path] | None = None,
    comparisons: Mapping[str, str | Path] | None = None,
    recordings: Mapping[str, Path] | None = None,
    live: Sequence[str] = (),
) -> str:
    """Return the page as HTML; figures are embedded, nothing is fetched from elsewhere.

    `name` is the project's, and the page's title where it has no published numbers.
    Links to CSV and SVG files are relative: they lead somewhere while the page lies in the folder
    of the results that it shows, and the page is whole without them. `cards` (contents of
    card.json), `previews` and `comparisons` of features (SVG files) are by data set; `recordings`
    are folders with timeline.svg and summary.txt, `live` the models with a page live/<model>.html.
    Raises ResultsError if a table, figure or ledger is missing or damaged.
    """
    simulated = any(section.simulated for section in sections)
    published = any(section.published for section in sections)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=REPRODUCED if published else f"{humanise(name)}: results",
            published=published,
            simulated=simulated or any(card.get("simulated") for card in cards.values()),
            sections=[_section(section, cards.get(section.dataset, {})) for section in sections],
            machine=machine_line([run for section in sections for run in section.runs]),
            cards=dict(sorted(cards.items())),
            previews={name: embedded(Path(path)) for name, path in (previews or {}).items()},
            comparisons={name: embedded(Path(path)) for name, path in (comparisons or {}).items()},
            recordings={
                name: (embedded(folder / "timeline.svg"), _text(folder / "summary.txt"))
                for name, folder in (recordings or {}).items()
            },
            live=live,
            software=software(sections),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("harmodels.reporting", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "humanise": humanise,
        "value": _value,
        "address": quote,
        "count": counted,
        "duration": duration,
        "line_anchor": line_anchor,
    }
    return environment


def _section(section: ReportSection, card: Mapping[str, Any]) -> dict[str, Any]:
    spec = section.spec
    ledger = read_claims_csv(section.folder / "claims.csv") if spec.claims else None
    claims = [] if ledger is None else page_claims(section, ledger)
    tables = page_tables(section)
    lines = [data_line(card), people_line(section, card), unit_line(section.runs)]
    best, beside, spent = best_model(tables), pairs(tables), times(section)
    return {
        "id": section.id,
        "title": spec.title or humanise(section.report),
        "dataset": section.dataset,
        "dataset_title": card.get("title") or section.dataset,
        "simulated": section.simulated,
        "tables": tables,
        "figures": page_figures(section),
        "claims": claims,
        "claims_caption": "" if ledger is None else claims_caption(ledger),
        "claim_columns": claim_columns(claims),
        "claims_file": section.file("claims.csv"),
        "transfer": ledger is not None and bool(ledger["transfer"].any()),
        **_tallies(ledger),
        "findings": [] if ledger is None else findings(section, ledger, claims),
        "best": best,
        "plot": Markup(dot_plot(beside, best.pair if best else None)),
        "top_1": main_pairs(beside),
        "data": ", ".join(filter(None, lines)),
        "times": spent,
        "training": sum(time.training for time in spent),
        "overhead": sum(time.overhead or 0.0 for time in spent),
        "replicates": sum(len(run.replicates) for run in section.runs),
        "experiments": experiments(section),
    }


def _tallies(ledger: pd.DataFrame | None) -> dict[str, Any]:
    """Return the verdicts of a ledger counted: of its primary claims, if it has any, and others."""
    if ledger is None:
        return {"verdicts": None, "adjusted": None, "others": None, "counted": "claim"}
    primary = ledger["family"] == "primary"
    main = ledger[primary] if primary.any() else ledger
    others = verdict_counts(ledger[~primary], ADJUSTED)
    return {
        "verdicts": verdict_counts(main),
        "adjusted": verdict_counts(main, ADJUSTED),
        "others": others if primary.any() and not primary.all() else None,
        "counted": "primary claim" if primary.any() else "claim",
    }


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ResultsError(f"cannot read {path}: {error}. Run snakemake again.") from error


def _value(value: Any) -> str:
    """Return a scalar or a list of scalars as text."""
    if isinstance(value, list | tuple):
        return ", ".join(_value(item) for item in value)
    return f"{value:,}" if isinstance(value, int) and value >= 100_000 else value_text(value)
