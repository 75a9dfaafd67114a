"""Comparison of the tables and ledgers of two results folders, or of one with published numbers."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from harmodels.errors import HarmodelsError, ResultsError
from harmodels.evaluation.statistics import LEVEL, mean_interval
from harmodels.evaluation.ties import on_side, tied
from harmodels.messages import counted, listed, printable
from harmodels.provenance.current import records_of
from harmodels.provenance.record import Product
from harmodels.provenance.verification.products import rebuild_table
from harmodels.records.base import AGAIN
from harmodels.reporting.claims.ledger import LEDGER_COLUMNS
from harmodels.reporting.frames import read_csv
from harmodels.reporting.runs.load import Run, load_run
from harmodels.reporting.tables.cells import CELL_COLUMNS, is_whole, printed

MOST_LINES = 20
CELL = ["table", "cell", "measure"]
CLAIM = "claim"  # the measure of a line of a ledger
NAMES = ["group", "measure"]  # columns of a table that say which cell it is
NUMBERS = {"value": "value", "low": "lower", "high": "upper", "published": "published"}

Values = NDArray[np.float64]


def compare_folders(left: Path, right: Path) -> pd.DataFrame:
    """Return one row a cell of the tables, and a claim of the ledgers, of two results folders.

    Columns `table`, `cell`, `measure`, `left`, `right`, `difference` (right − left), `low` and
    `high` (its 95 % interval), `basis`, `differs` and `differs_in`: the columns of the file whose
    content is another one, every column being compared. The interval is that of the differences
    between replicates of the same seed (`paired`), otherwise Welch's (`unpaired`); there is none
    where a cell is no mean over replicates, or a folder's runs are not recorded (basis empty).
    A cell that only one folder has differs, and has no value on the other side.
    """
    both = _cells(left).merge(
        _cells(right), on=[*CELL, "copy"], how="outer", suffixes=("_left", "_right")
    )
    both = both.rename(columns={"value_left": "left", "value_right": "right"})
    both["differs_in"] = [
        _differing(*sides) for sides in zip(both["texts_left"], both["texts_right"], strict=True)
    ]
    both["differs"] = both["differs_in"] != ""
    both["difference"] = both["right"] - both["left"]
    both[["low", "high"]], both["basis"] = np.nan, ""
    changed = both["difference"].fillna(0) != 0
    for table, rows in both[changed].groupby("table"):
        ours, theirs = (_replicate_values(folder, str(table)) for folder in (left, right))
        if ours is None or theirs is None:
            continue
        paired = ours.seeds == theirs.seeds
        for place, row in rows.iterrows():
            pair = ours.values[int(row["row_left"])], theirs.values[int(row["row_right"])]
            # a choice made by one replicate alone, for example, is not that of all together
            if np.allclose([np.nanmean(v) for v in pair], [row["left"], row["right"]], 0, 1e-9):
                both.loc[place, ["low", "high"]] = _interval(*pair, paired=paired)
                both.loc[place, "basis"] = "paired" if paired else "unpaired"
    return _sorted(both)


def compare_with_published(results: Path) -> pd.DataFrame:
    """Return one row a published number: the columns of `compare_folders`, ours on the left.

    Ours differs if the two are printed differently; the interval is that of our
    mean, moved, and `basis` says over what it is: `seeds`, `people` or both; empty for a median,
    whose range is no interval.
    """
    cells = _cells(results).dropna(subset="published")
    if cells.empty:
        raise ResultsError(f"no table of {results} has a published number beside it")
    both = cells.rename(columns={"value": "left", "published": "right"})
    both["difference"] = both["right"] - both["left"]
    both["differs"] = [
        printed(row["left"], whole) != printed(row["right"], whole)
        for row in both.to_dict("records")
        for whole in [is_whole(row["statistic"], row["measure"])]
    ]
    both["differs_in"] = np.where(both["differs"], "value", "")
    mean = (both["statistic"] == "mean") & both["upper"].notna()
    both["low"] = (both["right"] - both["upper"]).where(mean)
    both["high"] = (both["right"] - both["lower"]).where(mean)
    both["basis"] = both["over"].where(mean, "")
    return _sorted(both)


def diff_lines(cells: pd.DataFrame, most: int | None = MOST_LINES) -> list[str]:
    """Return the cells that differ, the largest differences of shares first, and a line of counts.

    At most `most` cells are listed; None lists all, those that are equal too.
    """
    differing = cells[cells["differs"]]
    outside = on_side(cells["low"], "greater", 0) | on_side(cells["high"], "less", 0)
    beyond = pd.Series(outside, cells.index)
    rows = cells if most is None else differing.head(most)
    lines = []
    if len(rows):
        shown = rows[[*CELL, "left", "right", "difference"]].assign(
            interval=[
                "" if np.isnan(low) else f"[{low:+.3f}, {high:+.3f}]"
                for low, high in zip(rows["low"], rows["high"], strict=True)
            ],
            basis=rows["basis"],
            beyond=np.where(rows["basis"] == "", "", np.where(beyond[rows.index], "yes", "no")),
            differs_in=rows["differs_in"].str.split(", ").map(lambda names: listed(names, 3)),
        )
        shown = shown.rename(columns={"beyond": "beyond spread", "differs_in": "differs in"})
        with pd.option_context("display.max_colwidth", None, "display.width", None):
            text = shown.to_string(index=False, na_rep="none", float_format="%.4f", justify="left")
        lines += text.split("\n")
    if len(rows) < len(differing):
        lines.append(f"… and {len(differing) - len(rows)} more; --all lists every cell")
    tables = differing["table"].nunique()
    counts = f"{len(differing)} of {len(cells)} cells and claims differ"
    if tables:
        columns = differing["differs_in"].str.split(", ").explode().value_counts(sort=False)
        counts += f" in {counted(tables, 'file')}, {int(beyond.sum())} by more than their interval"
        counts += f" ({', '.join(f'{name} {count}' for name, count in columns.items())})"
    return [*lines, counts]


def diff_notes(*folders: Path) -> list[str]:
    """Return a line a folder on tables and ledgers that are not compared: of no record, missing."""
    notes = []
    for folder in folders:
        present, named = _products(folder)
        found = {path for pattern in PATTERNS for path in folder.glob(pattern)}
        for what, paths in (
            ("of no record", found - set(present)),
            ("named by its record and missing", named - set(present)),
        ):
            if paths:
                names = sorted(printable(path.relative_to(folder).as_posix()) for path in paths)
                notes.append(f"not compared in {folder}, {what}: {listed(names)}")
    return notes


def _sorted(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that differ first, shares before what has another unit, as epochs do."""
    names = [*CELL, "left", "right", "difference", "low", "high", "basis", "differs", "differs_in"]
    largest = cells[["left", "right"]].abs().max(axis=1).groupby(cells["measure"]).transform("max")
    ordered = cells.assign(
        same=~cells["differs"],
        unit=largest > 1,
        size=-cells["difference"]
        .abs()
        .where(cells["left"].notna() | cells["right"].notna(), 0)
        .fillna(np.inf),
    ).sort_values(["same", "unit", "size"], kind="stable")
    return ordered[names].reset_index(drop=True)


