"""Conversion to and from state dicts of torch.nn modules.

Layout and gate order are torch.nn's already, so only the names change and the replicate axis is
removed or added: `layer1.weight_hh` (R, G·H, H) is `weight_hh_l1` (G·H, H) of one torch.nn.GRU with
two layers.
"""

import torch
from torch import Tensor

from harmodels.nn.linear import LinearParams
from harmodels.nn.recurrent import RecurrentParams
from harmodels.nn.stack import StackParams, stack

StateDict = dict[str, Tensor]


def recurrent_to_torch(params: StackParams, replicate: int, prefix: str = "") -> StateDict:
    """Return the state dict of torch.nn.RNN, GRU or LSTM with the weights of one replicate."""
    return {
        f"{prefix}{field}_l{index}": tensor[replicate].clone()
        for index, layer in enumerate(params)
        for field, tensor in zip(RecurrentParams._fields, layer, strict=True)
    }


def recurrent_from_torch(modules: list[StateDict], prefix: str = "") -> StackParams:
    """Return a stack whose replicates are the modules of these state dicts.

    Raises
    ------
    KeyError
        If a module lacks a tensor of its highest layer, or a bias.
    """
    layers = sum(name.startswith(f"{prefix}weight_hh_l") for name in modules[0])
    return stack(
        [
            RecurrentParams(
                *(
                    torch.stack([module[f"{prefix}{field}_l{index}"] for module in modules])
                    for field in RecurrentParams._fields
                )
            )
            for index in range(layers)
        ]
    )


def linear_to_torch(params: LinearParams, replicate: int, prefix: str = "") -> StateDict:
    """Return the state dict of torch.nn.Linear with the weights of one replicate."""
    return {
        f"{prefix}weight": params.weight[replicate].clone(),
        f"{prefix}bias": params.bias[replicate].clone(),
    }


def linear_from_torch(modules: list[StateDict], prefix: str = "") -> LinearParams:
    """Return dense layers whose replicates are the modules of these state dicts."""
    return LinearParams(
        *(
            torch.stack([module[prefix + field] for module in modules])
            for field in ("weight", "bias")
        )
    )
