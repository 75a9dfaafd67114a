"""Time the parts of an update alone, repeated: what keeps a case from its bound.

`python -m benchmarks.parts` prints microseconds of the processor, the least of several tries,
beside those of the part's multiply-adds (padding counted, units at zero not) at the thread's rate.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from benchmarks.bounds import multiply_adds_gigaflops
from benchmarks.cases import perceptron, truncated_bptt
from benchmarks.timing import use_one_thread
from harmodels.kernels.elman import packing, tbptt
from harmodels.kernels.elman.forward import forward
from harmodels.kernels.perceptron import first_layer, passes, training, workspace
from harmodels.kernels.perceptron.packing import pack
from harmodels.kernels.simd.emitter import odd_lines, padded, zeros
from harmodels.kernels.simd.products import descend, weighted_rows
from harmodels.kernels.simd.strided_product import PANEL, Size, View, product

TRIES, SECONDS = 9, 0.02
STOP = np.zeros(1, np.int64)
Part = tuple[str, Callable[[int], Any], float]  # name, repetitions, multiply-adds of one


def _repeated(part: Any, *arguments: Any) -> Callable[[int], Any]:
    @njit  # type: ignore[untyped-decorator]
    def repeat(count: int, arguments: Any) -> None:
        for _ in range(count):
            part(*arguments)

    return lambda count: repeat(count, arguments)


def _seconds(run: Callable[[int], Any]) -> float:
    """Return the least processor time of one repetition."""
    count, best = 1, float("inf")
    run(1)
    for _ in range(TRIES):
        start = time.process_time()
        run(count)
        each = (time.process_time() - start) / count
        count, best = max(count, int(SECONDS / each) + 1), min(best, each)
    return best


def parts_of_bptt(hidden: int = 50, window: int = 10) -> list[Part]:
    """Return the parts of an update by a window."""
    task = truncated_bptt(hidden, window)
    packed = packing.pack(task.state("compiled", 1).params, 0)
    work = packing.workspace(packed, hidden, window, STOP)
    options = tbptt._Options(
        hidden, window, np.float32(0), np.float32(1), True, False, False, True, 0
    )
    sequence = task.data.frames[:window].numpy().copy()
    width, wide = packed.weight_t.shape[1], work.z.shape[1]
    count, back = (hidden + 3 + 3) // 2 * 2, (hidden + 1) // 2 * 2

    @njit  # type: ignore[untyped-decorator]
    def products(packed: Any, work: Any) -> None:
        for t in range(window):
            weighted_rows(
                work.z, t * wide, packed.weight_t, 0, width, count, width, work.sums, 0, False
            )

    steps = (packed.weight_t, work.z, 0, work.sums, hidden, sequence, 0, window)
    gradient = (work.d_pre, work.z, window, hidden, wide, packed.weight, packed.weight_t)
    rows = -(-hidden // 4) * 4
    return [
        ("forward", _repeated(forward, *steps), window * count * width),
        ("its products, not waiting", _repeated(products, packed, work), window * count * width),
        (
            "backward",
            _repeated(tbptt._backward, packed, work, 0, window, options),
            (window - 1) * back * width,
        ),
        (
            "gradient and update",
            _repeated(descend, *gradient, np.float32(1), np.float32(0)),
            window * rows * wide,
        ),
    ]


def parts_of_perceptron(momentum: float = 0.09, group: int = training.GROUP) -> list[Part]:
    """Return the parts of the updates by a group of single samples."""
    task = perceptron(1, momentum)
    params = task.state("compiled", 1).params
    weights, velocity = pack(params)[0], pack(params)[0]
    velocity.flat[:] = 0
    options = training._options(params)._replace(batch_size=1, learning_rate=np.float32(0.01))
    work = workspace.workspace(options, group, 6, STOP)
    tables = workspace.powers(momentum, group)
    inputs, labels = task.data.frames.numpy(), task.data.labels.numpy()
    order, masks = np.arange(group), np.zeros((0, 0), np.uint8)

    @njit  # type: ignore[untyped-decorator]
    def second(weights: Any, velocity: Any, work: Any, tables: Any) -> None:
        work.seen[:] = 0
        for k in range(group):
            passes.update(
                weights, velocity, work, tables, labels, masks, order, 0, k, k + 1, options
            )

    first_layer.load(work, inputs, order, 0, group)
    state = weights, velocity, work, tables
    first, later = 561 * 300, 300 * 100
    return [
        (
            "products with first layer and velocity",
            _repeated(first_layer.project, *state, group, options),
            2 * group * first,
        ),
        ("second and third layer", _repeated(second, *state), group * later),
        (
            "first layer's updates",
            _repeated(first_layer.update_first, *state, group, options),
            group * first,
        ),
    ]


def parts_of_wide(hidden: int = 1280, gates: int = 3) -> list[Part]:
    """Return the product of a step of a wide GRU, over few rows and many, in rows and in panels."""
    width = gates * hidden
    step = odd_lines(width)
    matrix, out = zeros(1, hidden * step)[0], zeros(1, 50 * step)[0]
    matrix[:] = 1  # pages that nobody wrote to would all be one page of zeros
    factors = zeros(1, 50 * padded(hidden))[0]
    views = {
        "rows": View(0, step, 1),
        "panels": View(0, PANEL, hidden * PANEL),
    }
    sums, left = View(0, step, 1), View(0, padded(hidden), 1)
    given = {rows: (out, sums, out, sums, Size(rows, hidden, width)) for rows in (1, 5, 12, 50)}
    return [
        (
            f"{rows} sequences, weights in {kind}",
            _repeated(product, factors, left, matrix, view, *given[rows]),
            rows * hidden * width,
        )
        for rows in given
        for kind, view in views.items()
    ]


def main() -> None:
    """Print a table of the parts of each of the cases."""
    use_one_thread()
    rate = max(multiply_adds_gigaflops(time.process_time) for _ in range(TRIES)) * 1e9
    print("| case | part | µs | multiply-adds alone, µs |\n| --- | --- | ---: | ---: |")
    cases = {
        "truncated BPTT, 50 hidden, a window of 10": parts_of_bptt,
        "48 single samples, momentum": parts_of_perceptron,
        "GRU, 1280 units, product of a step": parts_of_wide,
    }
    for case, parts in cases.items():
        for name, run, products in parts():
            bound = 2e6 * products / rate
            print(f"| {case} | {name} | {_seconds(run) * 1e6:.2f} | {bound:.2f} |", flush=True)


if __name__ == "__main__":
    main()
