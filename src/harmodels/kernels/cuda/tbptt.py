"""Truncated BPTT of the Elman classifier, an epoch of many networks in one launch on a GPU.

The same meaning as `loops.tbptt`, in float32; the kernel: `elman_epoch`. Each network has its own
order, step size and bound, so that the configurations of one shape and their replicates train
together, and a network is the same bytes alone and in company.

Nothing here was run on a GPU: tests run the kernel in numba's simulator.
"""

import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from harmodels.errors import TrainingError
from harmodels.kernels.cuda.plan import Plan, plan_of
from harmodels.models.elman import ElmanClassifier
from harmodels.nn import elman, linear
from harmodels.nn.devices import send

DEVICE = "cuda"  # the type of torch's device where the kernel runs


@cache
def _finds_a_gpu() -> bool:
    try:
        from numba import cuda
    except ImportError:
        return False
    asked: Any = cuda.is_available
    return bool(asked())


def can_train(params: ElmanClassifier, lengths: Tensor, window: int) -> bool:
    """Return whether `train_epoch` takes these networks.

    They are float32 on a GPU that numba finds (extra `gpu`), and narrow enough: weights and
    gradients stay in registers, which ends at about 100 hidden units, and the states of a window
    in 48 KiB of shared memory. What does not fit is trained by `loops.tbptt`.
    """
    bias = params.output.bias
    return (
        bias.device.type == DEVICE
        and bias.dtype == torch.float32
        and _finds_a_gpu()
        and _plan(params, lengths, window) is not None
    )


def train_epoch(
    params: ElmanClassifier,
    frames: Tensor,
    starts: Tensor,
    lengths: Tensor,
    labels: Tensor,
    order: Tensor,
    *,
    window: int,
    learning_rate: float | Tensor,
    clip: float | Tensor | None,
    transposed: bool = True,
    update: str = "window",
    first_step_bias: bool = True,
    logged_every: int = 0,
    weights: Tensor | None = None,
) -> tuple[ElmanClassifier, dict[str, Tensor]]:
    """Train sequence by sequence; arguments and result: `kernels`, options: `loops.tbptt`.

    `learning_rate` and `clip` may be (R,), a number for each network, infinite for no bound.
    `starts` and `lengths` are on the host, the others where the kernel runs. Raises TrainingError
    if the networks do not fit (`can_train`). Indices are not checked, which would wait.
    """
    plan = _plan(
        params, lengths, window, transposed=transposed, first_step_bias=first_step_bias,
        logged_every=logged_every, update=update,
    )  # fmt: skip
    if plan is None:
        H = params.rnn.bias_hh.shape[1]
        raise TrainingError(
            f"{H} hidden units with a window of {window} steps do not fit a block of a GPU; "
            "train with the loop on tensors (loops.tbptt)."
        )
    device, R = frames.device, len(order)
    joined, output = _pack(params, plan)
    if weights is None:
        weights = torch.ones(len(labels), device=device)
    totals = torch.zeros(R, 3, dtype=torch.float64, device=device)
    bound = float("inf") if clip is None else clip
    read = frames, send(starts, device), send(lengths, device), labels, weights, order
    each = _one_each(learning_rate, R, device), _one_each(bound, R, device)
    _launch(plan, R, (joined, output, *(tensor.contiguous() for tensor in read), *each, totals))
    means = totals[:, :2] / totals[:, 2:]
    losses = {"binary_cross_entropy": means[:, 0], "negative_log_likelihood": means[:, 1]}
    return _unpack(joined, output, plan), losses


def _plan(
    params: ElmanClassifier, lengths: Tensor, window: int, **options: bool | int | str
) -> Plan | None:
    H, D = params.rnn.weight_ih.shape[1:]
    sizes = H, D, params.output.bias.shape[1], min(window, int(lengths.max()))
    return plan_of(*sizes, **options)  # type: ignore[arg-type]


def _pack(params: ElmanClassifier, plan: Plan) -> tuple[Tensor, Tensor]:
    """Return the joined weights (R, parts, Q, parts, P) and [W | b] of the output (R, C, H + 1).

    The first two axes are the rows, one a hidden unit, the last two a row's parts, each with Q of
    the columns [W_hh | 0] and then its share of [W_ih | b_ih | b_hh | 0].
    """
    rnn, output = params
    biases = rnn.bias_ih[..., None], rnn.bias_hh[..., None]
    others = torch.cat([rnn.weight_ih, *biases], 2)  # (R, H, D + 2)
    parts, units = plan.parts, plan.units
    missing = parts * units - plan.hidden
    columns = torch.unflatten(F.pad(rnn.weight_hh, (0, missing, 0, missing)), 2, (parts, units))
    others = F.pad(others, (0, parts * plan.others - others.shape[2], 0, missing))
    rows = torch.cat([columns, torch.unflatten(others, 2, (parts, plan.others))], 3)
    joined = torch.unflatten(rows, 1, (parts, units))
    return joined, torch.cat([output.weight, output.bias[..., None]], 2)


def _unpack(joined: Tensor, output: Tensor, plan: Plan) -> ElmanClassifier:
    H, D = plan.hidden, plan.channels
    rows = joined.flatten(1, 2)[:, :H]  # (R, H, parts, P)
    columns = rows[..., : plan.units].flatten(2)[..., :H]
    others = rows[..., plan.units :].flatten(2)
    return ElmanClassifier(
        elman.ElmanParams(
            weight_ih=others[..., :D].contiguous(),
            weight_hh=columns.contiguous(),
            bias_ih=others[..., D].contiguous(),
            bias_hh=others[..., D + 1].contiguous(),
        ),
        linear.LinearParams(output[:, :, :H].contiguous(), output[:, :, H].contiguous()),
    )


def _one_each(value: float | Tensor, R: int, device: torch.device) -> Tensor:
    if isinstance(value, Tensor):
        return value.to(device, torch.float32).expand(R).contiguous()
    return torch.full((R,), value, dtype=torch.float32, device=device)


def _launch(plan: Plan, R: int, tensors: Sequence[Tensor]) -> None:
    """Queue the kernel, a block a network, behind torch's work on the tensors' device."""
    from harmodels.kernels.cuda.elman_epoch import epoch_of

    kernel, block, device = epoch_of(plan), (plan.hidden, plan.parts), tensors[0].device
    if device.type != "cuda":  # the simulator
        kernel[R, block](*(tensor.numpy() for tensor in tensors))
        return
    from numba import cuda

    of: Any = cuda.as_cuda_array
    with torch.cuda.device(device), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Grid size")  # few networks are few blocks
        torchs = torch.cuda.current_stream().cuda_stream
        stream = cuda.external_stream(torchs) if torchs else 0
        kernel[R, block, stream](*(of(tensor) for tensor in tensors))
