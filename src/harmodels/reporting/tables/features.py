"""Agreement of computed with shipped features, as files."""

from pathlib import Path

import pandas as pd

from harmodels.files import write_text
from harmodels.reporting.frames import csv_text
from harmodels.reporting.tables.latex import escape
from harmodels.reporting.tables.markdown import escape as escape_markdown
from harmodels.reporting.tables.markdown import pipe_table

THRESHOLDS = (0.99, 0.999)
LOWEST = 10


def write_correlations(frame: pd.DataFrame, stem: str | Path) -> None:
    """Write `<stem>.csv` with every column, `<stem>.md` and `<stem>.tex` with the summary.

    `frame` has the columns column (its number), name and r, one row a feature.
    """
    for ending, text in correlation_texts(frame).items():
        write_text(f"{stem}.{ending}", text)


def correlation_texts(frame: pd.DataFrame) -> dict[str, str]:
    """Return the content of each file of the correlations, by ending."""
    return {
        "csv": csv_text(frame),
        "md": _markdown(frame),
        "tex": _latex(frame),
    }


def summary(frame: pd.DataFrame) -> str:
    """Return how many columns reach each threshold, in one sentence."""
    counts = [f"{int((frame['r'] >= limit).sum())} at r ≥ {limit}" for limit in THRESHOLDS]
    return (
        f"Of {len(frame)} columns {' and '.join(counts)}; "
        f"the median is {frame['r'].median():.5f}, the {min(LOWEST, len(frame))} lowest follow."
    )


def _lowest(frame: pd.DataFrame) -> list[list[str]]:
    rows = frame.sort_values(["r", "column"], na_position="first").head(LOWEST)
    return [
        [str(column), str(name), f"{r:.4f}"]
        for column, name, r in zip(rows["column"], rows["name"], rows["r"], strict=True)
    ]


def _markdown(frame: pd.DataFrame) -> str:
    return pipe_table(
        "**Computed against shipped features, Pearson's r.** " + summary(frame),
        ["Column", "Feature", "r"],
        ["---:", ":---", "---:"],
        [[escape_markdown(cell) for cell in row] for row in _lowest(frame)],
    )


def _latex(frame: pd.DataFrame) -> str:
    caption = escape("Computed against shipped features, Pearson's r. " + summary(frame))
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{caption}}}",
        "\\begin{tabular}{rlr}",
        "\\toprule",
        "Column & Feature & r \\\\",
        "\\midrule",
        *(" & ".join(escape(cell) for cell in row) + " \\\\" for row in _lowest(frame)),
        "\\bottomrule",
        "\\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"
