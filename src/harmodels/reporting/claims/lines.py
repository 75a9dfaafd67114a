"""Claims on how a metric changes along an option: trend and straight."""

from abc import abstractmethod
from typing import Any, Literal

import numpy as np

from harmodels.config.base import Number, Text, key
from harmodels.config.selection import OPTION, SCALE, Scale
from harmodels.errors import ConfigurationError
from harmodels.evaluation.claims import Judgement, Sample, judge_equivalence, judge_mean, reduce
from harmodels.evaluation.ties import on_side
from harmodels.evaluation.trends import form_of
from harmodels.reporting.checks import Known, are_numbers
from harmodels.reporting.claims.ledger import EITHER_WAY
from harmodels.reporting.claims.measured import Measured, Sided
from harmodels.reporting.claims.spec import Evidence, Judged, note_on
from harmodels.reporting.labels import key_label, value_text
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.sources import Sources


class Line(Judged, Measured):
    """Base of the claims on a line through one value a configuration."""

    option: Text = key(..., OPTION)
    scale: Scale = key("linear", SCALE)

    def check(self, known: Known) -> None:
        """Refuse a line through fewer than three numbers."""
        super().check(known)
        values = known.check_sweep(self.option, self.scale, self.selection)
        if len(values) < 3 or not are_numbers(values):
            raise ConfigurationError(
                f"a line along {self.option!r} needs three numbers at least; experiment "
                f"{self.experiment!r} has {values}"
            )

    def judge(self, given: Sources) -> Evidence:
        """Judge the metric along the option."""
        group = select_runs(given.runs, self.selection)
        sample = self.sample(self.selection, group, given)
        along = {run.name: run.configuration[self.option] for run in group}
        place = {name: np.log2(at) if self.scale == "log" else at for name, at in along.items()}
        placed = sample._replace(
            values=sample.values.assign(place=sample.values["configuration"].map(place)),
            people=None
            if sample.people is None
            else sample.people.assign(place=sample.people["configuration"].map(place)),
        )
        axis = key_label(self.option).lower() + (" (log scale)" if self.scale == "log" else "")
        ends = " to ".join(value_text(at) for at in (min(along.values()), max(along.values())))
        judgement, quantity = self._judge(placed, sorted(place.values()), ends)
        quantity = f"{self.measure_text} along {axis}, {quantity}"
        return Evidence(judgement, quantity, note_on([group], [sample], self.classes))

    @abstractmethod
    def _judge(self, placed: Sample, places: list[Any], ends: str) -> tuple[Judgement, str]:
        """Return the judgement and the quantity that it is about."""


class Trend(Line, Sided):
    """The metric changes along an option, on the straight line through one value a configuration.

    The line is fitted to each replicate by itself; its change from the option's lowest value to its
    highest is judged against 0.
    """

    kind: Literal["trend"] = "trend"

    def _judge(self, placed: Sample, places: list[Any], ends: str) -> tuple[Judgement, str]:
        numbers = reduce(lambda frame: form_of(frame, places).change, placed)
        judgement = judge_mean(numbers, 0.0, self.expected)
        return judgement, f"difference from {ends} on the straight line"


class Straight(Line):
    """The metric lies on a straight line along an option, to within `margin`.

    A parabola is fitted to each replicate by itself; how far its middle is from the straight line
    between its ends is judged. It holds if the whole interval lies inside the margin.
    """

    kind: Literal["straight"] = "straight"
    margin: Number = key(..., "The largest bend that is none.", gt=0)

    def holds(self, value: float, threshold: float) -> bool:
        """Return whether a single bend lies inside the margin."""
        return bool(on_side(abs(value), "less", threshold))

    def _judge(self, placed: Sample, places: list[Any], ends: str) -> tuple[Judgement, str]:
        numbers = reduce(lambda frame: form_of(frame, places).bend, placed)
        judgement = judge_equivalence(numbers, self.margin)
        return judgement, f"middle above a straight line, {EITHER_WAY}"
