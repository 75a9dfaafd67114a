"""The page's scripts against Python and scipy, in node."""

import shutil
import subprocess
from importlib.resources import files

import numpy as np
import pytest
from scipy.ndimage import median_filter
from scipy.signal import butter, sosfilt, sosfilt_zi

from harmodels import ElmanClassifier, GRUClassifier, HierarchicalClassifier, LSTMClassifier
from harmodels.data.resampling import resample
from harmodels.estimators.exports.card import Normalisation, normalise
from harmodels.live.network import describe_network
from harmodels.live.page import SCRIPTS, describe_model
from harmodels.nn.params import state_dict
from harmodels.recordings.classify import Classifier
from harmodels.recordings.stream import Windows

NETWORKS = {
    "elman": ElmanClassifier(7, epochs=1, replicates=2, random_state=1),
    "elman_tbptt": ElmanClassifier(7, training="truncated_bptt", epochs=1, random_state=1),
    "gru": GRUClassifier(7, epochs=1, replicates=3, random_state=1),
    "gru_stack": GRUClassifier(7, layers=3, pooling="last", epochs=1, random_state=1),
    "lstm": LSTMClassifier(7, epochs=1, random_state=1),
    "lstm_stack": LSTMClassifier(
        7, layers=2, pooling="last", epochs=1, replicates=2, random_state=1
    ),
    "hierarchical_rnn": HierarchicalClassifier(
        7,
        branches=[[0, 1, 2], [2, 3, 4]],
        branch_hidden=3,
        cell="simple_rnn",
        pooling="last",
        epochs=1,
    ),
    "hierarchical_gru": HierarchicalClassifier(
        7, branches=[[0, 1], [3, 2], [4, 0]], branch_hidden=3, replicates=2, epochs=1
    ),
    "gru_mean": GRUClassifier(7, pooling="mean", epochs=1, random_state=1),
    "gru_both": GRUClassifier(
        7, layers=2, bidirectional=True, pooling="last", epochs=1, random_state=1
    ),
    "lstm_both_mean_max": LSTMClassifier(
        7, layers=2, bidirectional=True, epochs=1, replicates=2, random_state=1
    ),
    "hierarchical_max": HierarchicalClassifier(7, pooling="max", branch_hidden=3, epochs=1),
    "hierarchical_lstm": HierarchicalClassifier(7, branch_hidden=3, cell="lstm", epochs=1),
}
CLASSIFY = """({network, sequences}) => {
  const net = new Network(network);
  return sequences.map((sequence) => net.probabilities(sequence));
}"""
CUT = """({model, times, values}) => {
  const windows = [];
  const windower = new Windower(model, (window) => windows.push(
    {...window, values: window.values.map((vector) => Array.from(vector))}));
  times.forEach((time, i) => windower.push(time, values[i]));
  windower.finish();
  return windows;
}"""
RESAMPLE = """({times, columns, rates}) => {
  const numbers = (array) => Float64Array.from(array);
  return resample(numbers(times), columns.map(numbers), ...rates).map((c) => Array.from(c));
}"""


def plain(**changes):
    model = {"rate_hz": 20, "window": {"steps": 20, "step": 10, "seconds": 1}}
    return model | {"noise_filter": None, "normalisation": None} | changes


@pytest.mark.parametrize("name", NETWORKS)
def test_every_architecture_has_the_probabilities_of_python(name, in_node):
    rng = np.random.default_rng(3)
    model = NETWORKS[name].fit(rng.normal(size=(12, 9, 5)), np.arange(12) % 4)
    for tensor in state_dict(
        model.params_
    ).values():  # far from zero, where gates saturate and outputs differ
        tensor.copy_(tensor.new_tensor(rng.normal(scale=0.8, size=tensor.shape)))
    sequences = rng.normal(size=(30, 15, 5)).astype(np.float32)
    given = {"network": describe_network(model), "sequences": sequences.tolist()}
    found = np.array(in_node(CLASSIFY, given))
    expected = model.predict_proba(sequences)
    np.testing.assert_allclose(found, expected, atol=2e-5)
    np.testing.assert_array_equal(found.argmax(1), expected.argmax(1))


def test_saturated_outputs_keep_their_order(in_node):
    model = ElmanClassifier(3, epochs=1, random_state=0).fit(np.ones((4, 5, 1)), [0, 1, 2, 0])
    model.params_.output.bias.copy_(model.params_.output.bias.new_tensor([-900.0, -800.0, -950.0]))
    given = {"network": describe_network(model), "sequences": np.ones((1, 5, 1)).tolist()}
    assert np.argmax(in_node(CLASSIFY, given)[0]) == 1


