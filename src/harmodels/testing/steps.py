"""The steps of a recurrence in autograd's graph, and changes of what flows back through them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor

Node = Any  # of torch.autograd.graph
Path = tuple[int, ...]  # from the state after a step: which input of each operation
Gradient = Tensor | None


class Edge(NamedTuple):
    """An operation and which of its inputs is meant; gradients flow back along it."""

    node: Node
    position: int

    @property
    def operation(self) -> str:
        """Its name, such as `mul`."""
        return operation(self.node)

    @property
    def source(self) -> Node:
        """The operation that made the input; None for a constant."""
        return self.node.next_functions[self.position][0]


class Steps:
    """What happens at each step of a recurrence, read from the graph of its outputs.

    The states are the parts of the first stack, concatenation or filled buffer behind the outputs
    each of which depends on the one before. Without one there are no steps.
    """

    def __init__(self, outputs: Tensor) -> None:
        self.nodes = list(_behind(outputs.grad_fn))
        self.states: list[Node] = []
        self.buffers: list[Node] = []
        for node in self.nodes:
            states, buffers = _parts(node)
            if len(states) > 1 and all(a in set(_behind(b)) for a, b in pairwise(states)):
                self.states, self.buffers = states, buffers
                break
        self._step: dict[Node, int] = {}
        self._places: dict[Node, Path] | None = None
        for step, state in enumerate(self.states):
            for node in _behind(state, self._step):
                self._step.setdefault(node, step)
            if self.buffers:
                self._step[self.buffers[step]] = step
        self._users: dict[Node, set[int]] = defaultdict(set)
        for edge in self.edges():
            self._users[edge.source].add(self._step[edge.node])

    def edges(self) -> Iterator[Edge]:
        """Return the inputs of all operations of the steps that other operations made."""
        for node in self._step:
            if node in self.buffers:
                continue
            for index, (source, _) in enumerate(node.next_functions):
                if source is not None and source.next_functions:
                    yield Edge(node, index)

    def links(self) -> dict[int, list[Edge]]:
        """Return by step the inputs that it takes from the states after the step before."""
        links = defaultdict(list)
        for edge in self.edges():
            step, before = self._step[edge.node], self._step.get(edge.source)
            if before == step - 1 and self._users[edge.source] <= {before, step}:
                links[step].append(edge)
        return links

    def carried(self, *, shown: bool) -> list[Edge]:
        """Return the links from the states that are outputs, or from the others, such as cells.

        With the inputs of the first step that take the first states in their place.
        """
        outputs = {*self.states, *self.buffers}
        links = {e for each in self.links().values() for e in each}
        links = {edge for edge in links if (edge.source in outputs) == shown}
        return [edge for edges in self.paths().values() if links & {*edges} for edge in edges]

    def paths(self) -> dict[Path, list[Edge]]:
        """Return the edges of each path from a state back to the step before, over all steps."""
        found: dict[Path, list[Edge]] = defaultdict(list)
        for step, state in enumerate(self.states):
            waiting: list[tuple[Node, Path]] = [(state, ())]
            seen = {state}
            while waiting:
                node, path = waiting.pop(0)
                for index, (source, _) in enumerate(node.next_functions):
                    if source is None:
                        continue
                    found[(*path, index)].append(Edge(node, index))
                    if self._step.get(source) == step and source not in seen:
                        seen.add(source)
                        waiting.append((source, (*path, index)))
        return {path: edges for path, edges in found.items() if edges[-1].source.next_functions}

    def place(self, node: Node) -> Path:
        """Return the path from a state to an operation of its step, empty for any other."""
        if self._places is None:
            self._places = {e.source: path for path, es in self.paths().items() for e in es[::-1]}
            self._places |= dict.fromkeys(self.states, ())
        return self._places.get(node, ())

    def description(self, path: Path) -> str:
        """Return a path as the names of its operations: `tanh in mul`."""
        node, names = self.states[-1], []
        for index in path:
            names.append(operation(node))
            node = node.next_functions[index][0]
        return " in ".join([*names, operation(node)][::-1])

    def named(self, kind: str) -> list[Node]:
        """Return the operations of a kind, such as `Tanh`, in the order of their steps."""
        nodes = [node for node in self.nodes if node.name().startswith(f"{kind}Backward")]
        return sorted(nodes, key=lambda node: self._step.get(node, -1))


def operation(node: Node) -> str:
    """Return the name of an operation, such as `mul`."""
    return str(node.name()).rpartition("::")[2].partition("Backward")[0].lower()


def cut(edges: Iterable[Edge]) -> list[Any]:
    """Let nothing flow back along edges until the handles are removed."""
    indices: dict[Node, set[int]] = defaultdict(set)
    for edge in edges:
        indices[edge.node].add(edge.position)
    return [change(node, _without(chosen)) for node, chosen in indices.items()]


def change(
    node: Node, instead: Callable[[tuple[Gradient, ...], tuple[Gradient, ...]], list[Gradient]]
) -> Any:
    """Replace the gradients at an operation's inputs, given those and that at its outputs."""
    return node.register_hook(lambda inputs, outputs: tuple(instead(inputs, outputs)))


def _without(chosen: set[int]) -> Callable[..., list[Gradient]]:
    def instead(inputs: tuple[Gradient, ...], _: object) -> list[Gradient]:
        return [
            torch.zeros_like(each) if i in chosen and each is not None else each
            for i, each in enumerate(inputs)
        ]

    return instead


def _behind(node: Node, known: Any = ()) -> Iterator[Node]:
    """Return a node and what it was made of, but not what lies behind known nodes."""
    seen, waiting = {node}, [node]
    while waiting:
        here = waiting.pop(0)
        if here is None or here in known or not here.next_functions:
            continue  # a constant, an earlier step, a leaf
        yield here
        for source, _ in here.next_functions:
            if source not in seen:
                seen.add(source)
                waiting.append(source)


def _parts(node: Node) -> tuple[list[Node], list[Node]]:
    """Return what a stack or a filled buffer consists of, and the buffer after each filling."""
    if node.name() in ("StackBackward0", "CatBackward0"):
        parts = [source for source, _ in node.next_functions]
        return [part for part in parts if part is not None and part.next_functions], []
    parts, buffers = [], []
    while node is not None and node.name().endswith("CopySlices"):
        (before, _), (part, _) = node.next_functions[:2]
        if part is not None and part.next_functions:
            parts.append(part)
            buffers.append(node)
        node = before
    return parts[::-1], buffers[::-1]
