"""Options of the trainings: names, types, ranges, defaults and meanings, said here alone.

`make keys` writes the JSON Schemas in workflow/schemas and the tables of config/README.md from
these records. A record checks its values when it is made:

>>> TruncatedBptt(hidden=100).window
30
>>> TruncatedBptt(hidden=0)
Traceback (most recent call last):
    ...
harmodels.errors.ConfigurationError: hidden: 0 should be at least 1
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import model_validator

from harmodels.config.base import Count, Number, OneOf, Record, key, wrong
from harmodels.errors import ConfigurationError
from harmodels.plugins import CELLS

ElmanLoss = Literal["binary_cross_entropy", "negative_log_likelihood"]

WIDEST = 4096
EPOCHS = "Passes through the training sequences."
BATCH_SIZE = "Sequences of an update; gradients are averaged over them."
MEASURE_GRADIENTS = (
    "Whether the history records, before and after training, the norm of the loss's gradient at "
    "the state k steps before the last as gradient_norm_k, mean over the training sequences."
)
CLIP_NORM = "Bound on the norm of a network's gradient; null leaves it alone."
WEIGHT_DECAY = (
    "Share of every parameter, times the step size, that an update takes away before its step "
    "(decoupled from the gradient, as in AdamW)."
)
SCHEDULE = (
    "The step size over the training: constant; or one_cycle, a rise by half a cosine from 1/25 "
    "of learning_rate over the first 3/10 of all updates, then a fall to 1/250,000 of it."
)
RateSchedule = Literal["constant", "one_cycle"]
PATIENCE = (
    "Training ends when the validation loss has not reached a new minimum for this many epochs; "
    "null trains all epochs."
)


class Options(Record):
    """Base of the options of a training.

    `stated` are the keys that a configuration file has to give, because a report is compared by
    them; their defaults are for Python alone.
    """

    stated: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def read(cls, content: Any, place: str = "", **context: Any) -> Self:
        """Return the options of a file, as `Record.read`, and ask for the keys in `stated`."""
        options = super().read(content, place, **context)
        missing = [key for key in cls.stated if key not in content]
        if missing:
            at = f"{place}: " if place else ""
            raise ConfigurationError(f"{at}the key {missing[0]!r} is missing")
        return options


class TruncatedBptt(Options):
    """Options of truncated backpropagation through time."""

    stated: ClassVar[tuple[str, ...]] = ("learning_rate", "hidden", "window")

    learning_rate: Number = key(0.1, "Step size of plain gradient descent.", gt=0)
    hidden: Count = key(50, "Units of the recurrent layer.", ge=1, le=WIDEST)
    window: Count = key(
        30,
        "Time steps through which a gradient reaches back; the last window of a sequence may be "
        "shorter, and one as long as the sequence is BPTT without truncation.",
        ge=1,
    )
    update: Literal["window", "sequence_sum", "sequence_mean"] = key(
        "window",
        "When the weights move: after every window, or once a sequence by the sum or the mean of "
        "the gradients of its windows.",
    )
    epochs: Count = key(50, EPOCHS, ge=1)
    clip: Number | None = key(
        1.0,
        "Bound on each element of the gradient of an update (the report prints 1, its program "
        "used 0.5); null clips nothing.",
        gt=0,
    )
    recurrent_gradient: Literal["transposed", "untransposed"] = key(
        "transposed",
        "transposed is the gradient of the loss; untransposed is what the report prints.",
    )
    first_step_bias: bool = key(
        True,
        "Whether the first step of a sequence has a share in the gradient of bias_hh; in the "
        "report's program it has none.",
    )
    logged_loss: Literal["every_window", "last_of_fifth"] = key(
        "every_window",
        "The training loss: the mean over all windows of an epoch, or over the last windows of "
        "its first and then every fifth sequence, which the report's program logs.",
    )
    initial_range: Number = key(
        0.01, "Weights and biases start in U[-initial_range, initial_range].", gt=0
    )
    monitor: ElmanLoss = key(
        "binary_cross_entropy",
        "The validation loss whose minimum marks the best weights.",
    )
    measure_gradients: bool = key(False, MEASURE_GRADIENTS)


class Minibatch(Options):
    """Options of mini-batch training of an Elman network through whole sequences."""

    stated: ClassVar[tuple[str, ...]] = ("learning_rate", "hidden", "batch_size")

    learning_rate: Number = key(0.1, "Step size.", gt=0)
    hidden: Count = key(50, "Units of the recurrent layer.", ge=1, le=WIDEST)
    batch_size: Count = key(30, BATCH_SIZE, ge=1)
    epochs: Count = key(50, EPOCHS, ge=1)
    hidden_bias: bool = key(
        True,
        "Whether the recurrent layer has biases; the report prints one in the output layer only.",
    )
    initialisation: Literal[
        "uniform", "normal_as_printed", "normal_as_variance", "glorot_uniform", "orthogonal"
    ] = key(
        "uniform",
        "uniform: U[-0.1, 0.1]; normal_as_printed: N(0, sqrt(2/(fan_in+fan_out))) read as a "
        "standard deviation; normal_as_variance: the same read as a variance; glorot_uniform: as "
        "the literature has it; orthogonal: orthogonal recurrent weights, Glorot's elsewhere. "
        "Biases start at zero.",
    )
    optimiser: Literal["sgd", "adam"] = key("sgd", "The update rule.")
    clip_norm: Number | None = key(None, CLIP_NORM, gt=0)
    weight_decay: Number = key(0.0, WEIGHT_DECAY, ge=0)
    schedule: RateSchedule = key("constant", SCHEDULE)
    monitor: ElmanLoss = key(
        "binary_cross_entropy",
        "The validation loss whose minimum marks the best weights and that patience looks at.",
    )
    patience: Count | None = key(None, PATIENCE, ge=1)
    test_every: Count | None = key(
        10,
        "Epochs between two looks at the test set, for the curves; they decide nothing.",
        ge=1,
    )
    measure_gradients: bool = key(False, MEASURE_GRADIENTS)


class Perceptron(Options):
    """Options of mini-batch training of a three-layer perceptron."""

    stated: ClassVar[tuple[str, ...]] = ("batch_size", "hidden2", "learning_rate")

    batch_size: Count = key(1, "Samples of an update.", ge=1)
    hidden1: Count = key(
        300, "Units of the first hidden layer; the report does not state it.", ge=1
    )
    hidden2: Count = key(100, "Units of the second hidden layer.", ge=1)
    learning_rate: Number = key(0.001, "Step size.", gt=0)
    momentum: Number = key(
        0.0, "Share of the previous step that is added to each step.", ge=0, lt=1
    )
    clip_norm: Number | None = key(None, CLIP_NORM, gt=0)
    weight_decay: Number = key(0.0, WEIGHT_DECAY, ge=0)
    schedule: RateSchedule = key("constant", SCHEDULE)
    dropout: Number = key(
        0.0,
        "Probability with which an input of the second layer is dropped in training.",
        ge=0,
        lt=1,
    )
    dropout_form: Literal["at_inference", "inverted", "as_programmed"] = key(
        "at_inference",
        "Where activations are scaled: at_inference in the trained network (the report's form), "
        "inverted during training; as_programmed in the trained network behind the second layer, "
        "whose bias is dropped too, while the backward pass ignores the mask (its program).",
    )
    reduction: Literal["mean", "sum"] = key(
        "mean",
        "Whether an update averages the gradients of its batch (as printed) or adds them up.",
    )
    output_gradient: Literal["exact", "times_jacobian", "times_jacobian_plus_identity"] = key(
        "exact",
        "The gradient at the logits; exact is y - d, the others multiply it by the softmax "
        "Jacobian (as printed) or by Jacobian plus identity (as programmed).",
    )
    epochs: Count = key(100, "Most passes through the training samples.", ge=1)
    initial_range: Number = key(
        0.01, "Weights start in U[-initial_range, initial_range], biases at zero.", gt=0
    )
    monitor: Literal["cross_entropy"] = key(
        "cross_entropy", "The loss that the stopping rule and the best weights look at."
    )
    stopping: Literal["loss_gap", "patience", "all_epochs"] = key(
        "loss_gap",
        "loss_gap is the report's rule; patience ends when the validation loss "
        "has not reached a new minimum for this many epochs; all_epochs never stops early.",
    )
    gap: Number = key(
        0.05,
        "With loss_gap, how far apart training and validation loss end the training.",
        gt=0,
    )
    gap_after: Count = key(50, "With loss_gap, the first epoch after which training may end.", ge=1)
    patience: Count = key(10, "With patience, the epochs to wait for a new minimum.", ge=1)
    tested_weights: Literal["at_stop", "before_stop"] = key(
        "at_stop",
        "The last weights of a network whose training a rule ends: at_stop those that met the "
        "rule, before_stop those of the epoch before (the last that the report's program saves).",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.tested_weights == "before_stop" and self.stopping == "all_epochs":
            raise wrong(
                "tested_weights: before_stop needs a rule that ends the training (stopping)"
            )
        return self


class Recurrent(Options):
    """Options of mini-batch training of recurrent classifiers on sequences of any length."""

    architecture: Literal["plain", "hierarchical"] = key(
        "plain",
        "plain feeds all channels to one stack of layers; hierarchical gives each finger a layer "
        "of its own and joins them in a second one.",
    )
    cell: Annotated[str, OneOf(CELLS)] = key("gru", "The kind of the recurrent layers.")
    hidden: Count = key(
        128,
        "Units of a recurrent layer; in a hierarchy, of the hand's layer.",
        ge=1,
        le=WIDEST,
    )
    finger_hidden: Count | None = key(
        None,
        "Units of each finger's layer in a hierarchy; null takes a tenth of hidden, as the report "
        "does.",
        ge=1,
        le=WIDEST,
    )
    layers: Count = key(1, "Recurrent layers on top of each other (plain only).", ge=1, le=4)
    bidirectional: bool = key(
        False,
        "Whether each layer has a second one that reads the sequence from its end, whose states "
        "are joined to the first's (plain only); last then takes the last state of both.",
    )
    pooling: Literal["last", "mean", "max", "mean_max"] = key(
        "last",
        "What the output layer reads: the state after the last step; the mean or the maximum of "
        "each unit over all steps of the sequence; or mean and maximum joined.",
    )
    dropout: Number = key(
        0.5,
        "Probability with which an element of what the output layer reads is dropped in training "
        "(inverted form).",
        ge=0,
        lt=1,
    )
    batch_size: Count = key(50, BATCH_SIZE, ge=1)
    learning_rate: Number = key(0.001, "Step size of Adam.", gt=0)
    clip_norm: Number | None = key(None, CLIP_NORM, gt=0)
    weight_decay: Number = key(0.0, WEIGHT_DECAY, ge=0)
    schedule: RateSchedule = key("constant", SCHEDULE)
    epochs: Count = key(50, EPOCHS, ge=1)
    initialisation: Literal["keras", "torch"] = key(
        "keras",
        "keras draws Glorot and orthogonal weights with zero biases, torch U[-1/sqrt(H), "
        "1/sqrt(H)].",
    )
    monitor: Literal["cross_entropy"] = key(
        "cross_entropy", "The loss whose validation minimum marks the best weights."
    )
    patience: Count | None = key(None, PATIENCE, ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        hierarchical = self.architecture == "hierarchical"
        for name, wanted in (
            ("bidirectional", self.bidirectional and hierarchical),
            ("layers", self.layers > 1 and hierarchical),
            ("finger_hidden", self.finger_hidden is not None and not hierarchical),
        ):
            if wanted:
                other = "plain" if hierarchical else "hierarchical"
                raise wrong(f"{name} is for architecture: {other}; leave one of the two out")
        return self

    @property
    def features(self) -> int:
        """Elements that the output layer reads."""
        return self.hidden * (1 + self.bidirectional) * (1 + (self.pooling == "mean_max"))


class Baseline(Options):
    """Options of the baselines."""

    stated: ClassVar[tuple[str, ...]] = ("model",)

    model: Literal["majority", "logistic_regression", "linear_svm", "minirocket"] = key(
        "majority",
        "Class frequencies only; scikit-learn's LogisticRegression or LinearSVC; or sktime's "
        "MiniRocket on sequences, followed by scikit-learn's RidgeClassifierCV (needs the extra "
        "peers).",
    )
    inverse_regularisation: Number = key(1.0, "scikit-learn's C.", gt=0)


OPTIONS: dict[str, type[Options]] = {
    "truncated_bptt": TruncatedBptt,
    "minibatch": Minibatch,
    "perceptron": Perceptron,
    "recurrent": Recurrent,
    "baseline": Baseline,
}
