"""Trained networks as modules of torch.nn, which give the same labels."""

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from harmodels.models.elman import ElmanClassifier
from harmodels.models.hierarchical import HierarchicalClassifier
from harmodels.models.mlp import Mlp
from harmodels.nn.cells import CELLS
from harmodels.nn.torch_names import StateDict, to_torch

Module = TypeVar("Module", bound=nn.Module)


class RecurrentModule(nn.Module):
    """Batch-first recurrent layers, a dense one on the state after each sequence's last step."""

    def __init__(self, rnn: nn.Module, output: nn.Linear) -> None:
        super().__init__()
        self.rnn = rnn
        self.output = output

    def forward(self, sequences: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return logits (n, C) for (n, T, D), padded at the end, and lengths (n,) or None."""
        outputs, _ = self.rnn(sequences)
        logits: Tensor = self.output(last_steps(outputs, lengths))
        return logits


class HierarchicalModule(nn.Module):
    """A recurrent layer for each branch of channels, one over all of them, and a dense one."""

    branches: Tensor

    def __init__(
        self,
        branches: Sequence[Sequence[int]],
        fingers: Sequence[nn.Module],
        hand: nn.Module,
        output: nn.Linear,
    ) -> None:
        super().__init__()
        self.register_buffer("branches", torch.tensor(branches), persistent=False)
        self.fingers = nn.ModuleList(fingers)
        self.hand = hand
        self.output = output

    def forward(self, sequences: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return logits (n, C) for (n, T, D), padded at the end, and lengths (n,) or None."""
        each = [
            finger(sequences[:, :, channels])[0]
            for channels, finger in zip(self.branches, self.fingers, strict=True)
        ]
        outputs, _ = self.hand(torch.cat(each, dim=2))
        logits: Tensor = self.output(last_steps(outputs, lengths))
        return logits


def last_steps(outputs: Tensor, lengths: Tensor | None) -> Tensor:
    """Return (n, H), the output (n, T, H) of each sequence's last step.

    The steps behind it were computed from padding and are not read; a recurrence never looks
    ahead, so they change nothing before.
    """
    if lengths is None:
        return outputs[:, -1]
    last = (lengths - 1).view(-1, 1, 1).expand(-1, 1, outputs.shape[2])
    return outputs.gather(1, last).squeeze(1)


def recurrent_module(params: Any, cell: str, replicate: int) -> RecurrentModule:
    """Return one replicate of one or more recurrent layers as torch.nn's and a dense layer."""
    layers = [params.rnn] if isinstance(params, ElmanClassifier) else params.rnn
    rnn = _recurrent(cell, layers[0], layers=len(layers))
    return _load(RecurrentModule(rnn, _dense(params.output)), to_torch(params, replicate))


def hierarchical_module(
    params: HierarchicalClassifier,
    cell: str,
    branches: Sequence[Sequence[int]],
    replicate: int,
) -> HierarchicalModule:
    """Return one replicate of a hierarchy as torch.nn's layers."""
    fingers = [_recurrent(cell, params.fingers) for _ in branches]
    hand = _recurrent(cell, params.hand)
    module = HierarchicalModule(branches, fingers, hand, _dense(params.output))
    return _load(module, to_torch(params, replicate))


def perceptron_module(params: Mlp, replicate: int) -> nn.Sequential:
    """Return one replicate of a perceptron as dense layers and ReLU; the input may be (n, 1, F)."""
    first, second, output = (_dense(layer) for layer in params)
    module = nn.Sequential(nn.Flatten(), first, nn.ReLU(), second, nn.ReLU(), output)
    tensors = to_torch(params, replicate).values()
    return _load(module, dict(zip(module.state_dict(), tensors, strict=True)))


def _recurrent(cell: str, layer: Any, layers: int = 1) -> Any:
    kind = CELLS[cell].torch_layer
    if kind is None:
        raise ValueError(
            f"torch.nn has no layer of the cell {CELLS[cell].label}, so there is no module of it; "
            "`save` keeps the network, or give the cell's record a torch_layer"
        )
    inputs, hidden = layer.weight_ih.shape[-1], layer.weight_hh.shape[-1]
    return kind(inputs, hidden, num_layers=layers, batch_first=True)


def _dense(layer: Any) -> nn.Linear:
    outputs, inputs = layer.weight.shape[1:]
    return nn.Linear(inputs, outputs)


def _load(module: Module, state: StateDict) -> Module:
    module.load_state_dict(state)
    return module.eval()
