"""Classic mistakes planted in autograd: gradients that a wrong derivation would give.

A mistake changes the backward pass of an operation and leaves its forward pass alone. Torch's
function modes see each operation of a forward pass, so it need not be rewritten for this.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.overrides import TorchFunctionMode

Forward = Callable[..., Any]

# position of the left factor; the right one follows
FACTORS = {"matmul": 0, "mm": 0, "bmm": 0, "addmm": 1, "baddbmm": 1}
PRODUCTS: dict[Any, int] = {
    **{getattr(home, name): at for home in (torch, Tensor) for name, at in FACTORS.items()},
    Tensor.__matmul__: 0,
    F.linear: 0,
}
SOFTMAXES = [getattr(home, f"{log}softmax") for home in (torch, Tensor, F) for log in ("", "log_")]


class NotTransposed(TorchFunctionMode):
    """A product x · M sends x the gradient d_y · M in place of d_y · Mᵀ.

    Works for square matrices and for rows of square blocks, the gates of a recurrent layer.
    """

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = weight

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        position = PRODUCTS.get(func)
        if position is None or len(args) < position + 2:
            return func(*args, **(kwargs or {}))
        left, right = args[position : position + 2]
        if self._is_weight(right):
            matrix = right.mT if func is F.linear else right
            changed, extra = (left.detach(), right), _untransposed(left, matrix.detach())
        elif self._is_weight(left):
            rows = right if right.ndim == 1 else right.mT
            extra = _untransposed(rows, left.mT.detach())
            changed, extra = (left, right.detach()), extra if right.ndim == 1 else extra.mT
        else:
            return func(*args, **(kwargs or {}))
        args = (*args[:position], *changed, *args[position + 2 :])
        return func(*args, **(kwargs or {})) + extra

    def _is_weight(self, operand: Any) -> bool:
        return operand is self.weight or getattr(operand, "_base", None) is self.weight


class _Products(TorchFunctionMode):
    """Notes what a weight is multiplied by, in order."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = weight
        self.factors: list[Tensor] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        place = _place(func, args, self.weight)
        if place is not None:
            self.factors.append(args[place].detach())
        return func(*args, **(kwargs or {}))


class NextState(TorchFunctionMode):
    """The gradient of a recurrence's weight takes the factor of its next product.

    The products with the weight multiply the states before each step in turn; the last one takes
    the last of the states that `run` returns.
    """

    def __init__(self, weight: Tensor, run: Callable[[], Tensor]) -> None:
        super().__init__()
        self.weight = weight
        with _Products(weight) as products:
            states = run().detach()
        first, *later = products.factors or [states]
        last = states.select(-2 if states.ndim > 1 else 0, -1)
        self.following = [
            *later,
            last.reshape_as(first) if last.numel() == first.numel() else first,
        ]

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        place = _place(func, args, self.weight)
        if place is None or not self.following:
            return func(*args, **(kwargs or {}))
        following = self.following.pop(0)
        if following.shape != args[place].shape:
            return func(*args, **(kwargs or {}))
        left = PRODUCTS[func]
        of_weight = 2 * left + 1 - place
        plain = [each.detach() if i == of_weight else each for i, each in enumerate(args)]
        theirs = [following if i == place else each for i, each in enumerate(args)]
        if left:  # what is added to the product
            theirs[0] = theirs[0].detach()
        product = func(*theirs, **(kwargs or {}))
        return func(*plain, **(kwargs or {})) + (product - product.detach())


def count_products(weight: Tensor, run: Callable[[], object]) -> int:
    """Return how often a forward pass multiplies by a weight."""
    with _Products(weight) as products:
        run()
    return len(products.factors)


def _place(func: Any, args: Any, weight: Tensor) -> int | None:
    """Return which argument a weight is multiplied by, or None."""
    left = PRODUCTS.get(func)
    if left is None or len(args) < left + 2:
        return None
    for place, other in ((left, left + 1), (left + 1, left)):
        operand = args[other]
        if operand is weight or getattr(operand, "_base", None) is weight:
            return place
    return None


class _UntransposedZero(torch.autograd.Function):
    """Zero of the shape of rows · matrix, with the wrong gradient at the rows."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, matrix: Tensor) -> Tensor:
        ctx.save_for_backward(matrix)
        return torch.zeros_like(rows @ matrix)

    @staticmethod
    def backward(ctx: Any, d_product: Tensor) -> tuple[Tensor, None]:
        (matrix,) = ctx.saved_tensors
        blocks = matrix.shape[-1] // matrix.shape[-2]
        pairs = zip(d_product.chunk(blocks, -1), matrix.chunk(blocks, -1), strict=True)
        parts = [d_block @ block for d_block, block in pairs]
        return torch.stack(parts).sum(0), None


_untransposed: Callable[[Tensor, Tensor], Tensor] = _UntransposedZero.apply


class SoftmaxTwice(TorchFunctionMode):
    """A softmax multiplies the gradient at its logits by its Jacobian once more."""

    def __init__(self) -> None:
        super().__init__()
        self.used = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in (*SOFTMAXES, F.cross_entropy) and args:
            self.used = True
            logits = args[0]
            if func is F.cross_entropy:
                axis = 1 if logits.ndim > 1 else 0
            else:
                axis = kwargs.get("dim", args[1] if len(args) > 1 else -1)
            args = (_jacobian_again(logits, axis), *args[1:])
        return func(*args, **kwargs)


class _JacobianAgain(torch.autograd.Function):
    """Identity whose gradient passes through the Jacobian of a softmax."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, axis: int) -> Tensor:
        ctx.axis = axis
        ctx.save_for_backward(logits.softmax(axis))
        return logits.clone()

    @staticmethod
    def backward(ctx: Any, d_logits: Tensor) -> tuple[Tensor, None]:
        (outputs,) = ctx.saved_tensors
        weighted = outputs * d_logits
        return weighted - outputs * weighted.sum(ctx.axis, keepdim=True), None


_jacobian_again: Callable[[Tensor, int], Tensor] = _JacobianAgain.apply


def in_windows(forward: Forward, params: Any, inputs: tuple[Tensor, ...], window: int) -> Forward:
    """Return a forward pass in windows of steps, between which the state is a constant.

    `forward(params, inputs, initial)` returns the states after each step; the state carried into a
    window is the one that `params` and `inputs` give, whatever the returned function is called
    with. So its slope, by autograd and by central differences, is the truncated gradient.
    """
    sequence, initial = inputs
    carried = []
    state = initial
    for part in torch.split(sequence, window, -2):
        carried.append(state)
        states = forward(params, part, state)
        state = states[..., -1, :].detach()

    def windowed(params: Any, sequence: Tensor, initial: Tensor) -> Tensor:
        starts = [initial, *carried[1:]]
        parts = zip(torch.split(sequence, window, -2), starts, strict=True)
        return torch.cat([forward(params, part, start) for part, start in parts], -2)

    return windowed
