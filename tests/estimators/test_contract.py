"""scikit-learn's own checks of an estimator.

One of them no training in batches passes: rows in another order, or twice instead of with a weight
of two, are other batches. scikit-learn expects its own SGDClassifier and Perceptron to fail it, and
asks its MLPClassifier with lbfgs alone. What holds of weights is in test_weights.py.
"""

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
    ElmanClassifier(hidden=16, epochs=3, learning_rate=0.01, random_state=0),
    ElmanClassifier(
        hidden=16, training="truncated_bptt", epochs=3, learning_rate=0.1, random_state=0
    ),
    GRUClassifier(hidden=16, epochs=3, learning_rate=0.01, random_state=0),
    LSTMClassifier(hidden=16, epochs=3, learning_rate=0.01, random_state=0),
    HierarchicalClassifier(hidden=16, epochs=3, learning_rate=0.03, random_state=0),
    MLPClassifier(hidden=(16, 8), epochs=10, learning_rate=0.05, random_state=0),
]


OF_BATCHES = {"check_sample_weight_equivalence_on_dense_data": "the batches are others"}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda estimator: OF_BATCHES)
def test_the_estimator_keeps_scikit_learns_contract(estimator, check):
    check(estimator)
