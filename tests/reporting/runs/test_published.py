"""What a report printed, as runs of one replicate that the code for ours measures."""

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
from harmodels.reporting.runs.published import (
    counterpart,
    load_published,
    published_measure,
    read_published,
)
from tests.reporting.entries import (
    LAST,
    B,
    build_table,
    draw_figure,
    entry,
    evaluate_claims,
    losses,
    printed,
    side,
)

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
METRIC = "binary_cross_entropy_per_class"


def read(entries, content=CONTENT):
    files = {name: pd.read_csv(io.StringIO(text)) for name, text in content.items()}
    return read_published(read_published_runs(entries), files)


@pytest.fixture
def theirs():
    return read(ENTRIES)


@pytest.fixture
def ours(runs_of, with_accuracy):
    predictions = with_accuracy({"last": {0: 0.5, 1: 0.6, 2: 0.7}}, classes=2)
    levels = dict.fromkeys(("train", "validation"), lambda r: [2 * (0.4 + 0.1 * r)] * 3)
    history = losses("binary_cross_entropy", 3, **levels)
    classes = ["walking", "sitting"]
    return runs_of(50, 60, predictions=predictions, history=history, classes=classes)


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


def test_without_a_table_a_matrix_gives_the_first_answers():
    (run,) = read({"b": {"confusions": {"last": "matrices.csv"}}})["b"]
    assert published_measure(run, "top_1", "last") == pytest.approx(15 / 20)


def test_curves_are_a_history(theirs):
    run = theirs["b"][0]
    assert curve(run, METRIC, "validation")["value"].tolist() == [0.6, 0.5, 0.7]
    assert not has_curve(theirs["b"][1], METRIC, "train")


def test_a_counterpart_is_found_by_settings_and_takes_our_order_of_classes(ours, theirs):
    found = counterpart(ours["b"][0], theirs)
    assert found.classes == ("walking", "sitting")
    assert recall_of(found, "walking", "last")["value"].item() == pytest.approx(0.6)
    assert counterpart(ours["b"][0], {}) is None


def test_options_that_the_files_do_not_name_tell_whose_counterpart_it_is(ours, write_run, tmp_path):
    theirs = read({"b": {**ENTRIES["b"], "where": {"clip": 0.5}}})
    assert counterpart(ours["b"][0], theirs) is None
    clipped = load_run(write_run(tmp_path / "clipped", "b", {"hidden": 50}, options={"clip": 0.5}))
    assert counterpart(clipped, theirs) is not None


def test_other_classes_keep_their_own_names(runs_of, theirs):
    assert counterpart(runs_of(50)["b"][0], theirs).classes == ("sitting", "walking")


def test_tables_show_published_recalls_confusions_and_shares(ours, theirs):
    text = printed(entry("class_recall", LAST), ours, published=theirs)
    assert "(0.600)" in text
    assert "(0.900)" in text
    confusions = entry("confusions", LAST, where={"hidden": 50})
    text = printed(confusions, ours, published=theirs)
    assert "| sitting | walking |" in text
    assert "(1.000) |" in text  # of ten sequences of sitting one
    assert "(0.100) |" in text
    top = entry("top_k", LAST, measures=["top_1", "recall_sitting"])
    cells = build_table(top, ours, published=theirs).cells
    assert cells.loc[cells["measure"] == "recall_sitting", "published"].tolist()[0] == 0.9


def test_published_rows_stand_below_ours_each_or_as_their_mean(ours, theirs):
    rows = [
        B | {"title": "Published", "rows": "mean"},
        B | {"where": {"hidden": 60}, "title": "One of them"},
    ]
    measures = ["top_1", "train_loss", "early_stop_epoch"]
    table = entry("top_k", LAST, measures=measures, published_rows=rows)
    text = printed(table, ours, published=theirs)
    assert "| B | 50 | **0.600" in text
    # the mean is no cell that ours are ranked with
    assert "| Published | – | 0.550 [0.400, 0.700] | – | 1.5 [1, 2] |" in text  # noqa: RUF001
    assert "| One of them | 60 | 0.400 | – | 1 |" in text  # noqa: RUF001
    assert "Mean over 3 replicates" in text


