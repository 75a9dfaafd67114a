"""Trained networks as ONNX graphs, whose operators are those of torch.nn's layers.

Unequal lengths are exact: ONNX's recurrent operators take them as `sequence_lens` and return the
state after the last step that each direction reads of a sequence. The weights come from the modules
of `torch_modules`.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harmodels.estimators.exports.torch_modules import (
    ChannelScale,
    HierarchicalModule,
    RecurrentModule,
)
from harmodels.files import atomic_path
from harmodels.nn.cells import CELLS
from harmodels.nn.pooling import POOLINGS
from harmodels.nn.recurrent import OnnxOperator, RecurrentParams

OPSET, IR_VERSION = 17, 8  # of 2022: the oldest runtimes that one still meets read them


def write_onnx(
    path: Path,
    module: nn.Module,
    classes: NDArray[Any],
    *,
    channels: int,
    sigmoids: bool,
    steps: int = 1,
) -> None:
    """Write a module of `torch_modules` as an ONNX file, atomically.

    `channels` are those of a sequence, or the features of a vector; of `steps` a perceptron reads
    more than one as (n, steps, channels). With `sigmoids` the outputs
    are sigmoids that are scaled to add up to one, otherwise a softmax. `classes` (C,) have to be
    text or numbers.
    """
    try:
        from onnx import TensorProto, checker, helper, shape_inference
    except ImportError as error:
        raise ImportError("to_onnx needs onnx: python -m pip install 'harmodels[onnx]'") from error
    labels, kind = _labels(classes)
    graph = _Graph()
    if isinstance(module, nn.Sequential):
        shape: list[str | int | None] = ["n", channels] if steps == 1 else ["n", steps, channels]
        inputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, shape)]
        logits = _perceptron(graph, module)
    elif isinstance(module, RecurrentModule | HierarchicalModule):
        inputs = [
            helper.make_tensor_value_info("sequences", TensorProto.FLOAT, ["n", "T", channels]),
            helper.make_tensor_value_info("lengths", TensorProto.INT64, ["n"]),
        ]
        logits = _recurrent(graph, module)
    else:
        raise TypeError(f"{type(module).__name__} is no module of torch_modules")
    if sigmoids:  # the softmax of the logarithms of the sigmoids
        scores = graph.add("Neg", graph.add("Softplus", graph.add("Neg", logits)))
    else:
        scores = logits
    graph.add("Softmax", scores, output="probabilities", axis=-1)
    best = graph.add("ArgMax", logits, axis=-1, keepdims=0)
    graph.add("Gather", graph.constant(labels), best, output="labels", axis=0)
    outputs = [
        helper.make_tensor_value_info("labels", kind, ["n"]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(classes)]),
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "harmodels", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="harmodels",
    )
    try:
        checker.check_model(model, full_check=True)
    except (checker.ValidationError, shape_inference.InferenceError) as error:
        raise ValueError(
            f"no runtime would read the graph of this network: {error}; fit it anew"
        ) from error
    with atomic_path(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


@dataclass
class _Graph:
    """Nodes and constants in their order; each result has a number as its name."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node of one output and return its name."""
        from onnx import helper

        name = output or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def recur(self, operator: OnnxOperator, *inputs: str, **attributes: Any) -> tuple[str, str]:
        """Add a recurrent node; return all outputs (T, K, n, H) and the last states (K, n, H)."""
        from onnx import helper

        outputs, states = (f"{part}_{len(self.nodes)}" for part in ("outputs", "states"))
        every = {**operator.attributes, **attributes}
        self.nodes.append(helper.make_node(operator.name, inputs, [outputs, states], **every))
        return outputs, states

    def constant(self, value: Tensor | NDArray[Any]) -> str:
        """Add a constant and return its name."""
        from onnx import numpy_helper

        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else value
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name


def _perceptron(graph: _Graph, module: nn.Sequential) -> str:
    values = "features"
    for layer in module:
        if isinstance(layer, ChannelScale):
            values = _scale(graph, layer, values)
        elif isinstance(layer, nn.Linear):
            values = _dense(graph, layer, values)
        elif isinstance(layer, nn.Flatten):
            values = graph.add("Flatten", values)
        elif isinstance(layer, nn.ReLU):
            values = graph.add("Relu", values)
    return values


def _recurrent(graph: _Graph, module: RecurrentModule | HierarchicalModule) -> str:
    lengths = graph.add("Cast", "lengths", to=6)  # int32
    sequences = "sequences"
    if isinstance(module.scale, ChannelScale):
        sequences = _scale(graph, module.scale, sequences)
    steps = graph.add("Transpose", sequences, perm=[1, 0, 2])  # (T, n, D)
    if isinstance(module, HierarchicalModule):
        fingers = [
            _layers(graph, finger, graph.add("Gather", steps, graph.constant(own), axis=2), lengths)
            for own, finger in zip(module.branches, module.fingers, strict=True)
        ]
        steps = graph.add("Concat", *(outputs for outputs, _ in fingers), axis=2)
        top = module.hand
    else:
        top = module.rnn
    outputs, state = _layers(graph, top, steps, lengths)
    pooled = state if module.pooling == "last" else _pool(graph, module.pooling, outputs, lengths)
    return _dense(graph, module.output, pooled)


