"""Training of the three-layer perceptron, compiled: the same meaning as `loops.minibatch`.

The loop and its reasons: docs/kernels.md; layout of the parameters: `packing`.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from harmodels.errors import TrainingError
from harmodels.kernels.checks import (
    check_counts,
    check_indices,
    check_like,
    check_masks,
    check_params,
    check_range,
    check_scored,
    check_tensor,
)
from harmodels.kernels.compiling import entry_point
from harmodels.kernels.kept import Kept
from harmodels.kernels.perceptron.first_layer import fill_gram, load, project, update_first
from harmodels.kernels.perceptron.packing import Packed, no_velocity, pack, unpack
from harmodels.kernels.perceptron.passes import activate, move_all_rows, second_layer, update
from harmodels.kernels.perceptron.workspace import Options, Powers, Workspace, powers, workspace
from harmodels.kernels.simd.denormals import flush_denormals, restore_denormals
from harmodels.kernels.softmax import GRADIENT_VARIANTS
from harmodels.kernels.threads import ROW, map_replicates
from harmodels.models.mlp import Mlp

# Samples whose products with the first layer are taken together, over as many updates as that is.
GROUP = 48
# Groups after which all rows of the second layer are moved and a sum of losses ends: the tables of
# powers reach so far, and it enters the rounding.
CHUNK = 16


@entry_point
def _train(
    weights: Packed, velocity: Packed, work: Workspace, tables: Powers, inputs: np.ndarray,
    labels: np.ndarray, rows: np.ndarray, masks: np.ndarray, group: int, chunk: int,
    options: Options,
) -> float:  # fmt: skip
    denormals = flush_denormals()
    loss, earlier, n, size = 0.0, 0.0, len(rows), options.batch_size
    for start in range(0, n, group):
        if work.stop[0] != 0:
            break
        count = min(group, n - start)
        if start % (chunk * group) == 0:
            earlier, loss = earlier + loss, 0.0
            work.seen[:] = start
        load(work, inputs, rows, start, count)
        project(weights, velocity, work, tables, count, options)
        if count > size:
            fill_gram(work, count)
        for begin in range(0, count, size):
            end = min(begin + size, count)
            loss += update(
                weights, velocity, work, tables, labels, masks, rows, start, begin, end,
                options,
            )  # fmt: skip
        update_first(weights, velocity, work, tables, count, options)
        end = start + count
        if size == 1 and (end == n or end % (chunk * group) == 0):
            move_all_rows(weights, velocity, work, tables, end)
    restore_denormals(denormals)
    return earlier + loss


@entry_point
def _score(
    weights: Packed, velocity: Packed, work: Workspace, tables: Powers, inputs: np.ndarray,
    rows: np.ndarray, masks: np.ndarray, group: int, options: Options, logits: np.ndarray,
) -> None:  # fmt: skip
    denormals = flush_denormals()
    for start in range(0, len(rows), group):
        if work.stop[0] != 0:
            break
        count = min(group, len(rows) - start)
        load(work, inputs, rows, start, count)
        project(weights, velocity, work, tables, count, options)
        for k in range(count):
            activate(work, k, masks, 0, False, options)
            second_layer(weights, work, k, options)
            for c in range(len(work.logits)):
                logits[start + k, c] = work.logits[c]
    restore_denormals(denormals)


def _check_inputs(params: Mlp, inputs: Tensor) -> None:
    check_params(params)
    check_tensor("inputs", inputs, torch.float32, ("samples", params.hidden1.weight.shape[2]))


def _choice(name: str, value: str, choices: tuple[str, ...]) -> int:
    if value not in choices:
        raise TrainingError(f"{name} is {value!r}; it must be one of {', '.join(choices)}.")
    return choices.index(value)


def train_epoch(
    params: Mlp,
    velocity: Any,
    inputs: Tensor,
    labels: Tensor,
    order: Tensor,
    masks: Tensor | None,
    *,
    batch_size: int,
    reduction: str,
    learning_rate: float,
    momentum: float,
    output_gradient: str,
    scale: float,
    as_programmed: bool = False,
    threads: int = 1,
    kept: Kept | None = None,
) -> tuple[Mlp, Any, dict[str, Tensor]]:
    """Train on `inputs` (N, D), one update a batch; arguments and result: `kernels`.

    `velocity` is shaped as `params`, () if `momentum`, the share of it that an update keeps, is 0.
    `reduction` of a batch is `mean` or `sum`; `output_gradient`, the variant of the gradient at the
    logits, is one of `GRADIENT_VARIANTS`. `as_programmed`: the masks act on the second layer's bias
    too, by a last column more, and in the forward pass alone (`models.mlp.forward_as_programmed`).
    """
    check_counts(batch_size=batch_size, threads=threads)
    _check_inputs(params, inputs)
    check_indices(params.output, len(inputs), labels, order)
    check_masks(masks, order, params.hidden1.bias.shape[1] + as_programmed)
    averaged = _choice("reduction", reduction, ("sum", "mean")) == 1
    variant = _choice("output_gradient", output_gradient, GRADIENT_VARIANTS)
    if momentum:
        check_like("velocity", velocity, params)
    R, n = order.shape
    size = min(batch_size, n)
    group = max(1, GROUP // size) * size
    options = _options(params)._replace(
        batch_size=size,
        mean=averaged,
        learning_rate=np.float32(learning_rate),
        variant=variant,
        dropout_mask=masks is not None,
        as_programmed=as_programmed and masks is not None,
        scale=np.float32(1.0 if masks is None else scale),
    )
    data = inputs.contiguous().numpy(), labels.contiguous().numpy()
    rows = order.contiguous().numpy()
    tables = powers(momentum, CHUNK * group // size)
    kept, none = kept or Kept(), np.zeros((0, 0), np.uint8)
    known = kept.take(params, velocity, momentum > 0)
    spare: dict[int, list[Workspace]] = {}  # by the size of their groups
    if known is not None:
        packed, velocities, spare = known
    else:
        packed = [pack(params, r) for r in range(R)]
        velocities = [pack(velocity, r) if momentum else no_velocity() for r in range(R)]

    def run(r: int, stop: np.ndarray) -> float:
        try:
            work = spare[group].pop()._replace(stop=stop)
        except (KeyError, IndexError):
            work = workspace(options, group, params.output.bias.shape[1], stop)
        drawn = none if masks is None else masks[r].contiguous().numpy()
        state = packed[r], velocities[r], work, tables
        loss: float = _train(*state, *data, rows[r], drawn, group, CHUNK, options)
        if np.isfinite(loss):  # otherwise it may hold NaN, which zero weights do not hide
            spare.setdefault(group, []).append(work)
        return loss

    macs = 3 * _multiply_adds(packed[0], n)
    losses = map_replicates(run, R, threads, work=macs, kernel=_train)
    means = torch.tensor(losses, dtype=torch.float64) / n
    moved = unpack(velocities, params) if momentum else ()
    trained = unpack(packed, params)
    kept.keep((packed, velocities, spare), trained, moved, momentum > 0)
    return trained, moved, {"cross_entropy": means}


def _options(params: Mlp) -> Options:
    """Return what both kernels need: the sizes, and no dropout."""
    _, hidden1, inputs = params.hidden1.weight.shape
    return Options(
        inputs=inputs,
        hidden1=hidden1,
        hidden2=params.hidden2.bias.shape[1],
        batch_size=1,
        mean=False,
        learning_rate=np.float32(0),
        variant=0,
        dropout_mask=False,
        as_programmed=False,
        scale=np.float32(1),
    )


def _multiply_adds(packed: Packed, samples: int) -> float:
    """Return about what one forward pass takes."""
    return samples * (float(sum(weights.size for weights in packed)) + ROW)


def scores(
    params: Mlp, inputs: Tensor, indices: Tensor | None = None, *, threads: int = 1
) -> Tensor:
    """Return the logits (R, n, C) of the rows `indices`, (n,) or (R, n), of `inputs`, or of all.

    `threads` and errors are those of `train_epoch`.
    """
    check_counts(threads=threads)
    _check_inputs(params, inputs)
    if indices is None:
        indices = torch.arange(len(inputs))
    check_scored(indices, params.output)
    check_range("indices", indices, len(inputs))
    R, C = params.output.bias.shape
    options, tables = _options(params), powers(0.0, 1)
    vectors, rows = inputs.contiguous().numpy(), indices.expand(R, -1).contiguous().numpy()
    logits = np.empty((*rows.shape, C), np.float32)
    none, packed = np.zeros((0, 0), np.uint8), [pack(params, r) for r in range(R)]

    def run(r: int, stop: np.ndarray) -> None:
        _score(
            packed[r], no_velocity(), workspace(options, GROUP, C, stop), tables, vectors, rows[r],
            none, GROUP, options, logits[r],
        )  # fmt: skip

    macs = _multiply_adds(packed[0], rows.shape[1])
    map_replicates(run, R, threads, work=macs, kernel=_score)
    return torch.from_numpy(logits)