def test_closeness_is_the_distance_of_each_replicate_from_the_published(ours, theirs):
    curves = [B | {"title": "F2", "metric": METRIC}]
    table = entry("closeness", curves=curves, matrices=[side(title="F5")])
    cells = build_table(table, ours, published=theirs).cells
    cells = cells.set_index(["figure", "hidden", "measure"])
    # losses of 0.4, 0.5 and 0.6 beside 0.5, 0.4 and 0.3
    expected = (0.2 / 3 + 0.3 / 3 + 0.6 / 3) / 3
    assert cells.loc[("F2", 50, "train_distance"), "value"] == pytest.approx(expected)
    assert cells.loc[("F2", 50, "own_train_distance"), "value"] == pytest.approx(0.4 / 3)
    assert cells.loc[("F2", 60, "train_distance"), "n"] == 0
    assert cells.loc[("F5", 50, "most_predicted_share"), "published"] == pytest.approx(13 / 20)
    assert 0 < cells.loc[("F5", 50, "row_distance"), "value"] < 1
    assert cells.loc[("F5", 60, "row_distance"), "n"] == 0


def test_the_same_network_is_at_no_distance(theirs):
    table = entry("closeness", matrices=[side(title="F", hidden=50)])
    cells = build_table(table, theirs, published=theirs).cells.set_index("measure")
    assert cells.loc["row_distance", "value"] == 0


def test_stopping_rules_say_which_printed_epochs_they_meet(theirs):
    rules = entry("stopping_rules", published_run="b", metric=METRIC)
    cells = build_table(rules, {}, published=theirs).cells.set_index(["rule", "measure"])["value"]
    assert cells["Printed", "hidden units 50"] == 2
    assert cells["Rank of that epoch in the validation loss", "hidden units 50"] == 1
    assert cells["Lowest validation loss", "Printed epochs met"] == 1
    assert cells["Lowest training loss", "hidden units 50"] == 3
    assert cells["Last epoch", "Printed epochs met"] == 1  # 3 is beside 2
    with pytest.raises(ResultsError, match="no published configuration of 'b' has the training"):
        build_table(rules | {"metric": "squared_error"}, {}, published=theirs)


def rules_of(*losses):
    """Return the cells of stopping rules in curves of (training, validation) losses."""
    head = CONTENT["curves.csv"].split("\n")[0]
    lines = [f"50,{e},{a},{b}" for e, (a, b) in enumerate(losses, start=1)]
    given = CONTENT | {"curves.csv": "\n".join([head, *lines]) + "\n"}
    theirs = read({"b": {"table": "table.csv", "curves": "curves.csv"}}, given)
    table = build_table(
        entry("stopping_rules", published_run="b", metric=METRIC), {}, None, None, theirs
    )
    return table.cells.set_index(["measure", "rule"])["value"]["hidden units 50"]


def test_stopping_rules_take_the_first_of_equal_differences():
    cells = rules_of((0.6, 0.9), (0.2, 0.5), (0.1, 0.9))  # 0.9 - 0.6 is above 0.5 - 0.2 in floats
    assert cells["Losses nearest to each other"] == 1
    assert cells["Validation loss most below training loss"] == 1
    assert cells["Validation loss most above training loss"] == 3


def test_a_loss_that_is_lower_by_0_01_is_not_lower_by_more():
    cells = rules_of((0.6, 0.9), (0.2, 0.1), (0.1, 0.09))  # 0.09 < 0.1 - 0.01 in floats
    assert cells["Epochs of a loss lower by more than 0.01"] == 0


