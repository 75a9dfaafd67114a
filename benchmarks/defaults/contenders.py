"""The settings among which defaults are chosen, and who is compared in the end."""

from collections.abc import Callable
from typing import Any

import torch
from sklearn import neural_network
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.defaults.peers import Flat, Keras, MiniRocket, Torch
from harmodels import ElmanClassifier, GRUClassifier, LSTMClassifier, MLPClassifier

Contender = Callable[[int], Any]  # a seed to what has fit and score

# A sensible centre each, and the values of one factor at a time beside it.
FREE = {"epochs": None, "validation_fraction": 0.0, "patience": None, "clip_norm": 1.0}
GATED = {
    **FREE, "hidden": 64, "bidirectional": True, "pooling": "mean_max", "scale": "standard",
    "learning_rate": 0.003, "schedule": "one_cycle", "batch_size": 16,
}  # fmt: skip
CENTRES: dict[str, tuple[type, dict[str, Any]]] = {
    "GRU": (GRUClassifier, GATED),
    "LSTM": (LSTMClassifier, GATED),
    "Elman": (
        ElmanClassifier,
        {
            **FREE, "training": "minibatch", "optimiser": "adam", "hidden": 50, "batch_size": 16,
            "scale": "standard", "learning_rate": 0.003, "schedule": "one_cycle",
        },
    ),
    "MLP": (
        MLPClassifier,
        {
            **FREE, "hidden": (300, 100), "batch_size": 10, "momentum": 0.9, "scale": "standard",
            "learning_rate": 0.01, "schedule": "one_cycle",
        },
    ),
}  # fmt: skip
FACTORS: dict[str, dict[str, list[Any]]] = {
    "GRU": {
        "pooling": ["last", "mean"],
        "bidirectional": [False],
        "learning_rate": [0.001, 0.01],
        "scale": [None],
        "schedule": ["constant"],
    },
    "LSTM": {"learning_rate": [0.01]},
    "Elman": {"learning_rate": [0.001], "schedule": ["constant"], "scale": [None]},
    "MLP": {"learning_rate": [0.003, 0.03], "schedule": ["constant"], "scale": [None]},
}
RATES = {"torch LSTM": [0.003, 0.01]}  # of the peers, likewise


def _ours(kind: type, settings: dict[str, Any]) -> Contender:
    def make(seed: int) -> Any:
        model = kind(**settings, random_state=seed)
        return make_pipeline(Flat(), model) if kind is MLPClassifier else model

    return make


def _torch(layer: type[torch.nn.RNNBase], rate: float) -> Contender:
    return lambda seed: Torch(layer, rate, seed)


def _peer(name: str, rate: float) -> Contender:
    if name == "Keras GRU":
        return lambda seed: Keras(rate, seed)
    return _torch(getattr(torch.nn, name.removeprefix("torch ")), rate)


def _sklearn(seed: int) -> Any:
    model = neural_network.MLPClassifier(max_iter=500, random_state=seed)
    return make_pipeline(Flat(), StandardScaler(), model)


def candidates() -> dict[tuple[str, str, str], Contender]:
    """Return the settings by estimator, factor and value; the centre's factor is `centre`."""
    made = {}
    for name, (kind, centre) in CENTRES.items():
        made[name, "centre", ""] = _ours(kind, centre)
        for factor, values in FACTORS[name].items():
            for value in values:
                made[name, factor, str(value)] = _ours(kind, {**centre, factor: value})
    for name, (rate, *others) in RATES.items():
        made[name, "centre", ""] = _peer(name, rate)
        for other in others:
            made[name, "learning_rate", str(other)] = _peer(name, other)
    return made


def finalists() -> dict[str, Contender]:
    """Return our defaults and the peers, by name."""
    return {
        **{name: _ours(kind, {}) for name, (kind, _) in CENTRES.items()},
        "Elman, truncated BPTT": _ours(
            ElmanClassifier,
            {
                "training": "truncated_bptt", "epochs": 50, "scale": None,
                "validation_fraction": 0.0, "patience": None,
            },
        ),
        "torch GRU": _peer("torch GRU", 0.003),
        "torch LSTM": _peer("torch LSTM", 0.003),
        "Keras GRU": _peer("Keras GRU", 0.003),
        "sklearn MLP": _sklearn,
        "MiniRocket": MiniRocket,
    }  # fmt: skip


RECURRENT_PEERS = ["torch GRU", "torch LSTM", "Keras GRU"]
