"""The classifiers: each names its options and their defaults."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import index
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

from harmodels.config.options import Minibatch, Perceptron, Recurrent, TruncatedBptt
from harmodels.estimators.base import NetworkClassifier, SigmoidOutputs
from harmodels.estimators.exports import torch_modules
from harmodels.estimators.inputs.sequences import Values
from harmodels.estimators.parameters import about, described, option
from harmodels.messages import counted, shown
from harmodels.models import mlp
from harmodels.models.hierarchical import finger_channels

BATCH_SIZE = "Sequences of an update, whose gradients are averaged."
CLIP_NORM = "Bound on the norm of the gradient; None leaves it alone."
WEIGHT_DECAY = "Share of every weight, times the step size, that an update takes away (AdamW)."
SCHEDULE = (
    "The step size over the training: `constant`, or `one_cycle`, which rises to `learning_rate` "
    "over the first 3/10 of the updates and falls to almost nothing."
)

RATES = {"adam": 0.003, "sgd": 0.05}  # of `optimiser`; truncated BPTT descends plainly


@described
@dataclass(eq=False, repr=False, kw_only=True)
class ElmanClassifier(SigmoidOutputs, NetworkClassifier):
    """An Elman network, trained over mini-batches of whole sequences or by truncated BPTT.

    A parameter of the training that is not chosen has to keep its default.

    The defaults won on many data sets, as `docs/defaults.md` says.

    See Also
    --------
    GRUClassifier, LSTMClassifier : gated cells, which learn longer dependencies.

    Examples
    --------
    >>> import numpy as np
    >>> from harmodels import ElmanClassifier
    >>> y = np.repeat(["lie", "stand"], 20)
    >>> posture = np.where(y == "stand", 1.0, -1.0)[:, None, None]
    >>> X = posture + np.random.default_rng(0).normal(size=(40, 30, 3))
    >>> model = ElmanClassifier(hidden=8, epochs=20, random_state=1).fit(X, y)
    >>> model.predict(X[[0, -1]]).tolist()
    ['lie', 'stand']
    """

    _of_training: ClassVar = {  # the parameters that one training alone reads
        "minibatch": (
            *("batch_size", "optimiser", "clip_norm", "weight_decay", "schedule", "initialisation"),
        ),
        "truncated_bptt": ("window", "clip", "initial_range"),
    }

    hidden: int = field(
        default=50,
        kw_only=False,
        metadata=about("Units of the recurrent layer.", architecture=True),
    )
    training: Literal["minibatch", "truncated_bptt"] = option(
        "minibatch",
        "`minibatch`: an update after a batch of whole sequences; `truncated_bptt`: one sequence "
        "at a time, an update after every window, as Williams and Peng (Neural Computation 2, "
        "1990) describe it.",
    )
    learning_rate: float | None = option(
        None,
        f"Step size; None takes {RATES['adam']:g} with Adam, {RATES['sgd']:g} with plain gradient "
        "descent, by whole sequences or by windows.",
    )
    batch_size: int = option(16, f"Of `minibatch`. {BATCH_SIZE}")
    optimiser: Literal["sgd", "adam"] = option("adam", "Of `minibatch`: the update rule.")
    clip_norm: float | None = option(1.0, f"Of `minibatch`. {CLIP_NORM}")
    weight_decay: float = option(0.0, f"Of `minibatch`. {WEIGHT_DECAY}")
    schedule: Literal["constant", "one_cycle"] = option("one_cycle", f"Of `minibatch`. {SCHEDULE}")
    initialisation: Literal[
        "uniform", "normal_as_printed", "normal_as_variance", "glorot_uniform", "orthogonal"
    ] = option("orthogonal", "Of `minibatch`: how the weights start; biases start at zero.")
    window: int | None = option(
        None,
        "Of `truncated_bptt`: time steps between two updates; None takes 10, or the whole sequence "
        "where it is shorter.",
    )
    clip: float | None = option(
        1.0, "Of `truncated_bptt`: bound on each element of a gradient; None clips nothing."
    )
    initial_range: float = option(
        0.1, "Of `truncated_bptt`: weights start in U[-initial_range, initial_range]."
    )

    def _options(self) -> tuple[str, Any]:
        if self.training not in self._of_training:
            raise ValueError(
                f"training is {self.training!r}; it is one of 'truncated_bptt', 'minibatch'"
            )
        for training, names in self._of_training.items():
            for name in names:
                value = getattr(self, name)
                if training != self.training and value != getattr(type(self), name):
                    raise ValueError(
                        f"{name}={value!r} is of training={training!r}, and training is "
                        f"{self.training!r}: leave it out, or choose that training"
                    )
        more: dict[str, Any] = {}
        if self.learning_rate is None:
            with_adam = self.training == "minibatch" and self.optimiser == "adam"
            more["learning_rate"] = RATES["adam" if with_adam else "sgd"]
        if self.training == "minibatch":
            return self.training, Minibatch(**{**self._shared(Minibatch), **more})
        more["window"] = 10 if self.window is None else self.window
        return self.training, TruncatedBptt(**{**self._shared(TruncatedBptt), **more})

    def _module(self, replicate: int) -> nn.Module:
        return torch_modules.elman_module(self.params_, replicate)

    def _read(self, X: Any, *, reset: bool, name: str = "X") -> list[Values]:
        sequences = super()._read(X, reset=reset, name=name)
        if reset and self.training == "truncated_bptt" and self.window is not None:
            shortest = int(np.argmin([len(sequence) for sequence in sequences]))
            if self.window > len(sequences[shortest]):
                raise ValueError(
                    f"window={self.window} is longer than {name}[{shortest}], which has "
                    f"{len(sequences[shortest])} steps; choose a shorter window, or None"
                )
        return sequences


@dataclass(eq=False, repr=False, kw_only=True)
class _RecurrentClassifier(NetworkClassifier):
    """Recurrent layers on sequences of any length, trained with Adam."""

    hidden: int = field(
        default=64, kw_only=False, metadata=about("Units of a layer.", architecture=True)
    )
    pooling: Literal["last", "mean", "max", "mean_max"] = option(
        "mean_max",
        "What the output layer reads: `last`, the state after the last step (of the second "
        "direction after the first, its last); `mean` or `max` of each unit over all steps of the "
        "sequence; `mean_max`, both joined. Of equal maxima the first step gets the gradient.",
        architecture=True,
    )
    dropout: float = option(
        0.0,
        "Probability with which an element of what the output layer reads is dropped in training.",
    )
    batch_size: int = option(16, BATCH_SIZE)
    learning_rate: float = option(0.003, "Step size of Adam.")
    clip_norm: float | None = option(1.0, CLIP_NORM)
    weight_decay: float = option(0.0, WEIGHT_DECAY)
    schedule: Literal["constant", "one_cycle"] = option("one_cycle", SCHEDULE)
    initialisation: Literal["keras", "torch"] = option(
        "keras", "`keras`: Glorot and orthogonal weights; `torch`: U[-1/√hidden, 1/√hidden]."
    )


@dataclass(eq=False, repr=False, kw_only=True)
class _StackClassifier(_RecurrentClassifier):
    """Layers of one cell on top of each other."""

    _cell: ClassVar[Literal["gru", "lstm"]]
    learning_rate: float = option(0.01, "Step size of Adam.")
    layers: int = option(1, "Layers on top of each other, 1 to 4.", architecture=True)
    bidirectional: bool = option(
        True,
        "Whether each layer has a second one, of as many units, that reads the sequence from its "
        "end; what lies above reads the states of both.",
        architecture=True,
    )

    def _options(self) -> tuple[str, Any]:
        shared = self._shared(Recurrent)
        return "recurrent", Recurrent(architecture="plain", cell=self._cell, **shared)

    def _module(self, replicate: int) -> nn.Module:
        return torch_modules.stack_module(self.params_, self._cell, self.pooling, replicate)


@described
@dataclass(eq=False, repr=False, kw_only=True)
class GRUClassifier(_StackClassifier):
    """Gated recurrent units on sequences of any length, trained with Adam.

    Sequences are packed, never padded. Sources: Cho et al., EMNLP 2014, with torch's placement of
    the reset gate; Kingma and Ba, ICLR 2015.

    The defaults won on many data sets, as `docs/defaults.md` says.

    Examples
    --------
    >>> import numpy as np
    >>> from harmodels import GRUClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(length, 3)) for length in range(5, 25)]
    >>> y = [sequence[0, 0] > 0 for sequence in X]
    >>> GRUClassifier(hidden=16, epochs=120, random_state=1).fit(X, y).score(X, y) > 0.9
    True

    Five networks that differ in their random numbers, as an ensemble: the probability is their
    mean.

    >>> ensemble = GRUClassifier(hidden=16, epochs=60, replicates=5, random_state=1).fit(X, y)
    >>> ensemble.predict_proba_all(X).shape
    (5, 20, 2)
    >>> mean = ensemble.predict_proba_all(X).mean(axis=0)
    >>> bool(np.allclose(ensemble.predict_proba(X), mean))
    True
    """

    _cell = "gru"


@described
@dataclass(eq=False, repr=False, kw_only=True)
class LSTMClassifier(_StackClassifier):
    """Long short-term memory on sequences of any length, trained with Adam.

    Sequences are packed, never padded. Source: Hochreiter and Schmidhuber, Neural Computation 9,
    1997, with the forget gate of Gers et al., 2000.

    The defaults won on many data sets, as `docs/defaults.md` says.

    Examples
    --------
    >>> import numpy as np
    >>> from harmodels import LSTMClassifier
    >>> X = np.random.default_rng(0).normal(size=(20, 15, 3))
    >>> y = X[:, 0, 0] > 0
    >>> LSTMClassifier(hidden=16, epochs=80, random_state=1).fit(X, y).predict_proba(X).shape
    (20, 2)
    """

    _cell = "lstm"


@described
@dataclass(eq=False, repr=False, kw_only=True)
class HierarchicalClassifier(_RecurrentClassifier):
    """A recurrent layer for each group of channels, and one over all of them, as for a hand.

    Source: Du, Wang and Wang, CVPR 2015, with fingers instead of limbs.

    Examples
    --------
    >>> import numpy as np
    >>> from harmodels import HierarchicalClassifier
    >>> X = np.random.default_rng(0).normal(size=(20, 15, 6))
    >>> y = X[:, 0, 0] > 0
    >>> branches = [[0, 1, 2], [3, 4, 5]]
    >>> model = HierarchicalClassifier(20, branches=branches, epochs=50, random_state=1)
    >>> model.fit(X, y).predict(X).shape
    (20,)
    """

    hidden: int = field(
        default=64, kw_only=False, metadata=about("Units of the upper layer.", architecture=True)
    )
    branches: Sequence[Sequence[int]] | NDArray[np.integer] | None = option(
        None,
        "A list of lists of channels, all of one length; a channel may be in several. None gives "
        "each channel a branch.",
        architecture=True,
    )
    branch_hidden: int | None = option(
        None, "Units of each branch; None takes a tenth of `hidden`.", architecture=True
    )
    cell: Literal["simple_rnn", "gru", "lstm"] = option(
        "gru", "The kind of the layers.", architecture=True
    )

    def _options(self) -> tuple[str, Any]:
        return "recurrent", Recurrent(
            architecture="hierarchical",
            finger_hidden=self.branch_hidden,
            **self._shared(Recurrent),
        )

    def _branches(self) -> list[list[int]]:
        if self.branches is None:
            return [[channel] for channel in range(self.n_channels_in_)]
        try:
            branches = [[index(channel) for channel in branch] for branch in self.branches]
        except TypeError as error:
            raise ValueError(
                f"branches is {shown(self.branches)}; give a list of lists of channels, or None"
            ) from error
        finger_channels(branches, self.n_channels_in_)  # names what is wrong
        return branches

    def _module(self, replicate: int) -> nn.Module:
        return torch_modules.hierarchical_module(
            self.params_, self.cell, self._branches(), self.pooling, replicate
        )


@described
@dataclass(eq=False, repr=False, kw_only=True)
class MLPClassifier(NetworkClassifier):
    """A three-layer perceptron on vectors of features, trained with momentum and dropout.

    Of sequences (n, T, D), all of one length, it reads the T · D numbers as one vector. The
    defaults won on many data sets, as `docs/defaults.md` says.

    Attributes
    ----------
    n_steps_in_
        Steps of the sequences that it was trained on; 1 of vectors of features.

    Examples
    --------
    >>> import numpy as np
    >>> from harmodels import MLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(60, 8))
    >>> y = X[:, 0] > 0
    >>> MLPClassifier((16, 8), epochs=50, random_state=1).fit(X, y).score(X, y) > 0.9
    True
    """

    _recurrent = False
    hidden: tuple[int, int] = field(
        default=(300, 100),
        kw_only=False,
        metadata=about("Units of the two hidden layers, both ReLU.", architecture=True),
    )
    batch_size: int = option(10, "Samples of an update, whose gradients are averaged.")
    learning_rate: float = option(0.01, "Step size.")
    momentum: float = option(0.9, "Share of the last step that is added to each step.")
    clip_norm: float | None = option(1.0, CLIP_NORM)
    weight_decay: float = option(0.0, WEIGHT_DECAY)
    schedule: Literal["constant", "one_cycle"] = option("one_cycle", SCHEDULE)
    dropout: float = option(
        0.0,
        "Probability with which an input of the second layer is dropped in training.",
        architecture=True,
    )
    dropout_form: Literal["inverted", "at_inference", "as_programmed"] = option(
        "inverted",
        "`inverted` scales in training, `at_inference` the trained network; `as_programmed` is "
        "what the program of report `mlp_features` does, in which the backward pass knows nothing "
        "of what was dropped.",
        architecture=True,
    )
    initial_range: float = option(
        0.1, "Weights start in U[-initial_range, initial_range], biases at zero."
    )

    def _options(self) -> tuple[str, Any]:
        if np.shape(self.hidden) != (2,):
            raise ValueError(f"hidden is {self.hidden!r}; give the units of two hidden layers")
        hidden1, hidden2 = np.asarray(self.hidden).tolist()
        return "perceptron", Perceptron(
            hidden1=hidden1, hidden2=hidden2, stopping="all_epochs", **self._shared(Perceptron)
        )

    def _row_as_sequence(self, X: Values) -> Values:
        """Return (n, 1, F): a row of a table is a vector of features."""
        return X[:, None, :]

    def _read(self, X: Any, *, reset: bool, name: str = "X") -> list[Values]:
        sequences = super()._read(X, reset=reset, name=name)
        if reset:
            self.n_steps_in_ = len(sequences[0])
        for number, sequence in enumerate(sequences):
            if len(sequence) != self.n_steps_in_:
                raise ValueError(
                    f"{name}[{number}] has {counted(len(sequence), 'step')}; the perceptron reads "
                    f"{self.n_steps_in_} of every sequence: cut windows of that length"
                )
        return sequences

    def _module(self, replicate: int) -> nn.Module:
        params = mlp.in_use(self.params_, self.dropout, self.dropout_form)
        return torch_modules.perceptron_module(params, replicate)
