import numpy as np
import pandas as pd
import pytest

from harmodels.data.facts import SequenceFacts
from harmodels.data.sequences import Sequences
from harmodels.errors import ConfigurationError, ResultsError
from harmodels.reporting.figures import save_figure
from harmodels.reporting.figures.preview import draw_preview, example_indices
from harmodels.reporting.labels import class_initials, configuration_text, wrap
from tests.reporting.entries import LAST, B, draw_figure, entry, side, texts

LOSS = entry("loss_by_option", B, option="hidden", metric="negative_log_likelihood")
CONFUSION = entry("confusion", LAST)


@pytest.fixture
def small(runs_of):
    """Make two configurations of experiment b."""
    grid = [{"hidden": h, "window": 10} for h in (50, 100)]
    return lambda **options: runs_of(*grid, each=4, epochs=4, **options)


def test_files_carry_no_date_and_no_version(small, tmp_path):
    save_figure(draw_figure(LOSS, small()), tmp_path / "f")
    assert b"dc:date" not in (tmp_path / "f.svg").read_bytes()
    assert b"Matplotlib" not in (tmp_path / "f.png").read_bytes()


def test_numbers_stand_in_the_cells_of_few_classes_only(small):
    few = texts(draw_figure(CONFUSION, small(replicates=1)))
    many = texts(draw_figure(CONFUSION, small(replicates=1, classes=[f"c{i}" for i in range(20)])))
    assert "Numbers: counts, test sequences" in few
    assert "Numbers" not in many


def test_classes_are_initials_on_the_axes_and_the_note_says_whose(small):
    figure = draw_figure(CONFUSION, small())
    axes = figure.axes[0]
    initials = ["D", "L", "Si", "St", "U", "W"]
    assert [label.get_text() for label in axes.get_yticklabels()] == initials
    assert [label.get_text() for label in axes.get_xticklabels()] == initials
    note = figure.get_supxlabel().replace("\n", " ")
    assert "D downstairs, L laying, Si sitting, St standing, U upstairs, W walking." in note


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["walking", "walking_upstairs", "walking_downstairs"], ["W", "WU", "WD"]),
        (["class_1", "class_10", "class_11"], ["C1", "C10", "C11"]),
        (["1", "2", "10"], ["1", "2", "10"]),
        (["standing", "stand", "stands"], ["Standi", "Stand", "Stands"]),
        (["a_b", "a_b_c"], ["AB", "ABC"]),
        (["go", "Go"], ["go", "go"]),  # nothing tells them apart
    ],
)
def test_initials_tell_classes_apart(names, short):
    assert list(class_initials(names).values()) == short


@pytest.mark.parametrize(("count", "classes"), [(2, 6), (16, 6), (5, 12), (9, 45), (16, 2)])
def test_matrices_in_a_row_leave_their_type_legible_on_the_page(runs_of, count, classes):
    names = [f"activity_{c}" for c in range(classes)]
    runs = runs_of(*range(1, count + 1), classes=names, each=1, replicates=1)
    width = draw_figure(CONFUSION, runs).get_figwidth()
    # the page shows a figure at 0.85 of its size or more, and has 904 pixels at 1280
    assert width * 96 * 0.85 <= 904


def test_a_panel_without_a_line_in_sight_says_where_the_values_are(small):
    above = draw_figure(LOSS | {"limits": [0, 0.001]}, small())
    assert "nothing between 0 and 0.001:\nvalues are " in texts(above)
    for seen in (LOSS, LOSS | {"limits": [0, 100]}):
        assert "nothing" not in texts(draw_figure(seen, small()))


def test_over_replicates_the_numbers_are_mean_counts_and_say_so(runs_with):
    runs = runs_with({5: {"last": {0: 1.0, 1: 0.9}}})
    written = texts(draw_figure(CONFUSION, runs)).splitlines()
    # the last sequence, of class 3, is right in one replicate of two
    assert {"1.5", "0.5"} <= set(written)
    assert any("mean counts over replicates" in line for line in written)


