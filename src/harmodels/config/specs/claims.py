"""Specifications of claims, one record for kinds that are judged on the same keys."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from harmodels.config.entries import Key, Part
from harmodels.config.selection import Option, Scale, Selection, Split, Where
from harmodels.config.specs import figures
from harmodels.config.specs.tables import PREDICTED
from harmodels.errors import ConfigurationError

LOSS_MEASURES = (
    "min_loss",
    "final_loss",
    "loss_roughness",
    "residual_roughness",
    "final_slope",
    "epochs_to_loss",
)

Statement = Annotated[str, Key("What the report says, in our words.")]
Metric = Annotated[
    str,
    Key(
        "A number per replicate: top_1, top_2, …, macro_f1, most_predicted_share, "
        "most_predicted_share_without_<class> (among the other classes' sequences), recall (of "
        "`class`), or of the curve `loss` its lowest value min_loss, its last final_loss, its "
        "mean rise from an epoch to the next loss_roughness (falls count 0), its deviation from "
        "its running median residual_roughness, its slope over the last ten epochs final_slope, or "
        "the first epoch whose loss is at most `reach` epochs_to_loss (one more than its epochs if "
        "there is none).",
        pattern=f"{PREDICTED}|recall|" + "|".join(LOSS_MEASURES),
    ),
]
ClassName = Annotated[
    str,
    Key(
        "Name of a class; the claim is undecided if the data set has none of that name.",
        name="class",
    ),
]
Expected = Annotated[
    Literal["greater", "less"],
    Key("The side of the threshold on which the report puts the left (or best) value."),
]
AtLeast = Annotated[float, Key("The threshold.", least=0, most=1)]
_SELECTED = ("experiment", "checkpoint", "split", "where")
Side = Annotated[Selection, Key("One side of a comparison."), Part((*_SELECTED, "choose"))]
Judged = Annotated[Selection, Part(_SELECTED, inline=True)]
JudgedWeights = Annotated[Selection, Part(_SELECTED, ("experiment", "checkpoint"), inline=True)]


@dataclass(frozen=True)
class Loss:
    """The curve of history.parquet that a loss measure reads."""

    split: Split
    metric: figures.Metric
    reach: Annotated[float, Key("The loss that epochs_to_loss waits for.", above=0)] | None = None


@dataclass(frozen=True)
class Published:
    """What the report's own numbers say to the claim, read as a single replicate."""

    verdict: (
        Annotated[Literal["holds", "does not hold", "undecided"], Key("What they say.")] | None
    ) = None
    value: Annotated[float, Key("The same quantity as ours, from the report's tables.")] | None = (
        None
    )
    source: Annotated[str, Key("Where in the report.")] | None = None


PublishedClaim = Annotated[
    Published,
    Key("What the report's own numbers say to the claim, read as a single replicate."),
]
Curve = Annotated[Loss, Key("Which curve of history.parquet a loss measure reads.")]


