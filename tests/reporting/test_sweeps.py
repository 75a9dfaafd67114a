"""Sweeps of an option, bars of recall, tables of confusions."""

import numpy as np
import pandas as pd
import pytest

from harmodels.errors import ConfigurationError
from harmodels.reporting.tables import TableSpec, read_table_csv, write_table_files
from tests.reporting.entries import LAST, B, build_table, draw_figure, entry, texts

PANEL = B | {"option": "hidden", "scale": "log"}
SWEEP = entry("sweep", panels=[PANEL], checkpoint="last")
TIME = entry("sweep_time", panels=[PANEL])
RUNS = [B | {"where": {"hidden": h}, "title": str(h)} for h in (16, 64)]
RECALL = entry("recall_bars", checkpoint="last", runs=RUNS)
CONFUSIONS = entry("confusions", LAST, where={"hidden": 16})


@pytest.fixture
def small(runs_of):
    """Make runs of some hidden units, in this order, with validation and test sequences."""
    usual = {"each": 3, "epochs": 2, "splits": ("validation", "test")}
    return lambda hidden=(16, 64), **options: runs_of(*hidden, **(usual | options))


def answers(pairs, classes=3, replicates=1):
    """Make test predictions of pairs (true, predicted), the same in every replicate."""
    scores = np.eye(classes, dtype=np.float32)[[predicted for _, predicted in pairs]]
    frame = pd.DataFrame({f"score_{c}": scores[:, c] for c in range(classes)})
    names = {"checkpoint": "last", "split": "test", "label": [true for true, _ in pairs]}
    frame = frame.assign(id=[str(i) for i in range(len(pairs))], **names)
    return pd.concat([frame.assign(replicate=np.int16(r)) for r in range(replicates)])


def test_a_point_is_the_mean_over_replicates_at_its_value(small, with_accuracy):
    predictions = with_accuracy({"last": {0: 0.4, 1: 0.6, 2: 0.8}})
    axes = draw_figure(SWEEP | {"splits": ["test"]}, small(predictions=predictions)).axes[0]
    line = axes.get_lines()[0]
    assert line.get_xdata().tolist() == [16, 64]
    assert line.get_ydata() == pytest.approx([0.6, 0.6])


def test_values_are_in_order_and_each_has_its_tick(small):
    axes = draw_figure(SWEEP, small((64, 16, 32))).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["16", "32", "64"]
    assert axes.get_xscale() == "log"
    low, high = axes.get_xlim()
    assert low < 16
    assert high > 64


def test_values_that_are_words_stand_in_the_order_of_the_grid(runs_of):
    runs = runs_of(*({"cell": cell} for cell in ("simple_rnn", "gru", "lstm")), epochs=1)
    panels = [B | {"option": "cell"}]
    axes = draw_figure(SWEEP | {"panels": panels, "splits": ["test"]}, runs).axes[0]
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == ["SimpleRNN", "GRU", "LSTM"]


def named(panels, runs):
    return [
        axes.get_title(loc="left") for axes in draw_figure(SWEEP | {"panels": panels}, runs).axes
    ]


def test_panels_beside_each_other_are_named_and_one_alone_is_not(runs_of):
    options = {"splits": ("validation", "test"), "each": 2, "epochs": 1}
    grid = [{"cell": cell, "hidden": h} for cell in ("gru", "lstm") for h in (16, 64)]
    runs = runs_of(*grid, **options) | runs_of(16, 64, experiment="lstm", **options)
    cells = [PANEL | {"where": {"cell": cell}} for cell in ("gru", "lstm")]
    assert named(cells, runs) == ["Cell GRU", "Cell LSTM"]
    other = PANEL | {"experiment": "lstm"}
    assert named([cells[0] | {"title": "Gated"}, other], runs) == ["Gated", "LSTM"]
    assert named([other], runs) == [""]
    assert named([other | {"title": "Alone"}], runs) == ["Alone"]


def test_a_sweep_without_a_point_in_sight_says_where_the_values_are(small):
    written = texts(draw_figure(SWEEP | {"limits": [-0.5, -0.1]}, small()))
    assert "nothing between -0.5 and -0.1:\nvalues are " in written
    assert "nothing" not in texts(draw_figure(SWEEP, small()))


GRID = [{"hidden": 16, "window": w} for w in (10, 30)]