def test_the_panels_of_an_option_share_their_axes(small):
    panels = draw_figure(LOSS, small()).axes
    assert [axes.get_title() for axes in panels] == ["Hidden units 50", "Hidden units 100"]
    assert panels[0].get_ylim() == panels[1].get_ylim()


def test_a_wide_band_of_two_replicates_does_not_stretch_the_axes(small):
    runs = small(replicates=2)
    low, high = draw_figure(LOSS, runs).axes[0].get_ylim()
    values = pd.concat([run.history for run in runs["b"]]).query("metric == @LOSS['metric']")
    values = values.loc[values["split"] == "train", "value"]
    assert values.min() > low > values.min() - 0.1 * (values.max() - values.min())
    assert values.max() < high < values.max() + 0.1 * (values.max() - values.min())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"option": "momentum"}, "does not vary 'momentum'; it varies hidden"),
        ({"metric": "hinge"}, "has no train hinge; it has train binary"),
        ({"kind": "pie"}, "'pie'; there are gradient_norms, loss_by_option"),
    ],
)
def test_what_is_not_there_is_refused_with_what_there_is(small, wrong, message):
    with pytest.raises(ConfigurationError, match=message):
        draw_figure(LOSS | wrong, small())


def test_pairs_without_a_common_configuration_are_refused(runs_of):
    runs = runs_of({"h": 1}, {"h": 3}) | runs_of({"h": 2}, experiment="c")
    right = side("best", "C") | {"experiment": "c"}
    with pytest.raises(ResultsError, match="share no configuration"):
        draw_figure(entry("confusion_pairs", left=side(title="Last"), right=right), runs)


def test_a_configuration_is_written_in_words():
    configuration = {"learning_rate": 0.05, "hidden": 50, "clip": 0.5}
    assert configuration_text(configuration) == "learning rate 0.05, hidden units 50, clip at ±0.5"
    assert configuration_text(configuration, ["clip", "hidden"]) == "learning rate 0.05"
    assert configuration_text({"clip": None, "hidden_bias": False}) == "no clip, hidden bias no"


def test_long_names_break_after_commas():
    assert wrap("one 1, two 2, three 3", 13) == "one 1, two 2,\nthree 3"
    assert wrap("times one plus two, three 3", 13) == "times one\nplus two,\nthree 3"


def sequences(classes=3, length=8, simulated=True, each=4) -> Sequences:
    count = classes * each
    lengths = np.full(count, length) if length else np.arange(count) + 2
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    names = tuple(f"class_{c}" for c in range(classes))
    channels, units = ("acc_x", "acc_y", "gyro_x"), ("g", "g", "rad/s")
    facts = SequenceFacts("toy", names, channels, units, 50.0, simulated)
    return Sequences(
        facts,
        ids=np.array([f"s{i}" for i in range(count)]),
        subjects=np.array([str(i % 3) for i in range(count)]),
        official_split=np.array(["train", "test"] * (count // 2)),
        labels=np.repeat(np.arange(classes), each).astype(np.int64),
        offsets=offsets,
        values=np.linspace(0, 1, offsets[-1] * 3, dtype=np.float32).reshape(-1, 3),
    )


def test_a_preview_is_the_same_bytes_twice(tmp_path):
    for name in ("one", "two"):
        save_figure(draw_preview(sequences(2), {"title": "Toy"}), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_a_preview_says_simulated_units_lengths_and_what_is_left_out():
    written = texts(draw_preview(sequences(9), {"title": "Toy"}))
    assert "SIMULATED" in written
    assert "Toy: 2 of 3 channels, in g; 8 of 9 classes" in written
    assert "all 8 steps (0.16 s)" in texts(draw_preview(sequences(3), {}))
    assert "2 to 13, median 7.5 (0.15 s)" in texts(draw_preview(sequences(3, length=0), {}))


def test_the_examples_of_a_class_are_of_different_subjects():
    data = sequences()
    chosen = example_indices(data, 1)
    assert len({data.subjects[i] for i in chosen}) == 3
    assert all(data.labels[i] == 1 for i in chosen)
    assert len(example_indices(sequences(each=2).take(np.array([0, 2, 3])), 0)) == 1
