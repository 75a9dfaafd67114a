"""A perceptron trained over mini-batches of feature vectors (report mlp_features)."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from harmodels import optim
from harmodels.config.options import Perceptron
from harmodels.kernels.perceptron import training as compiled
from harmodels.models import mlp
from harmodels.nn import dropout, initialisers, losses
from harmodels.nn.devices import send
from harmodels.nn.params import map_params
from harmodels.training.learners.base import (
    Generators,
    Losses,
    SequenceTensors,
    State,
    in_parts,
    one_by_one,
)
from harmodels.training.loops import minibatch as reference
from harmodels.training.loops.cuda_graphs import RecordedLoop


@dataclass(frozen=True)
class PerceptronPass:
    """Forward and backward pass; what is drawn are the masks of dropout, (R, B, N1) uint8.

    Attributes
    ----------
    scale
        What kept activations are multiplied by in training.
    output_gradient
        The reading of the gradient at the logits.
    """

    scale: float
    output_gradient: str
    losses = ("cross_entropy",)

    def gradients(
        self, params: mlp.Mlp, inputs: Tensor, labels: Tensor, drawn: Tensor | None
    ) -> tuple[mlp.Mlp, dict[str, Tensor]]:
        """Return gradients summed over the batch and the cross-entropies (R, B)."""
        dropout_mask = None if drawn is None else dropout.DropoutMask(drawn, self.scale)
        logits, cache = mlp.forward(params, inputs, dropout_mask)
        loss, d_logits = losses.softmax_cross_entropy(logits, labels)
        d_logits = apply_gradient_variant(logits, d_logits, self.output_gradient)
        return mlp.backward(params, cache, d_logits, dropout_mask), {"cross_entropy": loss}


def apply_gradient_variant(logits: Tensor, d_logits: Tensor, reading: str) -> Tensor:
    """Return the gradient at the logits in the reading asked for; `exact` is y - d itself."""
    if reading == "exact":
        return d_logits
    again = losses.times_softmax_jacobian(logits.softmax(-1), d_logits)
    return again if reading == "times_jacobian" else again + d_logits


@dataclass(frozen=True)
class PerceptronLearner:
    """Options, engine (`reference` or `compiled`) and threads of the compiled loop."""

    options: Perceptron
    engine: str
    threads: int
    loop: RecordedLoop = field(default_factory=RecordedLoop, init=False, repr=False, compare=False)

    def initialise(self, generators: Generators, recordings: SequenceTensors) -> State:
        """Draw weights from U[-initial_range, initial_range]; biases and steps are zero."""
        options = self.options
        params = mlp.initialise(
            generators,
            sizes=(
                recordings.inputs[0].numel(),
                options.hidden1,
                options.hidden2,
                recordings.classes,
            ),
            weights=initialisers.uniform(options.initial_range),
            biases=initialisers.zeros,
            dtype=recordings.inputs.dtype,
        )
        return State(params, map_params(torch.zeros_like, params) if options.momentum else ())

    def train_epoch(
        self, state: State, recordings: SequenceTensors, order: Tensor, dropout: Generators
    ) -> tuple[State, Losses]:
        """Update after every batch."""
        options = self.options
        masks = self._masks(dropout, order)
        scale = self._keep**-1 if options.dropout_form == "inverted" else 1.0
        read = (recordings.inputs.flatten(1), recordings.labels, order)
        if self.engine == "compiled":
            params, steps, means = compiled.train_epoch(
                state.params,
                state.optimiser,
                *read,
                masks,
                batch_size=options.batch_size,
                reduction=options.reduction,
                learning_rate=options.learning_rate,
                momentum=options.momentum,
                output_gradient=options.output_gradient,
                scale=scale,
                threads=self.threads,
            )
        else:
            params, steps, means = reference.train_epoch(
                PerceptronPass(scale, options.output_gradient),
                *state,
                *read,
                masks,
                batch_size=options.batch_size,
                reduction=options.reduction,
                step=self._step,
                loop=self.loop,
            )
        return State(params, steps), means

    def scores(self, params: mlp.Mlp, recordings: SequenceTensors, rows: Tensor) -> Tensor:
        """Return the logits; a network trained with the report's dropout is scaled in use."""
        if self.options.dropout and self.options.dropout_form == "at_inference":
            params = mlp.at_inference(params, self._keep)
        vectors = recordings.inputs.flatten(1)
        if self.engine == "compiled":
            return one_by_one(
                lambda one, mine: compiled.scores(one, vectors[mine]), params, rows, self.threads
            )
        return in_parts(lambda part: mlp.forward(params, vectors[part])[0], rows)

    def losses(self, scores: Tensor, labels: Tensor) -> Losses:
        """Return the mean cross-entropy."""
        loss, _ = losses.softmax_cross_entropy(scores, labels)
        return {"cross_entropy": loss.double().mean()}

    @property
    def _keep(self) -> float:
        return 1 - self.options.dropout

    def _masks(self, generators: Generators, order: Tensor) -> Tensor | None:
        if not self.options.dropout:
            return None
        shape = (order.shape[1], self.options.hidden1)
        drawn = [dropout.draw_masks(generator, shape, self._keep) for generator in generators]
        return send(torch.stack(drawn), order.device)

    def _step(self, params: Any, grads: Any, steps: Any) -> tuple[Any, Any]:
        rate, momentum = self.options.learning_rate, self.options.momentum
        if momentum:
            return optim.momentum_step(params, grads, steps, rate, momentum)
        return optim.sgd_step(params, grads, rate), steps


make = PerceptronLearner
