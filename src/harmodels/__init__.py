"""Networks for human-activity recognition, with gradients derived by hand.

The names below load when they are first used, so that `import harmodels` costs next to nothing.
"""

import importlib
import os
from typing import Any

# torch reads it once, with the first product of matrices on a GPU; without it these would not be
# deterministic there.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

_HOMES = {
    "ElmanClassifier": "harmodels.estimators",
    "FillGaps": "harmodels.estimators",
    "GRUClassifier": "harmodels.estimators",
    "HarFeatures": "harmodels.estimators",
    "HierarchicalClassifier": "harmodels.estimators",
    "LSTMClassifier": "harmodels.estimators",
    "MLPClassifier": "harmodels.estimators",
    "ModelCard": "harmodels.estimators",
    "TrainingData": "harmodels.estimators",
    "from_channels_first": "harmodels.estimators",
    "load": "harmodels.estimators",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from harmodels.assets import version

        return version()
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'harmodels' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
