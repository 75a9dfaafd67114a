"""The classifiers: each names its options and their defaults."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import index
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

from harmodels.config.options import Minibatch, Perceptron, Recurrent, TruncatedBptt
from harmodels.estimators import torch_modules
from harmodels.estimators.base import NetworkClassifier, SigmoidOutputs
from harmodels.estimators.sequences import Floats
from harmodels.models import mlp
from harmodels.models.hierarchical import finger_channels


@dataclass(eq=False, repr=False, kw_only=True)
class ElmanClassifier(SigmoidOutputs, NetworkClassifier):
    """An Elman network, trained by truncated BPTT or over mini-batches of whole sequences.

    Parameters
    ----------
    hidden
        Units of the recurrent layer.
    training
        `truncated_bptt`: one sequence at a time, an update after every window, as Williams and
        Peng (Neural Computation 2, 1990) describe it; `minibatch`: whole sequences.
    window
        Time steps between two updates of `truncated_bptt`; None takes 10, or the whole sequence
        where it is shorter.
    batch_size
        Sequences of an update of `minibatch`.
    learning_rate, epochs
        Step size; passes through the sequences.
    clip
        Bound on each element of a gradient of `truncated_bptt`; None clips nothing.
    optimiser, clip_norm
        Of `minibatch`: `sgd` or `adam`; bound on the norm of the gradient, or None.
    initial_range
        `truncated_bptt` starts from U[-initial_range, initial_range].
    initialisation
        How `minibatch` starts: `uniform`, `normal_as_printed`, `normal_as_variance`,
        `glorot_uniform`, `orthogonal`.
    replicates
        Networks that differ only in their random numbers and are trained as one.
    validation_fraction, patience
        Share of the sequences that is held out; epochs without a lower validation loss after
        which a replicate stops.
    engine, device
        `compiled` runs on the CPU, `reference` on any device of torch.
    n_jobs
        Threads over which the replicates are spread; -1 takes all cores.
    random_state
        Seed of everything that is drawn; the same seed gives the same bytes on one kind of
        machine, whatever `n_jobs`.
    verbose
        1 shows a progress line.

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
    >>> model = ElmanClassifier(hidden=8, learning_rate=0.1, epochs=20, random_state=1)
    >>> model.fit(X, y).predict(X[[0, -1]]).tolist()
    ['lie', 'stand']
    """

    hidden: int = field(default=50, kw_only=False)
    training: Literal["truncated_bptt", "minibatch"] = "truncated_bptt"
    window: int | None = None
    batch_size: int = 10
    learning_rate: float = 0.05
    epochs: int = 50
    clip: float | None = 1.0
    optimiser: Literal["sgd", "adam"] = "sgd"
    clip_norm: float | None = None
    initial_range: float = 0.1
    initialisation: Literal[
        "uniform", "normal_as_printed", "normal_as_variance", "glorot_uniform", "orthogonal"
    ] = "orthogonal"

    def _options(self) -> tuple[str, Any]:
        if self.training == "truncated_bptt":
            window = 10 if self.window is None else self.window
            return self.training, TruncatedBptt(**{**self._shared(TruncatedBptt), "window": window})
        if self.training == "minibatch":
            return self.training, Minibatch(**self._shared(Minibatch))
        raise ValueError(
            f"training is {self.training!r}; it is one of 'truncated_bptt', 'minibatch'"
        )

    def _module(self, replicate: int) -> nn.Module:
        return torch_modules.elman_module(self.params_, replicate)

    def _read(self, X: Any, *, reset: bool, name: str = "X") -> list[Floats]:
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

    hidden: int = field(default=64, kw_only=False)
    dropout: float = 0.0
    batch_size: int = 32
    learning_rate: float = 0.003
    epochs: int = 50
    initialisation: Literal["keras", "torch"] = "keras"
    pooling: Literal["last", "mean", "max", "mean_max"] = "last"


@dataclass(eq=False, repr=False, kw_only=True)
class _StackClassifier(_RecurrentClassifier):
    """Layers of one cell on top of each other."""

    _cell: ClassVar[Literal["gru", "lstm"]]
    layers: int = 1
    bidirectional: bool = False

    def _options(self) -> tuple[str, Any]:
        shared = self._shared(Recurrent)
        return "recurrent", Recurrent(architecture="plain", cell=self._cell, **shared)

    def _module(self, replicate: int) -> nn.Module:
        return torch_modules.stack_module(self.params_, self._cell, self.pooling, replicate)


@dataclass(eq=False, repr=False, kw_only=True)
class GRUClassifier(_StackClassifier):
    """Gated recurrent units on sequences of any length, trained with Adam.

    Sequences are packed, never padded. Sources: Cho et al., EMNLP 2014, with torch's placement of
    the reset gate; Kingma and Ba, ICLR 2015.

    Parameters
    ----------
    hidden, layers
        Units of a layer; layers on top of each other, 1 to 4.
    bidirectional
        Whether each layer has a second one, of as many units, that reads the sequence from its end;
        what lies above reads the states of both.
    pooling
        What the output layer reads: `last`, the state after the last step (of the second direction
        after the first, its last); `mean` or `max` of each unit over all steps of the sequence;
        `mean_max`, both joined. Of equal maxima the first step gets the gradient.
    dropout
        Probability with which an element of what the output layer reads is dropped in training.
    batch_size, learning_rate, epochs
        Sequences of an update; step size of Adam; passes through the sequences.
    initialisation
        `keras`: Glorot and orthogonal weights; `torch`: U[-1/√hidden, 1/√hidden].
    replicates, validation_fraction, patience, engine, device, n_jobs, random_state, verbose
        As for `ElmanClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> from harmodels import GRUClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(length, 3)) for length in range(5, 25)]
    >>> y = [sequence[0, 0] > 0 for sequence in X]
    >>> GRUClassifier(hidden=16, epochs=120, random_state=1).fit(X, y).score(X, y) > 0.9
    True
    """

    _cell = "gru"


@dataclass(eq=False, repr=False, kw_only=True)
class LSTMClassifier(_StackClassifier):
    """Long short-term memory on sequences of any length, trained with Adam.

    Parameters and behaviour are those of `GRUClassifier`. Source: Hochreiter and Schmidhuber,
    Neural Computation 9, 1997, with the forget gate of Gers et al., 2000.

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


@dataclass(eq=False, repr=False, kw_only=True)
class HierarchicalClassifier(_RecurrentClassifier):
    """A recurrent layer for each group of channels, and one over all of them, as for a hand.

    Source: Du, Wang and Wang, CVPR 2015, with fingers instead of limbs.

    Parameters
    ----------
    hidden
        Units of the upper layer.
    branches
        A list of lists of channels, all of one length; a channel may be in several. None gives
        each channel a branch.
    branch_hidden
        Units of each branch; None takes a tenth of `hidden`.
    cell
        `simple_rnn`, `gru` or `lstm`.
    pooling, dropout, batch_size, learning_rate, epochs, initialisation
        As for `GRUClassifier`.
    replicates, validation_fraction, patience, engine, device, n_jobs, random_state, verbose
        As for `ElmanClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> from harmodels import HierarchicalClassifier
    >>> X = np.random.default_rng(0).normal(size=(20, 15, 6))
    >>> y = X[:, 0, 0] > 0
    >>> model = HierarchicalClassifier(20, branches=[[0, 1, 2], [3, 4, 5]], random_state=1)
    >>> model.fit(X, y).predict(X).shape
    (20,)
    """

    branches: Sequence[Sequence[int]] | NDArray[np.integer] | None = None
    branch_hidden: int | None = None
    cell: Literal["simple_rnn", "gru", "lstm"] = "gru"

    def _options(self) -> tuple[str, Any]:
        return "recurrent", Recurrent(
            architecture="hierarchical",
            finger_hidden=self.branch_hidden,
            **self._shared(Recurrent),
        )

    def _branches(self) -> list[list[int]]:
        if self.branches is None:
            return [[channel] for channel in range(self.n_channels_in_)]
        branches = [[index(channel) for channel in branch] for branch in self.branches]
        finger_channels(branches, self.n_channels_in_)  # names what is wrong
        return branches

    def _module(self, replicate: int) -> nn.Module:
        return torch_modules.hierarchical_module(
            self.params_, self.cell, self._branches(), self.pooling, replicate
        )


@dataclass(eq=False, repr=False, kw_only=True)
class MLPClassifier(NetworkClassifier):
    """A three-layer perceptron on vectors of features, trained with momentum and dropout.

    Parameters
    ----------
    hidden
        Units of the two hidden layers, both ReLU.
    batch_size, learning_rate, momentum, epochs
        Samples of an update; step size; share of the last step; passes through the samples.
    dropout, dropout_form
        Probability with which an input of the second layer is dropped; `inverted` scales in
        training, `at_inference` the trained network; `as_programmed` is what the program of
        report `mlp_features` does, in which the backward pass knows nothing of what was dropped.
    initial_range
        Weights start in U[-initial_range, initial_range], biases at zero.
    replicates, validation_fraction, patience, engine, device, n_jobs, random_state, verbose
        As for `ElmanClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> from harmodels import MLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(60, 8))
    >>> y = X[:, 0] > 0
    >>> MLPClassifier((16, 8), epochs=50, random_state=1).fit(X, y).score(X, y) > 0.9
    True
    """

    hidden: tuple[int, int] = field(default=(300, 100), kw_only=False)
    batch_size: int = 10
    learning_rate: float = 0.05
    momentum: float = 0.9
    dropout: float = 0.0
    dropout_form: Literal["inverted", "at_inference", "as_programmed"] = "inverted"
    initial_range: float = 0.1
    epochs: int = 50

    def _options(self) -> tuple[str, Any]:
        if np.shape(self.hidden) != (2,):
            raise ValueError(f"hidden is {self.hidden!r}; give the units of two hidden layers")
        hidden1, hidden2 = np.asarray(self.hidden).tolist()
        return "perceptron", Perceptron(
            hidden1=hidden1, hidden2=hidden2, stopping="all_epochs", **self._shared(Perceptron)
        )

    def _row_as_sequence(self, X: Floats) -> Floats:
        """Return (n, 1, F): a row of a table is a vector of features."""
        return X[:, None, :]

    def _module(self, replicate: int) -> nn.Module:
        params = mlp.in_use(self.params_, self.dropout, self.dropout_form)
        return torch_modules.perceptron_module(params, replicate)
