from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from harmodels.data.dataset import HandSimulation
from harmodels.data.formats.fpha import SPLIT
from harmodels.data.prepare import read_raw
from harmodels.data.simulation.hand_motion import ACTIONS, PHALANGES, draw_hand, move
from harmodels.data.simulation.hand_recordings import draw_lengths
from harmodels.data.simulation.recordings import simulate
from harmodels.errors import ConfigurationError

SMALL = HandSimulation(
    seed=5, subjects=3, repetitions=1, shortest_frames=2, median_frames=4, longest_frames=20
)


@pytest.fixture
def small(registry):
    return replace(registry["simulated-hands"], simulation=SMALL)


@pytest.fixture(scope="module")
def simulated(registry, tmp_path_factory):
    """The data set in the size of the demo, read by the parser."""
    folder = tmp_path_factory.mktemp("hands")
    simulate(registry["simulated-hands"], folder)
    return read_raw(registry["simulated-hands"], folder)[0]


def _files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(small, tmp_path):
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        simulate(replace(small, simulation=SMALL.replaced(seed=seed)), tmp_path / name)
    assert _files(tmp_path / "one") == _files(tmp_path / "two") != _files(tmp_path / "other")


def test_files_lie_where_those_of_the_benchmark_lie(small, tmp_path):
    simulate(small, tmp_path)
    files = _files(tmp_path)
    assert "Hand_pose_annotation_v1/Subject_3/stir/1/skeleton.txt" in files
    assert len(files) == 3 * 8 + 1
    lines = files[SPLIT].decode().splitlines()
    assert lines[:2] == ["Training 16", "Subject_1/open_juice_bottle/1 0"]
    assert lines[17:19] == ["Test 8", "Subject_3/open_juice_bottle/1 0"]


def test_six_people_are_recorded_and_two_of_them_tested(simulated):
    train = simulated.official_split == "train"
    assert set(simulated.subjects[train]) == set("1234")
    assert set(simulated.subjects[~train]) == set("56")


def test_lengths_reach_from_a_few_to_over_a_thousand_frames(simulated):
    lengths = simulated.lengths
    assert lengths.min() == 6
    assert lengths.max() == 1100
    assert np.median(lengths) == pytest.approx(50, abs=2)
    assert lengths.mean() > 1.5 * np.median(lengths)


def test_every_length_of_a_plan_is_drawn_once():
    assert sorted(draw_lengths(SMALL, 3)) == [2, 4, 20]


def test_actions_are_neither_trivial_nor_hopeless(simulated):
    pairs = [simulated[i] for i in range(len(simulated))]
    statistics = np.array([np.concatenate([x.mean(axis=0), x.std(axis=0)]) for x in pairs])
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=1000))
    folds = list(GroupKFold(6).split(statistics, groups=simulated.subjects))
    scores = cross_val_score(classifier, statistics, simulated.labels, cv=folds)
    assert 0.8 < scores.mean() < 0.98


@pytest.mark.parametrize("action", ["stir", "squeeze_paper", "unfold_glasses", "high_five"])
def test_bones_keep_their_lengths(action):
    hand = draw_hand(np.random.default_rng(0))
    joints = move(action, hand, frames=200, rate_hz=30.0, random=np.random.default_rng(1))
    knuckles, others = joints[:, 1:6], joints[:, 6:].reshape(200, 5, 3, 3)
    bones = np.diff(np.concatenate([knuckles[:, :, None], others], axis=2), axis=2)
    lengths = np.linalg.norm(bones, axis=-1)
    # the noise of the sensors, 1.5 mm an axis and joint, makes bones a little longer on average
    np.testing.assert_allclose(lengths.mean(axis=0), hand.size * PHALANGES, atol=0.6)
    assert lengths.std(axis=0).max() < 3


def test_a_squeeze_bends_the_fingers_again_and_again():
    hand = draw_hand(np.random.default_rng(0))
    joints = move("squeeze_paper", hand, frames=300, rate_hz=30.0, random=np.random.default_rng(1))
    reach = np.linalg.norm(joints[:, 14] - joints[:, 0], axis=1)  # tip of the middle finger
    spectrum = np.abs(np.fft.rfft(reach - reach.mean()))
    main = np.fft.rfftfreq(300, 1 / 30)[spectrum.argmax()]
    assert main == pytest.approx(hand.speed, rel=0.5)


def test_every_action_of_the_benchmark_can_be_simulated_and_no_two_are_the_same(registry, tmp_path):
    plan = SMALL.replaced(subjects=2, longest_frames=5)
    full = replace(registry["simulated-hands"], classes=registry["fpha"].classes, simulation=plan)
    simulate(full, tmp_path)
    assert set(read_raw(full, tmp_path)[0].labels) == set(range(45))
    assert len(set(ACTIONS.values())) == len(ACTIONS) == 45


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": ("stir", "juggle")}, "action 'juggle' should be one of open_juice_bottle"),
        ({"format": "sfinge3d"}, "the format sfinge3d cannot be simulated"),
    ],
)
def test_what_cannot_be_simulated_is_named(changes, message, small, tmp_path):
    with pytest.raises(ConfigurationError, match=message):
        simulate(replace(small, **changes), tmp_path)
