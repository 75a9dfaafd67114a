"""What a report printed, as runs of one replicate that the code for ours measures."""

import copy
import io
from pathlib import Path

import pandas as pd
import pytest
import yaml

from harmodels.config.published import read_published_runs
from harmodels.errors import ConfigurationError, ResultsError
from harmodels.pipeline.project import parse_project
from harmodels.reporting.runs.load import load_run
from harmodels.reporting.runs.measures import column, curve, has_curve, recall_of
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.runs.published import (
    counterpart,
    load_published,
    published_measure,
    read_published,
)
from harmodels.reporting.tables.markdown import markdown_table
from tests.reporting.entries import build_table, draw_figure, evaluate_claims

ENTRIES = {
    "b": {"table": "table.csv", "curves": "curves.csv", "confusions": {"last": "matrices.csv"}}
}
CONTENT = {
    "table.csv": "hidden,top1,top2,early_stop_epoch\n50,0.7,0.9,2\n60,0.4,0.8,1\n",
    "curves.csv": (
        "hidden,epoch,train_binary_cross_entropy_per_class,"
        "validation_binary_cross_entropy_per_class\n"
        "50,1,0.5,0.6\n50,2,0.4,0.5\n50,3,0.3,0.7\n"
    ),
    "matrices.csv": "hidden,true_class,sitting,walking\n50,sitting,9,1\n50,walking,4,6\n",
}
CLASSES = ["walking", "sitting"]


@pytest.fixture
def theirs():
    return read_published(
        read_published_runs(ENTRIES),
        {name: pd.read_csv(io.StringIO(text)) for name, text in CONTENT.items()},
    )


@pytest.fixture
def ours(write_run, tmp_path, with_accuracy):
    predictions = with_accuracy({"last": {0: 0.5, 1: 0.6, 2: 0.7}}, classes=2)
    history = pd.DataFrame(
        [
            (replicate, epoch, split, "binary_cross_entropy", 2 * (0.4 + 0.1 * replicate))
            for replicate in range(3)
            for epoch in (1, 2, 3)
            for split in ("train", "validation")
        ],
        columns=["replicate", "epoch", "split", "metric", "value"],
    )
    content = {"predictions": predictions, "history": history, "classes": CLASSES}
    return load_runs(
        [write_run(tmp_path, "b", {"hidden": hidden}, **content) for hidden in (50, 60)]
    )


def test_a_printed_number_goes_before_what_the_matrix_gives(theirs):
    assert published_measure(theirs["b"][0], "top_1", "last") == 0.7
    assert column(theirs["b"][0], "early_stop_epoch", "last")["value"].item() == 2


def test_a_matrix_gives_recalls_and_shares_by_the_code_for_ours(theirs):
    run = theirs["b"][0]
    assert recall_of(run, "sitting", "last")["value"].item() == pytest.approx(0.9)
    assert published_measure(run, "most_predicted_share", "last") == pytest.approx(13 / 20)
    assert published_measure(run, "most_predicted_share_without_sitting", "last") == 0.6


def test_a_matrix_says_nothing_of_second_answers_other_weights_and_other_sequences(theirs):
    run = theirs["b"][0]
    assert published_measure(run, "top_3", "last") is None
    assert published_measure(run, "recall_sitting", "best") is None
    assert published_measure(run, "top_1", "last", "train") is None


def test_without_a_table_a_matrix_gives_the_first_answers(theirs):
    entry = {"b": {"confusions": {"last": "matrices.csv"}}}
    files = {"matrices.csv": pd.read_csv(io.StringIO(CONTENT["matrices.csv"]))}
    (run,) = read_published(read_published_runs(entry), files)["b"]
    assert published_measure(run, "top_1", "last") == pytest.approx(15 / 20)


def test_curves_are_a_history(theirs):
    run = theirs["b"][0]
    metric = "binary_cross_entropy_per_class"
    assert curve(run, metric, "validation")["value"].tolist() == [0.6, 0.5, 0.7]
    assert not has_curve(theirs["b"][1], metric, "train")


def test_a_counterpart_is_found_by_settings_and_takes_our_order_of_classes(ours, theirs):
    found = counterpart(ours["b"][0], theirs)
    assert found.classes == ("walking", "sitting")
    assert recall_of(found, "walking", "last")["value"].item() == pytest.approx(0.6)
    assert counterpart(ours["b"][0], {}) is None


