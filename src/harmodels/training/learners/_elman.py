"""Scores, losses and gradients through time shared by the learners of the Elman classifier."""

import torch
from torch import Tensor

from harmodels.kernels.elman import tbptt as compiled
from harmodels.models import elman
from harmodels.nn import losses
from harmodels.nn.params import map_params
from harmodels.training.learners._base import (
    Losses,
    NetworkLearner,
    SequenceTensors,
    in_parts,
)
from harmodels.training.loops import tbptt as reference

MEASURED_AT_ONCE = 256  # sequences whose states of all steps are in memory


class ElmanLearner(NetworkLearner):
    """A learner of the Elman classifier."""

    def scores(
        self, params: elman.ElmanClassifier, data: SequenceTensors, indices: Tensor
    ) -> Tensor:
        """Classify by the state after the last step."""
        if self.engine == "compiled":
            read = data.frames, data.starts, data.lengths
            return compiled.scores(params, *read, indices, threads=self.threads)
        if data.equal_length:
            inputs = data.inputs
            return in_parts(
                lambda part: reference.scores(params, inputs[part]), indices, data.lengths
            )
        return in_parts(
            lambda part: reference.scores(params, *data.padded(part)), indices.cpu(), data.lengths
        )

    def losses(self, scores: Tensor, labels: Tensor, weights: Tensor | None = None) -> Losses:
        """Return binary cross-entropy and negative log-likelihood, means weighted if so given."""
        targets = losses.one_hot(labels, scores.shape[-1], scores.dtype)
        entropies, _ = losses.binary_cross_entropy(scores, targets)
        likelihoods = losses.negative_log_likelihood(scores, labels)
        return {
            "binary_cross_entropy": losses.mean(entropies, weights),
            "negative_log_likelihood": losses.mean(likelihoods, weights),
        }

    def gradient_norms(
        self, params: elman.ElmanClassifier, data: SequenceTensors, chosen: Tensor
    ) -> Tensor:
        """Return (T,): the mean norm of the gradient at the state k steps before the last.

        Of the binary cross-entropy after the last step, back through the whole sequence whatever
        the window, by the recursion of `recurrent_gradient` (docs/derivations/elman.md). In
        float64, which a vanishing gradient leaves much later than float32.
        """
        exact = map_params(lambda tensor: tensor.double(), params)
        transposed = getattr(self.options, "recurrent_gradient", "transposed") == "transposed"
        lengths = data.lengths[chosen]
        sums = torch.zeros(int(lengths.max()), dtype=torch.float64)
        for part in torch.split(chosen, MEASURED_AT_ONCE):
            norms = _gradient_norms(exact, data, part, transposed).cpu()
            sums[: len(norms)] += norms
        return sums / (lengths > torch.arange(len(sums))[:, None]).sum(1)


def _gradient_norms(
    params: elman.ElmanClassifier, data: SequenceTensors, chosen: Tensor, transposed: bool
) -> Tensor:
    """Return (T,), the norms at the states k steps before the last, summed over `chosen` (n,)."""
    inputs, lengths = data.padded(chosen[None])  # (1, n, T, D), (1, n)
    labels = data.labels[chosen.to(data.labels.device)][None]  # (1, n)
    initial = torch.zeros_like(params.rnn.bias_hh)[:, None].expand(-1, len(chosen), -1)
    logits, _, cache = elman.forward(params, inputs.double(), initial, lengths)
    targets = losses.one_hot(labels, logits.shape[-1], logits.dtype)
    _, d_logits = losses.binary_cross_entropy(logits, targets)
    d_states = elman.state_gradients(params, cache, d_logits, transposed=transposed)
    norms = torch.linalg.vector_norm(d_states[0], dim=-1)  # (n, T)
    back = torch.arange(norms.shape[1], device=norms.device)
    steps = lengths[0][:, None] - 1 - back  # (n, T), where the state k steps before the last is
    found = norms.gather(1, steps.clamp_min(0))
    return found.where(steps >= 0, torch.zeros_like(found)).sum(0)
