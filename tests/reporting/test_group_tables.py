"""Stacked tables, and tables by class and by subject."""

import pandas as pd
import pytest

from harmodels.errors import ConfigurationError, ResultsError
from harmodels.reporting.tables import TableSpec, read_table_csv, write_table_files
from harmodels.reporting.tables.latex import latex_table
from harmodels.reporting.tables.layout import MISSING
from harmodels.reporting.tables.markdown import markdown_table
from tests.reporting.entries import LAST, B, build_table, entry, printed, side

STACK = entry("top_k", checkpoint="last", measures=["epochs", "top_1"])
STACK |= {"experiments": ["b", "dropout", "baselines"]}
RECALL = entry("class_recall", LAST)
SUBJECTS = entry("subject_accuracy", LAST)
PEOPLE = pd.DataFrame({"id": [f"test/{i}" for i in range(10)], "subject": ["2"] * 4 + ["10"] * 6})


@pytest.fixture
def stacked(runs_of, with_accuracy):
    """Make a model, the same with dropout, and a baseline, which was not trained in epochs."""

    def make(replicates=1):
        every = dict.fromkeys(range(replicates), 0.5)
        known = {"replicates": replicates, "predictions": with_accuracy({"last": every})}
        dropout, model = {"hidden": 5, "dropout": 0.5}, {"model": "linear_svm"}
        return (
            runs_of(5, options={"dropout": 0}, **known)
            | runs_of(dropout, experiment="dropout", **known)
            | runs_of(model, experiment="baselines", epochs=0, **known)
        )

    return make


@pytest.fixture
def one(runs_with):
    """Make one configuration; of sequences of classes 0 1 2 3 4 5 0 1 2 3 the first are right."""

    def make(accuracies=None):
        accuracies = accuracies or {0: 0.5}
        return runs_with({5: {"last": accuracies}}, replicates=len(accuracies))

    return make


@pytest.mark.parametrize("replicates", [1, 3])
def test_stacked_rows_have_the_union_of_keys_and_fixed_ones_show_their_option(stacked, replicates):
    cells = build_table(STACK, stacked(replicates)).cells
    names = cells.loc[cells["measure"] == "top_1", ["hidden", "dropout", "model"]]
    assert names.astype(object).fillna("none").to_numpy().tolist() == [
        [5, 0, "none"],
        [5, 0.5, "none"],
        ["none", "none", "linear_svm"],
    ]


def test_what_was_not_trained_in_epochs_has_none(stacked):
    text = printed(STACK, stacked())
    assert f"| linear svm | {MISSING} | **0.500** |" in text


def test_published_rows_are_told_apart_by_options_that_the_experiment_fixes(stacked):
    columns = {"hidden": [5, 5], "dropout": [0, 0.5], "top1": [0.91, 0.92]}
    spec = STACK | {"published": "t.csv", "unpublished": ["model"]}
    cells = build_table(spec, stacked(), {"t.csv": pd.DataFrame(columns)}).cells
    cells = cells.query("measure == 'top_1'")
    assert cells["published"].tolist()[:2] == [0.91, 0.92]
    assert cells["published"].isna().tolist() == [False, False, True]
    del spec["unpublished"]
    with pytest.raises(ConfigurationError, match="no column 'model'.*unpublished"):
        build_table(spec, stacked(), {"t.csv": pd.DataFrame(columns)})


def test_titles_of_experiments_are_a_column_with_their_own_checkpoints(runs_with):
    runs = runs_with({5: {"last": {0: 0.4}, "best": {0: 0.7}}}, replicates=1)
    parts = [B | {"title": "Last"}, side("best", "Best")]
    text = printed(STACK | {"experiments": parts}, runs)
    assert "| Experiment | Hidden units |" in text
    assert "| Last | 5 | 12 | 0.400 |" in text
    assert "| Best | 5 | 12 | **0.700** |" in text


def test_rows_that_cannot_be_told_apart_are_refused(stacked):
    with pytest.raises(ConfigurationError, match="give their experiments a `title`"):
        build_table(STACK | {"experiments": ["b", {"experiment": "b"}]}, stacked(), {})


