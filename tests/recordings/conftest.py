"""Two small models of simulated phones at the waist, and an afternoon to be classified."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

import harmodels
from harmodels import GRUClassifier, MLPClassifier, ModelCard, TrainingData
from harmodels.data.features.checks import FILTERED_CHANNELS, FILTERED_UNITS, RAW_CHANNELS, UNIT
from harmodels.data.features.extract import extract_features
from harmodels.data.features.mapping import apply_map
from harmodels.data.features.tables import map_to_range
from harmodels.data.look import gravity_of
from harmodels.data.reading.meaning import Given
from harmodels.data.reading.recording import Samples, open_recording
from harmodels.data.simulation.afternoon import simulate_afternoon, write_afternoon
from harmodels.data.units import STANDARD_GRAVITY
from harmodels.recordings.classify import LARGEST_GAP_S, Classifier, classify_recording
from harmodels.recordings.stream import UCI_HAR

CLASSES = ("walking", "sitting", "laying")
DATA = TrainingData("simulated", True, worn="a phone at the waist")
CARD = ModelCard(RAW_CHANNELS[:3], ("g",) * 3, 50.0, DATA, 128, 64, noise_filter=UCI_HAR)
COLUMNS = {"time": "t", "acc_x": "ax", "acc_y": "ay", "acc_z": "az"}
# Networks whose labels hardly depend on the last bit, nor on what noise a rate lets through.
PLAIN = {"schedule": "constant", "clip_norm": None, "scale": None, "validation_fraction": 0.0}
LAST = {"batch_size": 32, "pooling": "last", "bidirectional": False}
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
    model = GRUClassifier(8, epochs=12, learning_rate=0.02, random_state=1, **LAST, **PLAIN)
    folder = tmp_path_factory.mktemp("gru")
    model.fit(values[:, :, :3], labels).save(folder, card_with_gravity(CARD, values, labels))
    return folder


def card_with_gravity(card, values, labels):
    """Return a card that knows how gravity lies in the windows of the training."""
    codes = np.unique(labels, return_inverse=True)[1]
    found = gravity_of(values[:, :, :3], codes, RAW_CHANNELS[:3], ("g",) * 3)
    return card.model_copy(update={"gravity": found})


@pytest.fixture(scope="session")
def mlp(windows, tmp_path_factory):
    """Return the folder of a perceptron on the 561 features."""
    values, labels = windows
    computed = extract_features(values, FILTERED_CHANNELS, 50.0, FILTERED_UNITS, filtered=True)
    scale = map_to_range(computed, np.full(len(computed), "train"))
    model = MLPClassifier((12, 8), epochs=15, learning_rate=0.05, random_state=1, **PLAIN)
    units = tuple(UNIT[channel] for channel in RAW_CHANNELS)
    folder = tmp_path_factory.mktemp("mlp")
    card = ModelCard(RAW_CHANNELS, units, 50.0, DATA, 128, 64, features=scale)
    model.fit(apply_map(scale, computed), labels)
    model.save(folder, card_with_gravity(card, values, labels))
    return folder


@dataclass
class Kept:
    """A recording in memory: samples of each session in g, in chunks of `chunk` rows."""

    sessions: list[tuple[np.ndarray, np.ndarray]]
    origin: Any = 0.0
    chunk: int = 1000
    rate_hz: float = 50.0
    name: str = "kept"
    meanings: dict = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def file_units(self):
        return defaultdict(lambda: "g")

    @property
    def rows(self):
        return sum(len(times) for times, _ in self.sessions)

    size = rows

    def samples(self):
        done = 0
        for session, (times, values) in enumerate(self.sessions):
            for start in range(0, len(times), self.chunk):
                rows = slice(start, start + self.chunk)
                done += len(times[rows])
                yield Samples(session, times[rows], values[rows], done)


class Recut:
    """A recording in chunks of another size."""

    def __init__(self, recording, chunk):
        self._recording, self._chunk = recording, chunk

    def __getattr__(self, name):
        return getattr(self._recording, name)

    def samples(self):
        for part in self._recording.samples():
            for start in range(0, len(part.times), self._chunk):
                rows = slice(start, start + self._chunk)
                yield part._replace(times=part.times[rows], values=part.values[rows])


@pytest.fixture
def classify():
    """Return a function from a file, a model's folder and arguments to activities."""

    def run(path, folder, *, columns=None, units=None, chunk=None, step=None, gap=LARGEST_GAP_S, **given):  # noqa: E501  # fmt: skip
        model = harmodels.load(folder)
        if columns is None:
            columns = COLUMNS | (GYRO_COLUMNS if model.card_.features is not None else {})
        given = Given(columns, {"acc": "m/s2"} if units is None else units, **given)
        recording = open_recording(path, model.card_.channels, model.card_.units, given)
        recording = recording if chunk is None else Recut(recording, chunk)
        return classify_recording(Classifier(model, step=step, largest_gap_s=gap), recording)

    return run


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a frame as CSV and returns the path."""

    def run(frame, name="walk.csv"):
        frame.to_csv(tmp_path / name, index=False)
        return tmp_path / name

    return run
