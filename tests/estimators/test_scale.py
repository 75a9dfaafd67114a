"""The scale of the channels is found in the training data and goes wherever the network goes."""

import numpy as np
import pytest

from harmodels import GRUClassifier, MLPClassifier
from harmodels.estimators.inputs.scale import find_scale

SPREAD = np.array([20.0, 1.0, 0.01, 0.0])


@pytest.fixture
def raw(sequences):
    """Return the sequences with channels of other spreads, the last one constant, and labels."""
    inputs, labels = sequences
    return inputs * SPREAD + [0.0, 5.0, 0.0, 3.0], labels


def small(**given):
    return GRUClassifier(4, **{"epochs": 2, "random_state": 0} | given)


def test_channels_are_standardised_over_all_steps_and_a_constant_one_is_not_divided(raw):
    inputs, labels = raw
    model = small(scale="standard").fit([*inputs[:20], *inputs[20:, :7]], labels)
    frames = np.concatenate([inputs[:20].reshape(-1, 4), inputs[20:, :7].reshape(-1, 4)])
    np.testing.assert_allclose(model.offset_, frames.mean(0), rtol=1e-12)
    np.testing.assert_allclose(model.scale_[:3], frames.std(0)[:3], rtol=1e-12)
    assert model.scale_[3] == 1


def test_each_column_of_a_table_is_standardised_for_the_perceptron(raw):
    inputs, labels = raw
    model = MLPClassifier((4, 3), scale="standard", epochs=1).fit(inputs[:, 0], labels)
    np.testing.assert_allclose(model.offset_, inputs[:, 0].mean(0), rtol=1e-12)


@pytest.mark.parametrize(
    ("deviations", "needed"),
    [
        ([1.0, 0.9], False),
        ([0.4, 1.1], False),
        ([0.4, 1.3], True),
        ([0.3], True),
        ([3.1], True),
        ([1.0, 0.0], False),
        ([0.0], False),
    ],
)
def test_auto_standardises_where_deviations_are_far_from_one_or_from_each_other(deviations, needed):
    frames = np.array([[-1.0], [1.0]]) * deviations
    assert (find_scale([frames], "auto") is not None) is needed
    assert find_scale([frames], None) is None


def test_validation_data_have_no_part_in_the_scale(raw):
    inputs, labels = raw
    alone = small().fit(inputs, labels)
    watched = small().fit(inputs, labels, validation_data=(inputs * 10, labels))
    assert (watched.scale_ == alone.scale_).all()


@pytest.mark.parametrize("offset", [2.0**30, -(2.0**34)])
def test_a_large_offset_takes_no_digits(offset, sequences):
    inputs, labels = sequences
    inputs = np.round(inputs, 3)
    near = small(scale="standard").fit(inputs, labels).predict_proba(inputs)
    far = small(scale="standard").fit(inputs + offset, labels).predict_proba(inputs + offset)
    np.testing.assert_allclose(far, near, atol=2e-5)


def test_a_scaled_network_is_the_one_of_scaled_data(raw):
    inputs, labels = raw
    model = small(scale="standard").fit(inputs, labels)
    scaled = (inputs - model.offset_) / model.scale_
    same = small(scale=None).fit(scaled, labels)
    np.testing.assert_array_equal(model.predict_proba(inputs), same.predict_proba(scaled))
