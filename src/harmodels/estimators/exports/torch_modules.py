"""Trained networks as modules of torch.nn, which give the same labels."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from harmodels.models.elman import ElmanClassifier
from harmodels.models.hierarchical import HierarchicalClassifier
from harmodels.models.mlp import Mlp
from harmodels.models.recurrent_classifier import RecurrentClassifier
from harmodels.nn import stack
from harmodels.nn.cells import CELLS
from harmodels.nn.pooling import POOLINGS
from harmodels.nn.torch_names import StateDict, to_torch

Module = TypeVar("Module", bound=nn.Module)


class ChannelScale(nn.Module):
    """(value - offset) / scale of each channel, the last axis."""

    offset: Tensor
    scale: Tensor

    def __init__(self, offset: NDArray[np.float64], scale: NDArray[np.float64]) -> None:
        super().__init__()
        self.register_buffer("offset", torch.tensor(offset, dtype=torch.float32))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))

    def forward(self, values: Tensor) -> Tensor:
        """Return (…, D) on the scale of the network."""
        return (values - self.offset) / self.scale


class RecurrentModule(nn.Module):
    """Batch-first recurrent layers, a dense one on the pooled states of each sequence."""

    def __init__(self, rnn: Any, output: nn.Linear, pooling: str = "last") -> None:
        super().__init__()
        self.scale: nn.Module = nn.Identity()
        self.rnn = rnn
        self.output = output
        self.pooling = pooling

    def forward(self, sequences: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return logits (n, C) for (n, T, D), padded at the end, and lengths (n,) or None."""
        sequences = self.scale(sequences)
        bidirectional = getattr(self.rnn, "bidirectional", False)
        if lengths is None or not bidirectional:
            outputs, _ = self.rnn(sequences)
        else:  # the second direction would begin in the padding
            packed = pack_padded_sequence(
                sequences, lengths.cpu(), batch_first=True, enforce_sorted=False
            )
            outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        second = outputs.shape[2] // 2 if bidirectional else 0
        logits: Tensor = self.output(pool(outputs, lengths, self.pooling, second))
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
        pooling: str,
    ) -> None:
        super().__init__()
        self.scale: nn.Module = nn.Identity()
        self.register_buffer("branches", torch.tensor(branches), persistent=False)
        self.fingers = nn.ModuleList(fingers)
        self.hand = hand
        self.output = output
        self.pooling = pooling

    def forward(self, sequences: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return logits (n, C) for (n, T, D), padded at the end, and lengths (n,) or None."""
        sequences = self.scale(sequences)
        each = [
            finger(sequences[:, :, channels])[0]
            for channels, finger in zip(self.branches, self.fingers, strict=True)
        ]
        outputs, _ = self.hand(torch.cat(each, dim=2))
        logits: Tensor = self.output(pool(outputs, lengths, self.pooling))
        return logits


def pool(outputs: Tensor, lengths: Tensor | None, pooling: str, second: int = 0) -> Tensor:
    """Return (n, F), the outputs (n, T, H) of each sequence pooled as a key of `POOLINGS` says.

    The last `second` columns are of a direction that ends at the first step. The steps behind a
    sequence's last are not read; a recurrence never looks ahead, so they change nothing before.
    """
    n, steps, width = outputs.shape
    if lengths is None:
        lengths = torch.full((n,), steps, device=outputs.device)
    if pooling == "last":
        last = (lengths - 1).view(-1, 1, 1).expand(-1, 1, width)
        ends = outputs.gather(1, last).squeeze(1)
        return torch.cat([ends[:, : width - second], outputs[:, 0, width - second :]], dim=1)
    beyond = torch.arange(outputs.shape[1], device=outputs.device) >= lengths[:, None]
    parts = {
        "mean": outputs.masked_fill(beyond[..., None], 0).sum(1) / lengths[:, None],
        "max": outputs.masked_fill(beyond[..., None], -torch.inf).amax(1),
    }
    return torch.cat([parts[part] for part in POOLINGS[pooling]], dim=1)


def elman_module(params: ElmanClassifier, replicate: int) -> RecurrentModule:
    """Return one replicate of an Elman network as a layer of torch.nn and a dense layer."""
    module = RecurrentModule(_recurrent("simple_rnn", params.rnn), _dense(params.output))
    return _load(module, to_torch(params, replicate))


def stack_module(
    params: RecurrentClassifier, cell: str, pooling: str, replicate: int
) -> RecurrentModule:
    """Return one replicate of one or more recurrent layers as torch.nn's and a dense layer."""
    levels = stack.levels(params.rnn)
    rnn = _recurrent(cell, levels[0][0], layers=len(levels), directions=len(levels[0]))
    module = RecurrentModule(rnn, _dense(params.output), pooling)
    return _load(module, to_torch(params, replicate))


def hierarchical_module(
    params: HierarchicalClassifier,
    cell: str,
    branches: Sequence[Sequence[int]],
    pooling: str,
    replicate: int,
) -> HierarchicalModule:
    """Return one replicate of a hierarchy as torch.nn's layers."""
    fingers = [_recurrent(cell, params.fingers) for _ in branches]
    hand = _recurrent(cell, params.hand)
    module = HierarchicalModule(branches, fingers, hand, _dense(params.output), pooling)
    return _load(module, to_torch(params, replicate))


def perceptron_module(params: Mlp, replicate: int) -> nn.Sequential:
    """Return one replicate of a perceptron as dense layers and ReLU; the input may be (n, 1, F)."""
    first, second, output = (_dense(layer) for layer in params)
    module = nn.Sequential(nn.Flatten(), first, nn.ReLU(), second, nn.ReLU(), output)
    tensors = to_torch(params, replicate).values()
    return _load(module, dict(zip(module.state_dict(), tensors, strict=True)))


def scaling(
    module: nn.Module, offset: NDArray[np.float64], scale: NDArray[np.float64]
) -> nn.Module:
    """Return a module of this file that scales its channels (D,) before anything else."""
    own = ChannelScale(offset, scale)
    if isinstance(module, nn.Sequential):
        return nn.Sequential(own, *module).eval()
    module.scale = own
    return module


def _recurrent(cell: str, layer: Any, layers: int = 1, directions: int = 1) -> Any:
    kind = CELLS[cell].torch_layer
    if kind is None:
        raise ValueError(
            f"torch.nn has no layer of the cell {CELLS[cell].label}, so there is no module of it; "
            "`save` keeps the network, or give the cell's record a torch_layer"
        )
    inputs, hidden = layer.weight_ih.shape[-1], layer.weight_hh.shape[-1]
    more = {"bidirectional": True} if directions > 1 else {}
    return kind(inputs, hidden, num_layers=layers, batch_first=True, **more)


def _dense(layer: Any) -> nn.Linear:
    outputs, inputs = layer.weight.shape[1:]
    return nn.Linear(inputs, outputs)


def _load(module: Module, state: StateDict) -> Module:
    module.load_state_dict(state)
    return module.eval()
