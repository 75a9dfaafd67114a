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
    check_order,
    check_params,
    check_range,
    check_rates,
    check_scored,
    check_tensor,
)
from harmodels.kernels.compiling import entry_point
from harmodels.kernels.kept import Kept
from harmodels.kernels.perceptron.first_layer import fill_gram, load, project, update_first
from harmodels.kernels.perceptron.packing import Packed, no_velocity, pack, unpack
from harmodels.kernels.perceptron.passes import activate, move_all_rows, second_layer, update
from harmodels.kernels.perceptron.plain import TILE, score_plain, tile, train_plain
from harmodels.kernels.perceptron.workspace import Options, Powers, Workspace, powers, workspace
from harmodels.kernels.simd.denormals import flush_denormals, restore_denormals
from harmodels.kernels.softmax import GRADIENT_VARIANTS
from harmodels.kernels.steps import RULES, StepOptions
from harmodels.kernels.threads import ROW, map_replicates
from harmodels.kernels.weights import total_weight, weight_array
from harmodels.models.mlp import Mlp

# Samples whose products with the first layer are taken together, over as many updates as that is.
GROUP = 48
# A batch takes the plain path if it has so many samples, or one for so many multiply-adds of each.
WHOLE, NARROW = 100, 2500
# More weights than this do not stay in the second-level cache, where a sample's list would pick its
# own. Between both bounds scores by groups take 1.4 times as long as plain ones, and are kept: the
# histories of the reports hold the last bits of their losses.
CACHED = 2**18
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


class _Replicates:
    """Packed replicates, and what their epochs need besides."""

    def __init__(
        self, params: Mlp, velocity: Any, inputs: Tensor, labels: Tensor, weights: Tensor | None
    ) -> None:
        self.packed = pack(params)
        self.velocities = pack(velocity) if len(velocity) else [no_velocity() for _ in self.packed]
        self.data = inputs.contiguous().numpy(), labels.contiguous().numpy()
        self.shares = weight_array(weights)
        # working arrays that no thread uses, by path and size
        self.spare: dict[tuple[bool, int], list[Any]] = {}


def train_epoch(
    params: Mlp,
    velocity: Any,
    inputs: Tensor,
    labels: Tensor,
    order: Tensor,
    masks: Tensor | None,
    *,
    weights: Tensor | None = None,
    batch_size: int,
    reduction: str,
    rates: np.ndarray,
    momentum: float,
    clip_norm: float | None = None,
    weight_decay: float = 0.0,
    output_gradient: str,
    scale: float,
    as_programmed: bool = False,
    threads: int = 1,
    kept: Kept | None = None,
) -> tuple[Mlp, Any, dict[str, Tensor]]:
    """Train on `inputs` (N, D), one update a batch; arguments and result: `kernels`.

    `velocity` is shaped as `params`, () if `momentum`, the share of it that an update keeps, is 0.
    `rates` (updates,) are the step sizes. `reduction` of a batch is `mean` or `sum`;
    `output_gradient`, the variant of the gradient at the logits, is one of `GRADIENT_VARIANTS`.
    `as_programmed`: the masks act on the second layer's bias too, by a last column more, and in
    the forward pass alone (`models.mlp.forward_as_programmed`).
    """
    check_counts(batch_size=batch_size, threads=threads)
    averaged = _choice("reduction", reduction, ("sum", "mean")) == 1
    variant = _choice("output_gradient", output_gradient, GRADIENT_VARIANTS)
    velocity = velocity if momentum else ()
    kept, read = kept or Kept(), (inputs, labels, weights)
    made = kept.take(params, velocity, *read)
    if made is None:
        _check_inputs(params, inputs)
        if momentum:
            check_like("velocity", velocity, params)
        check_indices(params.output, len(inputs), labels, order, weights)
        made = _Replicates(params, velocity, *read)
    else:
        check_order(params.output, len(inputs), order)
    check_masks(masks, order, params.hidden1.bias.shape[1] + as_programmed)
    check_rates(rates, order, batch_size)
    (R, n), C = order.shape, params.output.bias.shape[1]
    size = min(batch_size, n)
    options = _options(params)._replace(
        batch_size=size,
        mean=averaged,
        learning_rate=np.float32(rates[0]),
        variant=variant,
        dropout_mask=masks is not None,
        as_programmed=as_programmed and masks is not None,
        scale=np.float32(1.0 if masks is None else scale),
    )
    bound = float("inf") if clip_norm is None else float(clip_norm)
    simple = weights is None and bound == float("inf") and not weight_decay
    plain = not (simple and (rates == rates[0]).all()) or is_plain(options, C)
    group = min(size, TILE) if plain else max(1, GROUP // size) * size
    rule = RULES.index("momentum" if momentum else "sgd")
    step = StepOptions(rule, beta1=float(momentum), clip_norm=bound)
    rows, tables = order.contiguous().numpy(), powers(momentum, CHUNK * group // size)
    none = np.zeros((0, 0), np.uint8)
    decay = np.full(made.packed[0].flat.size if weight_decay else 0, weight_decay, np.float32)
    spare = made.spare.setdefault((plain, group), [])

    def run(r: int, stop: np.ndarray) -> float:
        try:
            work = spare.pop()._replace(stop=stop)
        except IndexError:
            if plain:
                work = tile(params, options, group, stop)
            else:
                work = workspace(options, group, C, stop)
        drawn = none if masks is None else masks[r].contiguous().numpy()
        state = made.packed[r], made.velocities[r], work
        loss: float
        if plain:
            loss = train_plain(
                *state, *made.data, made.shares, rows[r], drawn, rates, decay, options, step
            )
        else:
            loss = _train(*state, tables, *made.data, rows[r], drawn, group, CHUNK, options)
        if np.isfinite(loss):  # otherwise it may hold NaN, which zero weights do not hide
            spare.append(work)
        return loss

    macs = 3 * _multiply_adds(made.packed[0], n)
    losses = map_replicates(run, R, threads, work=macs, kernel=train_plain if plain else _train)
    means = torch.from_numpy(np.array(losses) / total_weight(made.shares, rows)[:, 0])
    trained = unpack(made.packed, params)
    moved = unpack(made.velocities, params) if momentum else ()
    kept.keep(made, trained, moved, *read)
    return trained, moved, {"cross_entropy": means}


def is_plain(options: Options, classes: int) -> bool:
    """Return whether batches of this size train faster on the plain path: docs/kernels.md."""
    return options.batch_size >= min(WHOLE, _products(options, classes) / NARROW)


def _products(options: Options, classes: int) -> int:
    """Return the multiply-adds of one sample's forward pass."""
    return (options.inputs + options.hidden2) * options.hidden1 + options.hidden2 * classes


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
    return samples * (float(packed.flat.size) + ROW)


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
    none, packed = np.zeros((0, 0), np.uint8), pack(params)
    plain = not NARROW * GROUP <= _products(options, C) <= CACHED

    def run(r: int, stop: np.ndarray) -> None:
        if plain:
            work = tile(params, options, min(TILE, rows.shape[1]), stop)
            score_plain(packed[r], work, vectors, rows[r], none, options, logits[r])
        else:
            _score(
                packed[r], no_velocity(), workspace(options, GROUP, C, stop), tables, vectors,
                rows[r], none, GROUP, options, logits[r],
            )  # fmt: skip

    macs = _multiply_adds(packed[0], rows.shape[1])
    map_replicates(run, R, threads, work=macs, kernel=score_plain if plain else _score)
    return torch.from_numpy(logits)
