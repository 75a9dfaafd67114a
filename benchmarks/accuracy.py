"""Accuracy of torch.nn's own recurrent layers, trained with autograd in the very same way.

Same recordings, splits, initial weights, orders, dropout masks and Adam as the runs of the
experiment `cells` of report hand_actions; only layers, gradients and optimiser are torch's::

    python -m benchmarks.accuracy results/hand_actions/sfinge3d

It needs that experiment's runs, and writes accuracy.md and accuracy.csv into
results/benchmarks.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn.utils.rnn import pad_sequence

from benchmarks.timing import use_one_thread
from benchmarks.torch_peers import last_of_packed, recurrent
from harmodels.config.options import Recurrent
from harmodels.data.sequences import Sequences, read_sequences
from harmodels.data.splits import split_indices
from harmodels.estimators.inputs.sequences import join
from harmodels.evaluation.statistics import mean_interval
from harmodels.evaluation.topk import top_k_accuracy
from harmodels.files import read_json, read_table, write_text
from harmodels.nn import dropout
from harmodels.nn.torch_names import to_torch
from harmodels.seeds import Purpose, generator
from harmodels.training.fit import epoch_order
from harmodels.training.learners.recurrent import RecurrentLearner


def train(run: dict, sequences: Sequences, splits: pd.DataFrame, replicate: int) -> float:
    """Train one replicate with torch and return its accuracy on the test set."""
    options = Recurrent(**run["options"])
    rows = split_indices(splits, sequences, replicate, "train")
    frames = [sequences[i] for i in range(len(sequences.labels))]
    recordings = join(frames, sequences.labels, len(sequences.facts.classes))
    start = RecurrentLearner(options, "reference", 1).initialise(
        [generator(run["seed"], Purpose.WEIGHTS, replicate)], recordings
    )
    channels, classes = len(sequences.facts.channels), recordings.classes
    network = recurrent(options.cell, channels, options.hidden, classes, options.layers)
    network.load_state_dict(to_torch(start.params, 0))
    optimiser = torch.optim.Adam(network.parameters(), lr=options.learning_rate, eps=1e-7)
    keep = 1 - options.dropout

    def last(rows: np.ndarray) -> torch.Tensor:
        batch = [torch.from_numpy(sequences[int(i)]) for i in rows]
        lengths = torch.tensor([len(sequence) for sequence in batch])
        return last_of_packed(network.rnn, pad_sequence(batch, batch_first=True), lengths)[0]

    for epoch in range(1, options.epochs + 1):
        order = epoch_order(rows, run["seed"], replicate, epoch)
        drawn = generator(run["seed"], Purpose.DROPOUT, replicate, epoch)
        masks = dropout.draw_masks(drawn, (len(order), options.hidden), keep)
        for first in range(0, len(order), options.batch_size):
            chosen = order[first : first + options.batch_size]
            mask = masks[first : first + options.batch_size] / keep
            loss = torch.nn.functional.cross_entropy(
                network.output(last(chosen) * mask), recordings.labels[torch.from_numpy(chosen)]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    test = split_indices(splits, sequences, replicate, "test")
    with torch.no_grad():
        logits = network.output(last(test))
    return float((logits.argmax(1).numpy() == sequences.labels[test]).mean())


def ours(folder: Path) -> list[float]:
    """Return the test accuracy of each replicate of a finished run, last weights."""
    frame = read_table(folder / "predictions.parquet")[0].to_pandas()
    chosen = frame.query("split == 'test' and checkpoint == 'last'")
    table = top_k_accuracy(chosen, [1])
    return table.sort_values("replicate")["accuracy"].tolist()


def main() -> None:
    """Train every cell of the experiment with torch and print both accuracies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="results/hand_actions/<data set>")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks"))
    given = parser.parse_args()
    use_one_thread()
    sequences = read_sequences(
        given.folder.parent.parent / "datasets" / given.folder.name / "sequences.parquet"
    )
    splits = read_table(given.folder / "splits" / "report.parquet")[0].to_pandas()
    rows = []
    for path in sorted((given.folder / "runs" / "cells").glob("*/run.json")):
        run = read_json(path)
        chosen = sequences.select_channels(run["channels"])
        theirs = [train(run, chosen, splits, r) for r in range(len(run["replicates"]))]
        for source, values in (("harmodels", ours(path.parent)), ("torch.nn", theirs)):
            interval = mean_interval(np.array(values))
            rows.append(
                (run["options"]["cell"], source, interval.mean, interval.low, interval.high)
            )
            print(f"{rows[-1][0]:>10} {source:>9}  {interval.mean:.3f}  {values}", flush=True)
    frame = pd.DataFrame(rows, columns=["cell", "layers", "accuracy", "low", "high"])
    write_text(given.output / "accuracy.csv", frame.to_csv(index=False))
    lines = ["| cell | layers | test accuracy | 95 % interval |", "| --- | --- | ---: | --- |"]
    lines += [f"| {c} | {s} | {m:.3f} | {lo:.3f} to {hi:.3f} |" for c, s, m, lo, hi in rows]
    write_text(given.output / "accuracy.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
