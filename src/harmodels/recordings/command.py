"""The command `harmodels classify`: its printed lines and its files."""

import argparse
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from harmodels.data.reading.meaning import Given
from harmodels.data.reading.recording import open_recording
from harmodels.errors import DataError
from harmodels.estimators.exports.card import ModelCard
from harmodels.estimators.loading import load_model
from harmodels.files import atomic_path, check_outputs
from harmodels.messages import counted, shown
from harmodels.recordings.activities import NO_LABEL, Activities, write_activities
from harmodels.recordings.classify import Classifier, classify_recording
from harmodels.recordings.timeline import check_picture, draw_timeline
from harmodels.recordings.truth import compare, place_truth, read_truth


def classify(given: argparse.Namespace) -> Iterator[str]:
    """Classify a recording as the arguments say; yield the lines that are printed.

    First what was understood of the file, then, after the work, a summary. Files are written when
    all has gone well.
    """
    check_outputs(
        {"--out": given.out, "--plot": given.plot},
        {"the recording": given.recording, "the truth": given.truth, "the model": given.model},
    )
    if given.plot is not None:
        check_picture(given.plot)
    model = load_model(given.model)
    classifier = Classifier(model, str(given.model), step=given.step, largest_gap_s=given.gap)
    card = classifier.card
    truth = None if given.truth is None else read_truth(given.truth, classifier.classes)
    recording = open_recording(given.recording, card.channels, card.units, said(given))
    yield from recording.understood()
    # shown on a terminal only
    with tqdm(total=recording.size, unit_scale=True, disable=None, desc=recording.name) as bar:
        activities = classify_recording(
            classifier, recording, lambda done: bar.update(done - bar.n)
        )
    if truth is not None:
        truth = place_truth(truth, activities.origin, activities.span_s)
    if given.out is not None:
        write_table(given.out, activities)
    if given.plot is not None:
        draw_timeline(
            given.plot,
            activities,
            title=recording.name,
            note=" ".join(caution(card)),
            truth=truth,
            simulated=card.data.simulated,
        )
    yield from report_lines(activities, recording.name)
    if truth is not None:
        yield from compare(activities, truth)
    yield from caution(card)


def said(given: argparse.Namespace) -> Given:
    """Return what the options say of a file; raises DataError where they are not of their form."""
    if given.rate is not None and not 0 < given.rate < np.inf:
        raise DataError(f"--rate {given.rate:g}: give samples a second, more than 0")
    columns, units = (pairs(f"--{name}", getattr(given, name)) for name in ("columns", "unit"))
    return Given(columns, units, given.time_unit, given.rate)


def pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    """Return the parts of `a=b,c=d`, of which each may be quoted as in CSV.

    >>> pairs("--columns", ['time=t,"acc_x=Acc, x"'])
    {'time': 't', 'acc_x': 'Acc, x'}
    """
    found: dict[str, str] = {}
    for part in (part for row in csv.reader(texts, skipinitialspace=True) for part in row):
        name, sign, value = (each.strip() for each in part.partition("="))
        if not part.strip():
            continue
        if not sign or not name or not value:
            raise DataError(
                f"{option}: {shown(part)} is not of the form NAME=VALUE; quote one with a "
                f"comma as in CSV: {option} '\"NAME=VALUE, WITH COMMA\",…'"
            )
        if name in found:
            raise DataError(f"{option}: {name} is given twice")
        found[name] = value
    return found


def write_table(path: Path, activities: Activities) -> None:
    """Write the windows of a recording as CSV, atomically."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        write_activities(file, activities)


def caution(card: ModelCard) -> list[str]:
    """Return what a reader of the result has to know of the model."""
    data = card.data
    worn = data.worn or "a sensor worn in a way that the model does not state"
    lines = [
        f"Trained on {'SIMULATED ' if data.simulated else ''}recordings ({data.name}): {worn}.",
        "Not valid for a sensor worn elsewhere or rotated, or for other activities; it always "
        "picks the closest class it knows.",
    ]
    if card.accuracy is not None:
        low_high = card.accuracy.for_others
        interval = f" ({low_high[0]:.1%} to {low_high[1]:.1%} over people)" if low_high else ""
        lines.append(f"Accuracy {card.accuracy.whom}: {card.accuracy.value:.1%}{interval}.")
    return lines


def report_lines(activities: Activities, name: str) -> list[str]:
    """Return the findings in a recording, one line each."""
    covered = float(activities.seconds.sum())
    lines = [
        f"{name}: {activities.recorded_s / 60:,.1f} min at {activities.recorded_hz:.4g} Hz, "
        f"{counted(activities.rows, 'row')}, {counted(len(activities.starts), 'window')}",
    ]
    lost = max(activities.recorded_s - covered, 0.0) / 60
    if activities.gaps:
        pauses = counted(activities.gaps, "pause")
        lines.append(
            f"  {pauses} between samples, {activities.paused_s / 60:,.1f} min; "
            f"{lost:,.1f} min of the recording in no window"
        )
    lines += [f"  {note}" for note in activities.notes]
    lines.append("   minutes  share  activity")
    minutes = dict(sorted(activities.minutes().items(), key=lambda item: -item[1]))
    if rest := float(activities.seconds[activities.codes == NO_LABEL].sum()):
        minutes["(no label)"] = rest / 60
    return lines + [
        f"{value:10,.1f}  {60 * value / covered:5.1%}  {each}" for each, value in minutes.items()
    ]
