"""What a fitted network can become: a module of torch.nn, an ONNX file, a folder."""

from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from harmodels.errors import ResultsError
from harmodels.estimators.exports.card import ModelCard
from harmodels.estimators.exports.model_folder import save_model
from harmodels.estimators.exports.onnx_graph import write_onnx
from harmodels.estimators.exports.torch_modules import scaling
from harmodels.estimators.fitting import check_fitted
from harmodels.files import check_outputs, is_device


class ExportMixin:
    """The exports of a fitted classifier."""

    _sigmoids = False  # or a softmax
    params_: Any
    classes_: Any
    n_channels_in_: int
    offset_: Any
    scale_: Any

    @abstractmethod
    def _module(self, replicate: int) -> nn.Module:
        """Return one replicate as a module of torch.nn."""

    def to_torch(self, replicate: int = 0) -> nn.Module:
        """Return one replicate as a module of torch.nn that gives the same labels.

        It scales what it reads as the estimator does. Its input is (n, T, D), padded at the end,
        and the lengths (n,) where they differ; its output are the logits (n, C) of `classes_`.

        Raises
        ------
        ValueError
            If there is no such replicate, or the network is no more what was fitted.
        """
        check_fitted(self)
        replicates = len(self.params_.output.bias)
        if not isinstance(replicate, int | np.integer) or not 0 <= replicate < replicates:
            raise ValueError(
                f"replicate is {replicate!r}; there are replicates 0 to {replicates - 1}"
            )
        module = self._module(replicate)
        if self.scale_ is not None:
            module = scaling(module, self.offset_, self.scale_)
        try:
            scores = module(torch.zeros(1, getattr(self, "n_steps_in_", 1), self.n_channels_in_))
        except RuntimeError as error:
            raise ValueError(f"the layers do not fit each other: {error}; fit it anew") from error
        if scores.shape[1] != len(self.classes_) or not scores.isfinite().all():
            raise ValueError(
                f"the network gives {scores.shape[1]} scores, not all of them finite, or others "
                f"than its {len(self.classes_)} classes have: fit it anew"
            )
        return module

    def to_onnx(self, path: str | Path, replicate: int = 0) -> None:
        """Write one replicate as an ONNX file that gives the same labels.

        Its inputs are `sequences` (n, T, D), float32 and padded at the end, and `lengths` (n,),
        int64; of a perceptron `features` (n, F), or (n, T, D) if it was trained on several steps.
        Its outputs are `labels` (n,) and
        `probabilities` (n, C) of `classes_`. Replicates do not vote in it.

        Raises
        ------
        ImportError
            If onnx is not installed: it is the extra `harmodels[onnx]`.
        ValueError
            If there is no such replicate, the labels are neither text nor numbers, or the network
            makes no graph that ONNX's own check accepts.
        ResultsError
            If the path does not end in .onnx, is a folder, or cannot be written.
        """
        path = Path(path)
        check_outputs({"the path": path}, {})
        if path.suffix.lower() != ".onnx" and not is_device(path):
            raise ResultsError(f"the path {path} does not end in .onnx; name a file that does")
        write_onnx(
            path,
            self.to_torch(replicate),
            self.classes_,
            steps=getattr(self, "n_steps_in_", 1),
            channels=self.n_channels_in_,
            sigmoids=self._sigmoids,
        )

    def save(self, folder: str | Path, about: ModelCard | None = None) -> None:
        """Write the fitted network into a folder, which `harmodels.load` reads.

        Parameters
        ----------
        folder
            Where model.json and weights.safetensors go; it is made if need be, and files of an
            earlier model in it are replaced.
        about
            What the network reads and was trained on, by default the card that it has;
            `harmodels classify` needs it.

        Raises
        ------
        ModelError
            If `harmodels.load` could not read what would be written: of labels that are neither
            text nor numbers, a card of other inputs, or a class of your own.
        ResultsError
            If the folder cannot be written. Then, and after any other error or Ctrl-C, a model that
            was in it is there as it was.
        """
        from harmodels.estimators.loading import ARCHITECTURES  # which imports the classifiers

        save_model(self, folder, ARCHITECTURES, about)
