# ruff: noqa: E501 - a table of inputs and messages, a line each
"""What a report's tables, figures and claims name must exist while the configuration is read."""

import re

import pytest
import yaml

from harmodels.errors import ConfigurationError
from harmodels.pipeline.project import parse_project
from harmodels.reporting.claims import ClaimSpec
from harmodels.reporting.figures import FigureSpec
from harmodels.reporting.tables import TableSpec

REPORT = """
title: T
training: truncated_bptt
draw: {train_per_class: 4, test_per_class: 2, validation_per_class: 1}
experiments:
  plain: {title: P, validation: false, grid: {hidden: [4, 8], window: [5, 10]}, options: {learning_rate: 0.1, epochs: 2}}
  held_out: {title: H, validation: true, grid: {hidden: [4, 8]}, options: {learning_rate: 0.1, epochs: 2, window: 5}}
tables:
  pair:
    title: T
    kind: side_by_side
    left: {experiment: plain, where: {window: 5}, checkpoint: last, title: L}
    right: {experiment: held_out, checkpoint: best, title: R}
  top: {title: T, kind: top_k, experiment: plain, checkpoint: last, published: ours.csv}
  both: {title: T, kind: last_against_best, experiment: held_out}
  chosen: {title: T, kind: choices, experiments: [held_out], choose: validation_loss, checkpoint: last}
  mixed: {title: T, kind: confusions, experiment: plain, where: {hidden: 4, window: 5}, checkpoint: last}
figures:
  loss: {title: T, kind: loss_by_option, experiment: plain, option: hidden, metric: binary_cross_entropy}
  sweep: {title: T, kind: sweep, panels: [{experiment: held_out, option: hidden}], checkpoint: last}
  bars: {title: T, kind: recall_bars, checkpoint: last, runs: [{experiment: held_out, where: {hidden: 4}, title: A}]}
claims:
  best:
    statement: S
    kind: best
    experiment: held_out
    checkpoint: last
    best: {hidden: 8}
    metric: top_1
    expected: greater
  loss:
    statement: S
    kind: comparison
    left: {experiment: plain, where: {window: 5}}
    right: {experiment: plain, where: {window: 10}}
    metric: min_loss
    loss: {split: train, metric: binary_cross_entropy}
    expected: less
  both:
    statement: S
    kind: interaction
    experiment: plain
    effect_of: {hidden: 8}
    against: {hidden: 4}
    at: {window: 10}
    elsewhere: {window: 5}
    metric: final_slope
    loss: {split: train, metric: binary_cross_entropy}
    expected: less
  taken: {statement: S, kind: mistaken_for, experiment: plain, checkpoint: last, classes: [sitting], answer: standing, expected: greater}
"""


BEND = {"statement": "S", "kind": "straight", "margin": 0.1}
BEND |= {"experiment": "held_out", "option": "hidden", "checkpoint": "last", "metric": "top_1"}
LINE = {key: value for key, value in BEND.items() if key != "margin"}
LINE |= {"kind": "trend", "expected": "greater"}
TIME = {"title": "T", "kind": "sweep_time"}
TIME |= {"panels": [{"experiment": "held_out", "option": "hidden"}]}
THREE = {"experiments.held_out.grid.hidden": [4, 8, 16]}


@pytest.fixture
def read(tmp_path):
    """Read a project whose only report has some entries changed, each by its dotted path."""
    published, file = (tmp_path / "config" / p for p in ("published", "reports/toy.yaml"))
    published.mkdir(parents=True)
    file.parent.mkdir()
    (published / "ours.csv").write_text("hidden,window,top1\n4,5,0.5\n")
    (published / "other.csv").write_text("hidden,top1\n4,0.5\n")

    def parse(changes, plan=None):
        report = yaml.safe_load(REPORT)
        for path, value in changes.items():
            *parts, last = path.split(".")
            place = report
            for part in parts:
                place = place[int(part)] if isinstance(place, list) else place[part]
            place[last] = value
            if value is None:
                del place[last]
        file.write_text(yaml.safe_dump(report, sort_keys=False))
        config = {"name": "toy", "reports": {"toy": {"datasets": ["simulated"]} | (plan or {})}}
        return parse_project(config, tmp_path).reports["toy"]

    return parse


