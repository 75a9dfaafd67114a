"""Known mistakes, recognised by the gradients that they give.

A mistake is named only if it gives all of the gradients that were found, right ones included, to
seven digits; so a name is hardly ever wrong, and two mistakes at once have none.
"""

import math
from dataclasses import dataclass
from itertools import combinations, permutations

import torch
from torch import Tensor

from harmodels.testing.bench import Bench
from harmodels.testing.planted import Forward, NotTransposed, SoftmaxTwice, in_windows
from harmodels.testing.report import Kind, Mistake
from harmodels.testing.trees import named_tensors

RTOL = 1e-7
GATES = {3: ("r", "z", "n"), 4: ("i", "f", "g", "o")}  # torch's order

Gradients = dict[str, Tensor]


@dataclass(frozen=True)
class Case:
    """Wrong gradients and the right ones, by name, and the bench that computes others."""

    bench: Bench
    found: dict[str, Tensor | None]  # None: it is missing
    right: Gradients
    wrong: list[str]  # names of those that differ
    d_outputs: Tensor
    window: int | None
    keep_prob: float | None

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters."""
        return list(self.bench.named_params())

    def sizes(self) -> dict[str, int]:
        """Return the lengths of the axes over which one may sum or take a mean."""
        sizes = {}
        if self.bench.inputs and isinstance(self.bench.inputs[0], Tensor):
            axes = enumerate(self.bench.inputs[0].shape[:-1])
            sizes = {f"axis {axis} of {self.bench.input_names[0]}": size for axis, size in axes}
        outputs = {f"axis {axis} of the outputs": n for axis, n in enumerate(self.d_outputs.shape)}
        return sizes | outputs

    def fits(self, forward: Forward) -> bool:
        """Return whether autograd through another forward pass gives what was found."""
        candidate = self.bench.autograd(forward, self.d_outputs)
        return all(_same(found, candidate[name]) for name, found in self.found.items())


def explain(case: Case) -> list[Mistake]:
    """Return the mistakes that give exactly the gradients that were found."""
    for recogniser in (_detachment, _not_transposed, _softmax_twice, _gate_order):
        try:
            named = recogniser(case)
        except RuntimeError:  # autograd cannot follow this forward pass
            continue
        if named:
            return [named]
    return [*_forgotten_bias(case), *_ratios(case)]


def forward_detached(
    found: dict[str, Tensor | None], autograd: Gradients, differences: Gradients
) -> list[Mistake]:
    """Return the mistake of a forward pass whose autograd is not its slope, if there is one."""
    if not differences:
        return []
    names = ", ".join(differences)
    follows = all(_same(found.get(name), autograd[name]) for name in differences if name in found)
    text = (
        f"detached inside: autograd's gradient of {names} is not the slope of the forward pass, "
        "which cuts a path by detach(), .data or no_grad()"
    )
    if follows:
        text += "; the backward pass cuts the same path"
    return [Mistake("forward_detached", text)]


def _detachment(case: Case) -> Mistake | None:
    bench, steps = case.bench, case.d_outputs.shape[-2] if case.bench.in_time else 0
    if not steps or len(bench.inputs) != 2:  # a sequence and an initial state
        return None
    if case.window is not None and case.fits(bench.whole):
        return Mistake(
            "not_detached",
            f"hidden state not detached between windows: the gradient runs through all "
            f"{steps} steps; it should stop every {case.window}",
        )
    for size in range(1, min(case.window or steps, steps)):
        if case.fits(in_windows(bench.whole, bench.params, bench.inputs, size)):
            where = "at every step" if size == 1 else f"every {size} steps"
            return Mistake(
                "detached_inside",
                f"hidden state detached inside: {where} the gradient stops; "
                "step t has to send d_state back to step t - 1",
            )
    return None


def _not_transposed(case: Case) -> Mistake | None:
    for name in case.parameters:
        weight = case.right[name]
        if weight.ndim < 2 or weight.shape[-1] < 2:
            continue
        rows, columns = sorted(weight.shape[-2:], reverse=True)
        if rows % columns or not case.fits(_planted_transpose(case, name)):
            continue
        what = "recurrence" if name.endswith("weight_hh") else "weight"
        return Mistake(
            "weight_not_transposed",
            f"{what} not transposed: y = x · {name}ᵀ sends back d_x = d_y · {name}, not "
            f"d_y · {name}ᵀ",
        )
    return None


def _planted_transpose(case: Case, name: str) -> Forward:
    def forward(params: object, *inputs: object) -> Tensor:
        weight = params if isinstance(params, Tensor) else named_tensors(params)[name]
        with NotTransposed(weight):
            return case.bench.oracle(params, *inputs)

    return forward


def _softmax_twice(case: Case) -> Mistake | None:
    planted = SoftmaxTwice()

    def forward(*arguments: object) -> Tensor:
        with planted:
            return case.bench.oracle(*arguments)

    if not case.fits(forward) or not planted.used:
        return None
    return Mistake(
        "softmax_twice",
        "softmax Jacobian applied twice: y - d is the gradient at the logits already; the Jacobian "
        "is in it",
    )


def _gate_order(case: Case) -> Mistake | None:
    recurrent = [name for name in case.parameters if name.endswith("weight_hh")]
    if not recurrent:
        return None
    rows, columns = case.right[recurrent[0]].shape[-2:]
    gates = rows // columns
    blocks = {
        name: -2 if "weight" in name else -1
        for name in case.wrong
        if name in case.parameters and ("weight" in name or "bias" in name)
    }
    if gates < 2 or not blocks or set(blocks) != set(case.wrong):
        return None
    names = GATES.get(gates, tuple(map(str, range(gates))))
    for order in permutations(range(gates)):
        if order == tuple(range(gates)):
            continue
        if all(_same(case.found[n], _permuted(case.right[n], order, a)) for n, a in blocks.items()):
            theirs = ", ".join(names[i] for i in order)
            return Mistake(
                "gate_order",
                f"gate order swapped in {', '.join(blocks)}: the blocks are {theirs}; the layout "
                f"is {', '.join(names)}",
            )
    return None


def _permuted(gradient: Tensor, order: tuple[int, ...], axis: int) -> Tensor:
    blocks = gradient.chunk(len(order), axis)
    return torch.cat([blocks[i] for i in order], axis)


def _forgotten_bias(case: Case) -> list[Mistake]:
    names = []
    for name in case.wrong:
        gradient = case.found[name]
        if "bias" in name.rpartition(".")[2] and (gradient is None or not gradient.any()):
            names.append(name)
    if not names:
        return []
    listed = ", ".join(names)
    text = f"bias forgotten: {listed} gets no gradient; it is d_y summed over batch and time"
    return [Mistake("forgotten_bias", text)]


def _ratios(case: Case) -> list[Mistake]:
    """Return the mistakes by which gradients are a constant multiple of the right ones."""
    multiples: dict[float, list[str]] = {}
    for name in case.wrong:
        ratio = _ratio(case.found[name], case.right[name])
        if ratio is not None:
            known = next((each for each in multiples if math.isclose(each, ratio)), ratio)
            multiples.setdefault(known, []).append(name)
    return [named for ratio, names in multiples.items() for named in _multiple(case, ratio, names)]


def _multiple(case: Case, ratio: float, names: list[str]) -> list[Mistake]:
    listed = ", ".join(names)
    verb = "are" if len(names) > 1 else "is"
    if math.isclose(ratio, -1):
        return [Mistake("sign", f"sign: {listed} {verb} minus the right gradient")]
    found: list[tuple[Kind, str]] = []
    keep = case.keep_prob
    if keep and math.isclose(ratio, keep):
        text = "the backward pass does not divide by keep_prob as the forward pass does"
        found.append(("dropout_scale", f"dropout scaled at the wrong end: {text} ({listed})"))
    elif keep and math.isclose(ratio, 1 / keep):
        text = "the backward pass divides by keep_prob and the forward pass does not"
        found.append(("dropout_scale", f"dropout scaled at the wrong end: {text} ({listed})"))
    count = round(ratio if ratio > 1 else 1 / ratio) if ratio > 0 else 0
    where = _axes_of(case.sizes(), count)
    if count > 1 and where and math.isclose(max(ratio, 1 / ratio), count, rel_tol=1e-6):
        share = f"{count} times" if ratio > 1 else f"1/{count} of"
        text = f"{listed} {verb} {share} the right gradient; {count} is {where}"
        found.append(("sum_for_mean", f"sum and mean confused: {text}"))
    return [Mistake(kind, text) for kind, text in found]


def _axes_of(sizes: dict[str, int], count: int) -> str:
    """Return the axis, or the axes of one tensor, whose sizes multiply to a number."""
    for number in (1, 2, 3):
        for chosen in combinations(sizes, number):
            tensors = {each.partition(" of ")[2] for each in chosen}
            if len(tensors) == 1 and math.prod(sizes[each] for each in chosen) == count:
                return " times ".join(chosen)
    return ""


def _ratio(found: Tensor | None, right: Tensor) -> float | None:
    """Return the constant by which one gradient is a multiple of the other."""
    if found is None or found.shape != right.shape or not right.any() or not found.any():
        return None
    ratio = float((found * right).sum() / right.square().sum())
    return ratio if ratio and _same(found, ratio * right) else None


def _same(found: Tensor | None, expected: Tensor) -> bool:
    if found is None or found.shape != expected.shape:
        return False
    scale = float(expected.abs().max()) if expected.numel() else 0.0
    if not math.isfinite(scale):
        return False
    return torch.allclose(found, expected, rtol=RTOL, atol=max(RTOL * scale, 1e-12))