def test_options_that_the_files_do_not_name_tell_whose_counterpart_it_is(ours, write_run, tmp_path):
    files = {name: pd.read_csv(io.StringIO(text)) for name, text in CONTENT.items()}
    theirs = read_published(
        read_published_runs({"b": {**ENTRIES["b"], "where": {"clip": 0.5}}}), files
    )
    assert counterpart(ours["b"][0], theirs) is None
    clipped = load_run(write_run(tmp_path / "clipped", "b", {"hidden": 50}, options={"clip": 0.5}))
    assert counterpart(clipped, theirs) is not None


def test_other_classes_keep_their_own_names(write_run, tmp_path, theirs):
    run = load_run(write_run(tmp_path, "b", {"hidden": 50}))
    assert counterpart(run, theirs).classes == ("sitting", "walking")


def test_tables_show_published_recalls_confusions_and_shares(ours, theirs):
    recall = {"title": "T", "kind": "class_recall", "experiment": "b", "checkpoint": "last"}
    text = markdown_table(build_table(recall, ours, {}, None, theirs))
    assert "(0.600)" in text
    assert "(0.900)" in text
    confusions = {**recall, "kind": "confusions", "where": {"hidden": 50}}
    text = markdown_table(build_table(confusions, ours, {}, None, theirs))
    assert "| sitting | walking |" in text
    assert "(1.000) |" in text  # of ten sequences of sitting one
    assert "(0.100) |" in text
    top = {**recall, "kind": "top_k", "measures": ["top_1", "recall_sitting"]}
    cells = build_table(top, ours, {}, None, theirs).cells
    assert cells.loc[cells["measure"] == "recall_sitting", "published"].tolist()[0] == 0.9


def test_published_rows_stand_below_ours_each_or_as_their_mean(ours, theirs):
    entry = {
        "title": "T",
        "kind": "top_k",
        "experiment": "b",
        "checkpoint": "last",
        "measures": ["top_1", "train_loss", "early_stop_epoch"],
        "published_rows": [
            {"experiment": "b", "title": "Published", "rows": "mean"},
            {"experiment": "b", "where": {"hidden": 60}, "title": "One of them"},
        ],
    }
    text = markdown_table(build_table(entry, ours, {}, None, theirs))
    assert "| B | 50 | **0.600" in text
    # the mean is no cell that ours are ranked with
    assert "| Published | – | 0.550 [0.400, 0.700] | – | 1.5 [1, 2] |" in text  # noqa: RUF001
    assert "| One of them | 60 | 0.400 | – | 1 |" in text  # noqa: RUF001
    assert "Mean over 3 replicates" in text


def test_closeness_is_the_distance_of_each_replicate_from_the_published(ours, theirs):
    entry = {
        "title": "T",
        "kind": "closeness",
        "curves": [{"experiment": "b", "title": "F2", "metric": "binary_cross_entropy_per_class"}],
        "matrices": [{"experiment": "b", "checkpoint": "last", "title": "F5"}],
    }
    cells = build_table(entry, ours, {}, None, theirs).cells.set_index(
        ["figure", "hidden", "measure"]
    )
    # losses of 0.4, 0.5 and 0.6 beside 0.5, 0.4 and 0.3
    expected = (0.2 / 3 + 0.3 / 3 + 0.6 / 3) / 3
    assert cells.loc[("F2", 50, "train_distance"), "value"] == pytest.approx(expected)
    assert cells.loc[("F2", 50, "own_train_distance"), "value"] == pytest.approx(0.4 / 3)
    assert cells.loc[("F2", 60, "train_distance"), "n"] == 0
    assert cells.loc[("F5", 50, "most_predicted_share"), "published"] == pytest.approx(13 / 20)
    assert 0 < cells.loc[("F5", 50, "row_distance"), "value"] < 1
    assert cells.loc[("F5", 60, "row_distance"), "n"] == 0


def test_the_same_network_is_at_no_distance(theirs):
    entry = {
        "title": "T",
        "kind": "closeness",
        "matrices": [
            {"experiment": "b", "where": {"hidden": 50}, "checkpoint": "last", "title": "F"}
        ],
    }
    cells = build_table(entry, theirs, {}, None, theirs).cells.set_index("measure")
    assert cells.loc["row_distance", "value"] == 0


