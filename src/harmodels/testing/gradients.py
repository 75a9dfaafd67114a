"""Gradients derived by hand, checked against autograd and against central differences.

This room is the one place of the package that uses autograd: here it is the oracle, which says
what a gradient should have been. Nothing imports this room, so no training depends on it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harmodels.testing import mistakes
from harmodels.testing.arrays import followed, on_tensors
from harmodels.testing.bench import AUTOGRAD, Bench
from harmodels.testing.comparison import compare
from harmodels.testing.mistakes import Case
from harmodels.testing.report import GradientReport
from harmodels.testing.trees import named_tensors

DIFFERENCES_RTOL = 1e-5  # where central differences are all there is


def check_gradients(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    params: Any,
    inputs: Any = (),
    *,
    oracle: Callable[..., Tensor] | None = None,
    window: int | None = None,
    keep_prob: float | None = None,
    seed: int = 0,
    rtol: float = 1e-7,
) -> GradientReport:
    """Check a backward pass, and name the mistake where it is a known one.

    Everything is computed in float64, for a random gradient at the outputs. The right gradients
    come from autograd through `forward`, confirmed by a central difference in a random direction
    of each parameter; where autograd cannot follow (`out=`, compiled loops, a function of numpy's
    that torch lacks) from central differences of every element, without names for the mistakes that
    take autograd to recognise.

    Parameters
    ----------
    forward
        `forward(params, *inputs)` returns outputs and a cache.
    backward
        `backward(params, cache, d_outputs)` returns the gradients of all inputs in their order
        and then those of `params`, in the same kind of container or a dict; or those of `params`
        alone. What is None or left out counts as missing.
    params
        A NamedTuple, dict or tuple of tensors, nested as you like, an object whose attributes they
        are, or one tensor; None for a function without parameters. numpy's arrays serve as well:
        `forward` is then run by torch's version of numpy too, for autograd to follow.
    inputs
        A tensor or array, or a tuple of them. Integers, such as labels and masks, have no gradient.
    oracle
        A function like `forward` that returns the outputs alone and that autograd can follow; it is
        given tensors.
    window
        The gradient is meant to be truncated: `backward` treats the state as a constant every
        `window` steps. `inputs` are then a sequence (…, T, D) and an initial state (…, H), and
        the outputs the states (…, T, H).
    keep_prob
        Of a dropout layer in `forward`, for its mistake to be known.
    seed
        Of the gradient at the outputs and the directions.
    rtol
        Relative error that is accepted in each element.

    Returns
    -------
    report
        True where all is right; its `str` says what is wrong, where, and why.

    Raises
    ------
    TypeError
        If `forward` or `backward` returns something else than described.
    ValueError
        If autograd cannot follow and there are too many elements for central differences.

    Examples
    --------
    The right gradient of a dense layer:

    >>> import torch
    >>> params = {"weight": torch.randn(2, 3), "bias": torch.randn(2)}
    >>> def forward(params, x):
    ...     return x @ params["weight"].mT + params["bias"], x
    >>> def backward(params, x, d_y):
    ...     return d_y @ params["weight"], {"weight": d_y.mT @ x, "bias": d_y.sum(0)}
    >>> bool(check_gradients(forward, backward, params, torch.randn(5, 3)))
    True

    The bias takes the mean over the batch by mistake:

    >>> def careless(params, x, d_y):
    ...     return d_y @ params["weight"], {"weight": d_y.mT @ x, "bias": d_y.mean(0)}
    >>> report = check_gradients(forward, careless, params, torch.randn(5, 3))
    >>> report.wrong
    ('bias',)
    >>> print(report.mistakes[0].text)
    sum and mean confused: bias is 1/5 of the right gradient; 5 is axis 0 of x
    """
    leaves = named_tensors((params, inputs)).values()
    if any(isinstance(leaf, np.ndarray | np.generic) for leaf in leaves):
        given = inputs if isinstance(inputs, tuple | list) else (inputs,)
        oracle = oracle or followed(forward, (params, *given))
        forward, backward = on_tensors(forward), on_tensors(backward)
    bench = Bench.prepare(forward, params, inputs, oracle, window)
    outputs, cache = bench.run()
    random = torch.Generator().manual_seed(seed)
    d_outputs = torch.randn(outputs.shape, generator=random, dtype=torch.float64)
    found = bench.names(backward(bench.params, cache, d_outputs.clone()))
    right, source = bench.gradients(d_outputs)
    slopes = bench.confirm(right, d_outputs, random) if source == AUTOGRAD else {}
    named = mistakes.forward_detached(found, right, slopes)
    right |= slopes
    accepted = rtol if source == AUTOGRAD and not slopes else max(rtol, DIFFERENCES_RTOL)
    scale = max((float(each.abs().max()) for each in right.values() if each.numel()), default=1.0)
    verdicts = tuple(
        compare(name, found[name], right[name], accepted, scale) for name in right if name in found
    )
    wrong = [verdict.name for verdict in verdicts if not verdict.ok]
    if wrong and not slopes:
        kept = {verdict.name: found[verdict.name] for verdict in verdicts}
        named = mistakes.explain(Case(bench, kept, right, wrong, d_outputs, window, keep_prob))
    if wrong and not slopes and source == AUTOGRAD and bench.in_time:
        steps = bench.wrong_steps(backward, d_outputs, wrong, accepted, scale)
        verdicts = tuple(replace(each, steps=steps.get(each.name)) for each in verdicts)
    return GradientReport(verdicts, tuple(named), source)