PATTERNS = ("*/*/tables/*.csv", "*/*/claims.csv")


def _products(results: Path) -> tuple[list[Path], set[Path]]:
    """Return tables and ledgers of a folder that count, and those that its records name.

    Without a record all that lie there count.
    """
    records = records_of(results)
    parts = [part for record in records for part in record.reports]
    files = [file for part in parts for product in part.products for file in product.files]
    named = {results / file for file in files if file.endswith(".csv")}
    found = {path for pattern in PATTERNS for path in results.glob(pattern)}
    counting = found & named if records else found
    return sorted(counting), named


def _cells(results: Path) -> pd.DataFrame:
    """Return the cells of every table, the claims of every ledger, and in which row each is."""
    paths, _ = _products(results)
    parts = [
        _claims_of(path, results) if path.name == "claims.csv" else _table_of(path, results)
        for path in paths
    ]
    if not parts:
        raise ResultsError(
            f"{results} holds no table; name a results folder that `snakemake` has finished"
        )
    whole = pd.concat(parts, ignore_index=True)
    return whole.assign(copy=whole.groupby(CELL).cumcount())


def _table_of(path: Path, results: Path) -> pd.DataFrame:
    needed = [*NAMES, "statistic", *NUMBERS, "interval"]
    frame, texts = _read(path, needed)
    keys = [name for name in frame if name not in CELL_COLUMNS]
    cell = [
        ", ".join(f"{key} {_key_text(row[key])}" for key in (*keys, "group") if row[key] != "")
        for row in texts.to_dict("records")
    ]
    about = {"cell": cell, "measure": texts["measure"], "statistic": texts["statistic"]}
    return _part(path, results, frame, texts.drop(columns=[*keys, *NAMES]), **about)


