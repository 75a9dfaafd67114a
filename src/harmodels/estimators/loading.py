"""The fitted estimator of a folder, after a check of every file, name and shape."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from torch import Tensor

from harmodels.config.messages import unknown_key
from harmodels.data.features.mapping import read_map
from harmodels.errors import HarmodelsError, ModelError
from harmodels.estimators.base import NetworkClassifier
from harmodels.estimators.card import (
    Accuracy,
    ModelCard,
    NoiseFilter,
    Normalisation,
    TrainingData,
)
from harmodels.estimators.classifiers import (
    ElmanClassifier,
    GRUClassifier,
    HierarchicalClassifier,
    LSTMClassifier,
    MLPClassifier,
)
from harmodels.estimators.folder import FEATURE_MAP, FORMAT, KEYS, MODEL, WEIGHTS
from harmodels.files import sha256
from harmodels.nn.params import load_state_dict, state_dict

ARCHITECTURES: Mapping[str, type[NetworkClassifier]] = {
    kind.__name__: kind
    for kind in (
        ElmanClassifier,
        GRUClassifier,
        HierarchicalClassifier,
        LSTMClassifier,
        MLPClassifier,
    )
}
REMEDY = "Take a whole copy of the folder, or export the model again"


def load_model(folder: str | Path) -> NetworkClassifier:
    """Return the fitted estimator of a folder that `save` or the rule `export_model` wrote.

    It predicts the same as the one that was saved; its card is `card_`, None without one. The
    course of its training (`history_`) is not part of a model.

    Raises
    ------
    ModelError
        Naming the file, if it is missing, damaged, of a newer format, or of an architecture that
        this version does not know.

    Examples
    --------
    >>> import tempfile, numpy as np, harmodels
    >>> rng = np.random.default_rng(0)
    >>> model = harmodels.GRUClassifier(4, epochs=2, random_state=1)
    >>> X = rng.normal(size=(12, 20, 3))
    >>> _ = model.fit(X, ["rest", "walk"] * 6)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(folder)
    ...     again = harmodels.load(folder)
    >>> bool((again.predict_proba(X) == model.predict_proba(X)).all())
    True
    """
    folder = Path(folder)
    path = folder / MODEL
    content = _read_json(path)
    kind = _architecture(content, path)
    for name, digest in _section(content, "files", path).items():
        _check_file(folder / name, digest)
    try:
        model = kind(**_section(content, "parameters", path))
        model.classes_ = _classes_from_json(content["classes"])
        inputs = content["inputs"]
        model.n_channels_in_ = int(inputs["channels"])
        if inputs["columns"] is not None:
            model.n_features_in_ = int(inputs["columns"])
        if inputs["names"] is not None:
            model.feature_names_in_ = np.array(inputs["names"], dtype=object)
        model.card_ = _card(content["card"], folder, content["files"])
        model.params_ = _params(model, (folder / WEIGHTS).read_bytes())
    except (KeyError, TypeError, ValueError, SafetensorError, HarmodelsError) as error:
        raise ModelError(f"{path} does not describe a model: {_text(error)}. {REMEDY}") from error
    return model


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ModelError(
            f"{path.parent} holds no {MODEL}; give the folder of a model, as `save` or the rule "
            "export_model writes it"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot read {path}: {error}. {REMEDY}") from error
    if not isinstance(content, dict) or not isinstance(content.get("format"), int):
        raise ModelError(f"{path} lacks the key 'format'. {REMEDY}")
    if content["format"] > FORMAT:
        raise ModelError(
            f"{path} has format {content['format']}, and this version of harmodels "
            f"({version('harmodels')}) reads up to {FORMAT}; it was written by "
            f"{content.get('harmodels')}: install that version or a newer one"
        )
    missing = [key for key in KEYS if key not in content]
    if missing:
        raise ModelError(f"{path} lacks the key {missing[0]!r}. {REMEDY}")
    return content


def _architecture(content: Mapping[str, Any], path: Path) -> type[NetworkClassifier]:
    name = content["architecture"]
    if name not in ARCHITECTURES:
        text = unknown_key([str(name)], ARCHITECTURES)
        raise ModelError(f"{path}: {text.replace('unknown key', 'unknown architecture', 1)}")
    return ARCHITECTURES[name]


def _section(content: Mapping[str, Any], key: str, path: Path) -> dict[str, Any]:
    if not isinstance(content[key], dict):
        raise ModelError(f"{path}: {key} is {content[key]!r}, not an object. {REMEDY}")
    return content[key]


def _check_file(path: Path, digest: Any) -> None:
    if path.name not in (WEIGHTS, FEATURE_MAP):
        raise ModelError(f"{path.parent / MODEL} names {path.name!r}, no file of a model. {REMEDY}")
    if not path.is_file():
        raise ModelError(f"{path} is missing. {REMEDY}")
    found = sha256(path)
    if found != digest:
        raise ModelError(
            f"{path} is damaged or of another model: its SHA-256 is {found}, not {digest}. {REMEDY}"
        )


def _classes_from_json(content: Mapping[str, Any]) -> NDArray[Any]:
    kind = np.dtype(content["dtype"])
    if kind.kind not in "biufUO":
        raise ValueError(f"labels of type {kind} are neither text nor numbers")
    return np.array(content["values"], dtype=kind)


def _card(content: Any, folder: Path, files: Mapping[str, Any]) -> ModelCard | None:
    if content is None:
        return None
    fields = dict(content)
    for key, kind in (
        ("data", TrainingData),
        ("noise_filter", NoiseFilter),
        ("normalisation", Normalisation),
        ("accuracy", Accuracy),
    ):
        if fields[key] is not None:
            fields[key] = kind(**{name: _frozen(part) for name, part in fields[key].items()})
    for key in ("channels", "units"):
        fields[key] = tuple(fields[key])
    if FEATURE_MAP in files:
        fields["features"] = read_map(folder / FEATURE_MAP)
    return ModelCard(**fields)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


def _params(model: NetworkClassifier, contents: bytes) -> Any:
    """Return the weights, after a check of every name and shape."""
    tensors: dict[str, Tensor] = load_tensors(contents)
    like = model._initial_params()
    named = state_dict(like)
    strange = sorted(set(tensors) ^ set(named))
    if strange:
        raise ValueError(f"weights do not fit {type(model).__name__}: {strange[0]!r}")
    replicates = {len(tensor) for tensor in tensors.values()}
    if replicates != {model.replicates}:
        raise ValueError(f"weights of {sorted(replicates)} replicates, not {model.replicates}")
    if not all(t.dtype == torch.float32 and t.isfinite().all() for t in tensors.values()):
        raise ValueError("weights are not finite float32 numbers")
    return load_state_dict(like, tensors)


def _text(error: Exception) -> str:
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error)
