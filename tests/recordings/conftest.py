"""Two small models of simulated phones at the waist, and an afternoon to be classified."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

import harmodels
from harmodels import GRUClassifier, MLPClassifier, ModelCard, TrainingData
from harmodels.data.features.checks import FILTERED_CHANNELS, FILTERED_UNITS, RAW_CHANNELS, UNIT
from harmodels.data.features.extract import extract_features
from harmodels.data.features.mapping import apply_map
from harmodels.data.features.tables import map_to_range
from harmodels.data.simulation.afternoon import simulate_afternoon, write_afternoon
from harmodels.data.units import STANDARD_GRAVITY
from harmodels.recordings.classify import Classifier, classify_recording
from harmodels.recordings.read import Reader, describe_source
from harmodels.recordings.stream import UCI_HAR

CLASSES = ("walking", "sitting", "laying")
DATA = TrainingData("simulated", True, worn="a phone at the waist")
CARD = ModelCard(RAW_CHANNELS[:3], ("g",) * 3, 50.0, DATA, 128, 64, noise_filter=UCI_HAR)
COLUMNS = {"time": "t", "acc_x": "ax", "acc_y": "ay", "acc_z": "az"}
GYRO_COLUMNS = {"gyro_x": "gx", "gyro_y": "gy", "gyro_z": "gz"}


@pytest.fixture(scope="session")
def afternoon():
    """Return twelve minutes at 50 Hz, with a pause, of a person whom no model has seen."""
    return simulate_afternoon(CLASSES, minutes=12, rate_hz=50.0, seed=3)


@pytest.fixture(scope="session")
def walk(afternoon, tmp_path_factory):
    """Return the path of the afternoon as CSV."""
    folder = tmp_path_factory.mktemp("walk")
    write_afternoon(folder / "walk.csv", folder / "truth.csv", afternoon)
    return folder / "walk.csv"


@pytest.fixture(scope="session")
def windows():
    """Return filtered windows (N, 128, 9) of other people, and their labels."""
    smooth, slow = (butter(3, hz, fs=50.0, output="sos") for hz in (20.0, 0.3))
    cut, labels = [], []
    for seed in range(40, 46):
        other = simulate_afternoon(CLASSES, minutes=8, rate_hz=50.0, seed=seed)
        table = other.samples.to_numpy()
        for start, end, label in other.truth.itertuples(index=False):
            part = table[(table[:, 0] >= start) & (table[:, 0] < end), 1:]
            part = sosfilt(smooth, part - part[0], axis=0) + part[0]
            total = part[:, :3] / STANDARD_GRAVITY
            body = total - (sosfilt(slow, total - total[0], axis=0) + total[0])
            nine = np.concatenate([total, body, part[:, 3:]], axis=1)
            view = np.lib.stride_tricks.sliding_window_view(nine, 128, axis=0)[::128]
            cut.append(view.swapaxes(1, 2))
            labels += [label] * len(view)
    return np.concatenate(cut), np.array(labels)


@pytest.fixture(scope="session")
def gru(windows, tmp_path_factory):
    """Return the folder of a recurrent model of three channels."""
    values, labels = windows
    model = GRUClassifier(8, epochs=12, learning_rate=0.02, random_state=1)
    folder = tmp_path_factory.mktemp("gru")
    model.fit(values[:, :, :3], labels).save(folder, CARD)
    return folder


@pytest.fixture(scope="session")
def mlp(windows, tmp_path_factory):
    """Return the folder of a perceptron on the 561 features."""
    values, labels = windows
    computed = extract_features(values, FILTERED_CHANNELS, 50.0, FILTERED_UNITS, filtered=True)
    scale = map_to_range(computed, np.full(len(computed), "train"))
    model = MLPClassifier((12, 8), epochs=15, random_state=1)
    units = tuple(UNIT[channel] for channel in RAW_CHANNELS)
    folder = tmp_path_factory.mktemp("mlp")
    model.fit(apply_map(scale, computed), labels).save(
        folder, ModelCard(RAW_CHANNELS, units, 50.0, DATA, 128, 64, features=scale)
    )
    return folder


@pytest.fixture
def classify():
    """Return a function from a file, a model's folder and arguments to activities."""

    def run(path, folder, *, columns=None, out=None, reading=None, step=None, **source):
        model = harmodels.load(folder)
        if columns is None:
            columns = COLUMNS | (GYRO_COLUMNS if model.card_.features is not None else {})
        source.setdefault("given_units", {"acc": "m/s2"})
        where = describe_source(
            path, model.card_.channels, model.card_.units, columns=columns, **source
        )
        return classify_recording(
            Classifier(model, step=step), Reader(where, **(reading or {})), out
        )

    return run


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a frame as CSV and returns the path."""

    def run(frame, name="walk.csv"):
        frame.to_csv(tmp_path / name, index=False)
        return tmp_path / name

    return run
