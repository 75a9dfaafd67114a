"""Claims on classes: how well one is recognised, and what one is mistaken for."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harmodels.config.base import Filled, Number, Text, key, wrong
from harmodels.evaluation.claims import Sample, judge_mean, reduce
from harmodels.evaluation.contrasts import lowest_of, mean_of
from harmodels.evaluation.ties import Relation
from harmodels.reporting.claims.spec import (
    CLASS,
    ClaimSpec,
    Evidence,
    JudgedWeights,
    joined,
    note_on,
)
from harmodels.reporting.labels import class_text
from harmodels.reporting.runs.measures import (
    confused_share,
    lead_of_recall,
    mistaken_margins,
    recall_of,
    resolution_of,
    unknown_classes,
)
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.sources import Sources

AT_LEAST = "The threshold."


class Recall(JudgedWeights, ClaimSpec):
    """The lowest recall of a class over the configurations, per replicate."""

    kind: Literal["recall"] = "recall"
    class_name: Text = key(..., CLASS, alias="class")
    at_least: Number = key(..., AT_LEAST, ge=0, le=1)

    @property
    def side(self) -> Relation:
        """At the threshold or above."""
        return "at_least"

    def judge(self, given: Sources) -> Evidence:
        """Judge the lowest recall over all configurations against `at_least`."""
        name, where = self.class_name, (self.checkpoint, self.split)
        group = select_runs(given.runs, self.selection)
        sample = joined(
            group,
            lambda run: recall_of(run, name, *where),
            lambda run: resolution_of(run, *where, class_name=name),
        )
        quantity = f"lowest recall of {class_text(name)!r} over the configurations"
        lowest = reduce(lowest_of, sample, linear=False)
        judgement = judge_mean(lowest, float(self.at_least), self.side, share=True)
        return Evidence(judgement, quantity, note_on([group], [sample], [name]))


class HighestRecall(JudgedWeights, ClaimSpec):
    """A class has the highest recall in every configuration.

    Judged is the lowest lead over the next class, per replicate, against 0.
    """

    kind: Literal["highest_recall"] = "highest_recall"
    class_name: Text = key(..., CLASS, alias="class")

    def judge(self, given: Sources) -> Evidence:
        """Judge the lowest lead over all configurations against 0."""
        name, where = self.class_name, (self.checkpoint, self.split)
        group = select_runs(given.runs, self.selection)
        sample = joined(
            group,
            lambda run: lead_of_recall(run, name, *where),
            lambda run: resolution_of(run, *where, class_name=name),
        )
        quantity = f"recall of {class_text(name)!r}, lowest difference to the next class"
        judgement = judge_mean(reduce(lowest_of, sample, linear=False), 0.0, "greater")
        return Evidence(judgement, quantity, note_on([group], [sample], [name]))


class ConfusedPair(JudgedWeights, ClaimSpec):
    """The share of all errors that lie between two classes, mean over configurations.

    It holds if the interval starts at `at_least` or above.
    """

    kind: Literal["confused_pair"] = "confused_pair"
    classes: Annotated[tuple[Text, Text], Field(strict=False)] = key(
        ..., "The two classes, in either order."
    )
    at_least: Number = key(..., AT_LEAST, ge=0, le=1)

    @property
    def side(self) -> Relation:
        """At the threshold or above."""
        return "at_least"

    def judge(self, given: Sources) -> Evidence:
        """Judge the share of the errors against `at_least`."""
        where = (self.checkpoint, self.split)
        group = select_runs(given.runs, self.selection)
        sample = joined(
            group,
            lambda run: confused_share(run, self.classes, *where),
            lambda run: resolution_of(run, *where, wrong=True),
        )
        first, second = (class_text(name) for name in self.classes)
        quantity = f"share of the errors between {first!r} and {second!r}"
        numbers = reduce(mean_of, sample)
        judgement = judge_mean(numbers, float(self.at_least), self.side, share=True)
        return Evidence(judgement, quantity, note_on([group], [sample], self.classes))


class MistakenFor(JudgedWeights, ClaimSpec):
    """Sequences of `classes` are mistaken for `answer` more, or less, than for any other class.

    Counts of wrong answers are added up over the classes and the configurations. Judged is the
    share that is `answer` minus that of the most frequent other one (`greater`) or of the rarest
    other one (`less`), per replicate, against 0.
    """

    kind: Literal["mistaken_for"] = "mistaken_for"
    classes: Filled[Text] = key(..., "The true classes.")
    answer: Text = key(..., "The class that they are taken for.")
    expected: Literal["greater", "less"] = key(
        ..., "Whether it is the most frequent wrong answer, or the rarest."
    )

    @model_validator(mode="after")
    def _wrong_answer(self) -> Self:
        if self.answer in self.classes:
            raise wrong(
                f"the answer {self.answer!r} is right for one of `classes`; "
                "name the classes that are mistaken for it"
            )
        return self

    def judge(self, given: Sources) -> Evidence:
        """Judge how much more often the classes are taken for `answer` than for another one."""
        group = select_runs(given.runs, self.selection)
        where = (self.checkpoint, self.split)
        margins = mistaken_margins(group, self.classes, self.answer, self.expected, *where)
        resolution = max(resolution_of(run, *where, wrong=True) for run in group)
        rival = {"greater": "most frequent", "less": "rarest"}[self.expected]
        quantity = (
            f"share of the wrong answers that is {class_text(self.answer)!r}, "
            f"difference to the {rival} other one"
        )
        numbers = reduce(mean_of, Sample(margins, resolution))
        judgement = judge_mean(numbers, 0.0, self.expected)
        unknown = unknown_classes(group[0], [*self.classes, self.answer])
        note = f"the data set has no class {class_text(unknown[0])!r}" if unknown else ""
        return Evidence(judgement, quantity, note)
