"""Losses and their gradients at the logits. Derivations: docs/derivations/losses.md."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor


def one_hot(labels: Tensor, classes: int, dtype: torch.dtype) -> Tensor:
    """Return targets (…, C) with one at each of `labels` (…)."""
    # not torch's own, which looks at the labels' values on some devices
    return (labels[..., None] == torch.arange(classes, device=labels.device)).to(dtype)


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Full binary cross-entropy of sigmoid outputs, summed over the classes.

    -Σ_c d_c log y_c + (1 - d_c) log(1 - y_c) with y = sigmoid(logits), evaluated as
    Σ_c softplus(logits_c) - d_c logits_c, which neither overflows nor takes log 0.

    Parameters
    ----------
    logits
        (…, C).
    targets
        (…, C) in [0, 1].

    Returns
    -------
    loss
        (…).
    d_logits
        (…, C), y - d.

    Examples
    --------
    >>> import torch
    >>> loss, d_logits = binary_cross_entropy(torch.zeros(2), torch.tensor([1.0, 0.0]))
    >>> loss  # twice log 2
    tensor(1.3863)
    >>> d_logits
    tensor([-0.5000,  0.5000])
    """
    loss = (F.softplus(logits) - targets * logits).sum(-1)
    return loss, torch.sigmoid(logits) - targets


def negative_log_likelihood(logits: Tensor, labels: Tensor) -> Tensor:
    """Return -log y of the true class for sigmoid outputs.

    Report rnn_tbptt writes it as the loss, but minimises and plots the full binary cross-entropy,
    to which the gradient y - d belongs: that of this loss is not used.

    Parameters
    ----------
    logits
        (…, C).
    labels
        (…), int64.

    Returns
    -------
    loss
        (…).
    """
    true = logits.gather(-1, labels[..., None]).squeeze(-1)
    return F.softplus(-true)


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of softmax outputs: -log softmax(logits)_label.

    Parameters
    ----------
    logits
        (…, C).
    labels
        (…), int64.

    Returns
    -------
    loss
        (…).
    d_logits
        (…, C), y - d: the softmax Jacobian and the logarithm cancel.

    Examples
    --------
    >>> import torch
    >>> loss, d_logits = softmax_cross_entropy(torch.zeros(1, 4), torch.tensor([2]))
    >>> loss  # log 4
    tensor([1.3863])
    >>> d_logits
    tensor([[ 0.2500,  0.2500, -0.7500,  0.2500]])
    """
    log_outputs = F.log_softmax(logits, dim=-1)
    loss = -log_outputs.gather(-1, labels[..., None]).squeeze(-1)
    return loss, log_outputs.exp() - one_hot(labels, logits.shape[-1], logits.dtype)


def weighted(d_logits: Tensor, weights: Tensor | None) -> Tensor:
    """Return the gradient (…, C) at the logits of losses that are multiplied by `weights` (…).

    Examples
    --------
    >>> import torch
    >>> weighted(torch.ones(2, 3), torch.tensor([2.0, 0.5]))
    tensor([[2.0000, 2.0000, 2.0000],
            [0.5000, 0.5000, 0.5000]])
    """
    return d_logits if weights is None else d_logits * weights[..., None]


def mean(loss: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the mean of losses (n,) in float64, weighted by `weights` (n,)."""
    loss = loss.double()
    return loss.mean() if weights is None else (weights * loss).sum() / weights.double().sum()


def times_softmax_jacobian(outputs: Tensor, vector: Tensor) -> Tensor:
    """Return (diag(y) - y yᵀ) · vector for softmax outputs y (…, C) and vector (…, C).

    Report mlp_features multiplies y - d by this matrix once more, which is not the gradient of
    the cross-entropy (docs/derivations/losses.md); it is here to show what that does to a table.
    """
    weighted = outputs * vector
    return weighted - outputs * weighted.sum(-1, keepdim=True)
