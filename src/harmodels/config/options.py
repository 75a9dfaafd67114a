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

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harmodels.config.fields import Options, option

ElmanLoss = Literal["binary_cross_entropy", "negative_log_likelihood"]

WIDEST = 4096
EPOCHS = "Passes through the training sequences."
BATCH_SIZE = "Sequences of an update; gradients are averaged over them."
MEASURE_GRADIENTS = (
    "Whether the history records, before and after training, the norm of the loss's gradient at "
    "the state k steps before the last as gradient_norm_k, mean over the training sequences."
)
PATIENCE = (
    "Training ends when the validation loss has not reached a new minimum for this many epochs; "
    "null trains all epochs."
)


@dataclass(frozen=True)
class TruncatedBptt(Options):
    """Options of truncated backpropagation through time."""

    learning_rate: float = option(0.1, "Step size of plain gradient descent.", above=0, stated=True)
    hidden: int = option(
        50, "Units of the recurrent layer.", minimum=1, maximum=WIDEST, stated=True
    )
    window: int = option(
        30,
        "Time steps through which a gradient reaches back; the last window of a sequence may be "
        "shorter, and one as long as the sequence is BPTT without truncation.",
        minimum=1,
        stated=True,
    )
    update: Literal["window", "sequence_sum", "sequence_mean"] = option(
        "window",
        "When the weights move: after every window, or once a sequence by the sum or the mean of "
        "the gradients of its windows.",
    )
    epochs: int = option(50, EPOCHS, minimum=1)
    clip: float | None = option(
        1.0,
        "Bound on each element of the gradient of an update (the report prints 1, its program "
        "used 0.5); null clips nothing.",
        above=0,
    )
    recurrent_gradient: Literal["transposed", "untransposed"] = option(
        "transposed",
        "transposed is the gradient of the loss; untransposed is what the report prints.",
    )
    first_step_bias: bool = option(
        True,
        "Whether the first step of a sequence has a share in the gradient of bias_hh; in the "
        "report's program it has none.",
    )
    logged_loss: Literal["every_window", "last_of_fifth"] = option(
        "every_window",
        "The training loss: the mean over all windows of an epoch, or over the last windows of "
        "its first and then every fifth sequence, which the report's program logs.",
    )
    initial_range: float = option(
        0.01, "Weights and biases start in U[-initial_range, initial_range].", above=0
    )
    monitor: ElmanLoss = option(
        "binary_cross_entropy",
        "The validation loss whose minimum marks the best weights.",
    )
    measure_gradients: bool = option(False, MEASURE_GRADIENTS)


@dataclass(frozen=True)
class Minibatch(Options):
    """Options of mini-batch training of an Elman network through whole sequences."""

    learning_rate: float = option(0.1, "Step size.", above=0, stated=True)
    hidden: int = option(
        50, "Units of the recurrent layer.", minimum=1, maximum=WIDEST, stated=True
    )
    batch_size: int = option(30, BATCH_SIZE, minimum=1, stated=True)
    epochs: int = option(50, EPOCHS, minimum=1)
    hidden_bias: bool = option(
        True,
        "Whether the recurrent layer has biases; the report prints one in the output layer only.",
    )
    initialisation: Literal[
        "uniform", "normal_as_printed", "normal_as_variance", "glorot_uniform", "orthogonal"
    ] = option(
        "uniform",
        "uniform: U[-0.1, 0.1]; normal_as_printed: N(0, sqrt(2/(fan_in+fan_out))) read as a "
        "standard deviation; normal_as_variance: the same read as a variance; glorot_uniform: as "
        "the literature has it; orthogonal: orthogonal recurrent weights, Glorot's elsewhere. "
        "Biases start at zero.",
    )
    optimiser: Literal["sgd", "adam"] = option("sgd", "The update rule.")
    clip_norm: float | None = option(
        None, "Bound on the norm of a network's gradient; null leaves it alone.", above=0
    )
    monitor: ElmanLoss = option(
        "binary_cross_entropy",
        "The validation loss whose minimum marks the best weights and that patience looks at.",
    )
    patience: int | None = option(None, PATIENCE, minimum=1)
    test_every: int | None = option(
        10,
        "Epochs between two looks at the test set, for the curves; they decide nothing.",
        minimum=1,
    )
    measure_gradients: bool = option(False, MEASURE_GRADIENTS)


