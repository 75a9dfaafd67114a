"""The agreement of computed with shipped features."""

import numpy as np
import pandas as pd
import pytest

from harmodels.reporting.figures import save_figure
from harmodels.reporting.figures.features import MOST_NAMED, draw_correlations
from harmodels.reporting.tables.features import summary, write_correlations
from tests.reporting.entries import texts


def correlations(*r: float) -> pd.DataFrame:
    names = [f"tBodyAcc-mean()_{i}&" for i in range(len(r))]
    return pd.DataFrame({"column": range(1, len(r) + 1), "name": names, "r": r})


def test_columns_below_the_threshold_are_named_worst_first():
    figure = draw_correlations(correlations(1.0, 0.95, 0.9999, 0.3, 0.99))
    assert [tick.get_text() for tick in figure.axes[1].get_yticklabels()] == [
        "4 tBodyAcc-mean()_3&",
        "2 tBodyAcc-mean()_1&",
    ]
    assert "2 of 5 below 0.99" in texts(figure)


@pytest.mark.parametrize("r", [[1.0, 1.0], [np.nan, 1.0], [-0.5, 0.0]])
def test_perfect_undefined_and_negative_correlations_are_drawn(r, tmp_path):
    save_figure(draw_correlations(correlations(*r)), tmp_path / "f")
    assert (tmp_path / "f.svg").stat().st_size > 0


def test_no_more_columns_are_named_than_there_is_room_for():
    figure = draw_correlations(correlations(*np.linspace(-1, 0.9, MOST_NAMED + 5)))
    count = MOST_NAMED + 5
    assert f"{count} of {count} below 0.99, the lowest {MOST_NAMED}" in texts(figure)


def test_the_summary_counts_the_columns_at_each_threshold():
    text = summary(correlations(0.99, 0.9899, 0.999, np.nan))
    assert text.startswith("Of 4 columns 2 at r ≥ 0.99 and 1 at r ≥ 0.999;")


def test_the_files_hold_every_column_and_the_lowest_ten(tmp_path):
    frame = correlations(*np.linspace(0.5, 1, 12))
    write_correlations(frame, tmp_path / "c")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "c.csv"), frame, check_exact=True)
    markdown = (tmp_path / "c.md").read_text().splitlines()
    assert len(markdown) == 2 + 2 + 10
    assert markdown[4] == "| 1 | tBodyAcc-mean()\\_0& | 0.5000 |"
    assert "1 & tBodyAcc-mean()\\_0\\& & 0.5000 \\\\" in (tmp_path / "c.tex").read_text()
