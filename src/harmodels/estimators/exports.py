"""What a fitted network can become: a module of torch.nn, an ONNX file, a folder."""

from abc import abstractmethod
from pathlib import Path
from typing import Any

from torch import nn

from harmodels.estimators.card import ModelCard
from harmodels.estimators.fitting import check_fitted
from harmodels.estimators.model_folder import save_model
from harmodels.estimators.onnx_graph import write_onnx
from harmodels.estimators.torch_modules import scaling


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

        Its input is (n, T, D), padded at the end, and the lengths (n,) where they differ; its
        output are the logits (n, C) of `classes_`.

        Raises
        ------
        ValueError
            If there is no such replicate.
        """
        check_fitted(self)
        replicates = len(self.params_.output.bias)
        if not 0 <= replicate < replicates:
            raise ValueError(
                f"replicate is {replicate}; there are replicates 0 to {replicates - 1}"
            )
        module = self._module(replicate)
        if self.scale_ is None:
            return module
        return scaling(module, self.offset_, self.scale_)

    def to_onnx(self, path: str | Path, replicate: int = 0) -> None:
        """Write one replicate as an ONNX file that gives the same labels.

        Its inputs are `sequences` (n, T, D), float32 and padded at the end, and `lengths` (n,),
        int64; of a perceptron `features` (n, F). Its outputs are `labels` (n,) and
        `probabilities` (n, C) of `classes_`. Replicates do not vote in it.

        Raises
        ------
        ImportError
            If onnx is not installed: it is the extra `harmodels[onnx]`.
        ValueError
            If there is no such replicate, or the labels are neither text nor numbers.
        """
        write_onnx(
            Path(path),
            self.to_torch(replicate),
            self.classes_,
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
            If the labels are neither text nor numbers, or the card is of other inputs.
        ResultsError
            If the folder cannot be written.
        """
        save_model(self, folder, about)
