"""scikit-learn estimators over the training loops, for arrays and lists of sequences.

Axes: n sequences, T time steps, D channels, C classes, R replicates.
"""

from harmodels.estimators.classifiers import (
    ElmanClassifier,
    GRUClassifier,
    HierarchicalClassifier,
    LSTMClassifier,
    MLPClassifier,
)
from harmodels.estimators.exports.card import ModelCard, TrainingData
from harmodels.estimators.features import HarFeatures
from harmodels.estimators.inputs.gaps import FillGaps
from harmodels.estimators.inputs.sequences import from_channels_first
from harmodels.estimators.loading import load_model as load

__all__ = [
    "ElmanClassifier",
    "FillGaps",
    "GRUClassifier",
    "HarFeatures",
    "HierarchicalClassifier",
    "LSTMClassifier",
    "MLPClassifier",
    "ModelCard",
    "TrainingData",
    "from_channels_first",
    "load",
]