@dataclass(frozen=True)
class Perceptron(Options):
    """Options of mini-batch training of a three-layer perceptron."""

    batch_size: int = option(1, "Samples of an update.", minimum=1, stated=True)
    hidden1: int = option(
        300, "Units of the first hidden layer; the report does not state it.", minimum=1
    )
    hidden2: int = option(100, "Units of the second hidden layer.", minimum=1, stated=True)
    learning_rate: float = option(0.001, "Step size.", above=0, stated=True)
    momentum: float = option(
        0.0, "Share of the previous step that is added to each step.", minimum=0, below=1
    )
    dropout: float = option(
        0.0,
        "Probability with which an input of the second layer is dropped in training.",
        minimum=0,
        below=1,
    )
    dropout_form: Literal["at_inference", "inverted", "as_programmed"] = option(
        "at_inference",
        "Where activations are scaled: at_inference in the trained network (the report's form), "
        "inverted during training; as_programmed in the trained network behind the second layer, "
        "whose bias is dropped too, while the backward pass ignores the mask (its program).",
    )
    reduction: Literal["mean", "sum"] = option(
        "mean",
        "Whether an update averages the gradients of its batch (as printed) or adds them up.",
    )
    output_gradient: Literal["exact", "times_jacobian", "times_jacobian_plus_identity"] = option(
        "exact",
        "The gradient at the logits; exact is y - d, the others multiply it by the softmax "
        "Jacobian (as printed) or by Jacobian plus identity (as programmed).",
    )
    epochs: int = option(100, "Most passes through the training samples.", minimum=1)
    initial_range: float = option(
        0.01, "Weights start in U[-initial_range, initial_range], biases at zero.", above=0
    )
    monitor: Literal["cross_entropy"] = option(
        "cross_entropy", "The loss that the stopping rule and the best weights look at."
    )
    stopping: Literal["loss_gap", "patience", "all_epochs"] = option(
        "loss_gap",
        "loss_gap is the report's rule; patience ends when the validation loss "
        "has not reached a new minimum for this many epochs; all_epochs never stops early.",
    )
    gap: float = option(
        0.05,
        "With loss_gap, how far apart training and validation loss end the training.",
        above=0,
    )
    gap_after: int = option(
        50, "With loss_gap, the first epoch after which training may end.", minimum=1
    )
    patience: int = option(10, "With patience, the epochs to wait for a new minimum.", minimum=1)
    tested_weights: Literal["at_stop", "before_stop"] = option(
        "at_stop",
        "The last weights of a network whose training a rule ends: at_stop those that met the "
        "rule, before_stop those of the epoch before (the last that the report's program saves).",
    )


@dataclass(frozen=True)
class Recurrent(Options):
    """Options of mini-batch training of recurrent classifiers on sequences of any length."""

    architecture: Literal["plain", "hierarchical"] = option(
        "plain",
        "plain feeds all channels to one stack of layers; hierarchical gives each finger a layer "
        "of its own and joins them in a second one.",
    )
    cell: Literal["simple_rnn", "gru", "lstm"] = option("gru", "The kind of the recurrent layers.")
    hidden: int = option(
        128,
        "Units of a recurrent layer; in a hierarchy, of the hand's layer.",
        minimum=1,
        maximum=WIDEST,
    )
    finger_hidden: int | None = option(
        None,
        "Units of each finger's layer in a hierarchy; null takes a tenth of hidden, as the report "
        "does.",
        minimum=1,
        maximum=WIDEST,
    )
    layers: int = option(
        1, "Recurrent layers on top of each other (plain only).", minimum=1, maximum=4
    )
    dropout: float = option(
        0.5,
        "Probability with which an element of the last state is dropped in training (inverted "
        "form).",
        minimum=0,
        below=1,
    )
    batch_size: int = option(50, BATCH_SIZE, minimum=1)
    learning_rate: float = option(0.001, "Step size of Adam.", above=0)
    epochs: int = option(50, EPOCHS, minimum=1)
    initialisation: Literal["keras", "torch"] = option(
        "keras",
        "keras draws Glorot and orthogonal weights with zero biases, torch U[-1/sqrt(H), "
        "1/sqrt(H)].",
    )
    monitor: Literal["cross_entropy"] = option(
        "cross_entropy", "The loss whose validation minimum marks the best weights."
    )
    patience: int | None = option(None, PATIENCE, minimum=1)


@dataclass(frozen=True)
class Baseline(Options):
    """Options of the baselines."""

    model: Literal["majority", "logistic_regression", "linear_svm", "minirocket"] = option(
        "majority",
        "Class frequencies only; scikit-learn's LogisticRegression or LinearSVC; or sktime's "
        "MiniRocket on sequences, followed by scikit-learn's RidgeClassifierCV (needs the extra "
        "peers).",
        stated=True,
    )
    inverse_regularisation: float = option(1.0, "scikit-learn's C.", above=0)


OPTIONS: Mapping[str, type[Options]] = {
    "truncated_bptt": TruncatedBptt,
    "minibatch": Minibatch,
    "perceptron": Perceptron,
    "recurrent": Recurrent,
    "baseline": Baseline,
}
