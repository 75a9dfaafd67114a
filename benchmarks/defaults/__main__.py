"""Choose the estimators' defaults on many data sets, and say what they reach.

    python -m benchmarks.defaults --data FOLDER          # choose: training halves alone
    python -m benchmarks.defaults --data FOLDER --final  # test halves, three seeds

Sets are read from installed packages (aeon, sktime, scikit-learn), from FOLDER/NAME/NAME_TRAIN.ts,
and from results/datasets where the workflow prepared them; what is not there is left out. Every
fitted cell is a line of cells.csv, and none is computed again. Both commands end by writing
choices.md and accuracy.md beside it.
"""

import argparse
import csv
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.defaults import contenders, report
from benchmarks.defaults.sets import GROUPS
from benchmarks.timing import use_one_thread

COLUMNS = ["stage", "set", "contender", "factor", "value", "split", "accuracy", "seconds"]
FOLDS, SEEDS = 3, 3


def read(path: Path) -> pd.DataFrame:
    """Return the cells that were computed; numbers stay numbers, all else is text."""
    kept = dict.fromkeys(COLUMNS[:5], str)
    frame = pd.read_csv(path, dtype=kept, keep_default_na=False)
    return frame.astype({"accuracy": float, "seconds": float})


def main() -> None:
    """Compute what is missing and write the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.defaults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="folder of .ts files")
    parser.add_argument("--final", action="store_true", help="fit on training, score test halves")
    parser.add_argument("--only", nargs="+", metavar="CONTENDER", help="these contenders")
    parser.add_argument("--sets", nargs="+", metavar="SET", help="these sets")
    parser.add_argument("--splits", type=int, default=3, help="folds or seeds, at most 3 (3)")
    parser.add_argument("--tables", action="store_true", help="compute nothing, write the tables")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/defaults"))
    given = parser.parse_args()
    use_one_thread()
    warnings.simplefilter("ignore")  # of few members of a class, of losses that did not converge
    given.output.mkdir(parents=True, exist_ok=True)
    cells = given.output / "cells.csv"
    if not cells.exists():
        cells.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    if not given.tables:
        compute(given, cells)
    report.write(read(cells), given.output)


def compute(given: argparse.Namespace, cells: Path) -> None:
    """Append each missing cell, the first split of all sets before the second."""
    stage = "final" if given.final else "choose"
    if given.final:
        asked: dict[Any, Any] = {(n, "", ""): made for n, made in contenders.finalists().items()}
        sets = GROUPS["choosing"] | GROUPS["confirming"]
    else:
        asked, sets = contenders.candidates(), GROUPS["choosing"]
    asked = {key: made for key, made in asked.items() if not given.only or key[0] in given.only}
    sets = {name: read for name, read in sets.items() if not given.sets or name in given.sets}
    halves = {name: found for name, load in sets.items() if (found := load(given.data))}
    print(f"left out, not found: {', '.join(sets.keys() - halves.keys()) or 'none'}", flush=True)
    done = set(read(cells).iloc[:, :6].itertuples(index=False, name=None))
    for split in range(given.splits):
        for name, (train, test) in halves.items():
            seed = split if given.final else 0
            if not given.final:
                train, test = list(train.folds(FOLDS))[split]
            for key, make in asked.items():
                if (stage, name, *key, split) in done:
                    continue
                start = time.process_time()
                try:
                    accuracy = make(seed).fit(train.X, train.y).score(test.X, test.y)
                except ValueError as error:
                    print(f"{name}, {' '.join(key)}: {error}", flush=True)
                    accuracy = np.nan
                seconds = time.process_time() - start
                row = [stage, name, *key, split, f"{accuracy:.4f}", f"{seconds:.1f}"]
                with cells.open("a", encoding="utf-8", newline="") as file:
                    csv.writer(file).writerow(row)
                print(*row, flush=True)


if __name__ == "__main__":
    main()
