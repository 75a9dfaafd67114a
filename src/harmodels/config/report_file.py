"""The file of a report, config/reports/<key>.yaml, and what a project builds of it."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from harmodels.config.base import (
    AS_WRITTEN,
    Distinct,
    Filled,
    Key,
    Number,
    OneOf,
    Record,
    Text,
    key,
    one_as_list,
    wrong,
)
from harmodels.config.options import OPTIONS
from harmodels.config.published import PublishedRun

Training = Annotated[str, OneOf(OPTIONS)]
Unit = Literal["m/s²", "g"]
Reads = Literal["sequences", "shipped_features", "computed_features"]
Protocol = Literal["official", "subjects", "leave_one_subject_out", "random", "per_class"]
Values = Annotated[dict[str, Any], Field(min_length=1)]
UNIT = (
    "The unit in which the networks read accelerations, whatever the unit of the data set; without "
    "it that of the data set."
)


def _check_protocols(protocols: Any) -> Any:
    if isinstance(protocols, list | tuple) and "leave_one_subject_out" in protocols[1:]:
        raise wrong("leave_one_subject_out is a protocol of its own; name it alone")
    return protocols


class DrawEntry(Record):
    """How training, validation and test sequences are taken."""

    train_per_class: int | None = key(
        None,
        "Training sequences of each class before validation is taken out; null takes all.",
        ge=1,
    )
    test_per_class: int | None = key(None, "Test sequences of each class; null takes all.", ge=1)
    validation_per_class: int | None = key(
        None,
        "Validation sequences of each class taken out of the training sequences, others for each "
        "replicate.",
        ge=1,
    )
    validation: Literal["sequences", "subjects"] = key(
        "sequences",
        "Which training sequences validation takes: sequences takes exactly that number of each "
        "class and ignores who was recorded, so that windows may overlap training windows of the "
        "same person; subjects holds out whole people, whose sequences come closest to that "
        "number.",
    )
    protocol: Annotated[
        Filled[Protocol],
        BeforeValidator(_check_protocols),
        BeforeValidator(one_as_list),
        AS_WRITTEN,
    ] = key(
        ("official", "subjects"),
        "One, or a list of which the first that the data set allows is taken. official uses the "
        "data set's own split; subjects splits so that nobody is on both sides; "
        "leave_one_subject_out, always alone, tests on each person of the data set in a fold (and "
        "a job) of its own; random ignores who was recorded; per_class draws test_per_class of "
        "each class from all sequences.",
    )
    test_subjects: Filled[str] | None = key(
        None,
        "With protocol subjects, the people tested on: one fold of a cross-subject validation.",
    )
    test_fraction: Number | None = key(
        None,
        "Share of subjects or sequences held out when the data set has no split of its own.",
        gt=0,
        lt=1,
    )


class ExperimentEntry(Record):
    """A grid of configurations trained in one way under one protocol."""

    title: Text = key(..., "One line for tables and pages.")
    training: Training | None = key(None, "The training loop, if not the report's.")
    reads: Reads | None = key(None, "What the networks read, if not what the report's do.")
    validation: bool = key(
        False, "Whether validation sequences are held out; only then there are best weights."
    )
    draw: Key | None = key(None, "Key of an entry of draws; without it the report's draw.")
    unit: Unit | None = key(None, "As the report's key, for this experiment.")
    dataset: str | None = key(
        None,
        "The data set of the registry that the experiment is always trained on, whatever the "
        "report is built on: what is compared with other recordings.",
    )
    optional: bool = key(
        False,
        "Whether the experiment is built only where a configuration asks for it, by `also` or "
        "`experiments`.",
    )
    grid: (
        Annotated[dict[str, Annotated[list[Any], Field(min_length=1)]], Field(min_length=1)] | None
    ) = key(None, "Every combination of these values is a configuration, in this order.")
    configurations: Annotated[list[Values], Field(min_length=1)] | None = key(
        None, "Instead of a grid, the configurations one by one, all with the same keys."
    )
    options: dict[str, Any] = key({}, "Options shared by all configurations of the experiment.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.grid is None) == (self.configurations is None):
            raise wrong("give either grid or configurations")
        return self

    @property
    def varied(self) -> dict[str, list[Any]]:
        """The values that the experiment itself gives to options, by option."""
        if self.grid is not None:
            return self.grid
        listed = self.configurations or []
        return {option: [values.get(option) for values in listed] for option in listed[0]}


class ReportFile(Record):
    """A report: `config/reports/<key>.yaml`."""

    title: Text = key(..., "Shown as the heading of the report's page.")
    training: Training = key(..., "The training loop; its options are in the section of that name.")
    channels: str | None = key(
        None,
        "A channel group of the data set's registry entry; without it the network reads every "
        "channel.",
    )
    unit: Unit | None = key(None, UNIT)
    reads: Reads = key(
        "sequences", "The table under results/datasets/<data set>/ that the networks read."
    )
    draw: DrawEntry = key(..., "How training, validation and test sequences are taken.")
    draw_by_dataset: dict[str, DrawEntry] = key(
        {},
        "What the draw of one data set has that others have not, by key of config/datasets.yaml; a "
        "plan's draw replaces it.",
    )
    draws: dict[Key, DrawEntry] = key(
        {},
        "Further draws by name, which experiments choose; what one does not say is as in draw.",
    )
    experiments: dict[Key, ExperimentEntry] = key(
        ..., "Grids of configurations; the key names the folder of their runs.", min_length=1
    )
    tables: dict[Key, dict[str, Any]] = key(
        {}, "Tables built from the runs; the key is the file name."
    )
    figures: dict[Key, dict[str, Any]] = key(
        {}, "Figures drawn from the runs; the key is the file name."
    )
    claims: dict[Key, dict[str, Any]] = key(
        {}, "What the report says in words, each with the comparison that tests it."
    )
    published_runs: dict[Key, PublishedRun] = key(
        {},
        "What the report published of an experiment, by its key: shown beside its runs in figures "
        "and tables, and what the report's own numbers say to the claims.",
    )

    def training_of(self, experiment: str) -> Training:
        """Return the training loop of an experiment."""
        return self.experiments[experiment].training or self.training


class ReportPlan(Record):
    """What is built of a report."""

    datasets: Filled[str] = key(..., "Keys of config/datasets.yaml.")
    experiments: Filled[str] | None = key(
        None,
        "A subset of the report's experiments; by default all that are not optional. Tables and "
        "figures of the others are left out.",
    )
    also: Distinct[str] = key(
        (),
        "Optional experiments of the report, which are too expensive to be built by default, in "
        "addition.",
    )
    options: dict[str, Any] = key(
        {},
        "Options that replace those of every chosen experiment, for example epochs. An experiment "
        "whose training has no such option keeps its own; an option that the grid of a chosen "
        "experiment varies is refused.",
    )
    replicates: int | None = key(None, "Of this report, if not the general number.", ge=1, le=4096)
    reads: Reads | None = key(None, "Replaces what the report and its experiments read.")
    draw: DrawEntry = key(DrawEntry(), "Changes to the report's draw, with the same keys.")
