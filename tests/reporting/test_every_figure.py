"""What holds of the figures of every kind."""

import pytest

from harmodels.reporting.figures import FigureSpec, save_figure
from tests.reporting.entries import draw_figure, texts

B = {"experiment": "b"}
LOSS = {"metric": "binary_cross_entropy"}
SIDE = B | {"checkpoint": "last", "title": "Last"}
RUNS = [B | {"where": {"hidden": h}, "title": str(h)} for h in (16, 64)]
PANELS = [B | {"option": "hidden", "scale": "log"}]
MODEL = [SIDE | {"where": {"hidden": 16}}]
ENTRIES = {
    "confusion": B | {"checkpoint": "last"},
    "confusion_pairs": {"left": SIDE, "right": SIDE | {"checkpoint": "best", "title": "Best"}},
    "gradient_norms": {"runs": RUNS},
    "loss_by_option": B | LOSS | {"option": "hidden"},
    "losses_compared": LOSS | {"runs": RUNS},
    "protocol_dots": dict.fromkeys(("random", "subjects", "everyone"), MODEL),
    "recall_bars": {"runs": RUNS, "checkpoint": "last"},
    "sweep": {"panels": PANELS, "checkpoint": "last"},
    "sweep_time": {"panels": PANELS},
    "train_against_validation": B | LOSS,
    "training_curves": B | LOSS,
}
COUNTED = sorted(set(ENTRIES) - {"protocol_dots"})  # it counts no diverged replicates


@pytest.fixture
def small(runs_of):
    """Make two configurations with all that a figure may show."""
    usual = {"each": 2, "epochs": 4, "test_every": 2, "splits": ("validation", "test")}
    usual |= {"options": {"measure_gradients": True}}
    return lambda **options: runs_of(16, 64, **(usual | options))


@pytest.fixture(params=ENTRIES)
def entry(request):
    return ENTRIES[request.param] | {"title": "T", "kind": request.param}


def test_each_kind_is_here():
    assert set(ENTRIES) == set(FigureSpec.kinds)


@pytest.mark.parametrize(("replicates", "classes"), [(1, 45), (3, 3)])
def test_the_same_runs_give_the_same_bytes(small, tmp_path, entry, replicates, classes):
    runs = small(replicates=replicates, classes=[f"class_{c}" for c in range(classes)])
    for name in ("one", "two"):
        save_figure(draw_figure(entry, runs), tmp_path / name)
    for ending, start in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        one, two = ((tmp_path / f"{name}.{ending}").read_bytes() for name in ("one", "two"))
        assert one == two
        assert one.startswith(start)


def test_simulated_recordings_are_named_and_no_text_is_small(small, entry):
    figure = draw_figure(entry, small(simulated=True, diverged=(0,)))
    assert "SIMULATED" in texts(figure)
    assert "SIMULATED" not in texts(draw_figure(entry, small()))
    written = figure.findobj(lambda artist: hasattr(artist, "get_fontsize"))
    assert min(artist.get_fontsize() for artist in written) >= 8


@pytest.mark.parametrize("entry", COUNTED, indirect=True)
def test_diverged_replicates_are_counted_and_without_a_sound_one_it_is_drawn(small, entry):
    assert "2 of 3 diverged" in texts(draw_figure(entry, small(diverged=(0, 2))))
    figure = draw_figure(entry, small(diverged=(0, 1, 2)))
    assert "3 of 3" in texts(figure)
    figure.draw_without_rendering()
