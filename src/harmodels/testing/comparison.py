"""Comparison of one gradient with the right one."""

import torch
from torch import Tensor

from harmodels.testing.report import Verdict


def compare(
    name: str, found: Tensor | None, right: Tensor, rtol: float, scale: float = 0.0
) -> Verdict:
    """Compare one gradient with the right one, element by element."""
    if found is None:
        return Verdict(name, not right.any(), float("inf"), note="it is missing")
    if found.shape != right.shape:
        shapes = f"its shape is {tuple(found.shape)}, not {tuple(right.shape)}"
        turned = ", the transpose" if right.ndim > 1 and found.shape == right.mT.shape else ""
        return Verdict(name, False, float("inf"), note=shapes + turned)
    if not right.numel():
        return Verdict(name, True, 0.0)
    largest = float(right.abs().max())
    atol = max(1e-3 * rtol * max(largest, 1e-6 * scale), 1e-15)
    difference = (found - right).abs().nan_to_num(float("inf"))
    ok = bool((difference <= atol + rtol * right.abs()).all())
    place = tuple(int(i) for i in torch.unravel_index(difference.argmax(), difference.shape))
    error = float(difference.max()) / (largest or 1.0)
    return Verdict(name, ok, error, place, float(found[place]), float(right[place]))
