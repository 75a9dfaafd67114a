import numpy as np
import pandas as pd
import pytest
from scipy import stats

from harmodels.cli import main
from harmodels.evaluation.statistics import mean_interval
from harmodels.provenance.diff import compare_folders, compare_with_published, diff_lines
from harmodels.reporting.runs.load import load_run
from harmodels.reporting.runs.measures import prediction_measure

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
    assert lines[-1].startswith(f"{len(sizes)} of {len(cells)} cells differ in 1 table")
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
