"""The same training in JAX, as a careful user would write it: everything under one `jit`.

JAX is optional (`pip install "harmodels[bench]"`). A loop over the items of a case runs inside one
compiled function whose state is donated, so that dispatch costs nothing, and the inputs are
multiplied before the loop over time. `jax.grad` sums the gradient of the recurrent weights step by
step inside the loop; `gathered_gradients` asks for the gradient at an offset of each step instead
and takes the sum as one product after it, which pays for all but the smallest layers.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from benchmarks.cases import EPSILON, Task
from benchmarks.timing import Contender, Weights

Params = dict[str, Any]

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"
).strip()
try:
    with_one_processor = os.sched_getaffinity(0)
    # XLA's pool has as many threads as there are processors when it starts; with one, they are
    # the thread that computes while the caller waits
    os.sched_setaffinity(0, {min(with_one_processor)})
    try:
        import jax
        import jax.numpy as jnp
        from jax import lax

        jax.devices()
    finally:
        os.sched_setaffinity(0, with_one_processor)
except ImportError:
    jax = None  # type: ignore[assignment]

AVAILABLE = jax is not None


def array(tensor: Tensor) -> Any:
    """Return a tensor as an array of JAX."""
    return jnp.asarray(tensor.numpy())


def to_jax(weights: Weights) -> Params:
    """Copy the only replicate of a state dict."""
    return {name: jnp.array(value[0].numpy()) for name, value in weights.items()}


def from_jax(params: Params) -> Weights:
    """Return a state dict of one replicate."""
    return {name: torch.from_numpy(np.array(value))[None] for name, value in params.items()}


def contender(
    name: str,
    weights: Weights,
    item: Callable[[Any, Any], Any],
    begin: Callable[[Params], Any] = lambda params: params,
    params_of: Callable[[Any], Params] = lambda state: state,
    unroll: int = 1,
) -> Contender:
    """Return who runs `state = item(state, i)` for i = 0 … items - 1 in one compiled function.

    `begin` makes the state of the weights, `params_of` takes them out of it. `unroll` items are
    compiled as one.
    """

    def several(turn: Any, state: Any) -> Any:
        for k in range(unroll):
            state = item(state, turn * unroll + k)
        return state

    def run(state: Any, items: int) -> Any:
        whole = items // unroll
        state = lax.fori_loop(0, whole, several, state)
        if unroll == 1:
            return state
        return lax.fori_loop(whole * unroll, items, lambda i, state: item(state, i), state)

    compiled = jax.jit(run, donate_argnums=0)

    def train(items: int) -> Weights:
        return from_jax(params_of(compiled(begin(to_jax(weights)), items)))

    return Contender(name, train)


def stepwise(
    name: str, weights: Weights, update: Callable[..., Any], batches: list[Any]
) -> Contender:
    """Return who calls the compiled `(params, moments) = update(state, *batch)` batch by batch.

    Each shape of batch is compiled separately. An item is a pass over all batches.
    """
    compiled = jax.jit(update, donate_argnums=0)

    def train(items: int) -> Weights:
        params = to_jax(weights)
        state = params, moments(params)
        for batch in batches * items:
            state = compiled(state, *batch)
        return from_jax(state[0])

    return Contender(name, train)


def zeros(cell: str, *shape: int) -> Any:
    """Return states of zeros."""
    return (jnp.zeros(shape),) * STATES[cell]


def descend(weights: Params, grads: Params, rate: float, clip: float | None = None) -> Params:
    """Return the weights after gradient descent, each element of the gradient limited to `clip`."""
    limited = grads if clip is None else jax.tree.map(lambda g: jnp.clip(g, -clip, clip), grads)
    return jax.tree.map(lambda w, g: w - rate * g, weights, limited)


def rows_of(i: Any, batch_size: int, samples: int) -> Any:
    """Return the samples of batch i, in order and from the first again."""
    return (i * batch_size + jnp.arange(batch_size)) % samples


def gru_step(x: Any, q: Any, states: Any) -> tuple[Any]:
    """Gates r, z, n as in torch.nn.GRU."""
    (h,) = states
    H = h.shape[-1]
    gates = jax.nn.sigmoid(x[..., : 2 * H] + q[..., : 2 * H])
    r, z = gates[..., :H], gates[..., H:]
    n = jnp.tanh(x[..., 2 * H :] + r * q[..., 2 * H :])
    return (n + z * (h - n),)


def lstm_step(x: Any, q: Any, states: Any) -> tuple[Any, Any]:
    """Gates i, f, g, o as in torch.nn.LSTM."""
    _, c = states
    i, f, g, o = jnp.split(x + q, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


STEPS: dict[str, Any] = {
    "elman": lambda x, q, _: (jnp.tanh(x + q),),
    "gru": gru_step,
    "lstm": lstm_step,
}
STATES = {"elman": 1, "gru": 1, "lstm": 2}


def _run_layer(
    cell: str, rnn: Params, x: Any, offsets: Any, state: Any, lengths: Any, unroll: int
) -> tuple[Any, Any]:
    """Return the last states and the h before each step; `offsets` (T, …, G) replace bias_hh."""
    projected = x @ rnn["weight_ih"].T + rnn["bias_ih"]
    running = None if lengths is None else jnp.arange(len(x))[:, None, None] < lengths[:, None]

    def advance(states: Any, xs: Any) -> Any:
        x_t, q_t, on = xs
        offset = rnn["bias_hh"] if q_t is None else q_t
        after = STEPS[cell](x_t, states[0] @ rnn["weight_hh"].T + offset, states)
        if on is not None:
            pairs = zip(after, states, strict=True)
            after = tuple(jnp.where(on, new, old) for new, old in pairs)
        return after, states[0]

    return lax.scan(advance, state, (projected, offsets, running), unroll=unroll)


# Both return the gradients of all weights, by their names, and the last states:
#     cell     a name in STEPS
#     weights  of the layer, whose names begin with `layer`, and of the dense one on its last h
#     x        inputs (T, B, D); without B where the states are
#     state    before the first step, each (B, H)
#     loss     of the logits
#     lengths  (B,): after its length a sequence keeps its states; None: all T steps count
#     unroll   steps of the scan that are compiled as one


def gradients(
    cell: str, weights: Params, layer: str, x: Any, state: Any, loss: Callable[[Any], Any],
    *, lengths: Any = None, unroll: int = 1,
) -> tuple[Params, Any]:  # fmt: skip
    """Differentiate the scan as it is."""

    def run(weights: Params) -> Any:
        last, _ = _run_layer(cell, _part(weights, layer), x, None, state, lengths, unroll)
        return loss(last[0] @ weights["output.weight"].T + weights["output.bias"]), last

    return jax.grad(run, has_aux=True)(weights)


def gathered_gradients(
    cell: str, weights: Params, layer: str, x: Any, state: Any, loss: Callable[[Any], Any],
    *, lengths: Any = None, unroll: int = 1,
) -> tuple[Params, Any]:  # fmt: skip
    """Differentiate by each step's offset, and take the recurrent weights' gradient at once."""
    held = {layer + name: weights[layer + name] for name in ("weight_hh", "bias_hh")}

    def run(others: Params, offsets: Any) -> Any:
        rnn = _part(others | jax.tree.map(lax.stop_gradient, held), layer)
        offsets = offsets + held[f"{layer}bias_hh"]
        last, before = _run_layer(cell, rnn, x, offsets, state, lengths, unroll)
        logits = last[0] @ others["output.weight"].T + others["output.bias"]
        return loss(logits), (last, before)

    others = {name: value for name, value in weights.items() if name not in held}
    offsets = jnp.zeros((*x.shape[:-1], len(held[f"{layer}bias_hh"])))
    (grads, d_q), (last, before) = jax.grad(run, argnums=(0, 1), has_aux=True)(others, offsets)
    d_q, before = (rows.reshape(-1, rows.shape[-1]) for rows in (d_q, before))
    return grads | {f"{layer}weight_hh": d_q.T @ before, f"{layer}bias_hh": d_q.sum(0)}, last


def _part(params: Params, prefix: str) -> Params:
    return {k.removeprefix(prefix): v for k, v in params.items() if k.startswith(prefix)}


def binary_cross_entropy(logits: Any, targets: Any) -> Any:
    """Return the sum over batch and classes."""
    return jnp.sum(jnp.logaddexp(0.0, logits) - logits * targets)


def cross_entropy(logits: Any, labels: Any) -> Any:
    """Return the mean over the batch."""
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[..., None], axis=-1)
    return -chosen.mean()


def adam(params: Params, grads: Params, moments: Any, rate: float, epsilon: float) -> Any:
    """Return parameters and moments (count, first, second) after a step of Adam."""
    count, first, second = moments
    count = count + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, grads)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, grads)
    size, scale = rate / (1 - 0.9**count), 1 / jnp.sqrt(1 - 0.999**count)
    params = jax.tree.map(
        lambda p, m, v: p - size * m / (jnp.sqrt(v) * scale + epsilon), params, first, second
    )
    return params, (count, first, second)


def moments(params: Params) -> Any:
    """Return Adam's state before the first step."""
    first, second = (jax.tree.map(jnp.zeros_like, params) for _ in range(2))
    return jnp.zeros(()), first, second


