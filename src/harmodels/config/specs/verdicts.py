"""Whether the published data can judge a claim, so that nobody types what they say to it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harmodels.config.selection import Selection
from harmodels.config.specs import selections_of
from harmodels.config.specs.claims import ClaimSpec
from harmodels.config.specs.published import TRUE_CLASS, measure_columns, read_rows
from harmodels.errors import ConfigurationError

Entries = Mapping[str, Mapping[str, Any]]  # the section `published_runs` of a report


def refuse_typed_verdict(spec: ClaimSpec, entries: Entries, folder: Path) -> None:
    """Refuse a published verdict or value that the published data themselves give.

    Parameters
    ----------
    spec
        The claim.
    entries
        The published runs of the report, by experiment.
    folder
        `config/published`.

    Raises
    ------
    ConfigurationError
        If a verdict or a value is typed although there are data for all sides of the claim.
    """
    typed = spec.published
    if typed is None or (typed.verdict is None and typed.value is None):
        return
    if all(_covered(spec, side, entries, folder) for side in selections_of(spec)):
        raise ConfigurationError(
            "`published` types a verdict or a value, which is computed from the published runs of "
            f"{', '.join(dict.fromkeys(side.experiment for side in selections_of(spec)))}; "
            "keep `source` alone"
        )


def _covered(spec: ClaimSpec, side: Selection, entries: Entries, folder: Path) -> bool:
    """Return whether one of the side's configurations has published data of the claim's kind."""
    entry = entries.get(side.experiment)
    if entry is None or side.split != "test":
        return False
    # kinds without a metric read confusion matrices
    loss, metric = getattr(spec, "loss", None), getattr(spec, "metric", "recall")
    matrix = ((entry.get("confusions") or {}).get(side.checkpoint), [TRUE_CLASS])
    if loss is not None:
        holders = [(entry.get("curves"), [f"{loss.split}_{loss.metric}"])]
    elif metric == "recall":
        holders = [matrix]
    else:
        holders = [(entry.get("table"), measure_columns(metric, side.checkpoint))]
        if metric == "top_1" or not metric.startswith("top_"):  # a matrix has first answers alone
            holders.append(matrix)
    return any(
        any(name in row for name in columns)
        and _agrees({**row, **(entry.get("where") or {})}, side.where)
        for file, columns in holders
        if file is not None
        for row in read_rows(file, folder)
    )


def _agrees(row: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    """Return whether a row has the values of `where`, of those keys that the report varies."""
    return all(_same(row[key], value) for key, value in where.items() if key in row)


def _same(text: Any, value: Any) -> bool:
    try:
        return float(text) == float(value)
    except (TypeError, ValueError):  # a null is no number
        return str(text) == str(value)
