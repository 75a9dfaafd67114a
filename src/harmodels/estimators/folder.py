"""A fitted estimator as a folder: model.json, weights.safetensors, and a map of features if any.

Nothing is unpickled. model.json holds the keys of `KEYS`; docs/own-recordings.md describes them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from harmodels.config.messages import unknown_key
from harmodels.data.features.mapping import read_map, write_map
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
from harmodels.files import atomic_path, sha256, write_json
from harmodels.nn.params import load_state_dict, state_dict

FORMAT = 1
MODEL = "model.json"
WEIGHTS = "weights.safetensors"
FEATURE_MAP = "feature_map.parquet"
KEYS = ("format", "harmodels", "architecture", "parameters", "classes", "inputs", "files", "card")
# where and how a network runs is the business of who loads it
RUNNING = ("engine", "device", "n_jobs", "verbose")
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


def save_model(
    model: NetworkClassifier, folder: str | Path, about: ModelCard | None = None
) -> None:
    """Write a fitted estimator into a folder, which is made if need be.

    Parameters
    ----------
    model
        Fitted.
    folder
        Files of an earlier model in it are replaced.
    about
        What the model reads and was trained on; by default the card that it has.

    Raises
    ------
    ModelError
        If the labels are neither text nor numbers, or the card is of other inputs.
    ResultsError
        If the folder cannot be written.
    """
    check_is_fitted(model)
    folder = Path(folder)
    card = about or getattr(model, "card_", None)
    if card is not None and card.inputs != model.n_channels_in_:
        raise ModelError(
            f"the card names {card.inputs} inputs, and the network reads {model.n_channels_in_}: "
            "describe the channels that it was trained on"
        )
    classes = _classes_to_json(model.classes_)
    tensors = {key: t.cpu().contiguous() for key, t in state_dict(model.params_).items()}
    with atomic_path(folder / WEIGHTS) as temporary:
        temporary.write_bytes(save_tensors(tensors))
    files = [WEIGHTS]
    if card is not None and card.features is not None:
        write_map(folder / FEATURE_MAP, card.features)
        files.append(FEATURE_MAP)
    columns = getattr(model, "feature_names_in_", None)
    write_json(
        folder / MODEL,
        {
            "format": FORMAT,
            "harmodels": version("harmodels"),
            "architecture": type(model).__name__,
            "parameters": _parameters_to_json(model),
            "classes": classes,
            "inputs": {
                "channels": int(model.n_channels_in_),
                "columns": getattr(model, "n_features_in_", None),
                "names": None if columns is None else columns.tolist(),
            },
            "files": {name: sha256(folder / name) for name in files},
            "card": None if card is None else asdict(replace(card, features=None)),
        },
    )


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


REMEDY = "Take a whole copy of the folder, or export the model again"


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


def _parameters_to_json(model: NetworkClassifier) -> dict[str, Any]:
    parameters = {k: v for k, v in model.get_params(deep=False).items() if k not in RUNNING}
    parameters["replicates"] = len(model.params_.output.bias)  # diverged ones are left out
    seed = parameters["random_state"]
    parameters["random_state"] = int(seed) if isinstance(seed, int | np.integer) else None
    return {name: _plain(value) for name, value in parameters.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(part) for part in value]
    return value


def _classes_to_json(classes: NDArray[Any]) -> dict[str, Any]:
    values = classes.tolist()
    if classes.dtype.kind not in "biufUO" or not all(
        isinstance(value, str | int | float) for value in values
    ):
        raise ModelError(
            f"labels of type {classes.dtype} cannot be saved; train with labels that are text or "
            "numbers"
        )
    return {"dtype": "str" if classes.dtype.kind == "U" else classes.dtype.name, "values": values}


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
