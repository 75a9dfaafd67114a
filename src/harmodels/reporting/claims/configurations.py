"""Claims on the configurations of one experiment: best, threshold, share, count, interaction."""

from dataclasses import replace
from typing import Literal

from harmodels.config.base import Number, key
from harmodels.config.selection import Selection, Where, agrees
from harmodels.errors import ConfigurationError
from harmodels.evaluation.claims import judge_mean, reduce
from harmodels.evaluation.contrasts import (
    interaction,
    judge_best,
    judge_count,
    mean_of,
    share_beyond,
)
from harmodels.evaluation.ties import Relation
from harmodels.reporting.checks import Known
from harmodels.reporting.claims.measured import Sided
from harmodels.reporting.claims.spec import Evidence, Judged, note_on
from harmodels.reporting.labels import value_text
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.sources import Sources


class Best(Judged, Sided):
    """The configuration `best` against the strongest other one that agrees with `where`."""

    kind: Literal["best"] = "best"
    best: Where = key(..., "Values of the grid that one configuration has.")

    def check(self, known: Known) -> None:
        """Refuse values that none or several of the configurations compared have."""
        super().check(known)
        self._check_one([c.values for c in known.selected(self.selection)])

    def judge(self, given: Sources) -> Evidence:
        """Judge `best` against the strongest other one."""
        group = select_runs(given.runs, self.selection)
        self._check_one([run.configuration for run in group])
        sample = self.sample(self.selection, group, given)
        winner = next(run.name for run in group if agrees(run.configuration, self.best))
        judgement = judge_best(sample, winner, self.expected)
        quantity = f"{self.measure_text}, difference to the strongest other configuration"
        return Evidence(judgement, quantity, note_on([group], [sample], self.classes))

    def _check_one(self, configurations: list[dict[str, object]]) -> None:
        count = sum(agrees(values, self.best) for values in configurations)
        if count != 1:
            raise ConfigurationError(
                f"`best` {self.best} names {count} of the configurations compared, not one"
            )


class Threshold(Judged, Sided):
    """The mean over the configurations on the expected side of `threshold` (kind threshold).

    Of kind share: most of the configurations on that side, judged against one half. Of kind
    count: the same of networks, each configuration and replicate one, by the exact binomial
    interval.
    """

    kind: Literal["threshold", "share", "count"]
    threshold: Number = key(..., "What each value is held against.")

    @property
    def side(self) -> Relation:
        """The side that is expected: of shares always above one half."""
        return self.expected if self.kind == "threshold" else "greater"

    def judge(self, given: Sources) -> Evidence:
        """Judge the configurations' mean, or the share of them, beyond the threshold."""
        group = select_runs(given.runs, self.selection)
        sample = self.sample(self.selection, group, given)
        name, limit = self.measure_text, float(self.threshold)
        side = "above" if self.expected == "greater" else "below"
        beyond = f"{name} {side} {value_text(limit)}"
        if self.kind == "threshold":
            numbers = reduce(mean_of, sample)
            judgement = judge_mean(numbers, limit, self.expected, share=self.of_shares)
            quantity = f"{name}, mean over the configurations"
        elif self.kind == "count":
            judgement, count = judge_count(sample.values, limit, self.expected)
            quantity = f"share of networks with {beyond} ({count} of {len(sample.values)})"
        else:
            numbers = reduce(
                lambda frame: share_beyond(frame, limit, self.expected), sample, linear=False
            )._replace(resolution=1.0 / len(group))
            judgement = judge_mean(numbers, 0.5, "greater", share=True)
            quantity = f"share of configurations with {beyond}"
        return Evidence(judgement, quantity, note_on([group], [sample], self.classes))


class Interaction(Judged, Sided):
    """The difference of `effect_of` and `against` is larger, or smaller, `at` than `elsewhere`.

    Configurations are paired on the keys that none of the four fixes.
    """

    kind: Literal["interaction"] = "interaction"
    effect_of: Where = key(..., "Values of the grid on the left of the difference.")
    against: Where = key(..., "Values of the grid on its right.")
    at: Where = key(..., "Values of the grid where the difference is taken first.")
    elsewhere: Where = key(..., "Those where it is taken again, to be subtracted.")

    @property
    def sides(self) -> list[Selection]:
        """Left and right `at`, left and right `elsewhere`."""
        return [
            replace(self.selection, where={**self.where, **place, **side})
            for place in (self.at, self.elsewhere)
            for side in (self.effect_of, self.against)
        ]

    def check(self, known: Known) -> None:
        """Refuse sides of which the experiment has no configuration."""
        super().check(known)
        for selection in self.sides:
            known.check_selection(selection)

    def judge(self, given: Sources) -> Evidence:
        """Judge how much larger a difference is `at` some values than `elsewhere`."""
        sides = self.sides
        groups = [select_runs(given.runs, side) for side in sides]
        fixed = {key for side in sides for key in side.where}
        pair_on = [key for key in groups[0][0].configuration if key not in fixed]
        samples = [self.sample(*side, given) for side in zip(sides, groups, strict=True)]
        numbers = reduce(lambda a, b, c, d: interaction(a, b, c, d, pair_on), *samples)
        judgement = judge_mean(numbers, 0.0, self.expected)
        quantity = f"{self.measure_text}, difference of two differences"
        return Evidence(judgement, quantity, note_on(groups, samples, self.classes))