def _elman(task: Task, name: str, gradients: Any, unroll: int = 1) -> Contender:
    """Return truncated BPTT, an update a window, or mini-batches of whole sequences."""
    data, options = task.data, task.options
    inputs, samples = array(data.inputs), len(data.labels)
    targets = array(F.one_hot(data.labels, data.classes).float())
    steps, rate = data.inputs.shape[1], options.learning_rate / task.batch
    clip, window = getattr(options, "clip", None), getattr(options, "window", steps)

    def update(weights: Any, state: Any, x: Any, target: Any) -> Any:
        grads, last = gradients(
            "elman", weights, "rnn.", x, state,
            lambda logits: binary_cross_entropy(logits, target), unroll=unroll,
        )  # fmt: skip
        return descend(weights, grads, rate, clip), last

    def sequence(weights: Any, i: Any) -> Any:
        x, target = inputs[i % samples], targets[i % samples]
        whole = steps // window * window
        carry = weights, zeros("elman", options.hidden)
        windows = x[:whole].reshape(-1, window, x.shape[-1])
        carry, _ = lax.scan(lambda carry, x: (update(*carry, x, target), None), carry, windows)
        return update(*carry, x[whole:], target)[0] if whole < steps else carry[0]

    def batch(weights: Any, i: Any) -> Any:
        rows = rows_of(i, task.batch, samples)
        state = zeros("elman", task.batch, options.hidden)
        return update(weights, state, inputs[rows].swapaxes(0, 1), targets[rows])[0]

    item = sequence if task.training == "truncated_bptt" else batch
    return contender(name, task.start, item)


