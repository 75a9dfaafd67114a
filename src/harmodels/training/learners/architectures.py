"""The two recurrent architectures of report hand_actions behind one set of functions."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from harmodels.config.options import Recurrent
from harmodels.errors import TrainingError
from harmodels.kernels.recurrent import classifier as recurrent
from harmodels.kernels.recurrent import fingers as recurrent_fingers
from harmodels.models import hierarchical, recurrent_classifier
from harmodels.nn import packing
from harmodels.nn.cells import Cell
from harmodels.nn.dropout import DropoutMask
from harmodels.nn.initialisation_schemes import SCHEMES
from harmodels.nn.recurrent import CELLS
from harmodels.training.learners.base import SequenceTensors


class Architecture(Protocol):
    """A classifier of packed sequences with its compiled loop."""

    def initialise(
        self, generators: list[np.random.Generator], channels: int, classes: int, dtype: torch.dtype
    ) -> Any:
        """Draw R classifiers."""
        ...

    def forward(
        self,
        params: Any,
        batch: packing.PackedLayout,
        packed: Tensor,
        dropout_mask: DropoutMask | None,
    ) -> tuple[Tensor, Any]:
        """Return logits (R, B, C) and what `backward` needs."""
        ...

    def backward(
        self, params: Any, cache: Any, d_logits: Tensor, dropout_mask: DropoutMask | None
    ) -> Any:
        """Return the gradients of all parameters."""
        ...

    def train_compiled(
        self,
        params: Any,
        memory: Any,
        recordings: SequenceTensors,
        order: Tensor,
        masks: Tensor | None,
        **options: Any,
    ) -> tuple[Any, Any, dict[str, Tensor]]:
        """Train one epoch in the compiled loop; returns parameters, Adam's state and losses."""
        ...

    def score_compiled(
        self, params: Any, recordings: SequenceTensors, rows: Tensor, threads: int
    ) -> Tensor:
        """Return logits (R, n, C) from the compiled loop."""
        ...


@dataclass(frozen=True)
class Plain:
    """One to four recurrent layers on all channels."""

    options: Recurrent

    @property
    def _cell(self) -> Cell:
        return CELLS[self.options.cell]

    def initialise(
        self, generators: list[np.random.Generator], channels: int, classes: int, dtype: torch.dtype
    ) -> recurrent_classifier.RecurrentClassifier:
        """Draw R classifiers."""
        return recurrent_classifier.initialise(
            generators,
            cell=self._cell,
            channels=channels,
            hidden=self.options.hidden,
            layers=self.options.layers,
            classes=classes,
            scheme=SCHEMES[self.options.initialisation],
            dtype=dtype,
        )

    def forward(
        self,
        params: Any,
        batch: packing.PackedLayout,
        packed: Tensor,
        dropout_mask: DropoutMask | None,
    ) -> tuple[Tensor, Any]:
        """Classify by the highest layer's last state."""
        return recurrent_classifier.forward(params, self._cell, batch, packed, dropout_mask)

    def backward(
        self, params: Any, cache: Any, d_logits: Tensor, dropout_mask: DropoutMask | None
    ) -> Any:
        """Return the gradients of all parameters."""
        return recurrent_classifier.backward(params, self._cell, cache, d_logits, dropout_mask)

    def train_compiled(
        self,
        params: Any,
        memory: Any,
        recordings: SequenceTensors,
        order: Tensor,
        masks: Tensor | None,
        **options: Any,
    ) -> tuple[Any, Any, dict[str, Tensor]]:
        """Train one epoch in the compiled loop."""
        read = (recordings.frames, recordings.starts, recordings.lengths, recordings.labels)
        return recurrent.train_epoch(
            params, memory, *read, order, masks, cell=self.options.cell, **options
        )

    def score_compiled(
        self, params: Any, recordings: SequenceTensors, rows: Tensor, threads: int
    ) -> Tensor:
        """Return logits from the compiled loop."""
        read = (recordings.frames, recordings.starts, recordings.lengths)
        return recurrent.scores(params, *read, rows, cell=self.options.cell, threads=threads)


@dataclass(frozen=True)
class Hierarchical:
    """A recurrent layer a finger, and one on top for the hand."""

    options: Recurrent
    fingers: Tensor  # (F, K) channels

    @property
    def _cell(self) -> Cell:
        return CELLS[self.options.cell]

    def initialise(
        self, generators: list[np.random.Generator], channels: int, classes: int, dtype: torch.dtype
    ) -> hierarchical.HierarchicalClassifier:
        """Draw R classifiers."""
        return hierarchical.initialise(
            generators,
            cell=self._cell,
            fingers=self.fingers,
            finger_hidden=self.options.finger_hidden or max(1, self.options.hidden // 10),
            hand_hidden=self.options.hidden,
            classes=classes,
            scheme=SCHEMES[self.options.initialisation],
            dtype=dtype,
        )

    def forward(
        self,
        params: Any,
        batch: packing.PackedLayout,
        packed: Tensor,
        dropout_mask: DropoutMask | None,
    ) -> tuple[Tensor, Any]:
        """Classify by the hand's last state."""
        return hierarchical.forward(params, self._cell, self.fingers, batch, packed, dropout_mask)

    def backward(
        self, params: Any, cache: Any, d_logits: Tensor, dropout_mask: DropoutMask | None
    ) -> Any:
        """Return the gradients of all parameters."""
        return hierarchical.backward(params, self._cell, cache, d_logits, dropout_mask)

    def train_compiled(
        self,
        params: Any,
        memory: Any,
        recordings: SequenceTensors,
        order: Tensor,
        masks: Tensor | None,
        **options: Any,
    ) -> tuple[Any, Any, dict[str, Tensor]]:
        """Train one epoch in the compiled loop."""
        read = (recordings.frames, recordings.starts, recordings.lengths, recordings.labels)
        return recurrent_fingers.train_epoch(
            params, memory, self.fingers, *read, order, masks, cell=self.options.cell, **options
        )

    def score_compiled(
        self, params: Any, recordings: SequenceTensors, rows: Tensor, threads: int
    ) -> Tensor:
        """Return logits from the compiled loop."""
        read = (self.fingers, recordings.frames, recordings.starts, recordings.lengths)
        return recurrent_fingers.scores(
            params, *read, rows, cell=self.options.cell, threads=threads
        )


def architecture(options: Recurrent, recordings: SequenceTensors) -> Architecture:
    """Return the architecture that the options name, for these recordings.

    Raises
    ------
    TrainingError
        If a hierarchy of fingers is asked for and the data set names no fingers.
    """
    if options.architecture == "plain":
        return Plain(options)
    if recordings.fingers is None:
        raise TrainingError(
            "architecture: hierarchical needs a data set of hands (sfinge3d, fpha, "
            "simulated-hands); choose one of them or architecture: plain"
        )
    channels = recordings.frames.shape[-1]
    fingers = hierarchical.finger_channels(recordings.fingers.tolist(), channels)
    return Hierarchical(options, fingers.to(recordings.frames.device))
