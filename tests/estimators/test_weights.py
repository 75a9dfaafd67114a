"""Weights of sequences and of classes."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import AdaBoostClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate

from harmodels import GRUClassifier, MLPClassifier
from harmodels.estimators.inputs import validation
from tests.estimators.test_folder import data_for

RANDOM = np.random.default_rng(0)
Y = np.repeat(["sit", "walk"], [50, 10])
X = RANDOM.normal(size=(60, 5, 2)) + 0.7 * (Y == "walk")[:, None, None]
PEOPLE = np.tile(np.arange(15), 4)


def small(**given):
    return GRUClassifier(3, **{"epochs": 40, "random_state": 0} | given)


def test_a_sequence_of_weight_zero_is_as_if_left_out(model, sequences):
    labels = sequences[1]
    inputs = data_for(model, sequences)
    weights = RANDOM.uniform(0.5, 2, len(labels))
    weights[::3] = 0
    kept = weights > 0
    weighted = clone(model).fit(inputs, labels, sample_weight=weights)
    alone = model.fit(inputs[kept], labels[kept], sample_weight=weights[kept])
    np.testing.assert_array_equal(weighted.predict_proba(inputs), alone.predict_proba(inputs))


def test_weights_change_the_training_by_their_ratios_alone(model, sequences):
    labels = sequences[1]
    inputs = data_for(model, sequences)
    weights = RANDOM.uniform(0.5, 2, len(labels))
    plain, weighted, scaled, equal = (
        clone(model).fit(inputs, labels, sample_weight=given).predict_proba(inputs)
        for given in (None, weights, weights * 4, np.full(len(labels), 3.0))
    )
    assert not np.allclose(plain, weighted)
    np.testing.assert_allclose(weighted, scaled, atol=1e-5)
    np.testing.assert_array_equal(equal, plain)


def test_a_weight_of_two_in_one_batch_is_a_sequence_given_twice():
    weights = 1.0 + (np.arange(60) % 4 == 0)
    twice = np.repeat(np.arange(60), weights.astype(int))
    model = small(batch_size=100, epochs=30, scale=None)
    weighted = clone(model).fit(X, Y, sample_weight=weights).predict_proba(X)
    np.testing.assert_allclose(weighted, model.fit(X[twice], Y[twice]).predict_proba(X), atol=1e-4)


def test_a_balanced_rare_class_is_found_more_often():
    walked = [
        (small(class_weight=weight).fit(X, Y).predict(X) == "walk").sum()
        for weight in (None, {"sit": 1.0, "walk": 3.0}, "balanced", {"walk": 100.0})
    ]
    assert walked == sorted(walked)
    assert walked[0] < walked[2] < walked[3]


def test_weights_of_classes_are_those_of_their_sequences():
    by_class = small(class_weight={"walk": 5.0}).fit(X, Y)
    by_sequence = small().fit(X, Y, sample_weight=np.where(Y == "walk", 5.0, 1.0))
    np.testing.assert_array_equal(by_class.predict_proba(X), by_sequence.predict_proba(X))


def test_balanced_counts_a_sequence_by_its_weight():
    weights = RANDOM.uniform(0.5, 2, 60).astype(np.float32)
    weights[Y == "walk"] *= 3
    each = weights / np.bincount(Y == "walk", weights)[(Y == "walk").astype(int)]
    balanced = small(class_weight="balanced", epochs=3).fit(X, Y, sample_weight=weights)
    given = small(epochs=3).fit(X, Y, sample_weight=each)
    np.testing.assert_allclose(balanced.predict_proba(X), given.predict_proba(X), atol=1e-5)


def test_weights_of_validation_data_have_no_part_in_the_training():
    walks = X[Y == "walk"], Y[Y == "walk"]
    losses = [
        small(class_weight={"walk": 5.0}, epochs=3).fit(X, Y, validation_data=given).history_
        for given in (None, walks)
    ]
    alone, watched = (each.query("split == 'train'")["value"].tolist() for each in losses)
    assert watched == alone


def test_people_are_wholes_also_beside_sequences_of_weight_zero(split_seen):
    weights = (np.arange(60) % 4 > 0).astype(float)
    model = small(epochs=1, validation_fraction=0.3)
    model.fit(X, Y, groups=PEOPLE, sample_weight=weights)
    people = PEOPLE[weights > 0]
    ((train,), (held,)) = split_seen[0].train, split_seen[0].validation
    assert len(train) + len(held) == 45
    assert not set(people[train]) & set(people[held])


def test_the_validation_loss_has_the_weights_of_the_sequences(split_seen):
    weights = np.where(np.arange(60) % 2, 1.0, 3.0)
    model = small(epochs=1, learning_rate=1e-30, scale=None, validation_fraction=0.5)
    model.fit(X, Y, sample_weight=weights)
    held = split_seen[0].validation[0]
    found = model.history_.query("split == 'validation' and metric == 'cross_entropy'")["value"]
    truth = (Y[held] == "walk").astype(int)
    each = -np.log(model.predict_proba(X[held])[np.arange(30), truth])
    np.testing.assert_allclose(found, np.average(each, weights=weights[held]), rtol=1e-5)


@pytest.mark.parametrize(
    ("parameters", "weights", "named"),
    [
        ({}, np.zeros(60), "sample_weight is zero for every sequence"),
        ({}, -np.ones(60), "Negative values in data passed to `sample_weight`"),
        ({}, np.ones(59), r"sample_weight.shape == \(59,\)"),
        ({}, np.r_[np.inf, np.ones(59)], "sample_weight contains infinity"),
        ({}, np.r_[np.nan, np.ones(59)], "sample_weight contains NaN"),
        ({}, (Y == "walk").astype(float), "one class, 'walk'"),
        ({"class_weight": {"walk": 0.0}}, None, "class_weight of 'walk' is 0; give a weight above"),
        ({"class_weight": {"run": 1.0}}, None, "run|sit"),
        ({"class_weight": "even"}, None, "balanced"),
    ],
)
def test_unusable_weights_are_named(parameters, weights, named):
    with pytest.raises(ValueError, match=named):
        small(**parameters).fit(X, Y, sample_weight=weights)


def test_boosting_by_weights_works():
    table = X[:, 0]
    network = MLPClassifier((4, 3), epochs=30, learning_rate=0.02, random_state=0)
    boosted = AdaBoostClassifier(network, n_estimators=3, random_state=0).fit(table, Y)
    assert len(boosted.estimators_) > 1
    assert boosted.score(table, Y) >= 50 / 60


@pytest.fixture
def routing():
    """Let scikit-learn hand what `fit` asks for through searches and pipelines."""
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.parametrize("search", ["grid", "cross"])
def test_people_are_wholes_also_inside_a_fit_of_a_search(search, routing, split_seen, monkeypatch):
    monkeypatch.setattr(validation, "LEAST_SEQUENCES", 40)
    model = small(epochs=1).set_fit_request(groups=True)
    if search == "grid":
        GridSearchCV(model, {"hidden": [2, 3]}, cv=GroupKFold(3)).fit(X, Y, groups=PEOPLE)
    else:
        cross_validate(model, X, Y, cv=GroupKFold(3), params={"groups": PEOPLE})
    inner = split_seen[:3]
    assert [len(each.train[0]) + len(each.validation[0]) for each in inner] == [40] * 3
    for (fitted, _), each in zip(GroupKFold(3).split(X, Y, PEOPLE), inner, strict=True):
        people = PEOPLE[fitted]
        assert not set(people[each.train[0]]) & set(people[each.validation[0]])
