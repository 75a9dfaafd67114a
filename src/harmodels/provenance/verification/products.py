"""Tables and ledgers computed anew from their runs, and compared byte by byte."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from itertools import zip_longest
from pathlib import PurePosixPath

import pandas as pd

from harmodels.data.features.compare import correlation_table
from harmodels.data.sequences import read_sequences, read_subjects
from harmodels.provenance.record import Product, RecordedData
from harmodels.provenance.verification.checks import Checks
from harmodels.reporting.claims import claims_texts, evaluate_claims
from harmodels.reporting.runs.load import Run
from harmodels.reporting.specs import needs_subjects
from harmodels.reporting.tables import build_table, table_texts
from harmodels.reporting.tables.cells import CELL_COLUMNS
from harmodels.reporting.tables.features import correlation_texts

NAMES = {"group", "measure", "id", "column", "name"}  # columns that say which row it is


def check_product(
    checks: Checks, product: Product, runs: Mapping[str, Run], sequences: str, rests: Sequence[str]
) -> None:
    """Compare the files of a product with what its runs give, and with the record.

    Parameters
    ----------
    checks
        Takes what is found.
    product
        As recorded. A figure is compared with the record only.
    runs
        Every run that could be read, by folder.
    sequences
        The data set's sequences.parquet, which tables of subjects need.
    rests
        The page, which shows the product.
    """
    known = next(iter(product.files))
    missing = [folder for folder in product.runs if folder not in runs]
    texts: Mapping[str, str] | None = None
    if product.kind == "figure":
        texts = {}
    elif missing:
        checks.note(f"{known} cannot be recomputed without {missing[0]}")
    elif product.kind == "table" and needs_subjects(product.spec) and not _is(checks, sequences):
        checks.note(f"{known} cannot be recomputed without {sequences}")
    else:
        with checks.guarded(known, rests):
            texts = _texts(checks, product, runs, sequences)
    source = _source(product)
    for file, recorded in product.files.items():
        text = (texts or {}).get(PurePosixPath(file).suffix.lstrip("."))
        compare_file(checks, file, recorded, text, source, rests)


def check_correlations(checks: Checks, name: str, data: RecordedData) -> None:
    """Compare the tables that set computed beside shipped features with what these give."""
    stem = f"datasets/{name}/features/correlation"
    parts = [f"datasets/{name}/{part}_features.parquet" for part in ("computed", "shipped")]
    if f"{stem}.csv" not in data.files:
        return
    absent = [part for part in parts if not _is(checks, part)]
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
    rests: Sequence[str] = (),
) -> None:
    """Compare a file with its recorded hash and, if there is one, with its recomputed text."""
    if text is not None and checks.here(file, rests):
        checks.recomputed += 1
        lies = (checks.root / file).read_bytes()
        if lies != text.encode("utf-8"):
            found = first_difference(lies.decode("utf-8", "replace"), text, file.endswith(".csv"))
            checks.find(file, f"does not follow from {source}: {found}", rests)
    checks.compare_record(file, recorded, rests)


def first_difference(lies: str, recomputed: str, is_csv: bool) -> str:
    """Return the first line, or the first cell of a CSV file, in which two texts differ."""
    pairs = zip_longest(lies.split("\n"), recomputed.split("\n"))
    for number, (is_line, line) in enumerate(pairs, start=1):
        if is_line == line:
            continue
        if is_line is None or line is None:
            return f"it has {'fewer' if is_line is None else 'more'} lines than were recomputed"
        if is_csv and number > 1:
            return _cell(number, recomputed.split("\n")[0], is_line, line)
        place = next(
            (i for i, (a, b) in enumerate(zip(is_line, line, strict=False)) if a != b),
            min(len(is_line), len(line)),
        )
        start = max(place - 20, 0)
        return (
            f"line {number} is {_around(is_line, start)} but {_around(line, start)} is recomputed"
        )
    return "nothing differs"


def _cell(number: int, head: str, is_line: str, line: str) -> str:
    whole = f"line {number} is {is_line[:80]!r} but {line[:80]!r} is recomputed"
    try:
        names, is_cells, cells = (
            next(csv.reader(StringIO(part)), []) for part in (head, is_line, line)
        )
    except csv.Error:
        return whole
    row = ", ".join(
        f"{name} {cell}"
        for name, cell in zip(names, cells, strict=False)
        if cell and (name in NAMES or name not in {*CELL_COLUMNS, "r"})
    )
    for name, is_cell, cell in zip_longest(names, is_cells, cells, fillvalue=""):
        if is_cell != cell:
            return f"cell {name} of {row[:120]} is {is_cell!r} but {cell!r} is recomputed"
    return whole


def _around(line: str, start: int, most: int = 60) -> str:
    return repr(line[start : start + most])


def _texts(
    checks: Checks, product: Product, runs: Mapping[str, Run], sequences: str
) -> dict[str, str]:
    groups: dict[str, list[Run]] = {}
    for folder in product.runs:
        groups.setdefault(PurePosixPath(folder).parent.name, []).append(runs[folder])
    if product.kind == "claims":
        return claims_texts(evaluate_claims(product.spec, groups))
    published = {name: pd.read_csv(StringIO(text)) for name, text in product.published.items()}
    subjects = read_subjects(checks.root / sequences) if needs_subjects(product.spec) else None
    return table_texts(build_table(product.spec, groups, published, subjects))


def _source(product: Product) -> str:
    experiments = dict.fromkeys(PurePosixPath(folder).parent.name for folder in product.runs)
    return f"predictions and histories of {', '.join(experiments)}"


def _is(checks: Checks, file: str) -> bool:
    return (checks.root / file).is_file()
