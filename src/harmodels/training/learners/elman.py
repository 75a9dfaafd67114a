"""Scores and losses shared by the learners of the Elman classifier."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from harmodels.kernels.elman import tbptt as compiled
from harmodels.models import elman
from harmodels.training.learners.base import (
    Losses,
    SequenceTensors,
    in_parts,
    one_by_one,
)
from harmodels.training.loops import tbptt as reference
from harmodels.training.loops.cuda_graphs import RecordedLoop


@dataclass(frozen=True)
class ElmanLearner:
    """Options, engine (`reference` or `compiled`) and threads of the compiled loop."""

    options: Any
    engine: str
    threads: int
    loop: RecordedLoop = field(default_factory=RecordedLoop, init=False, repr=False, compare=False)

    def scores(
        self, params: elman.ElmanClassifier, data: SequenceTensors, indices: Tensor
    ) -> Tensor:
        """Classify by the state after the last step."""
        if self.engine == "compiled":
            read = data.frames, data.starts, data.lengths
            return one_by_one(
                lambda one, mine: compiled.scores(one, *read, mine), params, indices, self.threads
            )
        if data.equal_length:
            inputs = data.inputs
            return in_parts(lambda part: reference.scores(params, inputs[part]), indices)
        return in_parts(lambda part: reference.scores(params, *data.padded(part)), indices.cpu())

    def losses(self, scores: Tensor, labels: Tensor) -> Losses:
        """Return the binary cross-entropy and the negative log-likelihood."""
        return reference.mean_losses(scores, labels)
