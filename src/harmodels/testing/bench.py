"""A forward pass with its arguments in float64, and the two oracles of its gradients."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from harmodels.testing.comparison import compare
from harmodels.testing.planted import in_windows
from harmodels.testing.trees import is_object, map_tensors, named_tensors

AUTOGRAD = "autograd and central differences"
DIFFERENCES = "central differences of every element"

STEP = 1e-5  # of central differences in float64: error of truncation and of rounding near 1e-10
SLOPE_RTOL = 1e-6
MOST_ELEMENTS = 5000  # each costs two forward passes
MOST_STEPS = 16  # probed one by one

Gradients = dict[str, Tensor | None]


@dataclass
class Bench:
    """A forward pass with its arguments in float64, and what is known of their names."""

    forward: Callable[..., Any]  # the caller's, with a cache
    oracle: Callable[..., Tensor]  # outputs alone; in windows where the gradient is truncated
    whole: Callable[..., Tensor]  # outputs alone, never in windows
    params: Any
    inputs: tuple[Any, ...]
    params_name: str
    input_names: list[str]
    in_time: bool  # whether the outputs are states (…, T, H)

    @classmethod
    def prepare(
        cls,
        forward: Callable[..., Any],
        params: Any,
        inputs: Any,
        oracle: Callable[..., Tensor] | None,
        window: int | None,
    ) -> "Bench":
        """Read the arguments of `check_gradients`."""
        params = map_tensors(_double, params)
        inputs = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
        inputs = tuple(map_tensors(_double, each) for each in inputs)
        whole = oracle or (lambda *arguments: _outputs(forward(*arguments))[0])
        recurrent = any(name.endswith("weight_hh") for name in _named(params))
        chosen = whole
        if window is not None:
            if len(inputs) != 2:
                raise TypeError("with a window, inputs are a sequence and an initial state")
            chosen = in_windows(whole, params, inputs, window)
        return cls(
            forward,
            chosen,
            whole,
            params,
            inputs,
            *_names_of_arguments(forward, len(inputs)),
            window is not None or (recurrent and bool(inputs) and inputs[0].ndim > 1),
        )

    def run(self) -> tuple[Tensor, Any]:
        """Return outputs and cache of the caller's forward pass."""
        return _outputs(self.forward(self.params, *map_tensors(torch.clone, self.inputs)))

    def leaves(self) -> dict[str, Tensor]:
        """Return every tensor that has a gradient, by name."""
        named = self.named_params()
        for name, value in zip(self.input_names, self.inputs, strict=True):
            named |= {
                f"{name}{'.' if key else ''}{key}": each for key, each in _named(value).items()
            }
        return {name: each for name, each in named.items() if each.is_floating_point()}

    def named_params(self) -> dict[str, Tensor]:
        """Return the parameters by name; a lone tensor has that of the argument."""
        return {name or self.params_name: each for name, each in _named(self.params).items()}

    def call(self, forward: Callable[..., Tensor], leaves: dict[str, Tensor]) -> Tensor:
        """Run a forward pass with other values in place of the tensors of `leaves`."""
        values = iter(leaves.values())

        def take(tensor: Tensor) -> Tensor:
            return next(values) if tensor.is_floating_point() else tensor

        return forward(map_tensors(take, self.params), *(map_tensors(take, i) for i in self.inputs))

    def names(self, returned: Any) -> Gradients:
        """Return what `backward` returned, by name."""
        plain = isinstance(returned, tuple | list) and not hasattr(returned, "_fields")
        whole = isinstance(returned, dict) or is_object(returned)
        if whole or (type(returned) is type(self.params) and not plain):
            d_inputs: tuple[Any, ...] = ()
            d_params: Any = returned
        elif not isinstance(returned, tuple | list):
            raise TypeError(
                f"backward returns {type(returned).__name__}; return the gradients of the inputs "
                "and then those of params"
            )
        elif self.params is None:
            d_inputs, d_params = tuple(returned), None
        else:
            d_inputs, d_params = tuple(returned[:-1]), returned[-1]
        found: Gradients = dict.fromkeys(self.named_params())
        if d_params is not None:
            returned_params = named_tensors(d_params).items()
            found |= {name or self.params_name: each for name, each in returned_params}
        differentiable = [
            (name, value)
            for name, value in zip(self.input_names, self.inputs, strict=True)
            if not isinstance(value, Tensor) or value.is_floating_point()
        ]
        if d_inputs:
            for name, value in differentiable:
                found |= dict.fromkeys(named_tensors(value, f"{name}."))
            for (name, _), d_input in zip(differentiable, d_inputs, strict=False):
                if d_input is not None:
                    found |= named_tensors(d_input, f"{name}.")
        strange = set(found) - set(self.leaves())
        if strange:
            raise TypeError(
                f"backward returns a gradient of {min(strange)!r}, which is neither a parameter "
                f"nor an input; those are {', '.join(self.leaves())}"
            )
        return found

    def gradients(self, d_outputs: Tensor) -> tuple[dict[str, Tensor], str]:
        """Return the right gradients, by autograd if it can follow, and their source."""
        try:
            return self.autograd(self.oracle, d_outputs), AUTOGRAD
        except RuntimeError:
            return self.differences(self.leaves(), d_outputs), DIFFERENCES

    def autograd(self, forward: Callable[..., Tensor], d_outputs: Tensor) -> dict[str, Tensor]:
        """Return the gradients of a forward pass at every leaf."""
        leaves = {name: each.clone().requires_grad_() for name, each in self.leaves().items()}
        outputs = self.call(forward, leaves)
        gradients = torch.autograd.grad(
            outputs, list(leaves.values()), d_outputs, allow_unused=True, materialize_grads=True
        )
        return dict(zip(leaves, gradients, strict=True))

    def confirm(
        self, right: dict[str, Tensor], d_outputs: Tensor, random: torch.Generator
    ) -> dict[str, Tensor]:
        """Return, from central differences, the gradients that autograd has otherwise."""
        leaves = self.leaves()
        size = float((self.call(self.oracle, leaves) * d_outputs).abs().sum())
        doubtful = {}
        for name, value in leaves.items():
            direction = torch.randn(value.shape, generator=random, dtype=torch.float64)
            slope = self.slope(leaves, name, direction, d_outputs)
            exact = float((right[name] * direction).sum())
            norms = float(right[name].norm() * direction.norm())
            if abs(slope - exact) > SLOPE_RTOL * (norms + abs(slope)) + 1e-9 * size:
                doubtful[name] = value
        return self.differences(doubtful, d_outputs)

    def differences(self, names: Iterable[str], d_outputs: Tensor) -> dict[str, Tensor]:
        """Return central differences of every element of some leaves."""
        leaves = self.leaves()
        elements = sum(leaves[name].numel() for name in names)
        if elements > MOST_ELEMENTS:
            raise ValueError(
                f"central differences of {elements} elements take too long; give a smaller layer, "
                "or an oracle that autograd can follow"
            )
        found = {}
        for name in names:
            basis = torch.eye(leaves[name].numel(), dtype=torch.float64)
            slopes = [
                self.slope(leaves, name, each.view(leaves[name].shape), d_outputs) for each in basis
            ]
            found[name] = torch.tensor(slopes, dtype=torch.float64).view(leaves[name].shape)
        return found

    def slope(
        self, leaves: dict[str, Tensor], name: str, direction: Tensor, d_outputs: Tensor
    ) -> float:
        """Return a central difference along a direction of one leaf."""
        with torch.no_grad():
            ahead, behind = (
                self.call(self.oracle, leaves | {name: leaves[name] + sign * STEP * direction})
                for sign in (1, -1)
            )
        return float(((ahead - behind) * d_outputs).sum()) / (2 * STEP)

    def wrong_steps(
        self,
        backward: Callable[..., Any],
        d_outputs: Tensor,
        wrong: list[str],
        rtol: float,
        scale: float,
    ) -> dict[str, tuple[int, ...]]:
        """Return the steps of the outputs whose gradient arrives wrong, by parameter."""
        count = d_outputs.shape[-2]
        probed = sorted({round(i * (count - 1) / (MOST_STEPS - 1)) for i in range(MOST_STEPS)})
        steps: dict[str, list[int]] = {name: [] for name in wrong}
        for step in probed if count > 1 else [0]:
            only = torch.zeros_like(d_outputs)
            only[..., step, :] = d_outputs[..., step, :]
            found = self.names(backward(self.params, self.run()[1], only.clone()))
            right = self.autograd(self.oracle, only)
            for name in wrong:
                if not compare(name, found[name], right[name], rtol, scale).ok:
                    steps[name].append(step)
        return {name: tuple(each) for name, each in steps.items()}


def _double(leaf: Any) -> Tensor:
    tensor = torch.as_tensor(leaf).detach()
    return tensor.double() if tensor.is_floating_point() else tensor


def _named(tree: Any) -> dict[str, Tensor]:
    return {name: each for name, each in named_tensors(tree).items() if each is not None}


def _outputs(returned: Any) -> tuple[Tensor, Any]:
    if not (isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[0], Tensor)):
        raise TypeError(
            f"forward returns {type(returned).__name__}; return a tuple of outputs and cache"
        )
    return returned


def _names_of_arguments(forward: Callable[..., Any], inputs: int) -> tuple[str, list[str]]:
    """Return the names of the parameters and of the inputs in the signature of `forward`."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [
        name for name, each in inspect.signature(forward).parameters.items() if each.kind in kinds
    ]
    names += [f"input {i}" for i in range(len(names) - 1, inputs)]
    return names[0], names[1 : inputs + 1]
