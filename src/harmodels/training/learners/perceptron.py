"""A perceptron trained over mini-batches of feature vectors (report mlp_features)."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from harmodels import optim
from harmodels.config.options import Perceptron
from harmodels.kernels.perceptron import training as compiled
from harmodels.models import mlp
from harmodels.nn import initialisers, losses
from harmodels.nn.dropout import DropoutMask
from harmodels.nn.params import map_params
from harmodels.training.learners._base import (
    Draws,
    Generators,
    Losses,
    SequenceTensors,
    State,
    in_parts,
)
from harmodels.training.learners._softmax import SoftmaxLearner, draw_dropout_masks
from harmodels.training.loops import minibatch as reference
from harmodels.training.stopping import AllEpochs, LossGap, Patience, StoppingRule


@dataclass(frozen=True)
class PerceptronLoss:
    """Forward and backward pass; the dropout masks are (R, B, N1) uint8, N1 + 1 as programmed."""

    scale: float  # of kept activations in training
    output_gradient: str  # variant of the gradient at the logits
    as_programmed: bool = False  # whether dropout is the program's
    losses = ("cross_entropy",)

    def gradients(
        self,
        params: mlp.Mlp,
        inputs: Tensor,
        labels: Tensor,
        dropout_masks: Tensor | None,
        weights: Tensor | None,
    ) -> tuple[mlp.Mlp, dict[str, Tensor]]:
        """Return gradients of the weighted losses, summed, and the losses (R, B) without."""
        dropout_mask = None
        if dropout_masks is not None and self.as_programmed:
            logits, cache = mlp.forward_as_programmed(params, inputs, dropout_masks)
        else:
            if dropout_masks is not None:
                dropout_mask = DropoutMask(dropout_masks, self.scale)
            logits, cache = mlp.forward(params, inputs, dropout_mask)
        loss, d_logits = losses.softmax_cross_entropy(logits, labels)
        d_logits = apply_gradient_variant(logits, d_logits, self.output_gradient)
        d_logits = losses.weighted(d_logits, weights)
        return mlp.backward(params, cache, d_logits, dropout_mask), {"cross_entropy": loss}


def apply_gradient_variant(logits: Tensor, d_logits: Tensor, variant: str) -> Tensor:
    """Return a variant of the gradient at the logits (R, B, C); `exact` is `d_logits` itself."""
    if variant == "exact":
        return d_logits
    again = losses.times_softmax_jacobian(logits.softmax(-1), d_logits)
    return again if variant == "times_jacobian" else again + d_logits


class PerceptronLearner(SoftmaxLearner):
    """A perceptron updated after every batch."""

    options: Perceptron
    examples = tuple(  # one for each path of the compiled loop
        Perceptron(batch_size=2, hidden1=h, hidden2=h, momentum=0.5, dropout=0.5, epochs=1)
        for h in (4, 400)
    )

    @property
    def stopping(self) -> StoppingRule:
        """The rule that the options name."""
        options = self.options
        rules: dict[str, StoppingRule] = {
            "loss_gap": LossGap(options.gap_after, options.gap),
            "patience": Patience(options.patience),
            "all_epochs": AllEpochs(),
        }
        return rules[options.stopping]

    def initialise(self, generators: Generators, data: SequenceTensors) -> State:
        """Draw weights from U[-initial_range, initial_range]; biases and velocity are zero."""
        options = self.options
        params = mlp.initialise(
            generators,
            sizes=(
                data.vectors.shape[1],
                options.hidden1,
                options.hidden2,
                data.classes,
            ),
            weights=initialisers.uniform(options.initial_range),
            biases=initialisers.zeros,
            dtype=data.frames.dtype,
        )
        return State(params, map_params(torch.zeros_like, params) if options.momentum else ())

    def train_epoch(
        self, state: State, data: SequenceTensors, order: Tensor, dropout: Draws, epoch: int = 1
    ) -> tuple[State, Losses]:
        """Update after every batch."""
        options = self.options
        as_programmed = options.dropout_form == "as_programmed"
        units = options.hidden1 + 1 if as_programmed else options.hidden1
        masks = draw_dropout_masks(dropout, order, units, options.dropout)
        scale = (1 - options.dropout) ** -1 if options.dropout_form == "inverted" else 1.0
        read = data.vectors, data.labels, order
        rates = self.rates(epoch, order)
        if self.engine == "compiled":
            params, velocity, means = compiled.train_epoch(
                state.params,
                state.optimiser,
                *read,
                masks,
                weights=data.weights,
                batch_size=options.batch_size,
                reduction=options.reduction,
                rates=rates,
                momentum=options.momentum,
                clip_norm=options.clip_norm,
                weight_decay=options.weight_decay,
                output_gradient=options.output_gradient,
                scale=scale,
                as_programmed=as_programmed,
                threads=self.threads,
                kept=self.kept,
            )
        else:
            params, velocity, means = reference.train_epoch(
                PerceptronLoss(scale, options.output_gradient, as_programmed),
                *state,
                *read,
                masks,
                weights=data.weights,
                batch_size=options.batch_size,
                rates=rates,
                reduction=options.reduction,
                step=self._step,
                loop=self.loop_of(order),
            )
        return State(params, velocity), means

    def scores(self, params: mlp.Mlp, data: SequenceTensors, indices: Tensor) -> Tensor:
        """Return the logits of the network in use, which is scaled if its dropout asks for it."""
        params = mlp.in_use(params, self.options.dropout, self.options.dropout_form)
        vectors = data.vectors
        if self.engine == "compiled":
            return compiled.scores(params, vectors, indices, threads=self.threads)
        return in_parts(lambda part: mlp.forward(params, vectors[part])[0], indices)

    def _step(self, params: Any, grads: Any, velocity: Any, rate: Tensor) -> tuple[Any, Any]:
        params, grads = self.before_step(params, grads, rate)
        if self.options.momentum:
            return optim.momentum_step(params, grads, velocity, rate, self.options.momentum)
        return optim.sgd_step(params, grads, rate), velocity


LEARNER = PerceptronLearner