def _perceptron(task: Task) -> Iterator[Contender]:
    """Yield JAX with the weights as torch keeps them, and for one sample with their transposes.

    Which of the two XLA updates in place, and whether it helps to compile four samples as one,
    differs with and without momentum.
    """
    inputs, labels = array(task.data.inputs[:, 0]), array(task.data.labels)
    samples, rate, momentum = len(labels), task.options.learning_rate, task.options.momentum

    def transposed(weights: Any) -> Any:
        return {name: value.T for name, value in weights.items()}

    def batch_of(product: Any) -> Any:
        def loss(weights: Any, x: Any, label: Any) -> Any:
            for name in ("hidden1", "hidden2"):
                x = jax.nn.relu(product(x, weights[f"{name}.weight"]) + weights[f"{name}.bias"])
            logits = product(x, weights["output.weight"]) + weights["output.bias"]
            return cross_entropy(logits, label)

        def batch(state: Any, i: Any) -> Any:
            # one sample as a vector: products with vectors are what XLA does best then
            rows = i % samples if task.batch == 1 else rows_of(i, task.batch, samples)
            grads = jax.grad(loss)(state[0], inputs[rows], labels[rows])
            if not momentum:
                return descend(state[0], grads, rate), None
            velocity = jax.tree.map(lambda v, g: momentum * v - rate * g, state[1], grads)
            return jax.tree.map(jnp.add, state[0], velocity), velocity

        return batch

    def begin(weights: Any) -> Any:
        return weights, jax.tree.map(jnp.zeros_like, weights) if momentum else None

    def product(x: Any, weight: Any) -> Any:
        return weight @ x if task.batch == 1 else x @ weight.T  # XLA would transpose for a vector

    yield contender(
        "JAX", task.start, batch_of(product), begin=begin, params_of=lambda state: state[0]
    )
    if task.batch == 1:
        yield contender(
            "JAX, transposed, unrolled", task.start, batch_of(lambda x, weight: x @ weight),
            begin=lambda weights: begin(transposed(weights)),
            params_of=lambda state: transposed(state[0]), unroll=4,
        )  # fmt: skip


def _recurrent(task: Task, name: str, gradients: Any) -> Contender:
    """Pad every batch to its own longest sequence; one function is compiled for each such shape."""
    data, options = task.data, task.options
    padded = torch.nn.utils.rnn.pad_sequence(data.frames.split(data.lengths.tolist()))  # (T, N, D)

    def update(state: Any, x: Any, label: Any, lengths: Any) -> Any:
        weights, moments = state
        start = zeros(options.cell, task.batch, options.hidden)
        grads, _ = gradients(
            options.cell, weights, "rnn.layer0.", x, start,
            lambda logits: cross_entropy(logits, label),
            lengths=None if data.equal_length else lengths,
        )  # fmt: skip
        return adam(weights, grads, moments, options.learning_rate, EPSILON)

    batches = []
    for rows in task.order(1).split(task.batch):
        labels, lengths = data.labels[rows], data.lengths[rows]
        batches.append(tuple(map(array, (padded[: lengths.max(), rows], labels, lengths))))
    return stepwise(name, task.start, update, batches)


def peers(task: Task) -> Iterator[Contender]:
    """Yield JAX in the forms that may be fastest; none where it is not installed."""
    if not AVAILABLE or getattr(task.options, "update", "window") != "window":
        return
    if task.training == "perceptron":
        yield from _perceptron(task)
    elif task.training == "recurrent" and not task.data.equal_length:
        yield _recurrent(task, "JAX, padded and masked", gradients)
    elif task.training == "truncated_bptt":
        yield _elman(task, "JAX, gathered", gathered_gradients)
        yield _elman(task, "JAX, unrolled", gradients, task.options.window)
    else:
        make = _recurrent if task.training == "recurrent" else _elman
        yield make(task, "JAX", gradients)
        yield make(task, "JAX, gathered", gathered_gradients)
