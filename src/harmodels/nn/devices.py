"""Copies from the host to a device that do not wait for the device's queued work."""

import torch
from torch import Tensor


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a tensor of the host on `device`.

    A copy to a GPU is queued behind its other work. Only from pinned memory does it return at
    once; torch keeps that memory until the copy is done.
    """
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)
