import re

import pandas as pd
import pytest

from harmodels.errors import ConfigurationError, ResultsError
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.tables import TableSpec, read_table_csv, write_table_files
from harmodels.reporting.tables.latex import latex_table
from harmodels.reporting.tables.layout import MISSING
from harmodels.reporting.tables.markdown import markdown_table
from tests.reporting.entries import LAST, B, build_table, entry, printed, side

TOP = entry("top_k", LAST)
TWO = entry("last_against_best", B)
RIGHT = side("best", "Part (c)") | {"experiment": "c"}
SIDES = entry("side_by_side", left=side(title="Part (b)"), right=RIGHT)
ONE = {"last": {0: 0.4}}
BEST = "Best weights (early stopping)"


@pytest.fixture
def single(runs_with):
    """Make runs of one replicate, 0.4 right, with some hidden units."""
    some = {"replicates": 1}
    return lambda *hidden, **options: runs_with(dict.fromkeys(hidden, ONE), **some, **options)


def cell(table, measure="top_1", **where):
    rows = table.cells
    for key, value in {"measure": measure, **where}.items():
        rows = rows[rows[key] == value]
    ((_, row),) = rows.iterrows()
    return row


def test_a_cell_is_the_mean_and_interval_over_replicates(runs_with):
    table = build_table(TOP, runs_with({50: {"last": {0: 0.4, 1: 0.5, 2: 0.6}}}))
    found = cell(table)
    # s = 0.1, t(0.975, 2) = 4.302653: logit half width 0.1 · 4.302653 / √3 / 0.25 = 0.993656,
    # and 1 / (1 + exp(-0.993656)) = 0.729809
    assert found["value"] == pytest.approx(0.5)
    assert found["high"] - found["value"] == pytest.approx(0.229809, abs=1e-6)
    assert found["n"] == 3
    assert "| 50 | 0.500 [0.270, 0.730] |" in markdown_table(table)


def test_one_replicate_has_no_interval_and_the_caption_says_so(single):
    text = printed(TOP | {"title": "a|b_c"}, single(50))
    assert text.startswith("**a\\|b\\_c.** ")
    assert "| 50 | 0.400 |" in text
    assert "One replicate (random seed), so no interval." in text


def test_the_best_of_each_column_is_bold_ties_included(runs_with):
    accuracies = {h: {"last": {0: a}} for h, a in ((50, 0.4), (60, 0.7), (70, 0.7))}
    text = printed(TOP, runs_with(accuracies, replicates=1))
    assert "| 50 | 0.400 |" in text
    assert "| 60 | **0.700** |" in text
    assert "| 70 | **0.700** |" in text


def test_diverged_replicates_are_counted_and_left_out_of_the_mean(runs_with):
    runs = runs_with({50: {"last": {0: 0.4, 2: 0.6, 4: 0.8}}}, replicates=5, diverged=(1, 3))
    table = build_table(TOP, runs)
    assert cell(table)["value"] == pytest.approx(0.6)
    assert "| 2 of 5 |" in markdown_table(table)
    assert "& 2 of 5 \\\\" in latex_table(table)


def test_a_configuration_without_a_sound_replicate_keeps_its_row(runs_of):
    runs = runs_of(50, replicates=2, diverged=(0, 1))
    runs["b"] += runs_of(60, replicates=2)["b"]
    assert re.search(rf"\| 50 \| {MISSING} \|.*\| 2 of 2 \|", printed(TOP, runs))


def test_published_numbers_are_found_by_value_and_absent_ones_are_a_dash(single):
    tables = {"t.csv": pd.DataFrame({"hidden": [50.0, 99.0], "top1": [0.41, 0.9]})}
    text = printed(TOP | {"published": "t.csv"}, single(50, 60), tables=tables)
    assert "| 50 | **0.400** (0.410) |" in text
    assert f"| 60 | **0.400** ({MISSING}) |" in text


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"hidden": [50, 50], "top1": [0.4, 0.5]}, "2 rows"),
        ({"units": [50], "top1": [0.4]}, r"t\.csv"),
        ({"hidden": [50]}, r"t\.csv"),
        (None, r"'t\.csv' was not given"),
    ],
)
def test_a_published_table_that_does_not_fit_is_refused(single, columns, message):
    tables = {} if columns is None else {"t.csv": pd.DataFrame(columns)}
    with pytest.raises(ConfigurationError, match=message):
        build_table(TOP | {"published": "t.csv"}, single(50), tables)


def test_improvements_are_bold_and_losses_italic(runs_with):
    last, after = {0: 0.4, 1: 0.5}, {50: (0.6, 0.7), 60: (0.4, 0.4), 70: (0.4, 0.5)}
    accuracies = {h: {"last": last, "best": dict(enumerate(a))} for h, a in after.items()}
    table = build_table(TWO, runs_with(accuracies, replicates=2))
    marks = {h: cell(table, hidden=h, group=BEST)["mark"] for h in after}
    assert marks == {50: "bold", 60: "italic", 70: ""}
    assert "**0.650 [0.102, 0.968]**†" in markdown_table(table)
    assert "*0.400 [0.400, 0.400]*" in markdown_table(table)
    assert "\\textit{0.400 [0.400, 0.400]}" in latex_table(table)


