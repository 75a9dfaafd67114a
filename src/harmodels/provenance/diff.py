"""Comparison of the tables of two results folders, or of one folder with the published numbers."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from harmodels.config.messages import counted
from harmodels.errors import HarmodelsError, ResultsError
from harmodels.evaluation.statistics import LEVEL, mean_interval
from harmodels.provenance.record import ENDING, Product, read_record
from harmodels.provenance.verification.products import rebuild_table
from harmodels.records.base import AGAIN
from harmodels.reporting.frames import read_csv
from harmodels.reporting.runs.load import Run, load_run
from harmodels.reporting.tables.cells import CELL_COLUMNS

MOST_LINES = 20
CELL = ["table", "cell", "measure"]
PRINTED = 0.0005  # published numbers have three decimals

Values = NDArray[np.float64]


def compare_folders(left: Path, right: Path) -> pd.DataFrame:
    """Return one row a cell of the tables of two results folders.

    Columns `table`, `cell`, `measure`, `left`, `right`, `difference` (right − left), `low` and
    `high` (its 95 % interval), `basis` and `differs`. The interval is that of the differences
    between replicates of the same seed (`paired`), otherwise Welch's (`unpaired`); there is none
    where a cell is no mean over replicates, or a folder's runs are not recorded (basis empty).
    A cell that only one folder has differs, and has no value on the other side.
    """
    both = _cells(left).merge(
        _cells(right), on=[*CELL, "copy"], how="outer", suffixes=("_left", "_right")
    )
    both = both.rename(columns={"value_left": "left", "value_right": "right"})
    same = (both["left"] == both["right"]) | (both["left"].isna() & both["right"].isna())
    both["differs"] = ~same | (both["row_left"].isna() != both["row_right"].isna())
    both["difference"] = both["right"] - both["left"]
    both[["low", "high"]], both["basis"] = np.nan, ""
    changed = both["differs"] & both["difference"].notna()
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

    Ours differs if it does in the three decimals that are published; the interval is that of our
    mean, moved, and `basis` says over what it is: `seeds`, `people` or both; empty for a median,
    whose range is no interval.
    """
    cells = _cells(results).dropna(subset="published")
    if cells.empty:
        raise ResultsError(f"no table of {results} has a published number beside it")
    both = cells.rename(columns={"value": "left", "published": "right"})
    both["difference"] = both["right"] - both["left"]
    both["differs"] = ~(both["difference"].abs() <= PRINTED)
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
    beyond = (cells["low"] > 0) | (cells["high"] < 0)
    listed = cells if most is None else differing.head(most)
    lines = []
    if len(listed):
        shown = listed[[*CELL, "left", "right", "difference"]].assign(
            interval=[
                "" if np.isnan(low) else f"[{low:+.3f}, {high:+.3f}]"
                for low, high in zip(listed["low"], listed["high"], strict=True)
            ],
            basis=listed["basis"],
            beyond=np.where(listed["basis"] == "", "", np.where(beyond[listed.index], "yes", "no")),
        )
        shown = shown.rename(columns={"beyond": "beyond spread"})
        with pd.option_context("display.max_colwidth", None, "display.width", None):
            text = shown.to_string(index=False, na_rep="none", float_format="%.4f", justify="left")
        lines += text.split("\n")
    if len(listed) < len(differing):
        lines.append(f"… and {len(differing) - len(listed)} more; --all lists every cell")
    tables = differing["table"].nunique()
    counts = f"{len(differing)} of {len(cells)} cells differ"
    spread = f", {int(beyond.sum())} by more than their interval"
    lines.append(counts + (f" in {counted(tables, 'table')}{spread}" if tables else ""))
    return lines


def _sorted(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that differ first, shares before what has another unit, as epochs do."""
    names = [*CELL, "left", "right", "difference", "low", "high", "basis", "differs"]
    largest = cells[["left", "right"]].abs().max(axis=1).groupby(cells["measure"]).transform("max")
    ordered = cells.assign(
        same=~cells["differs"],
        unit=largest > 1,
        size=-cells["difference"].abs().fillna(np.inf),
    ).sort_values(["same", "unit", "size"], kind="stable")
    return ordered[names].reset_index(drop=True)


def _cells(results: Path) -> pd.DataFrame:
    """Return the cells of every table of a results folder, and in which row of it each is."""
    parts = []
    for path in sorted(results.glob("*/*/tables/*.csv")):
        columns = ["measure", "statistic", "value", "low", "high", "interval", "published"]
        frame = read_csv(path, ["group", *columns], {"group": str})
        keys = [name for name in frame if name not in CELL_COLUMNS]
        cell = [
            ", ".join(f"{key} {value}" for key, value in row.items() if pd.notna(value))
            for row in frame[[*keys, "group"]].to_dict("records")
        ]
        names = {"low": "lower", "high": "upper", "interval": "over"}
        numbers = ["value", "lower", "upper", "published"]
        try:
            part = frame[columns].rename(columns=names).astype(dict.fromkeys(numbers, np.float64))
        except ValueError as error:
            raise ResultsError(f"cannot read {path}: {error}. {AGAIN}") from error
        table = path.relative_to(results).with_suffix("").as_posix()
        parts.append(part.assign(table=table, cell=cell, row=range(len(part))))
    if not parts:
        raise ResultsError(
            f"{results} holds no table; name a results folder that `snakemake` has finished"
        )
    whole = pd.concat(parts, ignore_index=True)
    return whole.assign(copy=whole.groupby(CELL).cumcount())


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
    for path in sorted(results.glob(f"*{ENDING}")):
        for part in read_record(path).reports:
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
    if left.std() == right.std() == 0:
        return (right[0] - left[0],) * 2
    found = stats.ttest_ind(right, left, equal_var=False).confidence_interval(LEVEL)
    return float(found.low), float(found.high)
