"""Known mistakes, recognised by the gradients that they give.

A mistake, or a pair of them, is named only if it gives all of the gradients that were found, right
ones included, to seven digits; so a name is hardly ever wrong.
"""

import math
from dataclasses import dataclass, replace
from itertools import combinations, permutations

import torch
from torch import Tensor

from harmodels.testing.bench import Bench
from harmodels.testing.candidates import GATES, candidates, permuted
from harmodels.testing.planting import Planted
from harmodels.testing.report import Kind, Mistake

RTOL = 1e-7
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

    def off(self, gradients: Gradients, *, free: bool = False) -> list[str]:
        """Return the names whose gradients are not those; `free` leaves first states out."""
        left_out = self.bench.input_names[1:] if free else []
        return [
            name
            for name, found in self.found.items()
            if name not in left_out and not _same(found, gradients[name])
        ]


def explain(case: Case) -> list[Mistake]:
    """Return the mistake, or the pair, that gives exactly the gradients that were found."""
    mistakes, unexplained = _of_numbers(case)
    if mistakes and not unexplained:
        return mistakes
    try:
        planted = Planted(case.bench, case.d_outputs)
    except RuntimeError:  # autograd cannot follow this forward pass
        return mistakes
    if not planted.steps.nodes:
        return mistakes  # nor this one, of arrays
    tried = []
    for candidate in candidates(planted, case.window):
        gradients = planted.gradients(candidate)
        if not case.off(gradients, free=candidate.free):
            return [candidate.mistake]
        tried.append((candidate, gradients))
    for candidate, gradients in tried:
        off = case.off(gradients, free=candidate.free)
        beside, left = _of_numbers(replace(case, right=gradients, wrong=off))
        if len(off) < len(case.found) and beside and not left:
            return [candidate.mistake, *beside]
    for (one, _), (other, _) in combinations(tried, 2):
        likely = (one.paired and other.paired) or one.recurrent or other.recurrent
        if likely and not one.whole | other.whole and not case.off(planted.gradients(one, other)):
            return [one.mistake, other.mistake]
    return mistakes


def _of_numbers(case: Case) -> tuple[list[Mistake], list[str]]:
    """Return mistakes seen in the numbers alone, and the wrong gradients that have none."""
    for recogniser in (_gate_order, _exchanged):
        if named := recogniser(case):
            return [named], []
    forgotten, zeros = _forgotten_bias(case)
    multiples, names = _ratios(case)
    return [*forgotten, *multiples], [n for n in case.wrong if n not in (*zeros, *names)]


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
        if all(_same(case.found[n], permuted(case.right[n], order, a)) for n, a in blocks.items()):
            theirs = ", ".join(names[i] for i in order)
            return Mistake(
                "gate_order",
                f"gate order swapped in {', '.join(blocks)}: the blocks are {theirs}; the layout "
                f"is {', '.join(names)}",
            )
    return None


def _exchanged(case: Case) -> Mistake | None:
    """Return the mistake by which parameters got one another's gradients."""
    if not set(case.wrong) <= set(case.parameters):
        return None
    taken = {
        name: [of for of in case.wrong if of != name and _same(case.found[name], case.right[of])]
        for name in case.wrong
    }
    if not all(len(of) == 1 for of in taken.values()):
        return None
    pairs = ", ".join(f"{name} has that of {of[0]}" for name, of in taken.items())
    return Mistake("exchanged", f"gradients exchanged: {pairs}")


def _forgotten_bias(case: Case) -> tuple[list[Mistake], list[str]]:
    names = []
    for name in case.wrong:
        gradient = case.found[name]
        if "bias" in name.rpartition(".")[2] and (gradient is None or not gradient.any()):
            names.append(name)
    if not names:
        return [], []
    listed = ", ".join(names)
    text = f"bias forgotten: {listed} gets no gradient; it is d_y summed over batch and time"
    return [Mistake("forgotten_bias", text)], names


def _ratios(case: Case) -> tuple[list[Mistake], list[str]]:
    """Return the mistakes by which gradients are a constant multiple of the right ones."""
    multiples: dict[float, list[str]] = {}
    for name in case.wrong:
        ratio = _ratio(case.found[name], case.right[name])
        if ratio is not None:
            known = next((each for each in multiples if math.isclose(each, ratio)), ratio)
            multiples.setdefault(known, []).append(name)
    mistakes, explained = [], []
    for ratio, names in multiples.items():
        named = _multiple(case, ratio, names)
        mistakes += named
        explained += names if named else []
    return mistakes, explained


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
