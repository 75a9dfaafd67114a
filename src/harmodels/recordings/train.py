"""The command `harmodels train`: from recordings with labels to a model that is judged on people.

The network is the one of the report `own`, trained on the windows, and with the random numbers,
with which the workflow trains it.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from harmodels.data.census import census
from harmodels.data.features.checks import RAW_CHANNELS
from harmodels.data.features.mapping import AffineMap
from harmodels.data.features.signals import LENGTH, RATE_HZ
from harmodels.data.look.gravity import gravity_of
from harmodels.data.prepare import describe, read_raw
from harmodels.data.registry import dataset_of
from harmodels.data.sequences import Sequences
from harmodels.errors import DataError
from harmodels.estimators.base import NetworkClassifier
from harmodels.estimators.exports.card import FOLDS, Accuracy, ModelCard, TrainingData
from harmodels.files import MODEL, WEIGHTS, check_folder
from harmodels.messages import counted
from harmodels.recordings.configuration import write_configuration
from harmodels.recordings.entry import USUAL_HZ, Understood, understand, usual_rate
from harmodels.recordings.hold_out import Fold, draw_people, folds_of_people, split_by
from harmodels.recordings.networks import (
    Judged,
    Windows,
    fit_network,
    judge,
    make_network,
)
from harmodels.recordings.train_report import report
from harmodels.recordings.window_features import features_of

LEAST_WINDOWS = 10  # of a class
# What messages name of a registry → options.
OPTIONS = (
    (re.compile(r"\bcolumns: \{(\S+): ([^}]+)\}"), r"--columns \1=\2"),
    (re.compile(r"\bunits: \{(\S+): ([^}]+)\}"), r"--unit \1=\2"),
    (re.compile(r"say so in `table` of the entry: labels: \{(.+?): ([^}]+)\}"), r"--labels \1=\2"),
    (re.compile(r"\(time: "), "(--columns time="),
    (re.compile(r"\btime_unit\b:?"), "--time-unit"),
    (re.compile(r"\brecorded_hz\b:?"), "--rate"),
)


def train(given: argparse.Namespace) -> Iterator[str]:
    """Train as the arguments say; yield the lines that are printed.

    The folder of the model is there when all of it is written. Raises DataError naming file, row or
    option where the recordings cannot be trained on.
    """
    check_arguments(given)
    understood = understand(given, given.hz or USUAL_HZ)
    yield from understood.lines
    sequences, card = _read(understood)
    hz = usual_rate(card["recorded_hz"][0])
    if given.hz is None and hz < USUAL_HZ:
        understood = understand(given, hz)
        sequences, card = _read(understood)
    yield from census(card)
    check_classes(sequences)
    windows = _windows(sequences, given.model)
    draw = draw_people(sequences, given.seed)
    if given.configuration is not None:
        write_configuration(given, understood, draw, sequences)
    network, features, fold, judged = _train(given, windows, sequences, draw)
    yield from report(given, network, fold, judged, windows)
    described = _card(sequences, features, given, understood.entry, judged, fold, card["sources"])
    network.save(given.out, described)
    yield f"{given.out}: the model. Next: harmodels classify RECORDING --model {given.out}"


def _read(understood: Understood) -> tuple[Sequences, dict[str, Any]]:
    """Return windows and their card; an error names options where the registry has keys."""
    dataset = dataset_of(understood.name, understood.entry, Path("registry.yaml"))
    try:
        sequences, notes, hashes = read_raw(dataset, None)
    except DataError as error:
        text = str(error)
        for key, option in OPTIONS:
            text = key.sub(option, text)
        raise DataError(text) from None
    # a model may lie among its recordings
    notes["unread"] = {k: why for k, why in notes["unread"].items() if k not in (MODEL, WEIGHTS)}
    return sequences, describe(dataset, sequences, notes, hashes)


def _train(
    given: argparse.Namespace, windows: Windows, sequences: Sequences, draw: dict[str, Any] | None
) -> tuple[NetworkClassifier, AffineMap | None, Fold, Judged]:
    """Return the network, the map of its features, what it was trained on, and how it was judged.

    Where people are held out, it is the one that was tested on them. Of few people each is tested
    by a network of the others, and the one that is returned was trained on all; of one person it is
    judged on what it was trained on.
    """

    def fitted(fold: Fold) -> tuple[NetworkClassifier, AffineMap | None]:
        network = make_network(given.model, len(fold.train), given.epochs, given.seed)
        network.set_params(verbose=int(sys.stderr.isatty()))
        try:
            return fit_network(network, windows, fold)
        except ValueError as error:  # it diverged
            raise DataError(f"--model {given.model}: {error}") from error

    if draw is not None:
        fold = split_by(sequences, draw, given.seed)
        network, features = fitted(fold)
        return network, features, fold, judge(network, features, windows, fold)
    everything = np.arange(len(windows.labels))
    fold = Fold(everything, None, everything)
    network, features = fitted(fold)
    if len(np.unique(windows.people)) == 1:
        return network, features, fold, judge(network, features, windows, fold)
    parts = [judge(*fitted(each), windows, each) for each in folds_of_people(sequences)]
    return network, features, fold, Judged.joined(parts)


def check_classes(sequences: Sequences) -> None:
    """Raise DataError where a class has too few windows to be learned."""
    counts = np.bincount(sequences.labels, minlength=len(sequences.facts.classes))
    fewest = int(counts.argmin())
    if counts[fewest] < LEAST_WINDOWS:
        seconds = sequences.lengths[0] / sequences.facts.rate_hz
        raise DataError(
            f"the class {sequences.facts.classes[fewest]} has "
            f"{counted(int(counts[fewest]), 'window')} of {seconds:g} s; a network needs "
            f"{LEAST_WINDOWS} of each or more: record it longer, or leave it out (--classes)"
        )


def _windows(sequences: Sequences, kind: str) -> Windows:
    """Return what the network reads."""
    values = sequences.padded().astype(np.float64)
    if kind == "perceptron":
        facts = sequences.facts
        if (len(facts.channels), facts.rate_hz, values.shape[1]) != (6, RATE_HZ, LENGTH):
            raise DataError(
                "--model perceptron reads 561 features, which are computed from the acceleration "
                f"and the gyroscope at {RATE_HZ:g} Hz, in windows of {LENGTH / RATE_HZ:g} s; these "
                f"windows hold {', '.join(facts.channels)} at {facts.rate_hz:g} Hz; take "
                "--model gru"
            )
        values = features_of(values)
    return Windows(values, sequences.labels, sequences.subjects, sequences.facts.classes)


def _card(
    sequences: Sequences,
    features: AffineMap | None,
    given: argparse.Namespace,
    entry: dict[str, Any],
    judged: Judged,
    fold: Fold,
    hashes: dict[str, str],
) -> ModelCard:
    facts, accuracy = sequences.facts, judged.accuracy()
    channels = facts.channels if features is None else RAW_CHANNELS
    tested = sorted(set(judged.people.tolist()))
    people = sequences.subjects
    validated = people[:0] if fold.validation is None else people[fold.validation]
    refitted = fold.validation is None and len(tested) > 1
    steps, step = entry["window"]["steps"], entry["window"]["step"]
    # one hash of all files, each by name and content
    digest = hashlib.sha256("".join(f"{h}  {n}\n" for n, h in sorted(hashes.items())).encode())
    bounds = None if np.isnan(accuracy.low) else (float(accuracy.low), float(accuracy.high))
    return ModelCard(
        channels=channels,
        units=facts.units,
        rate_hz=facts.rate_hz,
        data=TrainingData(
            name=entry["title"],
            sha256=digest.hexdigest(),
            licence=entry["licence"],
            worn=entry.get("worn", ""),
        ),
        window_steps=steps,
        window_step=step,
        features=features,
        gravity=gravity_of(sequences.padded(), sequences.labels, channels, facts.units),
        accuracy=None
        if len(tested) == 1
        else Accuracy(
            value=float(accuracy.mean),
            over_people=bounds,
            people=len(tested),
            sequences=len(judged.labels),
            trained_on=0 if refitted else len(set(tested) & {*people[fold.train], *validated}),
            protocol=FOLDS if refitted else "subjects",
        ),
        origin={
            "command": "harmodels train",
            "network": given.model,
            "seed": given.seed,
            "tested_on": tested if len(tested) > 1 else [],
            "validated_on": sorted(set(map(str, validated))),
            "refitted_on_all": refitted,
        },
    )


def check_arguments(given: argparse.Namespace) -> None:
    """Refuse numbers out of range, and a folder that cannot become a model's, before any work."""
    for option, least in (("epochs", 1), ("seed", 0)):
        value = getattr(given, option)
        if value is not None and value < least:
            raise DataError(f"--{option} {value}: give {least} or more")
    for option in ("hz", "window"):
        value = getattr(given, option)
        if value is not None and not 0 < value < float("inf"):
            raise DataError(f"--{option} {value:g}: give a number above 0")
    if not given.recordings.exists():
        raise DataError(f"{given.recordings} does not exist; give a table, or a folder of them")
    out: Path = given.out
    own = out.resolve() == given.recordings.resolve()
    check_folder("--out", out)
    if given.configuration is not None:
        check_folder("--configuration", given.configuration)
    if out.is_dir() and any(out.iterdir()) and not own and not (out / MODEL).is_file():
        raise DataError(f"--out {out} holds files of something else; name a folder that is new")
    if own and given.model == "perceptron":
        raise DataError(f"--out {out}: the recordings are there; name another folder")
