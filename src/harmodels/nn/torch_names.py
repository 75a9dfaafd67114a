"""Conversion to and from state dicts of torch.nn modules.

Layout and gate order are torch.nn's already, so only the names change and the replicate axis is
removed or added: `layer1.weight_hh` (R, G·H, H) is `weight_hh_l1` (G·H, H) of one torch.nn.GRU with
two layers, `layer1_reverse.weight_hh` its `weight_hh_l1_reverse`, and `fingers.weight_hh`
(R, F, G·H, H) is `weight_hh_l0` of each module of a list.
"""

import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from harmodels.nn.params import Tree, map_params, state_dict
from harmodels.nn.recurrent import RecurrentParams

StateDict = dict[str, Tensor]


def to_torch(params: Any, replicate: int) -> StateDict:
    """Return one replicate as the state dict of a module of torch.nn's layers."""
    return {name: tensor[replicate].clone() for name, tensor in _named(params)}


def from_torch(like: Tree, modules: list[StateDict]) -> Tree:
    """Return a tree shaped as `like` whose replicates are the modules of these state dicts."""
    params = map_params(lambda tensor: tensor.new_empty(len(modules), *tensor.shape[1:]), like)
    for name, tensor in _named(params):
        tensor.copy_(torch.stack([module[name] for module in modules]))
    return params


def _named(params: Any) -> Iterator[tuple[str, Tensor]]:
    """Yield torch's name of each tensor (R, …); the tensors share the memory of `params`."""
    for name, tensor in state_dict(params).items():
        place, _, field = name.rpartition(".")
        if field not in RecurrentParams._fields:
            yield name, tensor
        elif tensor.ndim > (3 if field.startswith("weight") else 2):
            for index, part in enumerate(tensor.unbind(1)):
                yield f"{place}.{index}.{field}_l0", part
        else:
            stack, layer = re.fullmatch(r"(.*?)(?:\.?layer(\d+(?:_reverse)?))?", place).groups("0")  # type: ignore[union-attr]
            yield f"{stack}.{field}_l{layer}".removeprefix("."), tensor