def test_stopping_rules_say_which_printed_epochs_they_meet(theirs):
    entry = {
        "title": "T",
        "kind": "stopping_rules",
        "published_run": "b",
        "metric": "binary_cross_entropy_per_class",
    }
    cells = build_table(entry, {}, {}, None, theirs).cells.set_index(["rule", "measure"])["value"]
    assert cells["Printed", "hidden units 50"] == 2
    assert cells["Rank of that epoch in the validation loss", "hidden units 50"] == 1
    assert cells["Lowest validation loss", "Printed epochs met"] == 1
    assert cells["Lowest training loss", "hidden units 50"] == 3
    assert cells["Last epoch", "Printed epochs met"] == 1  # 3 is beside 2


def test_stopping_rules_without_curves_of_the_metric_are_refused(theirs):
    entry = {
        "title": "T",
        "kind": "stopping_rules",
        "published_run": "b",
        "metric": "squared_error",
    }
    with pytest.raises(ResultsError, match="no published configuration of 'b' has the training"):
        build_table(entry, {}, {}, None, theirs)


def test_a_published_verdict_is_computed_and_decides_by_side(ours, theirs):
    claims = {
        "sitting": {
            "statement": "S",
            "kind": "recall",
            "experiment": "b",
            "checkpoint": "last",
            "class": "sitting",
            "at_least": 0.95,
            "published": {"source": "Figure 5"},
        },
        "larger_worse": {
            "statement": "S",
            "kind": "comparison",
            "left": {"experiment": "b", "checkpoint": "last", "where": {"hidden": 60}},
            "right": {"experiment": "b", "checkpoint": "last", "where": {"hidden": 50}},
            "metric": "top_1",
            "expected": "less",
        },
    }
    ledger = evaluate_claims(claims, ours, theirs).set_index("id")
    assert ledger.loc["sitting", "published_verdict"] == "does not hold"
    assert ledger.loc["sitting", "published_value"] == pytest.approx(0.9)
    assert ledger.loc["sitting", "published_source"] == "Figure 5"
    assert ledger.loc["larger_worse", "published_verdict"] == "holds"
    assert ledger.loc["larger_worse", "published_value"] == pytest.approx(-0.3)


def test_without_published_data_the_typed_verdict_stays(ours):
    claim = {
        "statement": "S",
        "kind": "recall",
        "experiment": "b",
        "checkpoint": "last",
        "class": "sitting",
        "at_least": 0.95,
        "published": {"verdict": "holds", "source": "the text"},
    }
    assert evaluate_claims({"c": claim}, ours).loc[0, "published_verdict"] == "holds"


def test_figures_draw_the_published_curve_and_matrix(ours, theirs):
    matrices = {"title": "T", "kind": "confusion", "experiment": "b", "checkpoint": "last"}
    figure = draw_figure(matrices, ours, None, theirs)
    titles = [axes.get_title() for axes in figure.axes[:4]]
    assert [title.split("\n")[-1] for title in titles] == ["ours", "published"] * 2
    assert "not published" in [text.get_text() for text in figure.axes[3].texts]
    curves = {
        "title": "T",
        "kind": "train_against_validation",
        "experiment": "b",
        "metric": "binary_cross_entropy_per_class",
    }
    figure = draw_figure(curves, ours, None, theirs)
    drawn = [line for line in figure.axes[0].lines if line.get_gid() == "published"]
    assert [line.get_ydata().tolist() for line in drawn] == [[0.5, 0.4, 0.3], [0.6, 0.5, 0.7]]
    assert "published" in [text.get_text() for text in figure.legends[0].texts]


def test_pairs_stand_beside_the_published_pair(ours, theirs):
    side = {"experiment": "b", "checkpoint": "last", "where": {"hidden": 50}}
    entry = {
        "title": "T",
        "kind": "confusion_pairs",
        "left": {**side, "title": "Left"},
        "right": {**side, "title": "Right"},
    }
    titles = [axes.get_title() for axes in draw_figure(entry, ours, None, theirs).axes[:4]]
    assert [title.split("\n")[-1] for title in titles] == [
        "Left, ours",
        "Right, ours",
        "Left, published",
        "Right, published",
    ]