def check_metric(entry: dict[str, Any], place: str) -> None:
    """Refuse a claim without what its metric needs, and with what only another metric needs.

    Raises
    ------
    ConfigurationError
        If a loss measure has no curve, a recall no class or epochs_to_loss nothing to reach,
        another metric has one of them, or a measure of predictions does not say of which weights;
        if a class is to be mistaken for itself.
    """
    if "answer" in entry and entry["answer"] in entry.get("classes", ()):
        raise ConfigurationError(
            f"{place}: the answer {entry['answer']!r} is right for one of `classes`; "
            "name the classes that are mistaken for it"
        )
    metric = entry.get("metric")
    if metric is None:
        return
    for key, needed in (("loss", metric in LOSS_MEASURES), ("class", metric == "recall")):
        if needed and key not in entry:
            raise ConfigurationError(f"{place}: {metric} needs the key {key!r}")
        if key in entry and not needed:
            raise ConfigurationError(f"{place}: the key {key!r} does not belong to {metric}")
    curve = entry.get("loss", {})
    if metric == "epochs_to_loss" and "reach" not in curve:
        raise ConfigurationError(f"{place}.loss: epochs_to_loss needs the key 'reach'")
    if metric != "epochs_to_loss" and "reach" in curve:
        raise ConfigurationError(f"{place}.loss: the key 'reach' does not belong to {metric}")
    if metric not in LOSS_MEASURES:
        sides = [key for key in ("left", "right") if isinstance(entry.get(key), dict)]
        for at, part in [(f"{place}.{key}", entry[key]) for key in sides] or [(place, entry)]:
            if "checkpoint" not in part:
                raise ConfigurationError(f"{at}: the key 'checkpoint' is missing")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Left against right, configurations paired on the keys that neither side fixes.

    A comparison judges the mean difference against 0; a majority judges the share of pairs in
    which left is on the expected side against one half, and majority_untied that share among the
    pairs that differ. Of kind best_of_each, the best configuration of each side, per replicate,
    is compared: the highest value where `greater` is expected, the lowest where `less` is.
    """

    statement: Statement
    kind: Literal["comparison", "majority", "majority_untied", "best_of_each"]
    left: Side
    right: Side
    metric: Metric
    loss: Curve | None = None
    class_name: ClassName | None = None
    expected: Expected
    published: PublishedClaim | None = None


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """Left and right, paired as in a comparison, differ by less than `margin`.

    It holds if the whole interval of the difference lies inside.
    """

    statement: Statement
    kind: Literal["equivalence"] = "equivalence"
    left: Side
    right: Side
    metric: Metric
    loss: Curve | None = None
    class_name: ClassName | None = None
    margin: Annotated[float, Key("The largest difference that is none.", above=0)]
    published: PublishedClaim | None = None


@dataclass(frozen=True, kw_only=True)
class Best:
    """The configuration `best` against the strongest other one that agrees with `where`."""

    statement: Statement
    kind: Literal["best"] = "best"
    selection: Judged
    best: Annotated[Where, Key("Values of the grid that one configuration has.")]
    metric: Metric
    loss: Curve | None = None
    class_name: ClassName | None = None
    expected: Expected
    published: PublishedClaim | None = None


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """The mean over the configurations on the expected side of `threshold` (kind threshold).

    Of kind share: most of the configurations on that side, judged against one half. Of kind
    count: the same of networks, each configuration and replicate one, by the exact binomial
    interval.
    """

    statement: Statement
    kind: Literal["threshold", "share", "count"]
    selection: Judged
    metric: Metric
    loss: Curve | None = None
    class_name: ClassName | None = None
    threshold: Annotated[float, Key("What each value is held against.")]
    expected: Expected
    published: PublishedClaim | None = None


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """The difference of `effect_of` and `against` is larger, or smaller, `at` than `elsewhere`.

    Configurations are paired on the keys that none of the four fixes.
    """

    statement: Statement
    kind: Literal["interaction"] = "interaction"
    selection: Judged
    effect_of: Annotated[Where, Key("Values of the grid on the left of the difference.")]
    against: Annotated[Where, Key("Values of the grid on its right.")]
    at: Annotated[Where, Key("Values of the grid where the difference is taken first.")]
    elsewhere: Annotated[Where, Key("Those where it is taken again, to be subtracted.")]
    metric: Metric
    loss: Curve | None = None
    class_name: ClassName | None = None
    expected: Expected
    published: PublishedClaim | None = None


def sides_of(spec: Interaction) -> list[Selection]:
    """Return what an interaction compares: left and right `at`, left and right `elsewhere`."""
    return [
        replace(spec.selection, where={**spec.selection.where, **place, **side})
        for place in (spec.at, spec.elsewhere)
        for side in (spec.effect_of, spec.against)
    ]


@dataclass(frozen=True, kw_only=True)
class ConfusedPair:
    """The share of all errors that lie between two classes, mean over configurations."""

    statement: Statement
    kind: Literal["confused_pair"] = "confused_pair"
    selection: JudgedWeights
    classes: Annotated[tuple[str, str], Key("The two classes, in either order.")]
    at_least: AtLeast
    published: PublishedClaim | None = None


@dataclass(frozen=True, kw_only=True)
class Recall:
    """The lowest recall of a class over the configurations, per replicate."""

    statement: Statement
    kind: Literal["recall"] = "recall"
    selection: JudgedWeights
    class_name: ClassName
    at_least: AtLeast
    published: PublishedClaim | None = None


@dataclass(frozen=True, kw_only=True)
class HighestRecall:
    """A class has the highest recall in every configuration.

    Judged is the lowest lead over the next class, per replicate, against 0.
    """

    statement: Statement
    kind: Literal["highest_recall"] = "highest_recall"
    selection: JudgedWeights
    class_name: ClassName
    published: PublishedClaim | None = None


@dataclass(frozen=True, kw_only=True)
class MistakenFor:
    """Sequences of `classes` are mistaken for `answer` more, or less, than for any other class.

    Counts of wrong answers are added up over the classes and the configurations. Judged is the
    share that is `answer` minus that of the most frequent other one (`greater`) or of the rarest
    other one (`less`), per replicate, against 0.
    """

    statement: Statement
    kind: Literal["mistaken_for"] = "mistaken_for"
    selection: JudgedWeights
    classes: Annotated[tuple[str, ...], Key("The true classes.")]
    answer: Annotated[str, Key("The class that they are taken for.")]
    expected: Annotated[
        Literal["greater", "less"],
        Key("Whether it is the most frequent wrong answer, or the rarest."),
    ]
    published: PublishedClaim | None = None


@dataclass(frozen=True, kw_only=True)
class Trend:
    """The metric changes along an option, on the straight line through one value a configuration.

    The line is fitted to each replicate by itself; its change from the option's lowest value to its
    highest is judged against 0.
    """

    statement: Statement
    kind: Literal["trend"] = "trend"
    selection: Judged
    option: Option
    scale: Scale = "linear"
    metric: Metric
    loss: Curve | None = None
    class_name: ClassName | None = None
    expected: Expected
    published: PublishedClaim | None = None


@dataclass(frozen=True, kw_only=True)
class Straight:
    """The metric lies on a straight line along an option, to within `margin`.

    A parabola is fitted to each replicate by itself; how far its middle is from the straight line
    between its ends is judged. It holds if the whole interval lies inside the margin.
    """

    statement: Statement
    kind: Literal["straight"] = "straight"
    selection: Judged
    option: Option
    scale: Scale = "linear"
    metric: Metric
    loss: Curve | None = None
    class_name: ClassName | None = None
    margin: Annotated[float, Key("The largest bend that is none.", above=0)]
    published: PublishedClaim | None = None


ClaimSpec = (
    Comparison
    | Equivalence
    | Best
    | Threshold
    | Interaction
    | ConfusedPair
    | Recall
    | HighestRecall
    | MistakenFor
    | Trend
    | Straight
)
