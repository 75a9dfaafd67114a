"""A fitted estimator as a folder: model.json, weights.safetensors, and a map of features if any.

Nothing is pickled; every file, name and shape is checked before it is used.
docs/own-recordings.md describes the keys of model.json.
"""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from sklearn.base import BaseEstimator
from torch import Tensor

from harmodels.config.base import Matching, Record, Several
from harmodels.config.messages import unknown
from harmodels.data.features.mapping import read_map, write_map
from harmodels.errors import ConfigurationError, HarmodelsError, ModelError
from harmodels.estimators.card import ModelCard, Normalisation
from harmodels.estimators.earlier import complete
from harmodels.estimators.fitting import check_fitted, plain
from harmodels.files import atomic_path, sha256, write_json
from harmodels.nn.params import load_state_dict, state_dict

FORMAT = 2  # 1: of networks that read the channels as they are
MODEL = "model.json"
WEIGHTS = "weights.safetensors"
FEATURE_MAP = "feature_map.parquet"
REMEDY = "Take a whole copy of the folder, or export the model again"
# where and how a network runs is the business of who loads it
RUNNING = ("callback", "engine", "device", "n_jobs", "verbose")

Digest = Annotated[str, Matching("[0-9a-f]{64}", "a SHA-256")]


class Classes(Record):
    """Labels in the order of the outputs, and numpy's name of their type."""

    dtype: str
    values: Several[bool | int | float | str]

    def array(self) -> NDArray[Any]:
        """Return the labels (C,)."""
        kind = np.dtype(self.dtype)
        if kind.kind not in "biufUO":
            raise ValueError(f"labels of type {kind} are neither text nor numbers")
        return np.array(self.values, dtype=kind)


class Inputs(Record):
    """Channels of a sequence; number and names of the columns of a table, if it was one."""

    channels: int = Field(ge=1)
    columns: int | None
    names: Several[str] | None


class Files(Record):
    """SHA-256 of the files beside model.json."""

    weights: Digest = Field(alias=WEIGHTS)
    feature_map: Digest | None = Field(None, alias=FEATURE_MAP)


class ModelFile(Record):
    """Content of model.json."""

    format: int
    harmodels: str
    architecture: str
    parameters: dict[str, Any]
    classes: Classes
    inputs: Inputs
    scaling: Normalisation | None = None
    files: Files
    card: ModelCard | None


def save_model(model: BaseEstimator, folder: str | Path, about: ModelCard | None = None) -> None:
    """Write a fitted estimator into a folder; see `ExportMixin.save`."""
    check_fitted(model)
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
            "scaling": None
            if model.scale_ is None
            else {"offset": model.offset_.tolist(), "scale": model.scale_.tolist()},
            "files": {name: sha256(folder / name) for name in files},
            "card": None if card is None else card.replaced(features=None).model_dump(),
        },
    )


def load_model(folder: str | Path, architectures: Mapping[str, type[BaseEstimator]]) -> Any:
    """Return the fitted estimator of a folder; see `harmodels.load`."""
    folder = Path(folder)
    path = folder / MODEL
    content = _read(path)
    for name, digest in content.files.model_dump(by_alias=True, exclude_none=True).items():
        _check_file(folder / name, digest)
    try:
        if content.architecture not in architectures:
            raise ModelError(unknown("architecture", content.architecture, architectures))
        kind = architectures[content.architecture]
        parameters = content.parameters
        if content.format == 1:
            parameters = complete(kind, parameters)
        model = kind(**_parameters_from_json(parameters))
        model.classes_ = content.classes.array()
        model.n_channels_in_ = content.inputs.channels
        if content.inputs.columns is not None:
            model.n_features_in_ = content.inputs.columns
        if content.inputs.names is not None:
            model.feature_names_in_ = np.array(content.inputs.names, dtype=object)
        model.card_ = content.card
        if content.card is not None and content.files.feature_map is not None:
            model.card_ = content.card.replaced(features=read_map(folder / FEATURE_MAP))
        model._hold(_params(model, (folder / WEIGHTS).read_bytes()), *_scaling(content))
    except (TypeError, ValueError, SafetensorError, HarmodelsError) as error:
        raise ModelError(f"{path} does not describe a model: {error}. {REMEDY}") from error
    return model


def _read(path: Path) -> ModelFile:
    if not path.is_file():
        raise ModelError(
            f"{path.parent} holds no {MODEL}; give the folder of a model, as `save` or the rule "
            "export_model writes it"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot read {path}: {error}. {REMEDY}") from error
    found = content.get("format") if isinstance(content, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise ModelError(
            f"{path} has format {found}, and this version of harmodels ({version('harmodels')}) "
            f"reads up to {FORMAT}; it was written by {content.get('harmodels')}: install that "
            "version or a newer one"
        )
    try:
        return ModelFile.read(content, str(path))
    except ConfigurationError as error:
        raise ModelError(f"{error}. {REMEDY}") from None


def _check_file(path: Path, digest: str) -> None:
    if not path.is_file():
        raise ModelError(f"{path} is missing. {REMEDY}")
    found = sha256(path)
    if found != digest:
        raise ModelError(
            f"{path} is damaged or of another model: its SHA-256 is {found}, not {digest}. {REMEDY}"
        )


def _scaling(content: ModelFile) -> tuple[NDArray[np.float64], ...]:
    """Return offset and scale, (D,) each, or nothing of a network without."""
    if content.scaling is None:
        return ()
    offset, scale = content.scaling.arrays()
    if not len(offset) == len(scale) == content.inputs.channels:
        raise ValueError(
            f"scaling has {len(offset)} offsets and {len(scale)} scales for "
            f"{content.inputs.channels} channels"
        )
    return offset, scale


def _params(model: Any, contents: bytes) -> Any:
    """Return the weights, after a check of every name and shape."""
    tensors: dict[str, Tensor] = load_tensors(contents)
    like = model._initial_params()
    strange = sorted(set(tensors) ^ set(state_dict(like)))
    if strange:
        raise ValueError(f"weights do not fit {type(model).__name__}: {strange[0]!r}")
    replicates = {len(tensor) for tensor in tensors.values()}
    if replicates != {model.replicates}:
        raise ValueError(f"weights of {sorted(replicates)} replicates, not {model.replicates}")
    if not all(t.dtype == torch.float32 and t.isfinite().all() for t in tensors.values()):
        raise ValueError("weights are not finite float32 numbers")
    return load_state_dict(like, tensors)


def _parameters_to_json(model: Any) -> dict[str, Any]:
    parameters = {k: v for k, v in model.get_params(deep=False).items() if k not in RUNNING}
    parameters["replicates"] = len(model.params_.output.bias)  # diverged ones are left out
    seed = parameters["random_state"]
    parameters["random_state"] = int(seed) if isinstance(seed, int | np.integer) else None
    if isinstance(parameters["class_weight"], Mapping):  # JSON knows keys of text alone
        parameters["class_weight"] = list(parameters["class_weight"].items())
    return {name: plain(value) for name, value in parameters.items()}


def _parameters_from_json(parameters: dict[str, Any]) -> dict[str, Any]:
    of_classes = parameters.get("class_weight")
    return parameters | ({"class_weight": dict(of_classes)} if isinstance(of_classes, list) else {})


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