def _claims_of(path: Path, results: Path) -> pd.DataFrame:
    frame, texts = _read(path, LEDGER_COLUMNS)
    about = {"cell": texts["id"], "measure": CLAIM, "statistic": ""}
    frame = frame.rename(columns={"published_value": "published"})
    # what is published of a claim is no number of a table, which `published` compares
    return _part(path, results, frame.assign(published=np.nan), texts.drop(columns="id"), **about)


def _read(path: Path, needed: Iterable[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a CSV file as numbers and as its text."""
    frame = read_csv(path, needed, {"group": str})
    return frame, read_csv(path, (), dict.fromkeys(frame.columns, str)).fillna("")


def _part(
    path: Path, results: Path, frame: pd.DataFrame, texts: pd.DataFrame, **about: Any
) -> pd.DataFrame:
    try:
        numbers = frame[[*NUMBERS]].rename(columns=NUMBERS).astype(np.float64)
    except ValueError as error:
        raise ResultsError(f"cannot read {path}: {error}. {AGAIN}") from error
    over = texts.get("interval", "")
    table = path.relative_to(results).with_suffix("").as_posix()
    rows = pd.Series(texts.to_dict("records"), dtype=object)
    return numbers.assign(table=table, over=over, row=range(len(frame)), texts=rows, **about)


def _key_text(text: str) -> str:
    """Return a key as it is written where no other row lacks it: 50, not 50.0."""
    return re.sub(r"^(-?\d+)\.0$", r"\1", text)


def _differing(left: object, right: object) -> str:
    """Return the columns in which two rows of a file differ; numbers may be written otherwise."""
    if not (isinstance(left, dict) and isinstance(right, dict)):
        return "only in A" if isinstance(left, dict) else "only in B"
    names = dict.fromkeys((*left, *right))
    return ", ".join(n for n in names if not _same(left.get(n, ""), right.get(n, "")))


def _same(left: str, right: str) -> bool:
    try:
        return left == right or float(left) == float(right)
    except ValueError:
        return False


class _Replicates(NamedTuple):
    """The values (rows, R) of a table's cells by replicate, and the seeds behind them."""

    values: Values
    seeds: tuple[tuple[str, int, int], ...]  # run, seed, replicate


def _replicate_values(results: Path, table: str) -> _Replicates | None:
    """Build a table once for each replicate alone; None if its record or a run is unusable."""
    try:
        product = _recorded(results, f"{table}.csv")
        runs = {folder: load_run(results / folder) for folder in product.runs}
        places = sorted({o.replicate for run in runs.values() for o in run.outcomes})
        columns = [
            rebuild_table(product, _one_replicate(runs, place), results).cells["value"]
            for place in places
        ]
        values = np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)
    except (HarmodelsError, ValueError, KeyError):
        return None
    seeds = tuple((folder, run.record.seed, p) for folder, run in runs.items() for p in places)
    return _Replicates(values, seeds)


def _recorded(results: Path, file: str) -> Product:
    for record in records_of(results):
        for part in record.reports:
            for product in part.products:
                if file in product.files:
                    return product
    raise ResultsError(f"no record of {results} names {file}")


def _one_replicate(runs: Mapping[str, Run], replicate: int) -> dict[str, Run]:
    return {
        folder: replace(
            run,
            outcomes=tuple(one for one in run.outcomes if one.replicate == replicate),
            history=run.history[run.history["replicate"] == replicate],
            predictions=run.predictions[run.predictions["replicate"] == replicate],
        )
        for folder, run in runs.items()
    }


def _interval(left: Values, right: Values, *, paired: bool) -> tuple[float, float]:
    if paired:
        differences = right - left
        interval = mean_interval(differences[np.isfinite(differences)])
        return interval.low, interval.high
    left, right = left[np.isfinite(left)], right[np.isfinite(right)]
    if min(len(left), len(right)) < 2:
        return np.nan, np.nan
    if tied(left.min(), left.max()) and tied(right.min(), right.max()):
        return (right[0] - left[0],) * 2
    found = stats.ttest_ind(right, left, equal_var=False).confidence_interval(LEVEL)
    return float(found.low), float(found.high)