def test_the_report_and_lines_of_three_values_and_published_seconds_are_read(read):
    assert read({}).left_out == {}
    time = TIME | {"published": {4: 10, 16: 30.5}}
    more = THREE | {"claims.line": LINE, "claims.bend": BEND, "figures.time": time}
    assert read(more).left_out == {}


def test_an_option_varied_to_null_is_named_and_selected_by_null(read):
    changes = {
        "experiments.plain.grid": {"hidden": [4, 8], "window": [5, 10], "clip": [1.0, None]},
        "tables.mixed.where": {"hidden": 4, "window": 5, "clip": None},
        "tables.top.published": None,
    }
    configurations = read(changes).experiments["plain"].configurations
    assert configurations["hidden=4+window=5+clip=null"].options["clip"] is None


WRONG = {
    "experiment": ({"tables.top.experiment": "plian"}, "tables.top: unknown experiment 'plian' (did you mean 'plain'?)"),
    "side": ({"tables.pair.right.experiment": "x"}, "known are plain, held_out"),
    "where key": ({"claims.loss.left.where": {"windw": 5}}, "'windw', which the experiment does not vary (did you mean 'window'?)"),
    "where value": ({"tables.top.where": {"hidden": 5}}, "no configuration of experiment 'plain' agrees"),
    "best without validation": ({"tables.top.checkpoint": "best"}, "'plain' does not hold out"),
    "choose without validation": ({"tables.top.choose": "validation_loss"}, "'plain' does not hold out"),
    "choices without validation": ({"tables.chosen.experiments": ["plain"]}, "'plain' does not hold out"),
    "split without validation": ({"tables.top.split": "validation"}, "'plain' does not hold out"),
    "last against best": ({"tables.both.experiment": "plain"}, "'plain' does not hold out"),
    "sweep of validation": ({"figures.sweep.panels": [{"experiment": "plain", "where": {"window": 5}, "option": "hidden"}]}, "'plain' does not hold out"),
    "option": ({"figures.loss.option": "windw"}, "does not vary 'windw' (did you mean 'window'?)"),
    "panel option": ({"figures.sweep.panels.0.option": "clip"}, "does not vary 'clip'"),
    "metric": ({"figures.loss.metric": "cross_entropy"}, "has no loss 'cross_entropy'"),
    "claim's metric": ({"claims.loss.loss.metric": "accuracy"}, "has no loss 'accuracy'"),
    "claim's validation loss": ({"claims.loss.loss.split": "validation"}, "'plain' does not hold out"),
    "test loss": ({"figures.loss.split": "test"}, "set `test_every`"),
    "measure": ({"tables.top.measures": ["top1"]}, "tables.top.measures.0: 'top1' should be one of top_1"),
    "published file": ({"tables.top.published": "our.csv"}, "no published file 'our.csv' (did you mean 'ours.csv'?)"),
    "published column": ({"tables.top.published": "other.csv"}, "has no column 'window'"),
    "interaction's value": ({"claims.both.at": {"window": 11}}, "no configuration of experiment 'plain' agrees"),
    "interaction's key": ({"claims.both.against": {"hiden": 4}}, "'hiden', which the experiment does not vary (did you mean 'hidden'?)"),
    "interaction's loss": ({"claims.both.loss.split": "validation"}, "'plain' does not hold out"),
    "right answer": ({"claims.taken.classes": ["sitting", "standing"]}, "claims.taken: the answer 'standing' is right for one of `classes`"),
    "several for one": ({"tables.mixed.where": {"hidden": 4}}, "one configuration is needed"),
    "several for a bar": ({"figures.bars.runs.0.where": None}, "one configuration is needed"),
    "best of none": ({"claims.best.best": {"hidden": 5}}, "names 0 of the configurations"),
    "gradients not measured": ({"figures.norms": {"title": "T", "kind": "gradient_norms", "runs": [{"experiment": "held_out", "where": {"hidden": 4}, "title": "A"}]}}, "'held_out' does not measure gradients; set `measure_gradients: true`"),
    "rows of one name": ({"tables.top.experiment": None, "tables.top.published": None, "tables.top.experiments": ["plain", {"experiment": "plain"}]}, "several rows are called"),
    "line of two": ({"claims.line": LINE}, "claims.line: a line along 'hidden' needs three numbers at least; experiment 'held_out' has [4, 8]"),
    "line of an option": (THREE | {"claims.line": LINE | {"option": "hiden"}}, "does not vary 'hiden' (did you mean 'hidden'?)"),
    "line of several": (THREE | {"claims.line": LINE | {"experiment": "plain"}}, "choose some with `where`"),
    "line's loss": (THREE | {"claims.line": LINE | {"metric": "min_loss", "loss": {"split": "train", "metric": "accuracy"}}}, "has no loss 'accuracy'"),
    "margin of a trend": (THREE | {"claims.line": LINE | {"margin": 0.1}}, "unknown key 'margin'"),
    "seconds of no value": ({"figures.time": TIME | {"published": {5: 10}}}, "`published` names hidden 5; the experiment has [4, 8]"),
    "no seconds": ({"figures.time": TIME | {"published": {4: "ten"}}}, "figures.time.published.4: 'ten' should be a number"),
    "seconds of two panels": ({"figures.time": TIME | {"panels": [*TIME["panels"], {"experiment": "held_out", "option": "hidden", "scale": "log"}], "published": {4: 1}}}, "`published` seconds belong to one panel"),
    "no experiment": ({"tables.top.experiment": None}, "tables.top: the key 'experiment' is missing"),
    "one and several": ({"tables.top.experiments": ["plain"]}, "tables.top: 'experiment' cannot be given beside 'experiments'"),
    "no title": ({"tables.top.title": None}, "tables.top: the key 'title' is missing"),
    "no weights": ({"claims.best.checkpoint": None}, "claims.best: the key 'checkpoint' is missing"),
    "no weights of a side": ({"claims.loss.loss": None, "claims.loss.metric": "top_1"}, "claims.loss: left: the key 'checkpoint' is missing"),
    "class of another metric": ({"claims.best.class": "sitting"}, "claims.best: the key 'class' does not belong to top_1"),
    "nothing published": ({"claims.best.published": {}}, "claims.best.published: it is empty; give verdict, value, source"),
    "key": ({"tables.top.wehre": {"hidden": 4}}, "unknown key 'wehre' (did you mean 'where'?)"),
    "kind": ({"figures.bars.kind": "recal_bars"}, "no figure of kind 'recal_bars' (did you mean 'recall_bars'?)"),
    "value": ({"tables.top.checkpoint": "lst"}, "'lst' should be one of 'last', 'best' (did you mean 'last'?)"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_what_exists_nowhere_is_refused_before_anything_trains(read, changes, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)) as caught:
        read(changes)
    assert str(caught.value).startswith("config/reports/toy.yaml: ")


def test_what_the_plan_leaves_out_is_named_and_no_error(read):
    report = read({}, {"experiments": ["plain"]})
    assert report.left_out["tables.pair"] == ["held_out"]
    assert "tables.top" not in report.left_out
    with pytest.raises(ConfigurationError, match="unknown experiment 'helt_out'"):
        read({"tables.both.experiment": "helt_out"}, {"experiments": ["plain"]})


SIDE = {"experiment": "b", "checkpoint": "last", "title": "B"}
TABLE = {"title": "T", "kind": "top_k", "checkpoint": "last"}
PAIR = {"title": "T", "kind": "side_by_side", "left": SIDE, "right": SIDE}
SWEEP = {"title": "T", "kind": "sweep", "checkpoint": "last"}


@pytest.mark.parametrize(
    ("spec", "needs", "files", "subjects"),
    [
        (TableSpec.read(TABLE | {"experiment": "a", "published": "t.csv"}), ["a"], ["t.csv"], True),
        (TableSpec.read(TABLE | {"experiment": "a", "split": "train"}), ["a"], [], False),
        (TableSpec.read(TABLE | {"experiments": ["a", "b", SIDE | {"choose": "validation_loss"}]}), ["a", "b"], [], True),
        (TableSpec.read(PAIR | {"left": SIDE | {"experiment": "c", "published": "t.csv"}}), ["c", "b"], ["t.csv"], True),
        (TableSpec.read({"title": "T", "kind": "confusions", "experiment": "a", "checkpoint": "last"}), ["a"], [], False),
        (FigureSpec.read(SWEEP | {"panels": [{"experiment": e, "option": "x"} for e in "ba"]}), ["b", "a"], [], False),
        (ClaimSpec.read(LINE | {"published": {"verdict": "holds"}}), ["held_out"], [], True),
    ],
)  # fmt: skip
def test_a_specification_says_what_it_needs(spec, needs, files, subjects):
    assert (spec.needs, spec.published_files, spec.needs_subjects) == (needs, files, subjects)
