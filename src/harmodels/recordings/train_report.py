"""The output of `harmodels train`: who was recorded, left out, and how well a network does."""

import argparse
from collections.abc import Iterator

import numpy as np

from harmodels.estimators.base import NetworkClassifier
from harmodels.messages import counted
from harmodels.recordings.hold_out import Fold
from harmodels.recordings.networks import Judged, Windows


def report(
    given: argparse.Namespace,
    network: NetworkClassifier,
    fold: Fold,
    judged: Judged,
    windows: Windows,
) -> Iterator[str]:
    """Yield how well the network does, and on whom."""
    accuracy = judged.accuracy()
    kind = given.model if given.model in ("elman", "perceptron") else given.model.upper()
    trained = len(np.unique(windows.people[fold.train]))
    people = len(np.unique(judged.people))
    epochs = network.n_iter_
    yield f"trained: {kind}, {_people(trained)}, {counted(len(fold.train), 'window')}, " + (
        f"{epochs} epochs"
        if fold.validation is None
        else f"the weights after epoch {network.replicates_['best_epoch'][0]} of {epochs}, which "
        f"do best on {_people(len(np.unique(windows.people[fold.validation])))} held out for that"
    )
    bounds = "" if np.isnan(accuracy.low) else f" ({accuracy.low:.1%} to {accuracy.high:.1%})"
    if people == 1:
        yield (
            f"accuracy on the windows it was trained on: {accuracy.mean:.1%}. Nobody was held out: "
            "how well it does on other people is not known"
        )
    else:
        whom = f"on {_people(people)} it was not trained on"
        if fold.validation is None:
            whom = f"of networks like it on {_people(people)} they were not trained on"
        yield (
            f"accuracy {whom}: {accuracy.mean:.1%}{bounds} of "
            f"{counted(len(judged.labels), 'window')}; 95 % interval over people"
        )
        if fold.validation is None:
            yield (
                "  each tested by a network that was trained without them; the model itself was "
                "trained on all, with the same options"
            )
    if judged.worst():
        yield f"  {judged.worst()}"
    yield from doubts(judged)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def doubts(judged: Judged) -> Iterator[str]:
    """Yield a warning where the network cannot have learned, or too few people were tested."""
    accuracy, largest = judged.accuracy(), judged.largest_class
    above = accuracy.low > largest
    often = judged.classes[int(np.bincount(judged.labels).argmax())]
    if accuracy.mean <= largest or (not above and judged.loss >= judged.loss_of_frequencies):
        yield (
            f"WARNING: it has not learned to tell the activities apart: saying {often} always is "
            f"right in {largest:.1%}. Look whether columns and units above are right and labels "
            "belong to their times; then train longer (--epochs), or record more people and longer"
        )
    elif not above and not np.isnan(accuracy.low):
        yield (
            f"  so few people do not tell it from saying {often} always ({largest:.1%}): record "
            "more people"
        )