def test_matrices_of_the_reports_sum_to_their_classes_and_agree_with_their_tables(
    read_report, repository
):
    """Every printed accuracy but two is that of its matrix, cut or rounded to three decimals."""
    folder = repository / "config" / "published"
    off = []
    for key, each in (("rnn_tbptt", {600}), ("mlp_features", {2947})):
        entries = read_report(key)["published_runs"]
        for name, group in load_published(read_published_runs(entries), folder).items():
            (checkpoint,) = entries[name]["confusions"]
            for run in group:
                if run.predictions.empty:
                    continue
                assert {len(run.predictions)} == each
                scores = run.predictions[[f"score_{c}" for c in range(6)]].to_numpy()
                right = (scores.argmax(1) == run.predictions["label"]).mean()
                printed = published_measure(run, "top_1", checkpoint)
                if printed is not None and not -0.0006 < right - printed < 0.001:
                    off.append((name, printed, round(right * 600)))
    assert off == [("part_b", 0.529, 317), ("part_c", 0.44, 265)]


REPORT = """
title: T
training: truncated_bptt
draw: {train_per_class: 4, test_per_class: 2, validation_per_class: 1}
experiments:
  b: {title: B, validation: true, grid: {hidden: [50, 60]}, options: {learning_rate: 0.1, epochs: 2, window: 5}}
published_runs:
  b: {table: table.csv, curves: curves.csv, confusions: {last: matrices.csv}}
tables:
  rules: {title: T, kind: stopping_rules, published_run: b, metric: binary_cross_entropy_per_class}
claims:
  high: {statement: S, kind: recall, experiment: b, checkpoint: last, class: sitting, at_least: 0.9, published: {source: Figure 5}}
  best: {statement: S, kind: recall, experiment: b, checkpoint: best, class: sitting, at_least: 0.9, published: {verdict: holds}}
"""  # noqa: E501


@pytest.fixture
def parse(tmp_path: Path, repository: Path):
    """Parse a project whose report and published files are changed by a function."""

    def read(change):
        report = copy.deepcopy(yaml.safe_load(REPORT))
        files = dict(CONTENT)
        change(report, files)
        (tmp_path / "config" / "published").mkdir(parents=True)
        (tmp_path / "config" / "reports").mkdir()
        (tmp_path / "config" / "reports" / "toy.yaml").write_text(yaml.safe_dump(report))
        for name, text in files.items():
            (tmp_path / "config" / "published" / name).write_text(text)
        plan = {"name": "toy", "reports": {"toy": {"datasets": ["simulated"]}}}
        return parse_project(plan, tmp_path)

    return read


def test_a_typed_verdict_stays_where_no_data_exist(parse):
    assert parse(lambda report, files: None).reports["toy"].published_runs["b"]


def _typed(report, files):
    report["claims"]["high"]["published"] = {"verdict": "holds", "source": "Figure 5"}


def _unknown(report, files):
    report["published_runs"]["c"] = report["published_runs"].pop("b")


def _no_file(report, files):
    report["published_runs"]["b"]["curves"] = "curve.csv"


def _no_epoch(report, files):
    files["curves.csv"] = files["curves.csv"].replace("epoch", "step")


def _rows(report, files):
    files["matrices.csv"] = files["matrices.csv"].replace("50,walking", "50,running")


def _keys(report, files):
    files["matrices.csv"] = files["matrices.csv"].replace("hidden", "units")


def _no_run(report, files):
    report["tables"]["rules"]["published_run"] = "d"


WRONG = {
    "typed verdict": (_typed, "claims.high: `published` types a verdict or a value"),
    "unknown experiment": (_unknown, "published_runs.c: "),
    "no such file": (_no_file, "no published file 'curve.csv' (did you mean 'curves.csv'?)"),
    "no epochs": (_no_epoch, "published file 'curves.csv' has no column 'epoch'"),
    "other rows than columns": (_rows, "'matrices.csv': the rows are of sitting, running"),
    "other keys": (_keys, "'matrices.csv' has the keys units, but 'table.csv' has hidden"),
    "no published run": (_no_run, "tables.rules: there is no entry 'd' under published_runs"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_published_runs_that_cannot_be_are_refused(parse, change, message):
    with pytest.raises(ConfigurationError) as caught:
        parse(change)
    assert "config/reports/toy.yaml" in str(caught.value)
    assert message in str(caught.value)
