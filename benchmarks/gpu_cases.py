"""What is timed on a GPU: a typical network of each report."""

import itertools
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch.nn.utils.rnn import pack_padded_sequence

from benchmarks.gpu_contenders import (
    Scale,
    adam,
    batches,
    of_ours,
    of_torch,
    of_torch_both,
    sgd,
)
from benchmarks.timing import Case
from harmodels.config.options import Minibatch, Perceptron, Recurrent, TruncatedBptt
from harmodels.nn.params import state_dict
from harmodels.nn.torch_names import to_torch
from harmodels.training.learners import SequenceTensors


class Classifier(torch.nn.Module):
    """A recurrent layer of torch's and a dense one on its state."""

    def __init__(self, rnn: torch.nn.Module, hidden: int, classes: int) -> None:
        super().__init__()
        self.rnn = rnn
        self.output = torch.nn.Linear(hidden, classes)


def _sequences(scale: Scale, device: torch.device) -> SequenceTensors:
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(scale.samples, scale.steps, 3, generator=random)
    labels = torch.randint(6, (scale.samples,), generator=random)
    return SequenceTensors.of_equal_length(inputs, labels, 6).to(str(device))


def _elman(hidden: int, device: torch.device) -> Classifier:
    return Classifier(torch.nn.RNN(3, hidden, batch_first=True), hidden, 6).to(device)


def truncated_bptt(device: torch.device, scale: Scale) -> Case:
    """Return the case of report rnn_tbptt."""
    window = 30
    options = TruncatedBptt(learning_rate=0.1, hidden=50, window=window, epochs=1)
    recordings = _sequences(scale, device)
    state, ours = of_ours("truncated_bptt", options, recordings, 1, scale)
    inputs, targets = recordings.inputs, F.one_hot(recordings.labels, 6).float()

    def run(network: Any, optimiser: torch.optim.Optimizer, items: int) -> None:
        for row in range(items):
            row %= scale.samples
            hidden = inputs.new_zeros(1, 1, options.hidden)
            for span in inputs[row : row + 1].split(window, dim=1):
                outputs, hidden = network.rnn(span, hidden.detach())
                loss = F.binary_cross_entropy_with_logits(
                    network.output(outputs[:, -1]), targets[row : row + 1], reduction="sum"
                )
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_value_(network.parameters(), options.clip)
                optimiser.step()

    start = state_dict(state.params)
    torchs = of_torch_both(_elman(options.hidden, device), start, sgd(0.1), run)
    title = "rnn_tbptt: 50 units, window 30, an update a window"
    return Case("truncated_bptt", title, start, tuple(torchs + ours))


def minibatch(device: torch.device, scale: Scale) -> Case:
    """Return the case of report rnn_minibatch."""
    options = Minibatch(learning_rate=0.1, hidden=100, batch_size=30, epochs=1)
    recordings = _sequences(scale, device)
    state, ours = of_ours("minibatch", options, recordings, options.batch_size, scale)
    inputs, targets = recordings.inputs, F.one_hot(recordings.labels, 6).float()

    def run(network: Any, optimiser: torch.optim.Optimizer, items: int) -> None:
        for rows in batches(items, options.batch_size, scale, device):
            outputs, _ = network.rnn(inputs[rows])
            loss = F.binary_cross_entropy_with_logits(
                network.output(outputs[:, -1]), targets[rows], reduction="sum"
            )
            optimiser.zero_grad()
            (loss / len(rows)).backward()
            optimiser.step()

    start = state_dict(state.params)
    torchs = of_torch_both(_elman(options.hidden, device), start, sgd(0.1), run)
    title = "rnn_minibatch: 100 units, batch of 30"
    return Case("minibatch", title, start, tuple(torchs + ours))


def perceptron(device: torch.device, scale: Scale) -> Case:
    """Return the case of report mlp_features."""
    options = Perceptron(
        batch_size=50, hidden2=100, learning_rate=0.01, momentum=0.09, epochs=1, initial_range=0.1
    )
    random = torch.Generator().manual_seed(0)
    inputs = 2 * torch.rand(scale.samples, 1, 561, generator=random) - 1
    labels = torch.randint(6, (scale.samples,), generator=random)
    recordings = SequenceTensors.of_equal_length(inputs, labels, 6).to(str(device))
    state, ours = of_ours("perceptron", options, recordings, options.batch_size, scale)
    vectors, labels = recordings.inputs[:, 0], recordings.labels

    def run(network: Any, optimiser: torch.optim.Optimizer, items: int) -> None:
        for rows in batches(items, options.batch_size, scale, device):
            optimiser.zero_grad()
            F.cross_entropy(network(vectors[rows]), labels[rows]).backward()
            optimiser.step()

    sizes = 561, options.hidden1, options.hidden2, 6
    layers = [torch.nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    network = torch.nn.Sequential(
        layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2]
    ).to(device)
    start = state_dict(state.params)
    torchs = [of_torch(network, start, sgd(0.01, 0.09), run, "torch.nn, autograd")]
    title = "mlp_features: 561-300-100-6, batch of 50, momentum"
    return Case("perceptron", title, start, tuple(torchs + ours))


def recurrent(device: torch.device, scale: Scale) -> Case:
    """Return the case of report hand_actions: a GRU on sequences of unequal length."""
    options = Recurrent(cell="gru", hidden=128, dropout=0.0, batch_size=32, epochs=1)
    generator = np.random.default_rng(0)
    drawn = generator.lognormal(np.log(75), 0.7, scale.samples).round().astype(int)
    lengths = torch.from_numpy(np.clip(drawn, 7, scale.longest))
    frames = torch.from_numpy(generator.normal(size=(int(lengths.sum()), 63)).astype(np.float32))
    labels = torch.from_numpy(generator.integers(0, 45, scale.samples))
    parts = torch.split(frames, lengths.tolist())
    padded = torch.nn.utils.rnn.pad_sequence(list(parts), batch_first=True).to(device)
    whole = SequenceTensors(frames, lengths.cumsum(0) - lengths, lengths, labels, 45)
    recordings = whole.to(str(device))
    state, ours = of_ours("recurrent", options, recordings, options.batch_size, scale)
    labels = recordings.labels

    def run(network: Any, optimiser: torch.optim.Optimizer, items: int) -> None:
        for rows in batches(items, options.batch_size, scale, torch.device("cpu")):
            there = rows.to(device)
            packed = pack_padded_sequence(
                padded[there], lengths[rows], batch_first=True, enforce_sorted=False
            )
            _, hidden = network.rnn(packed)
            optimiser.zero_grad()
            F.cross_entropy(network.output(hidden[-1]), labels[there]).backward()
            optimiser.step()

    network = Classifier(torch.nn.GRU(63, 128, batch_first=True), 128, 45).to(device)
    assert to_torch(state.params, 0).keys() == network.state_dict().keys()
    start = state_dict(state.params)
    torchs = of_torch_both(network, start, adam(options.learning_rate), run)
    title = "hand_actions: GRU, 128 units, batch of 32, unequal lengths"
    return Case("recurrent", title, start, tuple(torchs + ours))


CASES = {
    "truncated_bptt": truncated_bptt,
    "minibatch": minibatch,
    "perceptron": perceptron,
    "recurrent": recurrent,
}
