"""Keys of the claims on a metric of one's choice, and its values."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import model_validator

from harmodels.config.base import Matching, Number, Record, Text, key, wrong
from harmodels.config.published import PublishedRun, measure_columns
from harmodels.config.selection import Selecting, Selection, SplitName
from harmodels.evaluation.claims import Sample
from harmodels.evaluation.people import SubjectCounts
from harmodels.evaluation.ties import Expected
from harmodels.reporting.claims.spec import CLASS, ClaimSpec, joined
from harmodels.reporting.figures.spec import METRIC
from harmodels.reporting.labels import class_text, measure_label, value_text
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import loss_measure, prediction_measure, resolution_of
from harmodels.reporting.runs.people import people_of_measure
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.spec import PREDICTED

LOSS_MEASURES = (
    "min_loss",
    "final_loss",
    "loss_roughness",
    "residual_roughness",
    "final_slope",
    "epochs_to_loss",
)
Metric = Annotated[
    str,
    Matching(
        f"{PREDICTED}|recall|{'|'.join(LOSS_MEASURES)}",
        "one of top_1, top_2, …, macro_f1, most_predicted_share, "
        f"most_predicted_share_without_<class>, recall, {', '.join(LOSS_MEASURES)}",
    ),
]
EXPECTED = "The side of the threshold on which the report puts the left (or best) value."


class Loss(Record):
    """The curve of history.parquet that a loss measure reads."""

    split: SplitName = key(..., "Which sequences.")
    metric: Text = key(..., METRIC)
    reach: Number | None = key(None, "The loss that epochs_to_loss waits for.", gt=0)


class Measured(ClaimSpec):
    """Base of the claims on a metric of one's choice."""

    metric: Metric = key(
        ...,
        "A number per replicate: top_1, top_2, …, macro_f1, most_predicted_share, "
        "most_predicted_share_without_<class> (among the other classes' sequences), recall (of "
        "`class`), or of the curve `loss` its lowest value min_loss, its last final_loss, its "
        "mean rise from an epoch to the next loss_roughness (falls count 0), its deviation from "
        "its running median residual_roughness, its slope over the last ten epochs final_slope, or "
        "the first epoch whose loss is at most `reach` epochs_to_loss (one more than its epochs if "
        "there is none).",
    )
    loss: Loss | None = key(None, "Which curve of history.parquet a loss measure reads.")
    class_name: Text | None = key(None, CLASS, alias="class")

    @model_validator(mode="after")
    def _has_what_its_metric_needs(self) -> Self:
        """Refuse what another metric needs, and measures of predictions of no weights."""
        metric, of_loss = self.metric, self.metric in LOSS_MEASURES
        for name, value, needed in (
            ("loss", self.loss, of_loss),
            ("class", self.class_name, metric == "recall"),
        ):
            if needed and value is None:
                raise wrong(f"{metric} needs the key {name!r}")
            if value is not None and not needed:
                raise wrong(f"the key {name!r} does not belong to {metric}")
        reach = None if self.loss is None else self.loss.reach
        if metric == "epochs_to_loss" and reach is None:
            raise wrong("loss: epochs_to_loss needs the key 'reach'")
        if metric != "epochs_to_loss" and reach is not None:
            raise wrong(f"loss: the key 'reach' does not belong to {metric}")
        sides = (
            {"": self}
            if isinstance(self, Selecting)
            else {f"{name}: ": getattr(self, name) for name in ("left", "right")}
        )
        for name, side in sides.items():
            if not of_loss and "checkpoint" not in side.model_fields_set:
                raise wrong(f"{name}the key 'checkpoint' is missing")
        return self

    @property
    def of_shares(self) -> bool:
        """Whether what is measured is a share, and no loss."""
        return self.loss is None

    @property
    def shown_curves(self) -> list[tuple[Selection, str, str]]:
        """The losses that are measured."""
        if self.loss is None:
            return []
        return [(part, self.loss.metric, self.loss.split) for part in self.selections]

    @property
    def classes(self) -> list[str]:
        """The class that is asked for, if any."""
        return [] if self.class_name is None else [self.class_name]

    @property
    def measure_text(self) -> str:
        """The metric in words."""
        if self.class_name is not None:
            return f"recall of {class_text(self.class_name)!r}"
        if self.loss is not None and self.loss.reach is not None:
            return f"epochs to a {self.loss.split} loss of {value_text(self.loss.reach)}"
        return measure_label(self.metric)

    def sample(self, selection: Selection, group: Sequence[Run], given: Sources) -> Sample:
        """Return the metric of every run of a group."""
        if self.loss is not None:
            name, curve = self.metric, self.loss
            return joined(
                group,
                lambda run: loss_measure(run, name, curve.metric, curve.split, curve.reach),
                lambda run: 1.0 if name == "epochs_to_loss" else 0.0,
            )
        where = (selection.checkpoint, selection.split)
        of_class = self.class_name
        metric = self.metric if of_class is None else f"recall_{of_class}"

        def people(run: Run) -> SubjectCounts | None:
            if given.subjects is None:
                return None
            return people_of_measure(run, metric, *where, given.subjects).get("people")

        return joined(
            group,
            lambda run: prediction_measure(run, metric, *where),
            lambda run: resolution_of(run, *where, class_name=of_class),
            people,
        )

    def _holders(
        self, entry: PublishedRun, checkpoint: str
    ) -> list[tuple[str | None, Sequence[str]]]:
        if self.loss is not None:
            return [(entry.curves, [f"{self.loss.split}_{self.loss.metric}"])]
        matrix = super()._holders(entry, checkpoint)
        if self.class_name is not None:
            return matrix
        table = (entry.table, measure_columns(self.metric, checkpoint))
        # a matrix has first answers alone
        first = self.metric == "top_1" or not self.metric.startswith("top_")
        return [table, *(matrix if first else [])]


class Sided(Measured):
    """Base of the claims that expect a value on one side of a threshold."""

    expected: Expected = key(..., EXPECTED)
