"""Forward and backward passes in numpy, as functions of tensors."""

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from harmodels.testing.trees import map_tensors, named_tensors

Function = Callable[..., Any]
RTOL = 1e-12  # of the same operations in another library


def on_tensors(function: Function) -> Function:
    """Return a function of arrays as one of tensors, which autograd cannot follow."""

    @functools.wraps(function)
    def wrapped(*arguments: Any) -> Any:
        returned = function(*map_tensors(_array, arguments))
        if isinstance(returned, tuple) and len(returned) == 2 and np.isscalar(returned[0]):
            returned = (np.asarray(returned[0]), returned[1])
        return map_tensors(torch.as_tensor, returned)

    return wrapped


def followed(forward: Function, arguments: tuple[Any, ...]) -> Callable[..., Tensor] | None:
    """Return the outputs of a forward pass in numpy by torch's operations, or None.

    `forward` runs with torch's own version of numpy in place of `np` in its module, so that
    autograd can follow. None where it does not give the same outputs at `arguments`, or gradients
    that are not their slopes: that version lacks a function, or a path leaves it.
    """
    try:
        imitation = importlib.import_module("torch._numpy")

        def outputs(*given: Any) -> Tensor:
            arrays = map_tensors(imitation.ndarray, given)
            with _in_place_of_numpy(forward, given, imitation), _Reads():
                found: Tensor = forward(*arrays)[0].tensor
            return found

        given = map_tensors(_double, arguments)
        leaves = [x for x in named_tensors(given).values() if x.is_floating_point()]

        def of_leaves(*values: Tensor) -> Tensor:
            waiting = iter(values)
            return outputs(
                *map_tensors(lambda x: next(waiting) if x.is_floating_point() else x, given)
            )

        right = torch.as_tensor(on_tensors(forward)(*given)[0])
        same = torch.allclose(of_leaves(*leaves), right, rtol=RTOL, atol=RTOL)
        slopes = same and torch.autograd.gradcheck(
            of_leaves, [x.requires_grad_() for x in leaves], fast_mode=True
        )
    except Exception:  # whatever a user's code meets there, it runs in numpy
        return None
    return outputs if slopes else None


class _Reads(TorchFunctionMode):
    """What is read from an array is a copy: autograd needs it as it was, were it overwritten."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        return found.clone() if func is Tensor.__getitem__ else found


@contextmanager
def _in_place_of_numpy(
    function: Function, arguments: tuple[Any, ...], imitation: Any
) -> Iterator[None]:
    """Let a function and what it calls find another library under the names of numpy's."""
    spaces = _namespaces(function, arguments)
    own = [
        {name: value for name, value in names.items() if _imitated(value, imitation) is not value}
        for names in spaces
    ]
    for names, numpys in zip(spaces, own, strict=True):
        names.update({name: _imitated(value, imitation) for name, value in numpys.items()})
    try:
        yield
    finally:
        for names, numpys in zip(spaces, own, strict=True):
            names.update(numpys)


def _imitated(value: Any, imitation: Any) -> Any:
    """Return the substitute for numpy or for a function of it, and everything else as it is."""
    if value is np:
        return imitation
    name = getattr(value, "__name__", None) if callable(value) else None
    if isinstance(name, str) and vars(np).get(name) is value:
        return getattr(imitation, name, value)
    return value


def _namespaces(function: Function, arguments: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Return the globals of a function, and of the functions and classes that it meets."""
    function = inspect.unwrap(function)
    own, names = function.__globals__, function.__code__.co_names
    met = [*(own.get(name) for name in names), *map(type, arguments)]
    homes = {getattr(each, "__module__", None) for each in met} - {"builtins"}
    return [own, *(vars(sys.modules[home]) for home in homes if home in sys.modules)]


def _array(leaf: Any) -> Any:
    return leaf.detach().numpy() if isinstance(leaf, Tensor) else leaf


def _double(leaf: Any) -> Tensor:
    tensor = torch.as_tensor(leaf).detach().clone()
    return tensor.double() if tensor.is_floating_point() else tensor
