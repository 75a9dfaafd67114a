"""Layers, gradients and Adam in JAX, as a careful user would write them.

`jax.grad` sums the gradient of the recurrent weights step by step inside the loop over time;
`gathered_gradients` asks for the gradient at an offset of each step instead and takes the sum as
one product after it, which pays for all but the smallest layers.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

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
    jax = jnp = lax = None  # type: ignore[assignment]

AVAILABLE = jax is not None


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
    *, lengths: Any = None, unroll: int = 1, below: Sequence[str] = (),
) -> tuple[Params, Any]:  # fmt: skip
    """Differentiate the scan as it is; the layers `below` read sequences of equal lengths."""

    def run(weights: Params) -> Any:
        read = x
        for lower in below:
            last, before = _run_layer(cell, _part(weights, lower), read, None, state, None, unroll)
            read = jnp.concatenate([before[1:], last[0][None]])
        last, _ = _run_layer(cell, _part(weights, layer), read, None, state, lengths, unroll)
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
