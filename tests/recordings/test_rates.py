"""The same motion, recorded at another rate, gets the same labels."""

import numpy as np
import pytest
from scipy.signal import firwin

from harmodels import ModelCard
from harmodels.data.resampling import resample, split_gaps
from harmodels.data.simulation.afternoon import simulate_afternoon
from harmodels.errors import DataError
from harmodels.recordings.stream import GaplessSegment, check_rate
from tests.recordings.conftest import CLASSES, DATA

FINE_HZ = 100.0
HIGHEST_HZ = 8.0  # of the motion below: under half of 20 Hz, with room for the filters to fall
TAPS = 401  # of a filter that lets nothing through 0.5 Hz above that
TIE = 0.05  # of two probabilities; rounding may decide between them


@pytest.fixture(scope="module")
def slow_motion():
    """Return an afternoon at 100 Hz that holds nothing above `HIGHEST_HZ`, and its parts."""
    samples = simulate_afternoon(CLASSES, minutes=12, rate_hz=FINE_HZ, seed=3).samples.copy()
    parts = [np.arange(len(samples))[rows] for rows in split_gaps(samples["t"].to_numpy(), 0.2)]
    low_pass = firwin(TAPS, HIGHEST_HZ, fs=FINE_HZ)
    for name in samples.columns.drop("t"):
        values = samples[name].to_numpy(copy=True)
        for part in parts:
            wide = np.pad(values[part], TAPS // 2, mode="edge")
            values[part] = np.convolve(wide, low_pass, "valid")
        samples[name] = values
    return samples, parts


@pytest.fixture
def record(slow_motion, write):
    """Return a function that writes every n-th sample of each part as CSV."""
    samples, parts = slow_motion

    def run(every, columns=("t", "ax", "ay", "az", "gx", "gy", "gz")):
        rows = np.concatenate([part[::every] for part in parts])
        return write(samples.loc[rows, list(columns)], f"every_{every}.csv")

    return run


@pytest.mark.parametrize("model", ["gru", "mlp"])
@pytest.mark.parametrize("every", [5, 1], ids=["20 Hz", "100 Hz"])
def test_motion_that_both_rates_can_hold_gets_the_same_labels(
    model, every, record, classify, request
):
    folder = request.getfixturevalue(model)
    clean = classify(record(2), folder)
    other = classify(record(every, ("gz", "ax", "t", "gx", "az", "gy", "ay")), folder)
    np.testing.assert_allclose(other.starts, clean.starts, rtol=0, atol=1e-9)
    second, first = np.sort(clean.probabilities, axis=1)[:, -2:].T
    sure = first - second > TIE
    assert sure.mean() > 0.98
    np.testing.assert_array_equal(other.codes[sure], clean.codes[sure])


@pytest.mark.parametrize(("rate_hz", "least"), [(20.0, 0.97), (100.0, 0.995)])
def test_motion_and_noise_that_only_the_finer_rate_can_hold_change_few_labels(
    rate_hz, least, gru, classify, write
):
    """Thinned without a filter: what is above half of the rate folds back into the motion."""
    fine = simulate_afternoon(CLASSES, minutes=6, rate_hz=FINE_HZ, seed=3).samples
    clean = classify(write(fine.iloc[::2], "clean.csv"), gru)
    other = classify(write(fine.iloc[:: round(FINE_HZ / rate_hz)], "other.csv"), gru)
    steps = min(len(clean.codes), len(other.codes))
    assert abs(len(clean.codes) - len(other.codes)) <= 1
    assert (clean.codes[:steps] == other.codes[:steps]).mean() >= least


@pytest.mark.parametrize("size", [7, 100, 5000])
@pytest.mark.parametrize("recorded_hz", [20.0, 49.9, 50.0, 100.0])
def test_training_data_and_streamed_recordings_are_resampled_to_the_same_samples(recorded_hz, size):
    random = np.random.default_rng(1)
    times = 3.0 + np.arange(round(40 * recorded_hz)) / recorded_hz
    values = random.normal(size=(len(times), 3)).cumsum(axis=0)
    _, learnt = resample(times, values, 20.0)
    card = ModelCard(("x", "y", "z"), ("g",) * 3, 20.0, DATA)
    segment = GaplessSegment(card, steps=20, step=20, recorded_hz=recorded_hz)
    chunks = [slice(start, start + size) for start in range(0, len(times), size)]
    windows = [segment.push(times[rows], values[rows]).values for rows in chunks]
    windows += [rest.values for rest in segment.finish()]
    streamed = np.concatenate([each.reshape(-1, 3) for each in windows if each.size])
    assert len(streamed) == len(learnt) // 20 * 20 == 800
    np.testing.assert_array_equal(streamed, learnt[: len(streamed)])


@pytest.mark.parametrize(
    ("found_hz", "form", "message"),
    [
        (0.05, "s", r"0\.05 samples a second by its times.*the times may be in ms"),
        (0.05, "ms", r"the times may be in us \(--time-unit us\)"),
        (0.0125, "us", r"the times may be in ns \(--time-unit ns\)"),
        (50_000.0, "ms", r"50,000 samples.*no sensor's; the times may be in s \(--time-unit s\)"),
        (50_000.0, "us", r"the times may be in ms"),
        (12.5, "s", r"so slow a recording; record at 17 Hz or more, or train a model at .* 12\.5"),
        (12.5, "iso", r"train a model at the rate of the recording \(rate_hz: 12\.5\)"),
        (12.5, "", r"12\.5 samples a second as it is said to have.*check the rate \(--rate\)"),
        (6400.0, "", r"no sensor's; check the rate \(--rate\)"),
        (6400.0, "iso", r"no sensor's; name another column of the time"),
    ],
)
def test_a_rate_that_a_model_cannot_read_is_refused_with_what_would_be_plausible(
    found_hz, form, message
):
    with pytest.raises(DataError, match=message):
        check_rate(found_hz, 50.0, form)


@pytest.mark.parametrize("found_hz", [16.7, 20.0, 50.0, 3200.0])
def test_a_rate_that_a_model_can_read_is_not_refused(found_hz):
    check_rate(found_hz, 50.0)