def test_windows_are_linear_interpolations_and_do_not_cross_a_gap(in_node, recording):
    times, values = recording
    given = {"model": plain(), "times": times.tolist(), "values": values.tolist()}
    found = in_node(CUT, given)
    expected = windows_of(times, values)
    assert len(found) == len(expected)
    for mine, (start, window) in zip(found, expected, strict=True):
        assert mine["start"] == pytest.approx(start)
        assert mine["end"] == pytest.approx(start + 1.0)
        np.testing.assert_allclose(mine["values"], window, rtol=1e-6, atol=1e-6)


def test_even_samples_lose_none_to_rounding(in_node):
    times = 1e5 + np.arange(40) / 20  # of which the last completes a window
    given = {"model": plain(), "times": times.tolist(), "values": [[1.0]] * 40}
    assert len(in_node(CUT, given)) == 3


def test_filter_and_scale_are_those_of_scipy(in_node):
    values = np.random.default_rng(1).normal([1.0, -3.0], size=(60, 2))
    sections = butter(3, 0.4, output="sos")
    smooth = median_filter(values, size=(3, 1), mode="nearest")
    rest = sosfilt_zi(sections)[:, :, None] * smooth[0]
    filtered, _ = sosfilt(sections, smooth, axis=0, zi=rest)
    expected = (filtered - [0.5, 1.0]) / [2.0, 4.0]
    model = plain(
        noise_filter={"median_steps": 3, "sections": sections.tolist()},
        normalisation={"offset": [0.5, 1.0], "scale": [2.0, 4.0]},
    )
    times = np.arange(60) / 20
    given = {"model": model, "times": times.tolist(), "values": values.tolist()}
    found = in_node(CUT, given)
    assert len(found) == 5
    for index, window in enumerate(found):
        part = expected[10 * index : 10 * index + 20]
        np.testing.assert_allclose(window["values"], part, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("normalised", [False, True])
def test_the_scale_of_the_network_comes_after_that_of_the_card(normalised, in_node, card):
    rng = np.random.default_rng(2)
    values = rng.normal([9.0, 0.5, 0.0, 0.0, 100.0, 0.0], [0.1, 0.2, 1.0, 1.0, 30.0, 2.0], (90, 6))
    own = card
    if normalised:
        own = card.replaced(normalisation=Normalisation([8.0, *[0.0] * 5], [2.0, *[1.0] * 5]))
    windows = np.array([window for _, window in windows_of(np.arange(90) / 20, values)])
    model = GRUClassifier(4, scale="standard", epochs=2, random_state=0)
    model.fit(normalise(windows, own), np.arange(len(windows)) % 3)
    model.card_ = own
    described = describe_model(model)
    given = {"model": described, "times": (np.arange(90) / 20).tolist(), "values": values.tolist()}
    read = [window["values"] for window in in_node(CUT, given)]
    found = in_node(CLASSIFY, {"network": described["network"], "sequences": read})
    starts = np.arange(len(windows)) / 2
    scored = Classifier(model).score(Windows(windows, windows, starts))
    np.testing.assert_allclose(found, scored.probabilities, atol=2e-6)


@pytest.mark.parametrize("recorded_hz", [20, 31.3, 50, 52.5, 100, 400])
def test_another_rate_is_that_of_training(recorded_hz, in_node):
    rng = np.random.default_rng(4)
    times = 7 + np.arange(700) / recorded_hz + rng.uniform(-0.1, 0.1, 700) / recorded_hz
    values = rng.normal(size=(700, 2))
    given = {"times": times.tolist(), "columns": values.T.tolist(), "rates": [50, recorded_hz]}
    _, expected = resample(times, values, 50.0, recorded_hz)
    np.testing.assert_allclose(np.transpose(in_node(RESAMPLE, given)), expected, atol=1e-9)


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_is_valid(name):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    subprocess.run([node, "--check", str(files("harmodels.live").joinpath(name))], check=True)


def windows_of(times, values, rate_hz=20, steps=20, step=10, largest_gap_s=0.2):
    """Return (start, window) of each part between gaps, from numpy's interpolation."""
    found = []
    for part in np.split(np.arange(len(times)), np.flatnonzero(np.diff(times) > largest_gap_s) + 1):
        count = int(np.floor((times[part[-1]] - times[part[0]]) * rate_hz + 0.5)) + 1
        even = times[part[0]] + np.arange(count) / rate_hz
        columns = [np.interp(even, times[part], column) for column in values[part].T]
        samples = np.column_stack(columns)
        for first in range(0, count - steps + 1, step):
            found.append((even[first], samples[first : first + steps]))
    return found