def test_a_change_is_significant_when_the_paired_interval_excludes_zero(runs_with):
    last = {0: 0.1, 1: 0.5}
    after = {50: {0: 0.2, 1: 0.6}, 60: {0: 0.1, 1: 0.7}}
    runs = runs_with({h: {"last": last, "best": best} for h, best in after.items()}, replicates=2)
    table = build_table(TWO, runs)
    assert cell(table, hidden=50, group=BEST)["significant"]
    assert not cell(table, hidden=60, group=BEST)["significant"]


def test_the_early_stop_epoch_is_the_median_with_its_range(runs_with, tmp_path, edit_json):
    runs_with({50: {"last": {0: 0.4, 1: 0.5, 2: 0.5}}})
    entries = [
        {"replicate": r, "epochs": 50, "best_epoch": e, "diverged_epoch": None, "stopped": ""}
        for r, e in enumerate((12, 50, 20))
    ]
    edit_json(tmp_path / "b" / "hidden=50" / "run.json", {"replicates": entries})
    columns = {"hidden": [50], "last_top1": [0.3], "early_stop_epoch": [38]}
    runs = load_runs([tmp_path / "b" / "hidden=50"])
    text = printed(TWO | {"published": "t.csv"}, runs, tables={"t.csv": pd.DataFrame(columns)})
    assert "20 [12, 50] (38) |" in text


def test_side_by_side_joins_configurations_and_leaves_unmatched_cells_empty(single, runs_with):
    right = runs_with({60: {"best": {0: 0.5}}}, "c", replicates=1)
    text = printed(SIDES | {"measures": ["top_1"]}, single(50, 60) | right)
    assert "| Hidden units | Part (b): Top-1 | Part (c): Top-1 |" in text
    assert f"| 50 | 0.400 | {MISSING} |" in text
    assert "| 60 | 0.400 | **0.500** |" in text


def test_simulated_recordings_are_named_in_every_format(single, tmp_path):
    write_table_files(build_table(TOP, single(50, simulated=True)), tmp_path / "t")
    assert "SIMULATED" in (tmp_path / "t.md").read_text()
    assert "SIMULATED" in (tmp_path / "t.tex").read_text()
    assert pd.read_csv(tmp_path / "t.csv")["simulated"].all()


def test_the_csv_holds_full_precision_and_reads_back_to_the_same_files(
    write_grid, tmp_path, report, published
):
    runs = load_runs(write_grid(tmp_path, "part_c", diverged={2: (0,), 5: (0, 1, 2)}))
    table = build_table(report["tables"]["table2"], runs, published)
    write_table_files(table, tmp_path / "one" / "t")
    again = read_table_csv(tmp_path / "one" / "t.csv", TableSpec.read(report["tables"]["table2"]))
    pd.testing.assert_series_equal(again.cells["value"], table.cells["value"], check_exact=True)
    write_table_files(again, tmp_path / "two" / "t")
    for ending in ("csv", "md", "tex"):
        one, two = (tmp_path / folder / f"t.{ending}" for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_a_damaged_csv_is_named(tmp_path):
    (tmp_path / "t.csv").write_text("hidden,group\n50,\n")
    with pytest.raises(ResultsError, match=r"t\.csv lacks the column 'measure'"):
        read_table_csv(tmp_path / "t.csv", TableSpec.read(TOP))


def test_every_table_of_the_report_is_built_with_its_published_numbers(
    write_grid, tmp_path, report, published
):
    runs = load_runs([*write_grid(tmp_path, "part_b"), *write_grid(tmp_path, "part_c")])
    for name in ("table1", "table2", "table3"):
        table = build_table(report["tables"][name], runs, published)
        assert table.cells["published"].notna().all()
        assert len(markdown_table(table).splitlines()) == 2 + 2 + 8


def test_every_line_of_a_latex_table_has_the_same_number_of_cells(
    write_grid, tmp_path, report, published
):
    runs = load_runs(write_grid(tmp_path, "part_c"))
    text = latex_table(build_table(report["tables"]["table2"], runs, published))
    body = text[text.index("\\toprule") :]
    rows = [line for line in body.splitlines() if line.endswith("\\\\")][1:]
    assert {row.count("&") for row in rows} == {13}
    assert text.count("{") == text.count("}")


def test_other_measures_can_be_asked_for(runs_with):
    spec = TOP | {"measures": ["top_1", "macro_f1", "most_predicted_share", "epochs"]}
    table = build_table(spec, runs_with({50: {"last": {0: 1.0}}}, replicates=1))
    assert cell(table, "macro_f1")["value"] == 1.0
    assert cell(table, "most_predicted_share")["value"] == pytest.approx(0.2)
    assert cell(table, "epochs")["value"] == 12


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "top"}, r"kind 'top' \(did you mean 'top_k'\?\); there are choices, "),
        ({"measures": ["f1"]}, "'f1'"),
    ],
)
def test_an_unknown_kind_or_measure_is_refused_with_the_known_ones(wrong, message):
    with pytest.raises(ConfigurationError, match=message):
        TableSpec.read(TOP | wrong)


def test_the_mean_of_the_replicates_that_did_not_diverge_is_not_bold(runs_of):
    runs = {"b": []}
    for hidden, skill, lost in ((50, 1.0, ()), (60, 0.5, ()), (70, 9.0, (1,))):
        runs["b"] += runs_of(hidden, skill=skill, diverged=lost)["b"]
    table = build_table(TOP | {"measures": ["top_1"]}, runs)
    assert table.cells["value"].idxmax() == 2
    assert table.cells["mark"].tolist() == ["bold", "", ""]
    assert "neither bold nor italic" in markdown_table(table)
