"""Claims on the left against the right: comparison, majorities, best_of_each and equivalence."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Literal

from harmodels.config.base import Number, key
from harmodels.config.selection import CHECKPOINT, Checkpoint, Choosing, OfSplit
from harmodels.evaluation.claims import Judgement, Sample, judge_equivalence, judge_mean, reduce
from harmodels.evaluation.contrasts import best_of_each, differences, share_ahead
from harmodels.evaluation.ties import Relation, on_side
from harmodels.reporting.claims.ledger import EITHER_WAY
from harmodels.reporting.claims.measured import Measured, Sided
from harmodels.reporting.claims.spec import Evidence, note_on
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.sources import Sources


class Side(OfSplit, Choosing):
    """One side of a comparison."""

    checkpoint: Checkpoint = key("last", CHECKPOINT)


class Compared(Measured):
    """Base of the claims on two sides, configurations paired on the keys that neither fixes.

    One configuration on each side is a pair whatever its keys.
    """

    left: Side = key(..., "The side that the claim is about.")
    right: Side = key(..., "What it is compared with.")

    def judge(self, given: Sources) -> Evidence:
        """Judge left against right."""
        sides = self.selections
        groups = [select_runs(given.runs, side) for side in sides]
        fixed = {key for side in sides for key in side.where}
        common = set(groups[0][0].configuration) & set(groups[1][0].configuration)
        pair_on = [key for key in groups[0][0].configuration if key in common - fixed]
        if len(groups[0]) == len(groups[1]) == 1:
            pair_on = []
        left, right = (self.sample(*side, given) for side in zip(sides, groups, strict=True))
        judgement, quantity = self._judge(left, right, pair_on)
        return Evidence(judgement, quantity, note_on(groups, [left, right], self.classes))

    @abstractmethod
    def _judge(self, left: Sample, right: Sample, pair_on: Sequence[str]) -> tuple[Judgement, str]:
        """Return the judgement and the quantity that it is about."""


class Comparison(Compared, Sided):
    """Left against right, configurations paired on the keys that neither side fixes.

    A comparison judges the mean difference against 0; a majority judges the share of pairs in
    which left is on the expected side against one half, and majority_untied that share among the
    pairs that differ. Of kind best_of_each, the best configuration of each side, per replicate,
    is compared: the highest value where `greater` is expected, the lowest where `less` is.
    """

    kind: Literal["comparison", "majority", "majority_untied", "best_of_each"]

    @property
    def side(self) -> Relation:
        """The side that is expected: of shares always above one half."""
        return "greater" if self.kind.startswith("majority") else self.expected

    def _judge(self, left: Sample, right: Sample, pair_on: Sequence[str]) -> tuple[Judgement, str]:
        name, expected = self.measure_text, self.expected
        if self.kind == "best_of_each":
            numbers = reduce(lambda a, b: best_of_each(a, b, expected), left, right, linear=False)
            what = f"{name} of the best configuration of each side, difference"
            return judge_mean(numbers, 0.0, expected), what
        if self.kind == "comparison":
            numbers = reduce(lambda a, b: differences(a, b, pair_on), left, right)
            return judge_mean(numbers, 0.0, expected), f"{name}, difference"
        untied = self.kind == "majority_untied"
        numbers = reduce(
            lambda a, b: share_ahead(a, b, pair_on, expected, untied=untied),
            left,
            right,
            linear=False,
        )._replace(resolution=1.0 / left.values["configuration"].nunique())
        what = (
            f"share with {expected} {name} among the configurations that differ"
            if untied
            else f"share of configurations with {expected} {name}"
        )
        return judge_mean(numbers, 0.5, "greater", share=True), what


class Equivalence(Compared):
    """Left and right, paired as in a comparison, differ by less than `margin`.

    It holds if the whole interval of the difference lies inside.
    """

    kind: Literal["equivalence"] = "equivalence"
    margin: Number = key(..., "The largest difference that is none.", gt=0)

    def holds(self, value: float, threshold: float) -> bool:
        """Return whether a single difference lies inside the margin."""
        return bool(on_side(abs(value), "less", threshold))

    def _judge(self, left: Sample, right: Sample, pair_on: Sequence[str]) -> tuple[Judgement, str]:
        quantity = f"{self.measure_text}, {EITHER_WAY}"
        numbers = reduce(lambda a, b: differences(a, b, pair_on), left, right)
        return judge_equivalence(numbers, self.margin), quantity
