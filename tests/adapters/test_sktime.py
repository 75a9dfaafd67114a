"""The adapter keeps sktime's contract and gives what the estimator gives."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sktime")

from sktime.utils.estimator_checks import check_estimator

from harmodels import ElmanClassifier, GRUClassifier, HierarchicalClassifier
from harmodels.adapters.sktime import SktimeClassifier


@pytest.mark.parametrize(
    "adapter",
    [
        SktimeClassifier,  # with a GRU and an LSTM
        SktimeClassifier(ElmanClassifier(4, epochs=2)),
        SktimeClassifier(HierarchicalClassifier(4, epochs=2)),
    ],
    ids=["class", "elman", "hierarchical"],
)
def test_the_adapter_keeps_sktimes_contract(adapter):
    outcomes = check_estimator(adapter, verbose=False)
    assert len(outcomes) > 100
    assert {name: each for name, each in outcomes.items() if each != "PASSED"} == {}


def test_it_gives_what_the_estimator_gives():
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(length, 3)) for length in range(5, 13)]
    labels = np.repeat(["sit", "walk"], 4)
    estimator = GRUClassifier(4, epochs=3, random_state=0)
    frames = [pd.DataFrame(sequence, columns=["x", "y", "z"]) for sequence in sequences]
    adapted = SktimeClassifier(estimator).fit(frames, labels)
    expected = estimator.fit(sequences, labels).predict_proba(sequences)
    np.testing.assert_array_equal(adapted.predict_proba(frames), expected)
