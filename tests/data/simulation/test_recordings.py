from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from harmodels.data.prepare import read_raw
from harmodels.data.simulation.afternoon import simulate_afternoon
from harmodels.data.simulation.phone_motion import ACTIVITIES, draw_person, record
from harmodels.data.simulation.recordings import simulate
from harmodels.errors import ConfigurationError


@pytest.fixture(scope="module")
def simulated(registry, tmp_path_factory):
    """The simulated data sets of phones in the size of the demo, read by the parsers."""
    result = {}
    for name in ("simulated", "simulated-wisdm", "simulated-motionsense"):
        folder = tmp_path_factory.mktemp(name)
        simulate(registry[name], folder)
        result[name] = read_raw(registry[name], folder)[0]
    return result


def _files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("fixture", ["small_uci", "small_wisdm", "small_motionsense"])
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(fixture, request, tmp_path):
    dataset = request.getfixturevalue(fixture)
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        plan = dataset.simulation.replaced(seed=seed)
        simulate(replace(dataset, simulation=plan), tmp_path / name)
    assert _files(tmp_path / "one") == _files(tmp_path / "two") != _files(tmp_path / "other")


def test_the_demo_can_draw_what_it_asks_for(simulated):
    sequences = simulated["simulated"]
    for half, least in (("train", 40), ("test", 15)):
        counts = np.bincount(sequences.labels[sequences.official_split == half], minlength=6)
        assert counts.min() >= least


def test_simulated_pockets_hold_70_windows_of_each_class_by_17_people(simulated):
    sequences = simulated["simulated-motionsense"]
    assert np.bincount(sequences.labels, minlength=6).min() >= 70
    assert len(set(sequences.subjects)) == 17
    assert set(sequences.lengths) == {150}


def test_a_simulated_iphone_feels_gravity_as_real_ones_do(simulated):
    sequences = simulated["simulated-motionsense"]
    mean = {
        name: sequences.padded()[sequences.labels == label][:, :, :3].mean(axis=(0, 1))
        for label, name in enumerate(sequences.facts.classes)
    }
    # upside down in a pocket, y points down; on a chair, the screen faces up
    assert mean["standing"] == pytest.approx([0, 9.8, 0], abs=0.4)
    assert mean["sitting"] == pytest.approx([0, 2, -9.5], abs=1)
    lengths = [np.linalg.norm(mean[name]) for name in ("standing", "sitting")]
    assert lengths == pytest.approx([9.80665] * 2, abs=0.15)


@pytest.mark.parametrize(
    ("like", "upright"), [("uci_har", "ax"), ("wisdm", "ay"), ("motionsense", "ay")]
)
def test_an_afternoon_has_the_axes_of_the_recordings_that_it_is_like(like, upright):
    afternoon = simulate_afternoon(["standing"] * 2, minutes=1, rate_hz=20.0, seed=1, like=like)
    assert afternoon.samples[upright].mean() == pytest.approx(9.7, abs=0.3)


def test_no_simulated_person_stands_in_both_halves_and_windows_overlap_by_half(simulated):
    sequences = simulated["simulated"]
    train = sequences.official_split == "train"
    assert not set(sequences.subjects[train]) & set(sequences.subjects[~train])
    np.testing.assert_array_equal(sequences[0][64:], sequences[1][:64])


@pytest.mark.parametrize("name", ["simulated", "simulated-wisdm", "simulated-motionsense"])
def test_activities_are_neither_trivial_nor_hopeless(name, simulated):
    sequences = simulated[name].select_channels(simulated[name].facts.channels[:3])
    dense = sequences.padded()
    statistics = np.hstack([dense.mean(axis=1), dense.std(axis=1)])
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    folds = GroupKFold(4).split(statistics, groups=sequences.subjects)
    scores = cross_val_score(classifier, statistics, sequences.labels, cv=list(folds))
    assert 0.8 < scores.mean() < 0.99


def test_body_acceleration_is_total_acceleration_without_gravity(simulated):
    sequences = simulated["simulated"]
    standing = sequences.labels == sequences.facts.classes.index("standing")
    values = sequences.padded()[standing].reshape(-1, 9)
    assert np.linalg.norm(values[:, :3].mean(axis=0)) == pytest.approx(1.0, abs=0.05)
    assert np.abs(values[:, 3:6].mean(axis=0)).max() < 0.005


def test_the_raw_text_has_the_faults_of_the_original(small_wisdm, tmp_path):
    simulate(small_wisdm, tmp_path)
    text = (tmp_path / small_wisdm.path).read_text(encoding="utf-8")
    assert ",;" in text
    assert any(line.count(";") == 2 for line in text.splitlines())
    dropped = read_raw(small_wisdm, tmp_path)[1]["dropped"]
    assert dropped["timestamp is zero"] == dropped["empty field"] == 12


def _record(name, on_thigh=False):
    person, random = draw_person(np.random.default_rng(0)), np.random.default_rng(1)
    how = {"samples": 3000, "rate_hz": 50.0, "on_thigh": on_thigh}
    return record(ACTIVITIES[name], person, **how, random=random)


@pytest.mark.parametrize("name", ACTIVITIES)
def test_over_a_minute_nobody_leaves_the_ground(name):
    mean = np.linalg.norm(_record(name).acceleration.mean(axis=0))
    assert mean == pytest.approx(1.0, abs=0.06)


def test_the_step_is_the_main_frequency_of_walking():
    vertical = _record("walking").acceleration[:, 0]
    spectrum = np.abs(np.fft.rfft(vertical - vertical.mean()))
    main = np.fft.rfftfreq(len(vertical), 1 / 50)[spectrum.argmax()]
    assert main == pytest.approx(ACTIVITIES["walking"].cadence, rel=0.25)


def test_the_gyroscope_turns_as_gravity_does_in_a_pocket():
    recording = _record("walking", on_thigh=True)
    tilt = np.unwrap(np.arctan2(recording.acceleration[:, 2], recording.acceleration[:, 0]))
    turned = np.cumsum(recording.rotation[:, 1] - recording.rotation[:, 1].mean()) / 50
    # what the leg swings; sensors and linear acceleration blur it
    assert abs(np.corrcoef(tilt, turned)[0, 1]) > 0.5


def test_recordings_that_are_not_simulated_cannot_be_made(registry, tmp_path):
    with pytest.raises(ConfigurationError, match="uci-har is not simulated"):
        simulate(registry["uci-har"], tmp_path)


def test_an_unknown_activity_is_named(small_uci, tmp_path):
    with pytest.raises(ConfigurationError, match="'swimming' should be one of walking"):
        simulate(replace(small_uci, classes=("swimming", "walking")), tmp_path)
