"""Whole windows and recordings, and what is refused."""

import numpy as np
import pytest

from harmodels.data.features.catalogue import catalogue, feature_names
from harmodels.data.features.extract import extract_features, windows_of_recording
from harmodels.errors import DataError

COLUMN = {name: column for column, name in enumerate(feature_names())}


def extract(recording, values=None, **changes):
    arguments = {
        "windows": recording.values if values is None else values,
        "channels": recording.channels,
        "rate_hz": 50.0,
        "units": recording.units,
        "filtered": True,
    }
    return extract_features(**(arguments | changes))


def cut(walk, values=None, time_s=None, **changes):
    values = walk.values if values is None else values
    time_s = np.arange(len(values)) / 50 if time_s is None else time_s
    arguments = {"channels": walk.channels, "units": walk.units}
    return windows_of_recording(time_s, values, **(arguments | changes))


def test_a_phone_at_rest_has_gravity_and_nothing_else(still):
    features = extract(still)[0]
    moving = [
        feature.column - 1
        for feature in catalogue()
        if feature.signal != "tGravityAcc" and feature.function not in ("angle", "maxInds")
    ]
    np.testing.assert_array_equal(features[moving], 0.0)
    assert features[COLUMN["tGravityAcc-mean()-X"]] == 1.0


def test_angles_of_a_phone_at_rest_say_how_it_lies(still):
    features = extract(still)[0]
    angles = [features[COLUMN[f"angle({axis},gravityMean)"]] for axis in "XYZ"]
    np.testing.assert_allclose(angles, [0.0, np.pi / 2, np.pi / 2])


def test_a_sine_on_the_gyroscope_stands_in_its_frequency_columns(still):
    sine = np.sin(2 * np.pi * 10 * np.arange(128) / 128)
    still.values[:, :, 6] = 0.5 * sine
    features = extract(still)[0]
    assert features[COLUMN["fBodyGyro-maxInds-X"]] == 10
    assert features[COLUMN["fBodyGyro-meanFreq()-X"]] == pytest.approx(10)
    x_bands = features[460:474]  # columns 461 … 474; bin 10 lies in 9–16, 1–16 and 1–24
    np.testing.assert_allclose(x_bands, 0.25 * np.isin(np.arange(14), [1, 8, 12]), atol=1e-12)


def test_features_of_a_window_do_not_depend_on_its_company(walk):
    windows = cut(walk).values
    values = np.concatenate([windows] * 80)  # 560 windows: more than one chunk
    features = filtered_features(values)
    alone = filtered_features(windows[3:4])
    np.testing.assert_allclose(features[556:557], alone, rtol=1e-9, atol=1e-12)


FILTERED_LAYOUT = (
    [f"{s}_{a}" for s in ("total_acc", "body_acc", "body_gyro") for a in "xyz"],
    50.0,
    ["g"] * 6 + ["rad/s"] * 3,
)


def filtered_features(windows, **changes):
    return extract_features(windows, *FILTERED_LAYOUT, filtered=True, **changes)


def test_order_of_channels_does_not_matter(walk):
    windows = cut(walk).values
    channels, rate, units = FILTERED_LAYOUT
    expected = filtered_features(windows)
    turned = extract_features(windows[..., ::-1], channels[::-1], rate, units[::-1], filtered=True)
    np.testing.assert_array_equal(turned, expected)


def test_following_samples_change_jerk_features_only(walk):
    windows, following, _ = cut(walk)
    known = filtered_features(windows, following=following)
    predicted = filtered_features(windows)
    changed = (known != predicted).any(axis=0)
    assert changed.any()
    assert all("Jerk" in name for name, differs in zip(feature_names(), changed, strict=True)
               if differs)  # fmt: skip


def test_raw_windows_are_filtered_like_recordings_of_their_length(walk):
    alone = extract(walk, walk.values[None, :128], filtered=False)
    windows = cut(walk, walk.values[:128]).values
    expected = filtered_features(windows)
    np.testing.assert_allclose(alone, expected, rtol=1e-9, atol=1e-12)


def test_no_windows_give_no_features(still):
    assert extract(still, still.values[:0]).shape == (0, 561)


def test_windows_of_a_recording_overlap_by_half_and_know_the_next_sample(walk):
    windows = cut(walk)
    assert windows.values.shape == (7, 128, 9)
    np.testing.assert_array_equal(windows.values[1, :64], windows.values[0, 64:])
    np.testing.assert_array_equal(windows.following[:-1], windows.values[1:, 64])
    assert np.isnan(windows.following[-1]).all()
    np.testing.assert_allclose(windows.start_s, np.arange(7) * 1.28)


def test_body_and_gravity_of_a_recording_add_up_to_its_total(walk):
    values = cut(walk).values
    gravity = values[..., :3] - values[..., 3:6]
    assert np.abs(np.diff(gravity, axis=1)).max() < 0.02


def put(place, value):
    """Return a change of one number of an array."""

    def change(values):
        values[place] = value
        return values

    return change


OTHER_CHANNELS = ["other" if name == "body_acc_x" else name for name in FILTERED_LAYOUT[0]]


@pytest.mark.parametrize(
    ("values", "arguments", "message"),
    [
        *((lambda _, n=n: np.ones((2, n, 9)), {}, rf"\(2, {n}, 9\).*128") for n in (127, 129, 256)),
        *((np.copy, {"rate_hz": rate}, "resample") for rate in (20.0, 100.0, float("nan"))),
        (np.copy, {"units": ("m/s²", *["g"] * 8)}, r"total_acc_x is in m/s².*9\.80665"),
        (lambda values: values * 9.81, {}, r"9\.81, which cannot be in g"),
        (lambda values: values * 0.01, {}, "gravity included"),
        (put((0, 5, 7), 90.0), {}, "degrees a second"),
        (put((1, 3, 4), np.nan), {}, "window 1 holds NaN or infinity"),
        (put((1, 3, 4), np.inf), {}, "window 1 holds NaN or infinity"),
        (np.copy, {"channels": OTHER_CHANNELS}, "'body_acc_x' is missing"),
        (np.copy, {"units": ("g", "g")}, "9 channel names and 2 units"),
        (np.copy, {"following": np.zeros((3, 9))}, r"\(3, 9\), not \(2, 9\)"),
    ],
)
def test_windows_that_are_not_those_of_a_phone_are_refused(still, values, arguments, message):
    with pytest.raises(DataError, match=message):
        extract(still, values(still.values), **arguments)


def test_following_samples_of_raw_windows_are_refused(walk):
    with pytest.raises(DataError, match="leave them out"):
        extract(walk, walk.values[None, :128], filtered=False, following=np.zeros((1, 6)))


EVEN = np.arange(512) / 50


@pytest.mark.parametrize(
    ("values", "time_s", "message"),
    [
        (np.copy, EVEN + 0.1 * (EVEN >= 4), r"0\.12 s lie between.*3\.98 s and 4\.1 s"),
        (np.copy, EVEN * 50 / 20, "20 Hz, not 50 Hz"),
        (np.copy, np.where(EVEN == 0.2, 0.18, EVEN), "time stamp 10"),
        (lambda values: values[:127], None, "127 samples"),
        (put((77, 2), np.nan), None, "sample 77"),
        (np.copy, EVEN[:5], "time stamps of shape"),
    ],
)
def test_a_recording_without_even_samples_is_refused_with_the_place(walk, values, time_s, message):
    with pytest.raises(DataError, match=message):
        cut(walk, values(walk.values), time_s)
