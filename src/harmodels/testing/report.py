"""Verdict on a set of gradients, as a record and as text."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "weight_not_transposed",
    "not_detached",
    "detached_inside",
    "softmax_twice",
    "sum_for_mean",
    "forgotten_bias",
    "gate_order",
    "dropout_scale",
    "sign",
    "forward_detached",
    "state_after_step",
    "wrong_slope",
    "path_dropped",
    "last_step_only",
    "first_step_lost",
    "exchanged",
]


@dataclass(frozen=True)
class Mistake:
    """A known mistake whose gradient is the one that was found.

    Attributes
    ----------
    kind
        Which one.
    text
        What it is, and what is right.
    """

    kind: Kind
    text: str


@dataclass(frozen=True)
class Verdict:
    """Comparison of one gradient with the right one.

    Attributes
    ----------
    name
        The parameter or input, dotted where it is nested.
    ok
        Whether the gradient is right.
    error
        Largest absolute difference, as a share of the largest element of the right gradient.
    place
        Index of the largest difference; empty where the gradient is missing or of another shape.
    found, right
        The two elements there.
    steps
        Time steps of the outputs from which a wrong gradient comes; None where there is no time.
    note
        What cannot be said in numbers: a missing gradient, another shape.
    """

    name: str
    ok: bool
    error: float
    place: tuple[int, ...] = ()
    found: float = float("nan")
    right: float = float("nan")
    steps: tuple[int, ...] | None = None
    note: str = ""

    def __str__(self) -> str:
        """Return one line."""
        if self.ok:
            return f"{self.name}: right, off by {self.error:.0e}"
        line = (
            f"{self.name}: WRONG, {self.note or f'off by {self.error:.2g} of its largest element'}"
        )
        if self.place:
            line += f"; at {list(self.place)} it is {self.found:.6g}, right is {self.right:.6g}"
        if self.steps:
            line += f"; it comes from the outputs of {_runs(self.steps)}"
        return line


@dataclass(frozen=True)
class GradientReport:
    """Outcome of `check_gradients`; true where every gradient is right.

    Attributes
    ----------
    verdicts
        One a parameter and input, in order.
    mistakes
        Known mistakes that explain the wrong gradients; empty if none does.
    oracle
        What the gradients were compared with.
    """

    verdicts: tuple[Verdict, ...]
    mistakes: tuple[Mistake, ...]
    oracle: str

    @property
    def ok(self) -> bool:
        """Whether every gradient is right."""
        return all(verdict.ok for verdict in self.verdicts)

    @property
    def wrong(self) -> tuple[str, ...]:
        """Names of the wrong gradients."""
        return tuple(verdict.name for verdict in self.verdicts if not verdict.ok)

    def __bool__(self) -> bool:
        """Return `ok`, so that `assert check_gradients(…)` is a test."""
        return self.ok

    def __str__(self) -> str:
        """Return the verdict as text: a summary, a line a gradient, the mistake if it is known."""
        count, wrong = len(self.verdicts), len(self.wrong)
        head = f"WRONG: {wrong} of {count} gradients" if wrong else f"Right: all {count} gradients"
        lines = [f"{head}, against {self.oracle}", *(f"  {each}" for each in self.verdicts)]
        lines += [f"Likely mistake: {mistake.text}" for mistake in self.mistakes]
        if not self.ok and not self.mistakes:
            lines.append("No known mistake gives these gradients.")
        return "\n".join(lines)


def _runs(steps: tuple[int, ...]) -> str:
    """Return `steps 0 to 3, 7` for consecutive numbers."""
    runs: list[list[int]] = []
    for step in steps:
        if runs and step == runs[-1][-1] + 1:
            runs[-1].append(step)
        else:
            runs.append([step])
    parts = [f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    return f"step{'s' if len(steps) > 1 else ''} {', '.join(parts)}"
