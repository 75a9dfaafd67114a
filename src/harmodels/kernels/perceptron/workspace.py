"""Options, tables and working arrays of the compiled perceptron."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from harmodels.kernels.perceptron.packing import height
from harmodels.kernels.simd.emitter import LANES, padded, zeros
from harmodels.kernels.simd.products import PANEL


class Options(NamedTuple):
    """Sizes and hyperparameters."""

    inputs: int
    hidden1: int
    hidden2: int
    batch_size: int
    mean: bool
    learning_rate: np.float32
    variant: int
    dropout_mask: bool
    as_programmed: bool  # the mask has a column for the bias, and acts in the forward pass alone
    scale: np.float32


class Powers(NamedTuple):
    """Of the momentum μ, indexed by a number of updates m, float32."""

    decay: np.ndarray  # μ^m: the share of a velocity left after m updates
    power_sum: np.ndarray  # Σ μ^r for r < m: how far a step of m - 1 updates ago moved a weight
    momentum_sum: np.ndarray  # Σ μ^r for 1 <= r <= m: how far a velocity moves it in m updates


class Workspace(NamedTuple):
    """Working arrays, written by the passes. K samples, Kp rounded up.

    Transposes are read and written in whole blocks, for which LANES more rows leave room.
    """

    samples: np.ndarray  # (Kp, Dp), rows [x | 1 | 0]
    samples_t: np.ndarray  # (panels, Dp, PANEL), their transpose, PANEL samples a panel
    gram: np.ndarray  # (Kp, Kp), products of samples with samples
    product: np.ndarray  # (N1p, Kp)
    velocity_product: np.ndarray  # (N1p, Kp)
    pre: np.ndarray  # (Kp, N1p), pre-activations of the first layer
    step1: np.ndarray  # (Kp + LANES, N1p), steps at them
    factors: np.ndarray  # (Kp,)
    correction: np.ndarray  # (N1p,), by the earlier updates of the group
    active: np.ndarray  # (Kp, N1 + 3) int64, the units a sample leaves above zero, then N1
    outputs1: np.ndarray  # (Kp, N1 + 3), their outputs, then 1; in a mini-batch those of all units
    counts: np.ndarray  # (Kp,) int64
    users: np.ndarray  # (N1, K) int64, for each unit the samples with a step at it
    dots: np.ndarray  # (N1, K), these steps
    ends: np.ndarray  # (N1,) int64, how many they are
    dots1: np.ndarray  # (N1 + 3,), the steps at the outputs of a sample's list
    shares: np.ndarray  # (Kp, 2), how a sample's step counts for weights and for the velocity
    outputs2: np.ndarray  # (Kp, N2p), rows [relu | 1 | 0]
    step2: np.ndarray  # (Kp + LANES, N2p)
    step2_t: np.ndarray  # (N2p, Kp), of a mini-batch
    step3: np.ndarray  # (Kp, C)
    logits: np.ndarray  # (C,) float64
    seen: np.ndarray  # (N1 + 1,) int64, up to which update a row of the second layer has moved
    zeros: np.ndarray  # (1, as wide as step2 or step2_t), where products start
    stop: np.ndarray  # (1,) int64, not zero once the result is no longer wanted


def workspace(options: Options, samples: int, classes: int, stop: np.ndarray) -> Workspace:
    """Return arrays for groups of at most `samples` samples."""
    K = height(samples)
    inputs, panels = padded(options.inputs + 1), -(-K // PANEL)
    N1, width1, width2 = options.hidden1, height(options.hidden1), padded(options.hidden2 + 1)
    return Workspace(
        samples=zeros(K, inputs),
        samples_t=zeros(panels * inputs, PANEL).reshape(panels, inputs, PANEL),
        gram=zeros(K, K),
        product=zeros(width1, K),
        velocity_product=zeros(width1, K),
        pre=zeros(K, width1),
        step1=zeros(K + LANES, width1),
        factors=zeros(1, K)[0],
        correction=zeros(1, width1)[0],
        active=np.zeros((K, N1 + 3), np.int64),
        outputs1=zeros(K, N1 + 3),
        counts=np.zeros(K, np.int64),
        users=np.zeros((N1, samples), np.int64),
        dots=zeros(N1, samples),
        ends=np.zeros(N1, np.int64),
        dots1=zeros(1, N1 + 3)[0],
        shares=zeros(K, 2),
        outputs2=zeros(K, width2),
        step2=zeros(K + LANES, width2),
        step2_t=zeros(width2, K),
        step3=zeros(K, classes),
        logits=np.zeros(classes),
        seen=np.zeros(N1 + 1, np.int64),
        zeros=zeros(1, max(K, width2)),
        stop=stop,
    )


@lru_cache
def powers(momentum: float, updates: int) -> Powers:
    """Return the tables up to so many updates, which nobody writes to."""
    decay = momentum ** np.arange(updates + 1, dtype=np.float64)
    power_sum = np.concatenate([[0.0], decay.cumsum()])[: updates + 1]
    return Powers(*(a.astype(np.float32) for a in (decay, power_sum, momentum * power_sum)))
