"""Tables and ledgers recomputed from their runs and compared byte by byte."""

from collections.abc import Mapping, Sequence
from io import StringIO
from os.path import commonprefix
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from harmodels.config.published import read_published_runs
from harmodels.data.features.mapping import correlation_table
from harmodels.data.sequences import read_sequences, read_subjects
from harmodels.provenance.record import Product, RecordedData
from harmodels.provenance.verification.checks import Checks
from harmodels.reporting.claims import ClaimSpec, Families, claims_texts, judge_claims
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.parts import group_runs
from harmodels.reporting.runs.published import read_published
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables import Table, TableSpec, table_texts
from harmodels.reporting.tables.cells import CELL_COLUMNS
from harmodels.reporting.tables.features import correlation_texts

NAMES = {"group", "measure", "id", "column", "name"}  # columns that say which row it is


def check_product(
    checks: Checks,
    product: Product,
    runs: Mapping[str, Run],
    dependents: Sequence[str],
) -> None:
    """Compare the files of a product with the record and, except figures, with what its runs give.

    `dependents` is the page, which shows the product.
    """
    known = next(iter(product.files))
    missing = [folder for folder in product.runs if folder not in runs]
    texts: Mapping[str, str] | None = None
    if product.kind == "figure":
        texts = {}
    elif missing:
        checks.note(f"{known} cannot be recomputed without {missing[0]}")
    elif absent := _absent_sequences(checks, product):
        checks.note(f"{known} cannot be recomputed without {absent}")
    else:
        with checks.guarded(known, dependents):
            texts = _texts(checks, product, runs)
    source = _source(product)
    for file, recorded in product.files.items():
        text = (texts or {}).get(PurePosixPath(file).suffix.lstrip("."))
        compare_file(checks, file, recorded, text, source, dependents)


def check_correlations(checks: Checks, name: str, data: RecordedData) -> None:
    """Compare the tables that set computed beside shipped features with what these give."""
    stem = f"datasets/{name}/features/correlation"
    parts = [f"datasets/{name}/{part}_features.parquet" for part in ("computed", "shipped")]
    if f"{stem}.csv" not in data.files:
        return
    absent = [p for p in parts if not (checks.exists(p) and checks.fits_in_memory(p))]
    if absent:
        checks.note(f"{stem}.csv cannot be recomputed without {absent[0]}")
        return
    texts: Mapping[str, str] = {}
    with checks.guarded(f"{stem}.csv"):
        computed, shipped = (
            read_sequences(checks.root / part).values.astype(float) for part in parts
        )
        texts = correlation_texts(correlation_table(computed, shipped))
    for ending, text in texts.items():
        file = f"{stem}.{ending}"
        compare_file(checks, file, data.files[file], text, "the computed and shipped features")


def compare_file(
    checks: Checks,
    file: str,
    recorded: str,
    text: str | None,
    source: str,
    dependents: Sequence[str] = (),
) -> None:
    """Compare a file with its recorded hash and, if there is one, with its recomputed text."""
    if text is not None and checks.is_readable(file, dependents):
        checks.recomputed += 1
        stored = (checks.root / file).read_bytes()
        if stored != text.encode("utf-8"):
            found = stored.decode("utf-8", "replace")
            cell = first_differing_cell(found, text) if file.endswith(".csv") else None
            where = cell or first_difference(found, text)
            checks.report(file, f"does not follow from {source}: {where}", dependents)
    checks.compare_record(file, recorded, dependents)


def first_difference(stored: str, recomputed: str) -> str:
    """Describe the first line in which two texts differ."""
    place = len(commonprefix([stored, recomputed]))  # noqa: RUF071 - texts, not paths
    number = recomputed.count("\n", 0, place) + 1
    start = max(recomputed.rfind("\n", 0, place) + 1, place - 20)
    is_line, line = (text[start : start + 60].split("\n")[0] for text in (stored, recomputed))
    return f"line {number} is {is_line!r} but {line!r} is recomputed"


def first_differing_cell(stored: str, recomputed: str) -> str | None:
    """Describe the first cell in which two CSV files differ; None if one of them is none."""
    try:
        is_table, table = (
            pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
            for text in (stored, recomputed)
        )
    except ValueError:  # that of pandas' parser is one
        return None
    if list(is_table) != list(table) or len(is_table) != len(table):
        return None
    for row, name in np.argwhere((is_table != table).to_numpy()):
        keys = table.iloc[row].loc[lambda cells: cells != ""]
        keys = keys[[key in NAMES or key not in {*CELL_COLUMNS, "r"} for key in keys.index]]
        address = ", ".join(f"{key} {value}" for key, value in keys.items())
        return (
            f"cell {table.columns[name]} of {address[:120]} is {is_table.iloc[row, name]!r} "
            f"but {table.iloc[row, name]!r} is recomputed"
        )
    return None


def rebuild_table(product: Product, runs: Mapping[str, Run], root: Path) -> Table:
    """Build a recorded table from its runs, given by folder; `root` is the results folder."""
    spec = TableSpec.read(product.spec)
    published, theirs = _published(product)
    subjects = _subjects(product, root) if spec.needs_subjects else None
    return spec.build(Sources(_by_experiment(product, runs), published, theirs, subjects))


def _subjects(product: Product, root: Path) -> pd.DataFrame:
    """Return who was recorded in the data sets of a product's runs."""
    return read_subjects(*(root / file for file in sequences_of(product)))


def _published(product: Product) -> tuple[dict[str, pd.DataFrame], Runs]:
    """Return the published tables of a product by file, and its published runs."""
    files = {name: pd.read_csv(StringIO(text)) for name, text in product.published.items()}
    return files, read_published(read_published_runs(product.published_runs), files)


def sequences_of(product: Product) -> list[str]:
    """Return the files that say who was recorded in the data sets of a product's runs."""
    datasets = dict.fromkeys(PurePosixPath(folder).parts[1] for folder in product.runs)
    return [f"datasets/{dataset}/sequences.parquet" for dataset in datasets]


def _absent_sequences(checks: Checks, product: Product) -> str | None:
    """Return the first file that a product needs to know who was recorded and that is not there."""
    if product.kind == "figure":
        return None
    if product.kind == "table" and not TableSpec.read(product.spec).needs_subjects:
        return None
    return next(
        (
            file
            for file in sequences_of(product)
            if not (checks.exists(file) and checks.fits_in_memory(file, ["id", "subject"]))
        ),
        None,
    )


def _texts(checks: Checks, product: Product, runs: Mapping[str, Run]) -> dict[str, str]:
    if product.kind == "claims":
        claims = ClaimSpec.read_all(product.spec)
        given = Sources(
            _by_experiment(product, runs),
            published=_published(product)[1],
            subjects=_subjects(product, checks.root),
        )
        return claims_texts(judge_claims(claims, given, Families.read(product.families)))
    return table_texts(rebuild_table(product, runs, checks.root))


def _by_experiment(product: Product, runs: Mapping[str, Run]) -> dict[str, list[Run]]:
    return group_runs(runs[folder] for folder in product.runs)


def _source(product: Product) -> str:
    experiments = dict.fromkeys(PurePosixPath(folder).parent.name for folder in product.runs)
    return f"predictions and histories of {', '.join(experiments)}"