def test_a_published_verdict_is_computed_and_a_typed_one_stays_without_data(ours, theirs):
    recall = {"statement": "S", "kind": "recall", "class": "sitting", "at_least": 0.95} | LAST
    sides = {"left": side(hidden=60), "right": side(hidden=50)}
    worse = {"statement": "S", "kind": "comparison", "metric": "top_1", "expected": "less"} | sides
    claims = {"sitting": recall | {"published": {"source": "Figure 5"}}, "larger_worse": worse}
    ledger = evaluate_claims(claims, ours, theirs).set_index("id")
    assert ledger["published_verdict"].tolist() == ["does not hold", "holds"]
    assert ledger["published_value"].tolist() == pytest.approx([0.9, -0.3])
    assert ledger.loc["sitting", "published_source"] == "Figure 5"
    typed = recall | {"published": {"verdict": "holds", "source": "the text"}}
    assert evaluate_claims({"c": typed}, ours).loc[0, "published_verdict"] == "holds"


def test_figures_draw_the_published_curve_and_matrix(ours, theirs):
    figure = draw_figure(entry("confusion", LAST), ours, None, theirs)
    titles = [axes.get_title() for axes in figure.axes[:4]]
    assert [title.split("\n")[-1] for title in titles] == ["ours", "published"] * 2
    assert "not published" in [text.get_text() for text in figure.axes[3].texts]
    curves = entry("train_against_validation", B, metric=METRIC)
    figure = draw_figure(curves, ours, None, theirs)
    drawn = [line for line in figure.axes[0].lines if line.get_gid() == "published"]
    assert [line.get_ydata().tolist() for line in drawn] == [[0.5, 0.4, 0.3], [0.6, 0.5, 0.7]]
    assert "published" in [text.get_text() for text in figure.legends[0].texts]
    pairs = entry("confusion_pairs", left=side(title="L", hidden=50))
    pairs |= {"right": side(title="R", hidden=50)}
    titles = [axes.get_title() for axes in draw_figure(pairs, ours, None, theirs).axes[:4]]
    assert [title.split("\n")[-1] for title in titles] == [
        *("L, ours", "R, ours", "L, published", "R, published")
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
        report = yaml.safe_load(REPORT)
        files = dict(CONTENT)
        change(report, files)
        reports, published = (tmp_path / "config" / name for name in ("reports", "published"))
        reports.mkdir(parents=True)
        published.mkdir()
        (reports / "toy.yaml").write_text(yaml.safe_dump(report))
        for name, text in files.items():
            (published / name).write_text(text)
        plan = {"name": "toy", "reports": {"toy": {"datasets": ["simulated"]}}}
        return parse_project(plan, tmp_path)

    return read


def test_a_typed_verdict_stays_where_no_data_exist(parse):
    assert parse(lambda report, files: None).reports["toy"].published_runs["b"]


def in_report(place, **keys):
    def change(report, files):
        part = report
        for key in place.split("."):
            part = part[key]
        part.update(keys)

    return change


def in_file(name, old, new):
    return lambda report, files: files.update({name: files[name].replace(old, new)})


WRONG = {
    "typed verdict": (
        in_report("claims.high.published", verdict="holds"),
        "claims.high: `published` types a verdict or a value",
    ),
    "unknown experiment": (in_report("published_runs", c=ENTRIES["b"]), "published_runs.c: "),
    "no such file": (
        in_report("published_runs.b", curves="curve.csv"),
        "no published file 'curve.csv' (did you mean 'curves.csv'?)",
    ),
    "no epochs": (
        in_file("curves.csv", "epoch", "step"),
        "published file 'curves.csv' has no column 'epoch'",
    ),
    "other rows than columns": (
        in_file("matrices.csv", "50,walking", "50,running"),
        "'matrices.csv': the rows are of sitting, running",
    ),
    "other keys": (
        in_file("matrices.csv", "hidden", "units"),
        "'matrices.csv' has the keys units, but 'table.csv' has hidden",
    ),
    "no published run": (
        in_report("tables.rules", published_run="d"),
        "tables.rules: there is no entry 'd' under published_runs",
    ),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_published_runs_that_cannot_be_are_refused(parse, change, message):
    with pytest.raises(ConfigurationError) as caught:
        parse(change)
    assert "config/reports/toy.yaml" in str(caught.value)
    assert message in str(caught.value)