def _scale(graph: _Graph, layer: ChannelScale, values: str) -> str:
    centred = graph.add("Sub", values, graph.constant(layer.offset))
    return graph.add("Div", centred, graph.constant(layer.scale))


def _pool(graph: _Graph, pooling: str, outputs: str, lengths: str) -> str:
    """Add the mean or the maximum over the steps of each sequence, or both; return (n, F)."""
    zero, one = (graph.constant(np.array(value, np.int32)) for value in (0, 1))
    longest = graph.add("Squeeze", graph.add("ReduceMax", lengths))
    steps = graph.add(
        "Unsqueeze", graph.add("Range", zero, longest, one), _axes(graph, 1)
    )  # (T, 1)
    within = graph.add("Unsqueeze", graph.add("Less", steps, lengths), _axes(graph, 2))  # (T, n, 1)
    parts = []
    for part in POOLINGS[pooling]:
        beyond = graph.constant(np.array(0 if part == "mean" else -np.inf, np.float32))
        valid = graph.add("Where", within, outputs, beyond)  # (T, n, H)
        if part == "mean":
            sums = graph.add("ReduceSum", valid, _axes(graph, 0), keepdims=0)
            counts = graph.add("Unsqueeze", graph.add("Cast", lengths, to=1), _axes(graph, 1))
            parts.append(graph.add("Div", sums, counts))
        else:
            parts.append(graph.add("ReduceMax", valid, axes=[0], keepdims=0))
    return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)


def _axes(graph: _Graph, *axes: int) -> str:
    return graph.constant(np.array(axes))


def _layers(graph: _Graph, rnn: Any, steps: str, lengths: str) -> tuple[str, str]:
    """Add a stack; return the outputs (T, n, K·H) and last states (n, K·H) of the top layer."""
    cell = next(cell for cell in CELLS.values() if cell.torch_layer is type(rnn))
    if cell.onnx is None:
        raise ValueError(
            f"ONNX has no operator of the cell {cell.label}, so there is no graph of it; "
            "`to_torch` gives a module"
        )
    order = [cell.gate_order.index(gate) for gate in cell.onnx.gate_order]
    state, bidirectional = "", getattr(rnn, "bidirectional", False)
    for index in range(rnn.num_layers):
        directions = []
        for suffix in ("", "_reverse") if bidirectional else ("",):
            gates = [
                getattr(rnn, f"{name}_l{index}{suffix}").detach().chunk(cell.gates)
                for name in RecurrentParams._fields
            ]
            ih, hh, bias_ih, bias_hh = (torch.cat([parts[k] for k in order]) for parts in gates)
            directions.append((ih, hh, torch.cat([bias_ih, bias_hh])))
        # a leading axis for the directions
        names = [graph.constant(torch.stack(weights)) for weights in zip(*directions, strict=True)]
        more = {"direction": "bidirectional"} if bidirectional else {}
        outputs, states = graph.recur(
            cell.onnx, steps, *names, lengths, hidden_size=rnn.hidden_size, **more
        )
        if bidirectional:  # (T, K, n, H) to (T, n, K·H), and (K, n, H) to (n, K·H)
            outputs = graph.add("Transpose", outputs, perm=[0, 2, 1, 3])
            steps = graph.add("Reshape", outputs, _axes(graph, 0, 0, -1))
            states = graph.add("Transpose", states, perm=[1, 0, 2])
            state = graph.add("Reshape", states, _axes(graph, 0, -1))
        else:
            steps = graph.add("Squeeze", outputs, _axes(graph, 1))
            state = graph.add("Squeeze", states, _axes(graph, 0))
    return steps, state


def _dense(graph: _Graph, layer: nn.Linear, values: str) -> str:
    weight, bias = graph.constant(layer.weight), graph.constant(layer.bias)
    return graph.add("Gemm", values, weight, bias, transB=1)


def _labels(classes: NDArray[Any]) -> tuple[NDArray[Any], int]:
    from onnx import TensorProto

    values = classes.tolist()
    for kind, dtype, code in (
        (str, object, TensorProto.STRING),
        (bool, np.bool_, TensorProto.BOOL),
        (int, np.int64, TensorProto.INT64),
        (float, np.float64, TensorProto.DOUBLE),
    ):
        if all(isinstance(value, kind) for value in values):
            with suppress(OverflowError):  # of integers of 64 bits without a sign
                return np.array(values, dtype=dtype), code
    raise ValueError(
        f"labels of type {classes.dtype} are no tensor of ONNX; train with labels that are all "
        "text or all numbers"
    )
