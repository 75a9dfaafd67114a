"""Mistakes planted in the forward pass or in its graph: each gives gradients to compare with."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations
from typing import Any

import torch
from torch import Tensor

from harmodels.testing.planted import NextState, NotTransposed, SoftmaxTwice, count_products
from harmodels.testing.planting import Candidate, Leaves, Planted
from harmodels.testing.report import Mistake
from harmodels.testing.steps import Edge, Node, Path, Steps, change, cut

GATES = {3: ("r", "z", "n"), 4: ("i", "f", "g", "o")}  # torch's order

# of an operation f: gradient at its input, from that at its output, f(x), f(x) a step before
Slope = Callable[[Tensor, Tensor, Tensor], Tensor]
SLOPES: dict[str, dict[str, Slope]] = {
    "Tanh": {
        "1": lambda d, y, before: d,
        "1 - y": lambda d, y, before: d * (1 - y),
        "y (1 - y), a sigmoid's": lambda d, y, before: d * y * (1 - y),
        "1 + y²": lambda d, y, before: d * (1 + y**2),
        "1 - tanh²(y)": lambda d, y, before: d * (1 - y.tanh() ** 2),
        "that of the step before": lambda d, y, before: d * (1 - before**2),
    },
    "Sigmoid": {
        "1": lambda d, y, before: d,
        "1 - y": lambda d, y, before: d * (1 - y),
        "y": lambda d, y, before: d * y,
        "1 - y², a tanh's": lambda d, y, before: d * (1 - y**2),
        "that of the step before": lambda d, y, before: d * before * (1 - before),
    },
}
RIGHT_SLOPES = {"Tanh": "1 - y²", "Sigmoid": "y (1 - y)"}


def candidates(planted: Planted, window: int | None) -> Iterator[Candidate]:
    """Return the mistakes to look for, the likeliest first."""
    yield from _detached(planted, window)
    yield from _products(planted)
    yield from _softmax_twice()
    yield from _states(planted)
    yield from _gates(planted)
    yield from _slopes(planted)
    yield from _paths(planted)


def _detached(planted: Planted, window: int | None) -> Iterator[Candidate]:
    steps = len(planted.steps.states)
    if window is not None:
        text = (
            f"hidden state not detached between windows: the gradient runs through all "
            f"{planted.d_outputs.shape[-2]} steps; it should stop every {window}"
        )
        yield Candidate(Mistake("not_detached", text), whole=True)
        steps = min(window, planted.d_outputs.shape[-2])
    for size in range(1, steps):
        where = "at every step" if size == 1 else f"every {size} steps"
        text = (
            f"hidden state detached inside: {where} the gradient stops; "
            "step t has to send d_state back to step t - 1"
        )
        yield Candidate(
            Mistake("detached_inside", text),
            hooks=partial(_stop_every, size),
            whole=window is not None,
            paired=size == 1,
        )


def _stop_every(size: int, graph: Steps) -> list[Any]:
    return cut(edge for t, links in graph.links().items() if t % size == 0 for edge in links)


def _products(planted: Planted) -> Iterator[Candidate]:
    leaves, _, _ = planted.run(())
    for name in planted.bench.named_params():
        weight = leaves[name]
        if weight.ndim < 2 or weight.shape[-1] < 2:
            continue
        uses = count_products(weight, lambda: planted.bench.call(planted.bench.oracle, leaves))
        rows, columns = sorted(weight.shape[-2:], reverse=True)
        what = "recurrence" if uses > 1 or name.endswith("weight_hh") else "weight"
        if rows % columns == 0:
            text = (
                f"{what} not transposed: y = x · {name}ᵀ sends back d_x = d_y · {name}, not "
                f"d_y · {name}ᵀ"
            )
            yield Candidate(
                Mistake("weight_not_transposed", text),
                mode=partial(_not_transposed, name),
                recurrent=uses > 1,
            )
        if uses > 1:
            text = (
                f"h_t for h_(t-1): the gradient of {name} takes the state after a step, and the "
                "product was with the state before it"
            )
            yield Candidate(
                Mistake("state_after_step", text),
                mode=partial(_next_state, name),
                recurrent=True,
            )


def _not_transposed(name: str, leaves: Leaves, run: Callable[[], Tensor]) -> NotTransposed:
    return NotTransposed(leaves[name])


def _next_state(name: str, leaves: Leaves, run: Callable[[], Tensor]) -> NextState:
    return NextState(leaves[name], run)


def _softmax_twice() -> Iterator[Candidate]:
    text = (
        "softmax Jacobian applied twice: y - d is the gradient at the logits already; the Jacobian "
        "is in it"
    )
    mistake = Mistake("softmax_twice", text)
    yield Candidate(mistake, mode=lambda leaves, run: SoftmaxTwice())
    for axis in (-1, 0):
        yield Candidate(mistake, hooks=partial(_jacobian_again, axis))


def _jacobian_again(axis: int, graph: Steps) -> list[Any]:
    """Do so where a softmax is written out as exp(z) over the sum of exp(z)."""
    return [
        change(node, partial(_times_jacobian, axis, node._saved_result.detach()))
        for node in graph.named("Exp")
        if node._saved_result.ndim
    ]


def _times_jacobian(axis: int, exp: Tensor, inputs: Any, outputs: Any) -> list[Any]:
    y, (d_z,) = exp / exp.sum(axis, keepdim=True), inputs
    return [y * (d_z - (y * d_z).sum(axis, keepdim=True))]


def _states(planted: Planted) -> Iterator[Candidate]:
    """Return mistakes in the gradient carried from step to step, at its first and last one too."""
    if planted.steps.carried(shown=False):
        for shown, what in ((False, "cell"), (True, "hidden")):
            text = (
                f"the gradient of the {what} state is dropped: a step has to send back what it "
                f"gets for the {what} state before it"
            )
            yield Candidate(
                Mistake("path_dropped", text),
                hooks=partial(_drop_state, shown),
            )
    steps = len(planted.steps.states)
    if steps and planted.d_outputs.ndim > 1 and planted.d_outputs.shape[-2] == steps:
        text = "only the last step's d_outputs arrives: every step adds its own to d_state"
        yield Candidate(Mistake("last_step_only", text), d_outputs=_last_step)
    for share in ("1/T of ", ""):
        text = (
            f"only the last step of a mean gets a gradient: each of its T steps gets 1/T of it, "
            f"here the last gets {share or 'all of '}it"
        )
        yield Candidate(
            Mistake("last_step_only", text),
            hooks=partial(_last_of_means, not share),
        )
    if steps:
        text = "the first step is lost: the loop back ends at the second one"
        yield Candidate(Mistake("first_step_lost", text), hooks=_without_first, free=True)


def _drop_state(shown: bool, graph: Steps) -> list[Any]:
    return cut(graph.carried(shown=shown))


def _last_of_means(whole: bool, graph: Steps) -> list[Any]:
    return [change(node, _last_of_mean(node, whole=whole)) for node in graph.named("Mean")]


def _last_step(d_outputs: Tensor) -> Tensor:
    only = torch.zeros_like(d_outputs)
    only[..., -1, :] = d_outputs[..., -1, :]
    return only


def _last_of_mean(node: Node, *, whole: bool) -> Callable[..., list[Tensor | None]]:
    axes = getattr(node, "_saved_dim", None)

    def instead(inputs: tuple[Tensor | None, ...], _: object) -> list[Tensor | None]:
        (d_input,) = inputs
        if d_input is None or not axes or len(axes) > 1:
            return [d_input]
        axis = axes[0] if axes[0] < d_input.ndim else axes[0] - 2**64  # kept without a sign
        only = torch.zeros_like(d_input)
        last = d_input.shape[axis] - 1
        only.select(axis, last).copy_(d_input.select(axis, last))
        return [only * d_input.shape[axis] if whole else only]

    return instead


def _without_first(graph: Steps) -> list[Any]:
    first = {graph.states[0]} | {edge.source for edge in graph.links().get(1, ())}
    first -= set(graph.buffers)
    return [node.register_prehook(_nothing) for node in first]


def _nothing(d_outputs: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
    return tuple(None if each is None else torch.zeros_like(each) for each in d_outputs)


def _gates(planted: Planted) -> Iterator[Candidate]:
    counts = {
        each.shape[-2] // each.shape[-1]
        for each in planted.bench.named_params().values()
        if each.ndim > 1 and each.shape[-1] and each.shape[-2] % each.shape[-1] == 0
    }
    for count in sorted(counts & set(GATES)):
        for order in permutations(range(count)):
            if order == tuple(range(count)):
                continue
            theirs = ", ".join(GATES[count][i] for i in order)
            text = (
                f"gate order swapped before the products: the blocks are {theirs}; the layout is "
                f"{', '.join(GATES[count])}"
            )
            yield Candidate(
                Mistake("gate_order", text),
                hooks=partial(_swap_gates, order),
                paired=False,
            )


def _swap_gates(order: tuple[int, ...], graph: Steps) -> list[Any]:
    nodes = [*graph.named("Split"), *graph.named("Slice")]
    return [change(node, _in_order(order)) for node in nodes]


def _in_order(order: tuple[int, ...]) -> Callable[..., list[Tensor | None]]:
    def instead(inputs: tuple[Tensor | None, ...], outputs: tuple[Any, ...]) -> list[Any]:
        sizes = {each.shape[-1] for each in (*inputs, *outputs) if each is not None}
        return [permuted(inputs[0], order, -1) if len(sizes) > 1 else inputs[0]]  # of the gates

    return instead


def permuted(gradient: Any, order: tuple[int, ...], axis: int) -> Any:
    """Return the blocks of an axis in another order; anything but such blocks as it is."""
    if gradient is None or gradient.shape[axis] % len(order):
        return gradient
    blocks = gradient.chunk(len(order), axis)
    return torch.cat([blocks[i] for i in order], axis)


def _slopes(planted: Planted) -> Iterator[Candidate]:
    for kind, wrong in SLOPES.items():
        nodes = planted.steps.named(kind)
        paths = {planted.steps.place(node) for node in nodes}
        for path in [None, *sorted(paths)] if len(paths) > 1 else [None] * bool(nodes):
            for formula, slope in wrong.items():
                which = "" if path is None else f", the one at {planted.steps.description(path)}"
                text = (
                    f"wrong slope of {kind.lower()}{which}: it is {formula}; "
                    f"right is {RIGHT_SLOPES[kind]} of its output y"
                )
                yield Candidate(
                    Mistake("wrong_slope", text),
                    hooks=partial(_sloped, kind, path, slope, planted.bench.inputs[1:]),
                    paired=path is None,
                )


def _sloped(
    kind: str, path: Path | None, slope: Slope, starts: tuple[Any, ...], graph: Steps
) -> list[Any]:
    before: dict[Path, Tensor] = {}
    handles = []
    for node in graph.named(kind):
        y, place = node._saved_result.detach(), graph.place(node)
        if path in (None, place):
            first = [h for h in starts if isinstance(h, Tensor) and h.shape == y.shape]
            earlier = before.get(place, first[0] if first else torch.zeros_like(y))
            handles.append(change(node, partial(_by_slope, slope, y, earlier)))
        before[place] = y
    return handles


def _by_slope(slope: Slope, y: Tensor, earlier: Tensor, inputs: Any, outputs: Any) -> list[Any]:
    return [slope(outputs[0], y, earlier)]


def _paths(planted: Planted) -> Iterator[Candidate]:
    paths = planted.steps.paths()
    parameters = {id(leaf): name for name, leaf in planted.run(())[0].items()}
    for path, edges in sorted(paths.items(), key=lambda item: not _beside(item[1], parameters)):
        beside = _beside(edges, parameters)
        by = f" by {beside}" if beside else ""
        text = (
            f"a path is left out: nothing comes back through the {edges[-1].operation}{by} "
            f"at {planted.steps.description(path[:-1])}"
        )
        yield Candidate(
            Mistake("path_dropped", text),
            hooks=partial(_drop_path, path),
            paired=False,
        )


def _drop_path(path: Path, graph: Steps) -> list[Any]:
    return cut(graph.paths().get(path, ()))


def _beside(edges: list[Edge], parameters: dict[int, str]) -> str:
    """Return the parameter that is the other operand of an operation."""
    node, index = edges[-1]
    for other, (source, _) in enumerate(node.next_functions):
        while source is not None and other != index:
            if hasattr(source, "variable"):
                return parameters.get(id(source.variable), "")
            if len(source.next_functions) != 1:
                break
            source = source.next_functions[0][0]
    return ""
