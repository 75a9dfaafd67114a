"""The adapter keeps aeon's contract and gives what the estimator gives."""

import numpy as np
import pytest

pytest.importorskip("aeon")

from aeon.testing.estimator_checking import parametrize_with_checks

from harmodels import ElmanClassifier, GRUClassifier, HierarchicalClassifier, LSTMClassifier
from harmodels.adapters.aeon import AeonClassifier

ADAPTERS = [
    AeonClassifier(GRUClassifier(4, epochs=2)),
    AeonClassifier(LSTMClassifier(4, epochs=2)),
    AeonClassifier(ElmanClassifier(4, epochs=2)),
    AeonClassifier(HierarchicalClassifier(4, epochs=2)),
]


@parametrize_with_checks(ADAPTERS)
def test_the_adapter_keeps_aeons_contract(check):
    check()


def test_it_gives_what_the_estimator_gives():
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(length, 3)) for length in range(5, 13)]
    labels = np.repeat(["sit", "walk"], 4)
    estimator = GRUClassifier(4, epochs=3, random_state=0)
    channels_first = [sequence.T for sequence in sequences]
    adapted = AeonClassifier(estimator).fit(channels_first, labels)
    expected = estimator.fit(sequences, labels).predict_proba(sequences)
    np.testing.assert_array_equal(adapted.predict_proba(channels_first), expected)
