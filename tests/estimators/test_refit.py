"""A training that fails or is interrupted changes nothing of an estimator."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

import harmodels
from harmodels import GRUClassifier, MLPClassifier
from harmodels.estimators import training

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(24, 9, 3)), np.repeat(["sit", "stand"], 12)
OTHER, LABELS = RANDOM.normal(size=(20, 7, 2)), np.arange(20) % 5  # other channels, other classes


@pytest.fixture
def interrupted(monkeypatch):
    """Press Ctrl-C after the second epoch of every training."""

    def press(bar, report, monitor):
        if report.epoch == 2:
            raise KeyboardInterrupt

    return lambda: monkeypatch.setattr(training, "_show", press)


def diverge(model, interrupted):
    model.set_params(learning_rate=1e30)
    with pytest.raises(ValueError, match="every replicate diverged"):
        model.fit(OTHER, LABELS)


def interrupt(model, interrupted):
    interrupted()
    with pytest.raises(KeyboardInterrupt):
        model.fit(OTHER, LABELS)


def hold_out_a_class(model, interrupted):
    model.set_params(validation_fraction=0.5)
    with pytest.raises(ValueError, match="hold out every group of a class"):
        model.fit(OTHER, LABELS, groups=LABELS)


def validate_on_other_channels(model, interrupted):
    with pytest.raises(ValueError, match="X of validation_data has 3 channels"):
        model.fit(OTHER, LABELS, validation_data=(X, Y))


FAILURES = [diverge, interrupt, hold_out_a_class, validate_on_other_channels]


def small():
    return GRUClassifier(4, epochs=3, random_state=0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("fail", FAILURES)
def test_a_refit_that_fails_leaves_the_network_as_it_was(fail, interrupted, tmp_path):
    model = small().fit([pd.DataFrame(x, columns=list("abc")) for x in X], Y)
    before = vars(model).copy()
    expected = model.predict_proba(X)
    fail(model, interrupted)
    assert {name: value for name, value in vars(model).items() if name.endswith("_")} == {
        name: value for name, value in before.items() if name.endswith("_")
    }
    assert set(model.predict(X)) <= {"sit", "stand"}
    model.save(tmp_path)
    for each in (model, harmodels.load(tmp_path)):
        assert (each.predict_proba(X) == expected).all()
        with pytest.raises(ValueError, match="2 channels; the network was trained on 3"):
            each.predict(OTHER)


@pytest.mark.parametrize("fail", FAILURES)
def test_a_first_fit_that_fails_leaves_no_network(fail, interrupted, tmp_path):
    model = small()
    fail(model, interrupted)
    for use in (model.predict, model.predict_proba, model.to_torch, lambda _: model.save(tmp_path)):
        with pytest.raises(NotFittedError):
            use(OTHER)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_refit_keeps_nothing_of_the_earlier_fit(tmp_path):
    table = pd.DataFrame(X[:, 0], columns=list("abc"))
    model = MLPClassifier((4, 3), epochs=2, learning_rate=0.001, random_state=0).fit(table, Y)
    model.save(tmp_path)
    model = harmodels.load(tmp_path)
    model.fit(OTHER[:, :1], LABELS)
    assert not {"card_", "feature_names_in_", "n_features_in_"} & vars(model).keys()
    assert model.classes_.tolist() == [0, 1, 2, 3, 4]
