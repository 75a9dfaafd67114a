"""Curves of a training and losses compared."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harmodels.errors import ConfigurationError, ResultsError
from tests.reporting.entries import B, draw_figure, entry, side, texts
from tests.run_files import norms_of

LOSS = {"metric": "binary_cross_entropy"}
RUNS = [B | {"where": {"hidden": h}, "title": t} for h, t in ((50, "Small"), (100, "Large"))]
CURVES = entry("training_curves", B, **LOSS)
COMPARED = entry("losses_compared", LOSS, runs=RUNS)
NORMS = entry("gradient_norms", runs=RUNS)
KINDS = [CURVES, COMPARED]
STILL = "of the replicates still training"


@pytest.fixture
def small(runs_of):
    """Make configurations of experiment b, their test set looked at every second epoch."""
    usual = {"each": 2, "epochs": 4, "test_every": 2}
    return lambda hidden=(50, 100), **options: runs_of(*hidden, **(usual | options))


@pytest.mark.parametrize("spec", KINDS, ids=lambda spec: spec["kind"])
def test_who_is_in_a_mean_is_said_only_where_training_ended_early(small, spec):
    assert STILL in texts(draw_figure(spec, small(ends={1: 2})))
    assert STILL not in texts(draw_figure(spec, small()))


def test_each_configuration_has_a_panel_of_loss_and_one_of_accuracy(small):
    figure = draw_figure(CURVES, small())
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["Binary cross-entropy", "Accuracy"] * 2
    assert figure.axes[0].get_ylim() == figure.axes[2].get_ylim()
    assert figure.axes[1].get_ylim() == figure.axes[3].get_ylim()


def test_more_than_four_configurations_share_rows_and_leave_no_empty_panel(small):
    figure = draw_figure(CURVES, small((1, 2, 3, 4, 5), replicates=1))
    assert len(figure.axes) == 10
    assert len({round(axes.get_subplotspec().rowspan.start) for axes in figure.axes}) == 3


def test_the_test_set_is_drawn_as_points_at_the_epochs_it_was_looked_at(small):
    axes = draw_figure(CURVES, small((50,), validation=False)).axes[1]
    (points,) = (line for line in axes.get_lines() if line.get_marker() == "o")
    assert points.get_xdata().tolist() == [2, 4]


def test_without_validation_there_is_no_such_line(small):
    assert "validation" not in texts(draw_figure(CURVES, small(validation=False)))
    assert "validation" in texts(draw_figure(CURVES, small()))


def test_the_mean_after_an_early_end_is_over_the_others(small):
    runs = small((50,), ends={0: 2, 1: 2}, replicates=3)
    line = draw_figure(CURVES, runs).axes[0].get_lines()[0]
    history = runs["b"][0].history.query(
        "replicate == 2 and epoch == 4 and split == 'train' and metric == 'binary_cross_entropy'"
    )
    assert line.get_ydata()[-1] == pytest.approx(history["value"].iloc[0])


@pytest.fixture
def measured(small):
    """As `small`, with norms of gradients before the first and after the fourth epoch."""

    def make(shrink=0.5, **options):
        def longer(run):
            norms = norms_of(run.history, dict.fromkeys(range(run.replicates), 4), shrink)
            return replace(run, history=pd.concat([run.history, norms]))

        return {"b": [longer(run) for run in small(**options)["b"]]}

    return make


@pytest.mark.parametrize("replicates", [1, 3, 12])
def test_gradient_norms_have_a_panel_a_run_and_a_line_before_and_after(measured, replicates):
    figure = draw_figure(NORMS, measured(replicates=replicates))
    assert [axes.get_title() for axes in figure.axes] == ["Small", "Large"]
    for axes in figure.axes:
        assert axes.get_yscale() == "log"
        before, after = [line for line in axes.get_lines() if line.get_alpha() is None]
        assert before.get_xdata().tolist() == list(range(11))
        np.testing.assert_allclose(before.get_ydata(), 0.5 ** np.arange(11))
        np.testing.assert_allclose(after.get_ydata(), 5 * 0.5 ** np.arange(11))


def test_gradient_norms_end_where_float32_does_and_are_labelled_without_mathematics(measured):
    figure = draw_figure(NORMS, measured(shrink=1e-9))
    low, high = figure.axes[0].get_ylim()
    assert low == np.finfo(np.float32).tiny
    assert high > 5
    figure.draw_without_rendering()
    assert any(text.startswith("1e-") for text in texts(figure).split("\n"))
    assert "$" not in texts(figure)
    axes = draw_figure(NORMS | {"limits": [1e-80, 10]}, measured(shrink=1e-9)).axes[0]
    assert axes.get_ylim() == (1e-80, 10)


def test_gradient_norms_of_zero_lie_below_the_axis_and_diverged_replicates_are_left_out(measured):
    figure = draw_figure(NORMS, measured(shrink=0.0, diverged=(1,)))
    assert "1 of 3 diverged" in texts(figure)
    axes = figure.axes[0]
    assert axes.get_ylim()[0] > 0
    assert len(axes.get_lines()) == 2 * (1 + 2)  # the median and two replicates, before and after
    for line in axes.get_lines():
        assert line.get_ydata()[0] > 0
        assert set(line.get_ydata()[1:]) == {0}


def test_runs_without_gradient_norms_are_refused_with_the_remedy(small):
    with pytest.raises(ConfigurationError, match="set `measure_gradients: true`"):
        draw_figure(NORMS, small())


def test_runs_with_gradient_norms_are_drawn_as_ever_and_name_their_losses_alone(measured, small):
    for spec in KINDS:
        with_norms, without = (
            [[line.get_ydata().tolist() for line in axes.lines] for axes in figure.axes]
            for figure in (draw_figure(spec, measured()), draw_figure(spec, small()))
        )
        assert with_norms == without
    with pytest.raises(ConfigurationError, match="it has test accuracy") as caught:
        draw_figure(COMPARED | {"metric": "cross_entropy"}, measured())
    assert "gradient_norm_" not in str(caught.value)


def test_a_line_that_names_several_configurations_is_refused(small):
    with pytest.raises(ConfigurationError, match="one configuration, but 'b'.* has 2"):
        draw_figure(COMPARED | {"runs": [B | {"title": "All"}]}, small())


def test_limits_of_the_configuration_are_the_axes(small):
    axes = draw_figure(COMPARED | {"limits": [0, 0.5]}, small()).axes[0]
    assert axes.get_ylim() == (0, 0.5)


def test_where_chooses_the_panels_and_leaves_their_names(small):
    for spec, count in ((CURVES, 2), (entry("train_against_validation", B, **LOSS), 1)):
        assert len(draw_figure(spec | {"where": {"hidden": 100}}, small()).axes) == count


def test_where_that_fits_no_configuration_names_those_there_are(small):
    with pytest.raises(ConfigurationError, match="there are hidden=50, hidden=100"):
        draw_figure(CURVES | {"where": {"hidden": 7}}, small())


def test_fixed_keys_are_left_out_of_the_names_of_lines(runs_of):
    runs = runs_of(*({"batch_size": b, "hidden": h} for b in (1, 2) for h in (5, 6)), epochs=2)
    spec = entry("loss_by_option", B | LOSS, option="hidden", where={"batch_size": 1})
    assert "batch size" not in texts(draw_figure(spec, runs))


@pytest.fixture
def pair(runs_of):
    runs = runs_of(5, 6, splits=("train", "test"))
    runs |= runs_of({"hidden": 5, "dropout": 0.5}, experiment="c")
    right = side(title="Dropped") | {"experiment": "c"}
    return entry("confusion_pairs", left=side(title="Plain", hidden=5), right=right), runs


def test_one_configuration_on_each_side_is_a_pair_whatever_its_keys(pair):
    titles = [axes.get_title() for axes in draw_figure(*pair).axes[:2]]
    assert titles == ["hidden units 5\nPlain", "hidden units 5, dropout 0.5\nDropped"]


def test_several_configurations_of_other_keys_are_no_pair(pair):
    spec, runs = pair
    with pytest.raises(ResultsError, match="choose one on each side"):
        draw_figure(spec | {"left": side(title="Plain")}, runs)


def test_the_footnote_names_the_splits_of_both_sides(pair):
    spec, runs = pair
    right = spec["left"] | {"split": "train", "title": "Training"}
    written = texts(draw_figure(spec | {"right": right}, runs))
    assert "test and training sequences" in written.replace("\n", " ")
