import os
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harmodels.cli import main
from harmodels.evaluation.statistics import mean_interval
from harmodels.provenance.diff import compare_folders, compare_with_published, diff_lines
from harmodels.reporting.claims.ledger import LEDGER_COLUMNS
from harmodels.reporting.runs.load import load_run
from harmodels.reporting.runs.measures import prediction_measure
from harmodels.reporting.tables.cells import CELL_COLUMNS

PLACE = "toy_report/toy"
RUN = f"{PLACE}/runs/plain/learning_rate=0.1"
TOP_1 = {"table": f"{PLACE}/tables/table1", "cell": "learning_rate 0.1", "measure": "top_1"}


def accuracies(results):
    return prediction_measure(load_run(results / RUN), "top_1", "last")["value"].to_numpy()


def cell(cells, **address):
    return cells.set_index(list(address)).sort_index().loc[[tuple(address.values())]].iloc[0]


@pytest.fixture
def better(results, edit_table, rebuild):
    """The folder with replicate 0 perfect and replicate 1 a little changed, built again."""

    def change(frame):
        right = pd.DataFrame({f"score_{c}": np.float32(frame["label"] == c) for c in range(3)})
        chosen = (frame["replicate"] == 0) | (frame["id"] == "all/030")
        return frame.assign(**{n: frame[n].where(~chosen, right[n]) for n in right})

    edit_table(results / RUN / "predictions.parquet", change)
    rebuild(results)
    return results


@pytest.fixture(scope="module")
def edited(made, tmp_path_factory):
    """Return a copy of the folder in which the text of a table or ledger was changed."""
    copy = tmp_path_factory.mktemp("edited") / "results"
    shutil.copytree(made, copy)

    def edit(file, change):
        path = copy / PLACE / file
        for csv in (PLACE + "/tables/table1.csv", PLACE + "/claims.csv"):
            shutil.copy(made / csv, copy / csv)
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        change(frame).to_csv(path, index=False, lineterminator="\n")
        return copy

    return edit


def test_a_folder_does_not_differ_from_itself(made, capsys):
    assert main(["diff", str(made), str(made)]) == 0
    assert capsys.readouterr().out.startswith("0 of ")


def test_a_cell_that_differs_has_the_interval_of_the_paired_differences(made, better):
    cells = compare_folders(made, better)
    found = cell(cells, **TOP_1)
    expected = mean_interval(accuracies(better) - accuracies(made))
    assert found["basis"] == "paired"
    assert found[["difference", "low", "high"]].tolist() == pytest.approx(list(expected[:3]))


def test_other_seeds_are_not_paired(made, better, edit_json, rebuild):
    edit_json(better / RUN / "run.json", {"seed": 6})
    rebuild(better)
    found = cell(compare_folders(made, better), **TOP_1)
    expected = stats.ttest_ind(accuracies(better), accuracies(made), equal_var=False)
    assert found["basis"] == "unpaired"
    assert (found["low"], found["high"]) == pytest.approx(expected.confidence_interval())


def test_the_largest_difference_comes_first_and_only_differing_cells_are_listed(made, better):
    cells = compare_folders(made, better)
    sizes = cells.loc[cells["differs"], "difference"].abs().tolist()
    assert sizes == sorted(sizes, reverse=True)
    assert 0 < len(sizes) < len(cells)
    lines = diff_lines(cells)
    assert len(lines) == 1 + len(sizes) + 1  # heading and counts
    assert lines[-1].startswith(f"{len(sizes)} of {len(cells)} cells and claims differ in 1 file")
    assert len(diff_lines(cells, most=None)) == 1 + len(cells) + 1
    assert "1 more; --all lists" in " ".join(diff_lines(cells, most=len(sizes) - 1))


def test_a_table_of_one_folder_only_differs_in_every_cell(made, results):
    (results / PLACE / "tables" / "people.csv").unlink()
    cells = compare_folders(made, results)
    people = cells["table"] == f"{PLACE}/tables/people"
    assert cells.loc[people, "differs"].all()
    assert cells.loc[people, "right"].isna().all()
    assert not cells.loc[~people, "differs"].any()


