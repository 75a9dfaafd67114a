"""Tables, figures and claims as a report's configuration specifies them, one record a kind."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, get_args

from harmodels.config.entries import described, nearest, read_entry
from harmodels.config.messages import shown
from harmodels.config.selection import Selection
from harmodels.config.specs.claims import ClaimSpec, check_metric
from harmodels.config.specs.figures import FigureSpec, Panel
from harmodels.config.specs.tables import Closeness, CurvesCompared, TableSide, TableSpec
from harmodels.errors import ConfigurationError

AnySpec = TableSpec | FigureSpec | ClaimSpec

__all__ = [
    "AnySpec",
    "ClaimSpec",
    "FigureSpec",
    "TableSpec",
    "kinds_of",
    "parse_claim",
    "parse_figure",
    "parse_spec",
    "parse_table",
    "published_in",
    "published_runs_in",
    "selections_of",
]


def kinds_of(union: Any) -> dict[str, type]:
    """Return the record of each kind of `TableSpec`, `FigureSpec` or `ClaimSpec`."""
    return {
        kind: record
        for record in get_args(union)
        for field in described(record)
        if field.name == "kind"
        for kind in get_args(field.type)
    }


def parse_table(entry: Mapping[str, Any], place: str = "table") -> TableSpec:
    """Return the record of one entry under `tables` of a report's configuration.

    Parameters
    ----------
    entry
        The mapping, as YAML gave it.
    place
        Where it stands, for messages.

    Raises
    ------
    ConfigurationError
        If there is no such kind, a key is unknown or missing, or a value cannot be.

    Examples
    --------
    >>> table = parse_table(
    ...     {"title": "Test set", "kind": "top_k", "experiment": "a", "checkpoint": "best"}
    ... )
    >>> table.rows[0].checkpoint, table.rows[0].split
    ('best', 'test')
    """
    spec: TableSpec = _parse(TableSpec, "table", entry, place)
    return spec


def parse_figure(entry: Mapping[str, Any], place: str = "figure") -> FigureSpec:
    """Return the record of one entry under `figures`; as `parse_table`."""
    spec: FigureSpec = _parse(FigureSpec, "figure", entry, place)
    return spec


def parse_claim(entry: Mapping[str, Any], place: str = "claim") -> ClaimSpec:
    """Return the record of one entry under `claims`; as `parse_table`."""
    spec: ClaimSpec = _parse(ClaimSpec, "claim", entry, place)
    check_metric(dict(entry), place)
    return spec


def parse_spec(entry: Mapping[str, Any], place: str = "entry") -> AnySpec:
    """Return the record of a table, a figure or a claim: no two of them share a kind."""
    for union, parse in (
        (TableSpec, parse_table),
        (FigureSpec, parse_figure),
        (ClaimSpec, parse_claim),
    ):
        if _kind_of(entry) in kinds_of(union):
            spec: AnySpec = parse(entry, place)
            return spec
    raise ConfigurationError(f"{place}: there is no table, figure or claim of this kind: {entry}")


def selections_of(spec: AnySpec) -> Iterator[Selection]:
    """Yield every selection of runs that a specification holds, in the order shown."""
    for field in fields(spec):
        value = getattr(spec, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Selection):
                yield part
            elif isinstance(part, Panel | TableSide | CurvesCompared):
                yield part.selection


def published_runs_in(spec: AnySpec) -> list[str]:
    """Return the experiments whose published runs a specification shows besides runs, each once."""
    rows = [row.selection.experiment for row in getattr(spec, "published_rows", ())]
    named = getattr(spec, "published_run", None)
    compared = [s.experiment for s in selections_of(spec)] if isinstance(spec, Closeness) else []
    return list(dict.fromkeys([*rows, *compared, *([] if named is None else [named])]))


def published_in(spec: AnySpec) -> list[str]:
    """Return the files of `config/published` that a table is set beside, each once."""
    parts = [getattr(spec, name, None) for name in ("left", "right")]
    names = [getattr(part, "published", None) for part in (spec, *parts)]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _parse(union: Any, what: str, entry: Any, place: str) -> Any:
    kinds = kinds_of(union)
    kind = _kind_of(entry)
    if kind not in kinds:
        given = entry.get("kind") if isinstance(entry, Mapping) else None
        raise ConfigurationError(
            f"{place}: there is no {what} of kind {shown(given)}{nearest(given, kinds)}; "
            f"there are {', '.join(kinds)}"
        )
    return read_entry(kinds[kind], entry, place)


def _kind_of(entry: Any) -> str:
    """Return the kind that an entry names; an empty text where it names none."""
    kind = entry.get("kind") if isinstance(entry, Mapping) else None
    return kind if isinstance(kind, str) else ""
