"""A fitted estimator as a folder: model.json, weights.safetensors, and a map of features if any.

Nothing is pickled. model.json holds the keys of `KEYS`; docs/own-recordings.md describes them.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save as save_tensors
from sklearn.utils.validation import check_is_fitted

from harmodels.data.features.mapping import write_map
from harmodels.errors import ModelError
from harmodels.estimators.card import ModelCard
from harmodels.files import atomic_path, sha256, write_json
from harmodels.nn.params import state_dict

if TYPE_CHECKING:
    from harmodels.estimators.base import NetworkClassifier

FORMAT = 1
MODEL = "model.json"
WEIGHTS = "weights.safetensors"
FEATURE_MAP = "feature_map.parquet"
KEYS = ("format", "harmodels", "architecture", "parameters", "classes", "inputs", "files", "card")
# where and how a network runs is the business of who loads it
RUNNING = ("engine", "device", "n_jobs", "verbose")


def save_model(
    model: "NetworkClassifier", folder: str | Path, about: ModelCard | None = None
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


def _parameters_to_json(model: "NetworkClassifier") -> dict[str, Any]:
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