def test_a_top_k_table_of_the_training_set_reads_those_predictions(runs_of):
    runs = runs_of(5, splits=("train",), replicates=1, skill=50.0)
    spec = STACK | {"experiments": ["b"], "measures": ["top_1"]}
    assert build_table(spec | {"split": "train"}, runs).cells["value"].tolist() == [1.0]
    assert build_table(spec, runs).cells["n"].tolist() == [0]


def test_the_share_of_the_most_predicted_class_has_no_best(stacked):
    spec = STACK | {"measures": ["most_predicted_share"]}
    assert set(build_table(spec, stacked()).cells["mark"]) == {""}


def test_sides_of_other_keys_are_one_row_that_says_how_they_differ(stacked):
    right = side(title="Dropped") | {"experiment": "dropout"}
    sides = entry("side_by_side", left=side(title="Plain"), right=right, measures=["top_1"])
    lines = printed(sides, stacked()).splitlines()
    assert lines[2:3] + lines[4:] == [
        "| Hidden units | Plain (dropout 0): Top-1 | Dropped (dropout 0.5): Top-1 |",
        "| 5 | 0.500 | 0.500 |",
    ]


def test_the_recall_of_each_class_is_a_column(one):
    text = printed(RECALL, one())
    assert "| Hidden units | Downstairs | Laying | Sitting |" in text
    assert text.splitlines()[-1] == "| 5 | 0.500 | 0.500 | 0.500 | 0.500 | 1.000 | 0.000 |"


def test_recall_over_replicates_has_an_interval(one):
    cells = build_table(RECALL, one({0: 0.5, 1: 0.5, 2: 0.7})).cells
    assert cells["n"].tolist() == [3] * 6
    assert cells["value"].iloc[0] == pytest.approx(2 / 3)
    assert (cells["high"] > cells["value"]).iloc[0]


def test_a_class_without_sequences_is_a_dash(runs_of, with_accuracy):
    predictions = with_accuracy({"last": {0: 0.5}}).query("label != 5")
    text = printed(RECALL, runs_of(5, predictions=predictions, replicates=1))
    assert text.splitlines()[-1] == f"| 5 | 0.500 | 0.500 | 0.500 | 0.500 | 1.000 | {MISSING} |"


@pytest.mark.parametrize("accuracies", [{0: 0.5}, {0: 0.5, 1: 0.6, 2: 0.4}])
def test_subjects_are_columns_in_their_natural_order(one, accuracies):
    table = build_table(SUBJECTS, one(accuracies), subjects=PEOPLE)
    assert "| Hidden units | Subject 2 | Subject 10 |" in markdown_table(table)
    assert table.cells["value"].tolist() == pytest.approx([1.0, 1 / 6])


def test_a_table_of_subjects_can_be_turned(one):
    text = printed(SUBJECTS | {"rows": "subjects"}, one(), subjects=PEOPLE)
    assert text.splitlines()[2:] == [
        "| Subject | Sequences | Accuracy |",
        "| ---: | ---: | ---: |",
        "| 2 | 4 | 1.000 |",
        "| 10 | 6 | 0.167 |",
    ]


def test_a_sequence_without_a_subject_or_a_table_without_them_is_refused(one):
    with pytest.raises(ResultsError, match="no subject is known"):
        build_table(SUBJECTS, one(), subjects=PEOPLE.iloc[:4])
    with pytest.raises(ConfigurationError, match="needs the subjects"):
        build_table(SUBJECTS, one())


@pytest.mark.parametrize("spec", [RECALL, SUBJECTS, SUBJECTS | {"rows": "subjects"}])
def test_these_tables_read_back_from_csv_to_the_same_files(one, tmp_path, spec):
    table = build_table(spec, one({0: 0.5, 1: 0.6}), subjects=PEOPLE)
    write_table_files(table, tmp_path / "t")
    again = read_table_csv(tmp_path / "t.csv", TableSpec.read(spec))
    assert markdown_table(again) == (tmp_path / "t.md").read_text()
    assert latex_table(again) == (tmp_path / "t.tex").read_text()
