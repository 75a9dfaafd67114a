"""What the cells say: which settings won, and what the defaults reach."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.defaults.contenders import CENTRES, RECURRENT_PEERS, finalists
from benchmarks.defaults.sets import GROUPS
from harmodels.files import write_text

MARGIN = 0.005  # by which a value has to beat the centre's
TOLERANCE = 0.02  # within which a default keeps up with a peer


def compare(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the settings beside their centre, and which replaces it.

    A row an estimator, factor and value: `accuracy` and `rank` are means over the sets, on the
    cells that all values of the factor have; a training that failed counts as 0. A value is
    `chosen` instead of the centre's if its mean accuracy is the highest and higher by MARGIN, and
    its mean rank is better than the centre's.
    """
    rows = []
    chosen = cells[cells["stage"] == "choose"].fillna({"accuracy": 0.0})
    for name, of_one in chosen.groupby("contender", sort=False):
        for factor in of_one.loc[of_one["factor"] != "centre", "factor"].unique():
            compared = of_one[of_one["factor"].isin(["centre", factor])]
            wide = compared.pivot(index=["set", "split"], columns="value", values="accuracy")
            wide = wide.dropna().groupby("set").mean()
            means, ranks = wide.mean(), wide.rank(axis=1, ascending=False).mean()
            best = means.idxmax()
            better = means[best] >= means[""] + MARGIN and ranks[best] < ranks[""]
            for value in wide.columns:
                row = (name, factor, value, means[value], ranks[value], len(wide))
                rows.append((*row, value == (best if better else "")))
    columns = ["contender", "factor", "value", "accuracy", "rank", "sets", "chosen"]
    return pd.DataFrame(rows, columns=columns)


def choices(cells: pd.DataFrame) -> str:
    """Return the comparison as a Markdown table; the chosen values are bold."""
    lines = [
        "| estimator | factor | value | mean accuracy | mean rank | sets |\n",
        "| --- | --- | --- | ---: | ---: | ---: |\n",
    ]
    for row in compare(cells).itertuples():
        value = row.value or f"{centre_of(row.contender, row.factor)} (centre)"
        value = f"**{value}**" if row.chosen else value
        lines.append(
            f"| {row.contender} | {row.factor} | {value} | {row.accuracy:.3f} | {row.rank:.2f} "
            f"| {row.sets} |\n"
        )
    return "".join(lines)


def centre_of(name: str, factor: str) -> str:
    """Return the centre's value of a factor."""
    return str(CENTRES[name][1][factor]) if name in CENTRES else "0.003"


def accuracy(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the mean test accuracy over the seeds, a row a set and a column a contender."""
    final = cells[cells["stage"] == "final"]
    wide = final.pivot_table(index="set", columns="contender", values="accuracy", sort=False)
    order = [name for group in GROUPS.values() for name in group if name in wide.index]
    return wide.loc[order, [name for name in finalists() if name in wide]]


def behind(wide: pd.DataFrame, peers: list[str]) -> pd.Series:
    """Return by how much the best of our defaults is below the best of these peers, by set."""
    best = [wide.reindex(columns=names).max(axis=1) for names in (peers, [*CENTRES])]
    return (best[0] - best[1]).dropna()


def final(cells: pd.DataFrame) -> Iterator[str]:
    """Yield the lines of the table of the test halves, and what it says."""
    wide = accuracy(cells)
    yield f"| set | {' | '.join(wide.columns)} |\n"
    yield f"| --- {'| ---: ' * len(wide.columns)}|\n"
    for group, sets in GROUPS.items():
        yield f"| *{group} sets* {'| ' * len(wide.columns)}|\n"
        for name in sets:
            if name in wide.index:
                values = ("" if pd.isna(v) else f"{v:.3f}" for v in wide.loc[name])
                yield f"| {name} | {' | '.join(values)} |\n"
    yield "\n"
    for title, peers, tolerance in (
        ("the best recurrent peer", RECURRENT_PEERS, TOLERANCE),
        ("scikit-learn's perceptron", ["sklearn MLP"], TOLERANCE),
        ("MiniRocket", ["MiniRocket"], 0.0),
    ):
        gaps = behind(wide, peers)
        lost = gaps[gaps > tolerance + 1e-9].sort_values(ascending=False)
        names = ", ".join(f"{name} {gap:.3f}" for name, gap in lost.items()) or "none"
        by = f" by more than {tolerance}" if tolerance else ""
        yield (
            f"- The best of our defaults is behind {title}{by} on {len(lost)} of {len(gaps)} sets: "
            f"{names}.\n"
        )


def write(cells: pd.DataFrame, output: Path) -> None:
    """Write choices.md and accuracy.md, each where it has cells, and print them."""
    for stage, name, text in (
        ("choose", "choices", lambda: choices(cells)),
        ("final", "accuracy", lambda: "".join(final(cells))),
    ):
        of_stage = cells[cells["stage"] == stage]
        if of_stage.empty:
            continue
        splits = of_stage.groupby(["set", "contender", "factor", "value"]).size()
        what = "folds" if stage == "choose" else "seeds"
        count = (
            f"\n{of_stage['set'].nunique()} sets, {len(of_stage):,} fits of {splits.min()} to "
            f"{splits.max()} {what}, {of_stage['seconds'].sum() / 60:.0f} minutes of a processor.\n"
        )
        write_text(output / f"{name}.md", text() + count)
        print(text() + count)
