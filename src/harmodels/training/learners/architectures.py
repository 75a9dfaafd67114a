"""The two architectures of report hand_actions, each as a record of functions."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from torch import Tensor

from harmodels.config.options import Recurrent
from harmodels.errors import TrainingError
from harmodels.models import hierarchical, recurrent_classifier
from harmodels.nn.dropout import DropoutMask
from harmodels.nn.initialisation_schemes import SCHEMES
from harmodels.nn.packing import PackedLayout
from harmodels.nn.recurrent import CELLS
from harmodels.training.learners.base import Generators, SequenceTensors


class Architecture(NamedTuple):
    """A classifier of packed sequences.

    Attributes
    ----------
    initialise(generators)
        Draw R classifiers.
    forward(params, layout, inputs, dropout_mask)
        Logits (R, B, C) and what `backward` needs.
    backward(params, cache, d_logits, dropout_mask)
        The gradients of all parameters.
    fingers
        (F, K) channels of each finger, None where the network reads all channels at once.
    """

    initialise: Callable[[Generators], Any]
    forward: Callable[[Any, PackedLayout, Tensor, DropoutMask | None], tuple[Tensor, Any]]
    backward: Callable[[Any, Any, Tensor, DropoutMask | None], Any]
    fingers: Tensor | None


def architecture(options: Recurrent, data: SequenceTensors) -> Architecture:
    """Return the architecture that the options name, for these sequences.

    Raises
    ------
    TrainingError
        If a hierarchy of fingers is asked for and the data set names no fingers.
    """
    if options.architecture == "plain":
        return _plain(options, data)
    return _hierarchical(options, data)


def _plain(options: Recurrent, data: SequenceTensors) -> Architecture:
    """Return one to four recurrent layers on all channels."""
    cell = CELLS[options.cell]
    return Architecture(
        partial(
            recurrent_classifier.initialise,
            cell=cell,
            channels=data.frames.shape[-1],
            hidden=options.hidden,
            layers=options.layers,
            classes=data.classes,
            scheme=SCHEMES[options.initialisation],
            dtype=data.frames.dtype,
        ),
        lambda params, *rest: recurrent_classifier.forward(params, cell, *rest),
        lambda params, *rest: recurrent_classifier.backward(params, cell, *rest),
        None,
    )


def _hierarchical(options: Recurrent, data: SequenceTensors) -> Architecture:
    """Return a recurrent layer for each finger, and one above them for the hand."""
    if data.fingers is None:
        raise TrainingError(
            "architecture: hierarchical needs a data set of hands (sfinge3d, fpha, "
            "simulated-hands); choose one of them or architecture: plain"
        )
    cell = CELLS[options.cell]
    channels = hierarchical.finger_channels(data.fingers.tolist(), data.frames.shape[-1])
    fingers = channels.to(data.frames.device)
    return Architecture(
        partial(
            hierarchical.initialise,
            cell=cell,
            fingers=fingers,
            finger_hidden=options.finger_hidden or max(1, options.hidden // 10),
            hand_hidden=options.hidden,
            classes=data.classes,
            scheme=SCHEMES[options.initialisation],
            dtype=data.frames.dtype,
        ),
        lambda params, *rest: hierarchical.forward(params, cell, fingers, *rest),
        lambda params, *rest: hierarchical.backward(params, cell, *rest),
        fingers,
    )
