"""scikit-learn's own checks of an estimator, each expected failure with its reason."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from harmodels import (
    ElmanClassifier,
    GRUClassifier,
    HierarchicalClassifier,
    LSTMClassifier,
    MLPClassifier,
)

ESTIMATORS = [
    ElmanClassifier(hidden=16, epochs=30, learning_rate=0.1, random_state=0),
    ElmanClassifier(hidden=16, epochs=30, training="minibatch", learning_rate=0.3, random_state=0),
    GRUClassifier(hidden=16, epochs=40, learning_rate=0.01, random_state=0),
    LSTMClassifier(hidden=16, epochs=40, learning_rate=0.01, random_state=0),
    HierarchicalClassifier(hidden=16, epochs=40, learning_rate=0.01, random_state=0),
    MLPClassifier(hidden=(16, 8), epochs=40, random_state=0),
]


def expected_failures(estimator):
    return {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_the_estimator_keeps_scikit_learns_contract(estimator, check):
    check(estimator)
