"""How long a training takes: epochs, early stopping, callbacks, and where the next one begins."""

import numpy as np
import pytest
from sklearn.base import clone

from harmodels import ElmanClassifier, GRUClassifier, HierarchicalClassifier, MLPClassifier
from harmodels.estimators.epochs import LEAST_EPOCHS, LEAST_UPDATES
from harmodels.estimators.inputs import validation

RANDOM = np.random.default_rng(0)
Y = np.arange(60) % 3
X = RANDOM.normal(size=(60, 4, 2)) + Y[:, None, None]
PEOPLE = np.arange(60) // 5


def small(**given):
    return GRUClassifier(2, **{"epochs": 2, "random_state": 0} | given)


@pytest.fixture
def plenty(monkeypatch):
    """Let 60 sequences of 12 people be enough to hold some out."""
    monkeypatch.setattr(validation, "LEAST_SEQUENCES", 60)


@pytest.mark.parametrize(
    ("model", "epochs"),
    [
        (GRUClassifier(2, batch_size=6), LEAST_UPDATES // 10),
        (GRUClassifier(2, batch_size=1), LEAST_EPOCHS),
        (GRUClassifier(2, batch_size=60, epochs=3), 3),
        (ElmanClassifier(2, training="truncated_bptt", window=2), LEAST_EPOCHS),
        (MLPClassifier((2, 2), batch_size=7), -(-LEAST_UPDATES // 9)),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_without_a_number_of_epochs_small_data_are_passed_through_more_often(model, epochs):
    model.set_params(random_state=0).fit(X[:, 0] if isinstance(model, MLPClassifier) else X, Y)
    assert model.n_iter_ == epochs
    assert model.replicates_["epochs"].tolist() == [epochs]


def test_a_tenth_is_held_out_of_many_sequences_alone(plenty, split_seen):
    small().fit(X, Y)
    small().fit(X[:-1], Y[:-1])
    small(validation_fraction=0).fit(X, Y)
    assert len(split_seen[0].validation[0]) == 6
    assert split_seen[1].validation is None
    assert split_seen[2].validation is None


def test_of_enough_people_whole_ones_are_held_out(plenty, split_seen):
    small(replicates=2).fit(X, Y, groups=PEOPLE)
    for train, held in zip(split_seen[0].train, split_seen[0].validation, strict=True):
        assert len(held) == 10  # two people of twelve
        assert not set(PEOPLE[train]) & set(PEOPLE[held])


def test_of_few_people_none_is_held_out(plenty, split_seen):
    small().fit(X, Y, groups=PEOPLE // 4)
    assert split_seen[0].validation is None


def test_auto_holds_nothing_out_where_a_class_would_be_lost(plenty, split_seen):
    labels = np.where(np.arange(60) < 1, 3, Y)
    small().fit(X, labels)
    assert split_seen[0].validation is None


def test_auto_waits_at_least_ten_epochs_and_a_number_of_updates(plenty):
    labels = np.random.default_rng(1).permutation(Y)
    for batch_size, waited in ((1, 10), (6, -(-validation.PATIENT_UPDATES // 9))):
        model = small(epochs=400, learning_rate=0.05, batch_size=batch_size).fit(X, labels)
        best, epochs = model.replicates_.loc[0, ["best_epoch", "epochs"]]
        assert epochs - best == waited


def test_none_switches_patience_off():
    noise = np.random.default_rng(1).permutation(Y)
    model = small(epochs=60, learning_rate=0.1, patience=None, validation_fraction=0.3)
    assert model.fit(X, noise).n_iter_ == 60


def test_a_callback_sees_each_epoch_and_may_end_the_training():
    seen = []

    def end_at_three(report):
        seen.append((report.epoch, report.sequences, set(report.train)))
        return report.epoch == 3

    model = small(epochs=9, schedule="constant", callback=end_at_three).fit(X, Y)
    assert seen == [(epoch, 60, {"cross_entropy"}) for epoch in (1, 2, 3)]
    assert model.n_iter_ == 3
    assert model.replicates_["stopped"].tolist() == ["the callback returned True"]
    short = small(epochs=3, schedule="constant").fit(X, Y)
    assert (model.predict_proba(X) == short.predict_proba(X)).all()


def test_warm_start_goes_on_from_the_weights_and_keeps_their_scale():
    model = small(epochs=40, learning_rate=0.02, warm_start=True, scale="standard").fit(X, Y)
    (first, *_, last), scale = model.history_["value"], model.scale_
    model.fit(1.1 * X, Y)
    assert model.scale_ is scale
    assert model.history_["value"].iloc[0] < (first + last) / 2


def test_warm_start_without_a_step_changes_nothing():
    model = small(epochs=5, warm_start=True).fit(X, Y)
    before = model.predict_proba(X)
    model.set_params(learning_rate=1e-30).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize(
    ("change", "data", "named"),
    [
        ({}, (X, Y + 1), r"classes \[0, 1, 2\], and now they are \[1, 2, 3\].*warm_start=False"),
        ({}, (X[:, :, :1], Y), "channels 2, and now they are 1"),
        ({"replicates": 2}, (X, Y), "replicates 1, and now they are 2"),
        ({"hidden": 3}, (X, Y), "hidden is 3, and the network was trained with hidden=2"),
    ],
)
def test_warm_start_refuses_what_the_network_is_not_of(change, data, named):
    model = small(warm_start=True).fit(X, Y).set_params(**change)
    with pytest.raises(ValueError, match=named):
        model.fit(*data)
    model.set_params(warm_start=False).fit(*data)


@pytest.mark.parametrize("use", ["predict", "predict_proba", "to_torch", "save", "to_onnx"])
@pytest.mark.parametrize(
    ("model", "change"),
    [
        (GRUClassifier(2), {"pooling": "mean"}),
        (GRUClassifier(2), {"bidirectional": False}),
        (MLPClassifier((3, 2), dropout_form="at_inference"), {"dropout": 0.5}),
        (HierarchicalClassifier(2), {"branches": [[1], [0]]}),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_network_whose_architecture_was_changed_afterwards_is_refused(
    use, model, change, tmp_path
):
    inputs = X[:, 0] if isinstance(model, MLPClassifier) else X
    model = clone(model).set_params(epochs=1, random_state=0).fit(inputs, Y)
    model.set_params(epochs=7, learning_rate=1.0).predict(inputs)  # of the next training alone
    (name,) = change
    given = {"save": tmp_path / "model", "to_onnx": tmp_path / "a.onnx", "to_torch": 0}
    with pytest.raises(ValueError, match=f"{name} is .*, and the network was trained with {name}="):
        getattr(model.set_params(**change), use)(given.get(use, inputs))