@pytest.mark.parametrize(
    ("hidden", "panel", "message"),
    [
        ((16, 64), {"option": "window"}, "does not vary 'window'; it varies hidden"),
        ((16, 64), {"where": {"hidden": 7}}, "there are hidden=16, hidden=64"),
        (GRID, {}, r"has 2 of 1 values.*`where`"),
        ((0, 16), {}, "a log axis cannot show"),
    ],
)
def test_a_panel_that_cannot_be_drawn_is_refused(small, hidden, panel, message):
    with pytest.raises(ConfigurationError, match=message):
        draw_figure(SWEEP | {"panels": [PANEL | panel]}, small(hidden))


def test_the_accuracy_axis_does_not_pass_one(small, with_accuracy):
    predictions = with_accuracy({"last": {0: 0.7, 1: 1.0}})
    runs = small(predictions=predictions, replicates=2)
    assert draw_figure(SWEEP | {"splits": ["test"]}, runs).axes[0].get_ylim()[1] <= 1.02


def test_limits_of_the_configuration_are_the_axis(small):
    assert draw_figure(SWEEP | {"limits": [0, 1]}, small()).axes[0].get_ylim() == (0, 1)


def test_time_is_that_of_the_run_divided_by_its_replicates(small):
    axes = draw_figure(TIME, small(seconds=30.0, replicates=3)).axes[0]
    assert axes.get_lines()[0].get_ydata().tolist() == [10.0, 10.0]


def test_times_beside_published_ones_are_multiples_of_the_first(runs_of):
    runs = {"b": []}
    for layers, s in {1: 6.0, 2: 9.0, 3: 18.0}.items():
        runs["b"] += runs_of({"layers": layers}, epochs=1, seconds=s, replicates=3)["b"]
    spec = TIME | {"panels": [B | {"option": "layers"}], "published": {1: 25, 3: 86}}
    figure = draw_figure(spec, runs)
    ours, published = figure.axes[0].get_lines()
    assert ours.get_xdata().tolist() == [1, 2, 3]
    assert ours.get_ydata() == pytest.approx([1, 1.5, 3])
    assert published.get_xdata().tolist() == [1, 3]
    assert published.get_ydata() == pytest.approx([1, 86 / 25])
    assert "Here (layers 1: 2 s)" in texts(figure)
    assert "Published (layers 1: 25 s)" in texts(figure)
    assert figure.axes[0].get_ylabel() == "Time relative to layers 1"


def test_times_of_words_are_not_joined_by_a_line(runs_of):
    runs = runs_of({"cell": "gru"}, {"cell": "lstm"}, epochs=1)
    axes = draw_figure(TIME | {"panels": [B | {"option": "cell"}]}, runs).axes[0]
    assert axes.get_lines()[0].get_linestyle() == "None"


def test_the_hardest_class_is_on_top_and_equal_ones_keep_their_order(small):
    predictions = answers([(0, 0), (1, 1), (1, 1), (2, 2), (2, 0)], replicates=3)
    figure = draw_figure(RECALL, small(classes=["a", "b", "c"], predictions=predictions))
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["c", "a", "b"]
    assert [bar.get_width() for bar in axes.patches] == [0.5, 1.0, 1.0] * 2


def confusions(small, pairs, **spec):
    runs = small(classes=["a", "b", "c"], predictions=answers(pairs), replicates=1)
    return build_table(CONFUSIONS | spec, runs, {}).cells


def test_confusions_are_counted_and_the_most_frequent_comes_first(small):
    pairs = [(0, 0), (0, 0), (0, 0), (0, 1), (2, 1), (2, 1)]
    cells = confusions(small, pairs)
    rows = cells[["true_class", "predicted_class", "measure", "value"]].values.tolist()
    assert rows == [
        ["c", "b", "confused", 2.0],
        ["c", "b", "share_of_class", 1.0],
        ["a", "b", "confused", 1.0],
        ["a", "b", "share_of_class", 0.25],
    ]
    assert len(confusions(small, pairs, most=1)) == 2
    cells = confusions(small, [(0, 0), (1, 1)])  # no errors
    assert cells[["true_class", "value"]].values.tolist() == [["none", 0.0]]


def test_confusions_of_several_configurations_are_refused(small):
    spec = {key: value for key, value in CONFUSIONS.items() if key != "where"}
    with pytest.raises(ConfigurationError, match="a table of confusions needs one configuration"):
        build_table(spec, small(), {})


@pytest.mark.parametrize("diverged", [(), (0, 1, 2)])
def test_a_table_of_confusions_is_written_and_read_back(small, tmp_path, diverged):
    table = build_table(CONFUSIONS, small(diverged=diverged), {})
    write_table_files(table, tmp_path / "t")
    again = read_table_csv(tmp_path / "t.csv", TableSpec.read(CONFUSIONS))
    assert len(again.cells) == len(table.cells)
    assert "hidden units 16" in (tmp_path / "t.md").read_text()
