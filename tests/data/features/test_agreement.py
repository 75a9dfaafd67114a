"""Agreement with the data set's own columns; `pytest -m mirror -s` prints the numbers."""

import time

import numpy as np
import pytest

from harmodels.data.features import signals, statistics
from harmodels.data.features.catalogue import catalogue
from harmodels.data.features.extract import extract_features
from harmodels.data.features.mapping import apply_map, correlation_table, fit_map, pearson

pytestmark = pytest.mark.mirror

ENOUGH = 0.99
LAYOUT = (
    [f"{s}_{a}" for s in ("total_acc", "body_acc", "body_gyro") for a in "xyz"],
    50.0,
    ["g"] * 6 + ["rad/s"] * 3,
)


@pytest.fixture(scope="module")
def following(archive):
    return signals.following_samples(archive.windows)


@pytest.fixture(scope="module")
def computed(archive, following):
    start = time.perf_counter()
    features = extract_features(archive.windows, *LAYOUT, filtered=True, following=following)
    seconds = time.perf_counter() - start
    print(f"\n{1000 * seconds / len(features):.2f} s for 1000 windows")
    return features


def count(table, title):
    good = int((table["r"].abs() >= ENOUGH).sum())
    print(f"\n{title}: {good} of {len(table)} columns with |r| >= {ENOUGH}")
    print(table.sort_values("r", key=abs).head(8).to_string(index=False))
    return good


def columns(function, signal):
    return [f.column - 1 for f in catalogue() if (f.function, f.signal) == (function, signal)]


def test_all_columns_agree_over_both_halves(archive, computed):
    assert count(correlation_table(computed, archive.shipped), "both halves") == 561


@pytest.mark.parametrize("half", ["train", "test"])
def test_at_least_500_columns_agree_in_each_half(archive, computed, half):
    rows = slice(archive.train) if half == "train" else slice(archive.train, None)
    table = correlation_table(computed[rows], archive.shipped[rows])
    assert count(table, f"{half} half") >= 500


def test_every_column_is_exact_where_the_next_sample_is_known(archive, computed, following):
    known = ~np.isnan(following).any(axis=1)
    table = correlation_table(computed[known], archive.shipped[known])
    count(table, f"{known.sum()} of {len(known)} windows with known next sample")
    assert table["r"].min() > 0.9999


def test_without_any_next_sample_at_least_500_columns_agree(archive):
    computed = extract_features(archive.windows, *LAYOUT, filtered=True)
    assert count(correlation_table(computed, archive.shipped), "all ends predicted") >= 500


def test_predicted_end_misses_a_tenth_of_the_jerks_power_at_most(archive, following):
    known = ~np.isnan(following[:, 3:]).any(axis=1)
    moving = archive.windows[known][..., 3:]
    error = signals.predict_next(moving) - following[known, 3:]
    steps = following[known, 3:] - moving[:, -1]
    share = np.square(error).sum(axis=0) / np.square(steps).sum(axis=0)
    print(f"\nerror of the predicted end: {share.min():.3f} to {share.max():.3f} of jerk's power")
    assert share.max() < 0.1


def test_columns_that_hang_on_the_predicted_sample_are_of_jerk(archive, computed):
    table = correlation_table(computed, archive.shipped)
    assert table.loc[table["r"] < 0.9999, "name"].str.contains("Jerk").all()


def test_gravity_is_a_third_order_filter_of_total_acceleration_up_to_rounding(archive):
    total = archive.windows[..., :3]
    gravity = total - archive.windows[..., 3:6]
    difference = np.abs(signals.restore_gravity(total, gravity) - gravity).max(axis=(1, 2))
    print(f"\nlargest difference from printed gravity: {difference.max():.2g} g")
    assert difference.min() > 0
    assert difference.max() < signals.TEXT_ROUNDING


def test_printed_gravity_is_too_coarse_for_its_autoregressive_coefficients(archive):
    printed = statistics.ar_coefficients(archive.windows[..., :3] - archive.windows[..., 3:6])
    r = pearson(printed, archive.shipped[:, columns("arCoeff", "tGravityAcc")])
    print(f"\ngravity's arCoeff from printed gravity: r {r.min():.2f} to {r.max():.2f}")
    assert r.max() < 0.7


def test_median_absolute_deviation_is_not_what_was_shipped(archive):
    body = archive.windows[..., 3:6]
    centre = np.median(body, axis=1, keepdims=True)
    median = np.median(np.abs(body - centre), axis=1)
    r = pearson(median, archive.shipped[:, columns("mad", "tBodyAcc")])
    print(f"\nmad as a median: r {r.min():.3f} to {r.max():.3f}")
    assert r.max() < ENOUGH


def test_entropy_of_jerk_a_second_is_not_what_was_shipped(archive, following):
    jerk = signals.jerk(archive.windows[..., 3:6], following[:, 3:6]) * signals.RATE_HZ
    shipped = archive.shipped[:, columns("entropy", "tBodyAccJerk")]
    r = pearson(statistics.entropy(jerk), shipped)
    print(f"\nentropy of jerk times 50 Hz: r {r.min():.2f} to {r.max():.2f}")
    assert r.max() < 0


def test_mapped_features_are_the_shipped_ones_on_the_test_half(archive, computed):
    train, test = slice(archive.train), slice(archive.train, None)
    shipped = archive.shipped
    affine = fit_map(computed[train], shipped[train], computed[test], shipped[test])
    error = np.abs(apply_map(affine, computed[test]) - shipped[test])
    quantiles = np.quantile(error, [0.5, 0.9, 0.99])
    print("\nerror of mapped test features, quantiles 50, 90, 99 %:", quantiles)
    assert quantiles[1] < 0.001
