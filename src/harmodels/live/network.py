"""Description of a trained recurrent network for the page: cell, layers and weights as text."""

import base64
import re
from importlib.resources import files
from typing import Any

from torch import Tensor

from harmodels.errors import ModelError
from harmodels.estimators.base import NetworkClassifier, SigmoidOutputs
from harmodels.estimators.fitting import check_fitted
from harmodels.nn import stack
from harmodels.nn.cells import CELLS
from harmodels.nn.params import take_replicates
from harmodels.nn.pooling import POOLINGS
from harmodels.nn.recurrent import RecurrentParams

Description = dict[str, Any]
SCRIPT = files("harmodels.live").joinpath("network.js")


def describe_network(model: NetworkClassifier) -> Description:
    """Return what `Network` of network.js is constructed from.

    That is `cell`, `outputs` (`sigmoids` or `softmax`), `pooling` (what is joined: `last`, `mean`,
    `max`), `branches` (channels of each, or None) and `replicates`: of each the layers of its
    branches, the layers above them, both directions of each, and the output, every tensor as base64
    of little-endian float32.
    """
    check_fitted(model)
    _, options = model._options()
    cell = getattr(options, "cell", "simple_rnn")
    if not hasattr(options, "cell") and not hasattr(model.params_, "rnn"):
        raise ModelError(
            f"{type(model).__name__} is not a recurrent network, and only these run in the page; "
            "give a model of ElmanClassifier, GRUClassifier, LSTMClassifier or "
            "HierarchicalClassifier"
        )
    if not re.search(rf"^  {cell}\(x, h, state\)", SCRIPT.read_text(encoding="utf-8"), re.M):
        raise ModelError(
            f"the page has no step of the cell {CELLS[cell].label}; write one into CELLS of "
            "live/network.js"
        )
    branches = model._branches()
    return {
        "cell": cell,
        "outputs": "sigmoids" if isinstance(model, SigmoidOutputs) else "softmax",
        "pooling": list(POOLINGS[getattr(options, "pooling", "last")]),
        "branches": None if branches is None else [list(channels) for channels in branches],
        "replicates": [
            _replicate(take_replicates(model.params_, [index]))
            for index in range(len(model.params_.output.bias))
        ],
    }


def _replicate(params: Any) -> Description:
    """Describe the parameters of one network, whose axis R has length one."""
    branches: list[RecurrentParams] = []
    levels: list[tuple[RecurrentParams, ...]]
    if hasattr(params, "hand"):  # a hierarchy: (1, F, …)
        fingers = zip(*(tensor.unbind(1) for tensor in params.fingers), strict=True)
        branches = [RecurrentParams(*finger) for finger in fingers]
        levels = [(params.hand,)]
    else:
        levels = [(params.rnn,)] if hasattr(params.rnn, "weight_ih") else stack.levels(params.rnn)
    return {
        "branches": [_layer(layer) for layer in branches],
        "layers": [[_layer(layer) for layer in level] for level in levels],
        "output": {"weight": _text(params.output.weight), "bias": _text(params.output.bias)},
    }


def _layer(layer: RecurrentParams) -> Description:
    tensors = {name: _text(getattr(layer, name)) for name in RecurrentParams._fields}
    return {"hidden": layer.weight_hh.shape[-1], **tensors}


def _text(tensor: Tensor) -> str:
    array = tensor.cpu().contiguous().numpy().astype("<f4")
    return base64.b64encode(array.tobytes()).decode("ascii")
