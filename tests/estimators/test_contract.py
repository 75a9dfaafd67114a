"""scikit-learn's own checks of an estimator, without an expected failure."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from harmodels import (
    ElmanClassifier,
    GRUClassifier,
    HierarchicalClassifier,
    LSTMClassifier,
    MLPClassifier,
)

# A few epochs are enough for the accuracy that the suite asks for.
ESTIMATORS = [
    ElmanClassifier(hidden=16, epochs=3, learning_rate=0.1, random_state=0),
    ElmanClassifier(hidden=16, epochs=3, training="minibatch", learning_rate=0.3, random_state=0),
    GRUClassifier(hidden=16, epochs=3, learning_rate=0.01, random_state=0),
    LSTMClassifier(hidden=16, epochs=3, learning_rate=0.01, random_state=0),
    HierarchicalClassifier(hidden=16, epochs=3, learning_rate=0.01, random_state=0),
    MLPClassifier(hidden=(16, 8), epochs=10, random_state=0),
]


@parametrize_with_checks(ESTIMATORS)
def test_the_estimator_keeps_scikit_learns_contract(estimator, check):
    check(estimator)
