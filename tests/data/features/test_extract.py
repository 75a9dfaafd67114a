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
    features = extract_features(values, *filtered_layout(), filtered=True)
    alone = extract_features(windows[3:4], *filtered_layout(), filtered=True)
    np.testing.assert_allclose(features[556:557], alone, rtol=1e-9, atol=1e-12)


def filtered_layout():
    channels = [f"{s}_{a}" for s in ("total_acc", "body_acc", "body_gyro") for a in "xyz"]
    return channels, 50.0, ["g"] * 6 + ["rad/s"] * 3


def test_order_of_channels_does_not_matter(walk):
    windows = cut(walk).values
    channels, rate, units = filtered_layout()
    expected = extract_features(windows, channels, rate, units, filtered=True)
    turned = extract_features(windows[..., ::-1], channels[::-1], rate, units[::-1], filtered=True)
    np.testing.assert_array_equal(turned, expected)


def test_following_samples_change_jerk_features_only(walk):
    windows, following, _ = cut(walk)
    known = extract_features(windows, *filtered_layout(), filtered=True, following=following)
    predicted = extract_features(windows, *filtered_layout(), filtered=True)
    changed = (known != predicted).any(axis=0)
    assert changed.any()
    assert all("Jerk" in name for name, differs in zip(feature_names(), changed, strict=True)
               if differs)  # fmt: skip


def test_raw_windows_are_filtered_like_recordings_of_their_length(walk):
    alone = extract(walk, walk.values[None, :128], filtered=False)
    windows = cut(walk, walk.values[:128]).values
    expected = extract_features(windows, *filtered_layout(), filtered=True)
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


@pytest.mark.parametrize("length", [127, 129, 256])
def test_window_of_wrong_length_is_refused(still, length):
    with pytest.raises(DataError, match=rf"\(2, {length}, 9\).*128"):
        extract(still, np.ones((2, length, 9)))


@pytest.mark.parametrize("rate", [20.0, 100.0, float("nan")])
def test_wrong_rate_is_refused(still, rate):
    with pytest.raises(DataError, match="resample"):
        extract(still, rate_hz=rate)


def test_unit_named_metres_a_second_squared_is_refused(still):
    units = ("m/s²", *still.units[1:])
    with pytest.raises(DataError, match=r"total_acc_x is in m/s².*9\.80665"):
        extract(still, units=units)


def test_acceleration_called_g_but_ten_times_too_large_is_refused(still):
    with pytest.raises(DataError, match=r"9\.81, which cannot be in g"):
        extract(still, still.values * 9.81)


def test_acceleration_without_gravity_is_refused(still):
    with pytest.raises(DataError, match="gravity included"):
        extract(still, still.values * 0.01)


def test_rotation_in_degrees_is_refused(still):
    still.values[0, 5, 7] = 90.0
    with pytest.raises(DataError, match="degrees a second"):
        extract(still)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_window_with_nan_or_infinity_is_named(still, value):
    still.values[1, 3, 4] = value
    with pytest.raises(DataError, match="window 1 holds NaN or infinity"):
        extract(still)


def test_missing_channel_is_named(still):
    channels = ["other" if name == "body_acc_x" else name for name in still.channels]
    with pytest.raises(DataError, match="'body_acc_x' is missing"):
        extract(still, channels=channels)


def test_too_few_units_are_refused(still):
    with pytest.raises(DataError, match="9 channel names and 2 units"):
        extract(still, units=("g", "g"))


def test_following_samples_of_wrong_shape_are_refused(still):
    with pytest.raises(DataError, match=r"\(3, 9\), not \(2, 9\)"):
        extract(still, following=np.zeros((3, 9)))


def test_following_samples_of_raw_windows_are_refused(walk):
    with pytest.raises(DataError, match="leave them out"):
        extract(walk, walk.values[None, :128], filtered=False, following=np.zeros((1, 6)))


def test_recording_with_a_gap_names_its_place(walk):
    time_s = np.arange(len(walk.values)) / 50
    time_s[200:] += 0.1
    with pytest.raises(DataError, match=r"0\.12 s lie between.*3\.98 s and 4\.1 s"):
        cut(walk, time_s=time_s)


def test_recording_at_another_rate_is_refused(walk):
    with pytest.raises(DataError, match="20 Hz, not 50 Hz"):
        cut(walk, time_s=np.arange(len(walk.values)) / 20)


def test_recording_whose_time_goes_back_is_refused(walk):
    time_s = np.arange(len(walk.values)) / 50
    time_s[10] = time_s[9]
    with pytest.raises(DataError, match="time stamp 10"):
        cut(walk, time_s=time_s)


def test_recording_shorter_than_a_window_is_refused(walk):
    with pytest.raises(DataError, match="127 samples"):
        cut(walk, walk.values[:127])


def test_recording_with_a_nan_names_the_sample(walk):
    walk.values[77, 2] = np.nan
    with pytest.raises(DataError, match="sample 77"):
        cut(walk)


def test_recording_and_time_stamps_of_unequal_length_are_refused(walk):
    with pytest.raises(DataError, match="time stamps of shape"):
        cut(walk, time_s=np.arange(5) / 50)