def test_without_a_record_a_difference_has_no_interval(made, better):
    (better / "toy.provenance.json").unlink()
    found = cell(compare_folders(made, better), **TOP_1)
    assert np.isnan(found["low"])
    assert found["basis"] == ""


def test_published_numbers_are_compared_with_the_interval_of_ours(made):
    found = cell(compare_with_published(made), **TOP_1)
    table = pd.read_csv(made / PLACE / "tables" / "table1.csv").set_index("measure")
    ours = table.loc[["top_1"]].iloc[0]  # of learning rate 0.1, the first row
    assert found["right"] == 0.5
    assert found["difference"] == pytest.approx(0.5 - ours["value"])
    assert (found["low"], found["high"]) == pytest.approx((0.5 - ours["high"], 0.5 - ours["low"]))


def other_text(text):
    return {"True": "False", "False": "True", "bold": "italic"}.get(text, "9")


COLUMNS = [name for name in CELL_COLUMNS if name not in ("group", "measure")]


@pytest.mark.parametrize(
    ("file", "column"),
    [("tables/table1.csv", name) for name in COLUMNS]
    + [("claims.csv", name) for name in LEDGER_COLUMNS if name != "id"],
)
def test_a_change_in_any_column_is_found_and_named(made, edited, capsys, file, column):
    results = edited(file, lambda frame: frame.assign(**{column: frame[column].map(other_text)}))
    assert main(["diff", str(made), str(results), "--all"]) == 1
    counts = capsys.readouterr().out.splitlines()[-1]
    assert re.search(rf"\({column} [1-9]\d*\)$", counts)


@settings(max_examples=10)
@given(text=st.text("0123456789.-ex", min_size=1, max_size=4), row=st.integers(0, 3))
def test_any_other_text_of_a_cell_is_another_cell(made, edited, text, row):
    before = (made / PLACE / "tables/table1.csv").read_text(encoding="utf-8")

    def change(frame):
        frame.loc[row, "seeds_low"] = text
        return frame

    after = edited("tables/table1.csv", change)
    cells = compare_folders(made, after)
    same = (after / PLACE / "tables/table1.csv").read_text(encoding="utf-8") == before
    assert cells["differs"].sum() == (0 if same else 1)


def test_a_number_that_is_written_otherwise_does_not_differ(made, edited):
    cells = compare_folders(made, edited("tables/table1.csv", lambda f: f.assign(n=f["n"] + ".0")))
    assert not cells["differs"].any()


@pytest.mark.parametrize(("left", "right"), [("50", "50.0"), ("-1", "-1.0")])
def test_a_key_is_the_same_where_another_row_lacks_it(edited, left, right, tmp_path):
    found = []
    for key in (left, right):
        results = edited("tables/table1.csv", lambda f, key=key: f.assign(learning_rate=key))
        found.append(compare_with_published(results)["cell"].tolist())
    assert found[0] == found[1]


@pytest.mark.parametrize("side", [0, 1])
def test_a_cell_of_one_folder_says_of_which(made, edited, side):
    folders = [made, edited("tables/table1.csv", lambda frame: frame.iloc[1:])]
    cells = compare_folders(*folders[:: 1 if side == 0 else -1])
    assert cells.loc[cells["differs"], "differs_in"].tolist() == [f"only in {'AB'[side]}"]


def test_a_table_of_no_record_is_no_result_and_is_named(made, results, capsys):
    tables = results / PLACE / "tables"
    shutil.copy(tables / "table1.csv", tables / "table9.csv")
    assert main(["diff", str(made), str(results)]) == 0
    note = f"not compared in {results}, of no record: {PLACE}/tables/table9.csv"
    assert note in capsys.readouterr().out.splitlines()


def test_a_table_that_is_gone_is_named(results, capsys):
    (results / PLACE / "tables" / "table1.csv").unlink()
    assert main(["diff", str(results), str(results)]) == 0
    note = f"{results}, named by its record and missing: {PLACE}/tables/table1.csv"
    assert note in capsys.readouterr().out


def test_a_record_that_was_edited_is_an_error(made, results, capsys):
    path = results / "toy.provenance.json"
    path.write_text(path.read_text(encoding="utf-8").replace("toy", "ytt", 1), encoding="utf-8")
    assert main(["diff", str(made), str(results)]) == 2
    assert "was changed after it was written" in capsys.readouterr().err


