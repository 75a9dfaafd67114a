import numpy as np
import pytest

from harmodels import (
    ElmanClassifier,
    GRUClassifier,
    HierarchicalClassifier,
    LSTMClassifier,
    MLPClassifier,
)
from harmodels.estimators import training


@pytest.fixture
def sequences():
    """Return 24 sequences of 12 steps and 4 channels of three classes, and their labels."""
    rng = np.random.default_rng(0)
    labels = np.repeat(["lying", "sitting", "walking"], 8)
    level = np.repeat([-1.0, 0.0, 1.0], 8)[:, None, None]
    return rng.normal(size=(24, 12, 4)) * 0.3 + level, labels


@pytest.fixture
def ragged(sequences):
    """Return the same sequences cut to unequal lengths."""
    inputs, labels = sequences
    lengths = np.random.default_rng(1).integers(5, 13, size=len(inputs))
    return [x[:n] for x, n in zip(inputs, lengths, strict=True)], labels


@pytest.fixture
def split_seen(monkeypatch):
    """Return a list to which every training appends what it trains and validates on."""
    seen, fit = [], training.fit

    def spy(learner, data, indices, *rest, **more):
        seen.append(indices)
        return fit(learner, data, indices, *rest, **more)

    monkeypatch.setattr(training, "fit", spy)
    return seen


@pytest.fixture
def suited(model, sequences, ragged):
    """Return data that the model reads: of unequal lengths, of equal ones for the perceptron."""
    return sequences if isinstance(model, MLPClassifier) else ragged


MODELS = {
    "truncated_bptt": ElmanClassifier(
        6, training="truncated_bptt", window=5, scale="standard", epochs=3, random_state=3
    ),
    "minibatch": ElmanClassifier(6, epochs=3, random_state=3),
    "gru": GRUClassifier(6, layers=2, pooling="last", dropout=0.2, epochs=3, random_state=3),
    "lstm": LSTMClassifier(6, pooling="last", scale="standard", epochs=3, random_state=3),
    "bidirectional": LSTMClassifier(
        6, layers=2, bidirectional=True, pooling="last", dropout=0.2, epochs=3, random_state=3
    ),
    "pooled": GRUClassifier(6, bidirectional=True, dropout=0.2, epochs=3, random_state=3),
    "hierarchical": HierarchicalClassifier(
        6,
        branches=[[0, 1, 2], [1, 2, 3]],
        branch_hidden=3,
        pooling="max",
        scale="standard",
        epochs=3,
        random_state=3,
    ),
    "perceptron": MLPClassifier(
        (7, 5),
        dropout=0.2,
        dropout_form="at_inference",
        scale="standard",
        learning_rate=0.05,
        epochs=3,
        random_state=3,
    ),
}


SEQUENTIAL = [name for name in MODELS if name != "perceptron"]


@pytest.fixture(params=list(MODELS))
def model(request):
    """Return an unfitted model of each architecture in turn."""
    from sklearn.base import clone

    return clone(MODELS[request.param])
