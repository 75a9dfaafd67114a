"""A fitted estimator as a folder: model.json, weights.safetensors, and a map of features if any.

Nothing is pickled; every file, name and shape is checked before it is used.
docs/own-recordings.md describes the keys of model.json.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from sklearn.base import BaseEstimator
from torch import Tensor

from harmodels.data.features.mapping import read_map, write_map
from harmodels.errors import ConfigurationError, HarmodelsError, ModelError, ResultsError
from harmodels.estimators.exports.card import ModelCard
from harmodels.estimators.exports.earlier import complete
from harmodels.estimators.exports.model_file import ModelFile
from harmodels.estimators.fitting import check_fitted
from harmodels.estimators.parameters import check_parameters, plain
from harmodels.files import (
    FEATURE_MAP,
    MODEL,
    MODEL_FILES,
    WEIGHTS,
    atomic_path,
    check_folder,
    sha256,
    write_json,
)
from harmodels.messages import shown, unknown
from harmodels.nn.params import load_state_dict, state_dict

FORMAT = 2  # 1: of networks that read the channels as they are
REMEDY = "Take a whole copy of the folder, or export the model again"
SAVING, KEPT = ".saving.", "kept"  # the folder of a save that is under way; the old files in it
# where and how a network runs is the business of who loads it
RUNNING = ("callback", "engine", "device", "n_jobs", "verbose")

# what a forged or damaged file can lead to, in numpy and torch too
HANDLED = (
    *(ArithmeticError, LookupError, MemoryError, RuntimeError, TypeError, ValueError),
    *(SafetensorError, HarmodelsError),
)


def save_model(
    model: BaseEstimator,
    folder: str | Path,
    architectures: Mapping[str, type[BaseEstimator]],
    about: ModelCard | None = None,
) -> None:
    """Write a fitted estimator into a folder; see `ExportMixin.save`."""
    check_fitted(model)
    folder = Path(folder)
    check_folder("the folder", folder)
    if architectures.get(type(model).__name__) is not type(model):
        raise ModelError(
            f"{type(model).__name__} is no class of harmodels, so that `load` could not make it; "
            f"save one of {', '.join(architectures)}"
        )
    card = about or getattr(model, "card_", None)
    if card is not None and card.inputs != model.n_channels_in_:
        raise ModelError(
            f"the card names {card.inputs} inputs, and the network reads {model.n_channels_in_}: "
            "describe the channels that it was trained on"
        )
    new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=SAVING, dir=folder) as temporary:
            made, kept = Path(temporary, "made"), Path(temporary, KEPT)
            _write(model, made, card)
            try:
                load_model(made, architectures)
            except ModelError as error:
                raise ModelError(
                    f"the network is not saved, because `load` would refuse it: "
                    f"{error.__cause__ or error}; fit it anew"
                ) from error
            _exchange(made, folder, kept)
    except UnicodeError as error:
        raise ModelError(
            f"a label, a column or the card holds text that UTF-8 cannot hold: {error}; write it "
            "in other letters"
        ) from error
    except OSError as error:
        raise ResultsError(f"cannot write {folder}: {error.strerror or error}") from error
    finally:
        if new and not (folder / MODEL).exists():
            with suppress(OSError):
                folder.rmdir()


def _write(model: Any, folder: Path, card: ModelCard | None) -> None:
    folder.mkdir()
    classes = _classes_to_json(model.classes_)
    tensors = {key: t.cpu().contiguous() for key, t in state_dict(model.params_).items()}
    with atomic_path(folder / WEIGHTS) as temporary:
        temporary.write_bytes(save_tensors(tensors))
    files = [WEIGHTS]
    if card is not None and card.features is not None:
        write_map(folder / FEATURE_MAP, card.features)
        files.append(FEATURE_MAP)
    columns = getattr(model, "feature_names_in_", None)
    steps = getattr(model, "n_steps_in_", 1)
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
            }
            | ({"steps": steps} if steps > 1 else {}),
            "scaling": None
            if model.scale_ is None
            else {"offset": model.offset_.tolist(), "scale": model.scale_.tolist()},
            "files": {name: sha256(folder / name) for name in files},
            "card": None if card is None else card.replaced(features=None).model_dump(),
        },
    )


def _exchange(made: Path, folder: Path, kept: Path) -> None:
    """Move the files of a model into a folder, or leave all of those that are there."""
    kept.mkdir()
    for name in MODEL_FILES:
        if (folder / name).exists():
            shutil.copy2(folder / name, kept / name)
    moved = []
    try:
        for name in MODEL_FILES:
            if (made / name).exists():
                moved.append(name)
                (made / name).replace(folder / name)
    except BaseException:
        for name in moved:
            if (kept / name).exists():
                (kept / name).replace(folder / name)
            else:
                (folder / name).unlink(missing_ok=True)
        raise


def load_model(folder: str | Path, architectures: Mapping[str, type[BaseEstimator]]) -> Any:
    """Return the fitted estimator of a folder; see `harmodels.load`."""
    folder = Path(folder)
    path = folder / MODEL
    try:
        content = _read(path)
    except OSError as error:  # of the path
        raise ModelError(f"cannot read {shown(str(path))}: {error.strerror}") from error
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
        check_parameters(model)
        content.inputs.check(of_vectors=not kind._recurrent)
        model.classes_ = content.classes.array()
        model.n_channels_in_ = content.inputs.channels
        if content.inputs.columns is not None:
            model.n_features_in_ = content.inputs.columns
        if content.inputs.names is not None:
            model.feature_names_in_ = np.array(content.inputs.names, dtype=object)
        model.card_ = content.card
        if content.card is not None and content.files.feature_map is not None:
            model.card_ = content.card.replaced(features=read_map(folder / FEATURE_MAP))
        if not kind._recurrent:
            model.n_steps_in_ = content.inputs.steps
        if model.card_ is not None and model.card_.inputs != model.n_channels_in_:
            raise ModelError(
                f"the card names {model.card_.inputs} inputs, and the network reads "
                f"{model.n_channels_in_}"
            )
        model._hold(_params(model, (folder / WEIGHTS).read_bytes()), *_scaling(content))
    except HANDLED as error:
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
        old = path.parent.glob(f"{SAVING}*/{KEPT}/{path.name}")
        right = next((str(file) for file in old if sha256(file) == digest), None)
        remedy = f"A save was killed: move {right} there" if right else REMEDY
        raise ModelError(
            f"{path} is damaged or of another model: its SHA-256 is {found}, not {digest}. {remedy}"
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
    _check_size(model, sum(tensor.numel() for tensor in tensors.values()))
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


def _check_size(model: Any, count: int) -> None:
    """Refuse layers of more weights than there are, before their shapes are made to compare."""
    model._options()  # refuses what is no size
    hidden = np.ravel(model.hidden).tolist()
    # a layer reads its own states, or the next one those of the first
    between = [*hidden, *hidden] if model._recurrent else hidden
    inputs = model.n_channels_in_ * getattr(model, "n_steps_in_", 1)
    if getattr(model, "branches", None) is not None:
        inputs = 1
    for sizes in pairwise([inputs, *between, len(model.classes_)]):
        if sizes[0] * sizes[1] > count:
            raise ValueError(
                f"a layer of {sizes[0]} by {sizes[1]} weights, and there are {count:,} in all"
            )


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