@pytest.mark.parametrize(("ours", "differs"), [(0.4996, False), (0.4994, True), (0.5004, False)])
def test_ours_differs_from_the_published_where_they_are_printed_differently(edited, ours, differs):
    results = edited("tables/table1.csv", lambda frame: frame.assign(value=ours))
    assert cell(compare_with_published(results), **TOP_1)["differs"] == differs


def test_published_numbers_are_ranked_as_they_are_printed(edited):
    # |0.3125 - 0.312| is 0.0005 and a little more in floats; both print 0.312
    results = edited("tables/table1.csv", lambda f: f.assign(value=0.3125, published=0.312))
    assert not compare_with_published(results)["differs"].any()


@pytest.mark.parametrize(
    ("csv", "says"),
    [
        (f"right/{PLACE}/tables/table1.csv", "is in folder B"),
        (f"left/{PLACE}/tables/new.csv", "is in folder A"),
        (f"right/{PLACE}/../toy/claims.csv", "is in folder B"),
        ("link.csv", "is in folder B"),
        ("hard.csv", "is in folder B"),
        (".", "is a folder"),
        ("left", "is folder A"),
        ("file/x.csv", "nothing can be written in"),
    ],
)
def test_a_comparison_is_not_written_over_what_it_compares(
    made, results, tmp_path, monkeypatch, capsys, csv, says
):
    shutil.copytree(made, tmp_path / "left")
    shutil.move(results, tmp_path / "right")
    (tmp_path / "link.csv").symlink_to(tmp_path / "right" / PLACE / "claims.csv")
    (tmp_path / "hard.csv").hardlink_to(tmp_path / "right" / PLACE / "claims.csv")
    (tmp_path / "file").write_text("a file", encoding="utf-8")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    monkeypatch.chdir(tmp_path)
    assert main(["diff", "left", "right", "--csv", csv]) == 2
    assert says in capsys.readouterr().err
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_comparison_with_the_published_is_not_written_into_its_folder(results, capsys):
    target = results / PLACE / "tables" / "table1.csv"
    before = target.read_bytes()
    assert main(["diff", str(results), "published", "--csv", str(target)]) == 2
    assert target.read_bytes() == before


def test_a_comparison_is_written_through_a_pipe(made, tmp_path, capsys):
    out = tmp_path / "pipe"
    os.mkfifo(out)
    reader = os.open(out, os.O_RDONLY | os.O_NONBLOCK)
    assert main(["diff", str(made), str(made), "--csv", str(out)]) == 0
    assert os.read(reader, 1000).startswith(b"table,cell,measure,left,right,difference,low,high,")
    os.close(reader)
    assert out.is_fifo()


def test_shares_come_before_epochs_whose_differences_are_larger(results):
    path = results / PLACE / "tables" / "table1.csv"
    table = pd.read_csv(path)
    epochs = table["measure"] == "top_2"
    table.loc[epochs, ["measure", "value", "published"]] = "epochs", 40.0, 90.0
    table.to_csv(path, index=False)
    cells = compare_with_published(results)
    listed = cells.loc[cells["differs"], "measure"].tolist()
    assert listed[0] != "epochs"
    assert listed[-1] == "epochs"


def test_the_command_ends_with_1_if_a_cell_differs_and_writes_every_cell(
    made, better, tmp_path, capsys
):
    assert main(["diff", str(made), str(better), "--csv", str(tmp_path / "diff.csv")]) == 1
    assert "beyond spread" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "diff.csv")) == len(compare_folders(made, better))
    assert main(["diff", str(made), "published"]) == 1


@pytest.mark.parametrize("content", [None, "", "a,b\n1,2\n", "group,measure\n1,2\n"])
def test_the_command_ends_with_2_after_an_error(made, results, capsys, content):
    path = results / PLACE / "tables" / "table1.csv"
    if content is None:
        results = results / "datasets"
    else:
        path.write_text(content, encoding="utf-8")
    assert main(["diff", str(made), str(results)]) == 2
    message = capsys.readouterr().err
    assert ("table1.csv" if content is not None else "holds no table") in message
