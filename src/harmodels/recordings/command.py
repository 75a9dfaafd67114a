"""The command `harmodels classify`: what is printed, and what is written where."""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from harmodels.config.messages import counted
from harmodels.errors import DataError
from harmodels.estimators.card import ModelCard
from harmodels.estimators.loading import load_model
from harmodels.recordings.activities import NO_LABEL, Activities
from harmodels.recordings.classify import Classifier, classify_recording
from harmodels.recordings.read import Reader, describe_source
from harmodels.recordings.timeline import draw_timeline


def classify(given: argparse.Namespace) -> list[str]:
    """Classify a recording as the arguments say; return the lines of a summary."""
    model = load_model(given.model)
    classifier = Classifier(model, str(given.model), step=given.step, largest_gap_s=given.gap)
    card = classifier.card
    source = describe_source(
        given.recording,
        card.channels,
        card.units,
        columns=pairs("--columns", given.columns),
        given_units=pairs("--unit", given.unit),
        time_unit=given.time_unit,
        rate_hz=given.rate,
    )
    truth = None if given.truth is None else read_truth(given.truth)
    reader = Reader(source)
    # shown on a terminal only
    with tqdm(total=reader.size, unit_scale=True, disable=None, desc=given.recording.name) as bar:
        activities = classify_recording(
            classifier, reader, given.out, lambda done: bar.update(done - bar.n)
        )
    if truth is not None:
        origin = activities.origin if isinstance(activities.origin, float) else 0.0
        truth[["start", "end"]] -= origin
    if given.plot is not None:
        draw_timeline(
            given.plot,
            activities,
            title=given.recording.name,
            note=" ".join(caution(card)),
            truth=truth,
            simulated=card.data.simulated,
        )
    return report_lines(activities, card, given.recording.name, truth)


def pairs(option: str, text: str) -> dict[str, str]:
    """Return the parts of `a=b,c=d`."""
    found: dict[str, str] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, sign, value = part.partition("=")
        if not sign or not name or not value:
            raise DataError(f"{option}: {part!r} is not of the form NAME=VALUE")
        if name in found:
            raise DataError(f"{option}: {name} is given twice")
        found[name] = value
    return found


def read_truth(path: Path) -> pd.DataFrame:
    """Return columns start, end (seconds) and label."""
    try:
        frame = pd.read_csv(path, dtype={"start": float, "end": float, "label": str})
        return frame[["start", "end", "label"]]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"--truth {path}: no table of start, end and label: {error}") from error


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
        low_high = card.accuracy.over_people
        interval = f" ({low_high[0]:.1%} to {low_high[1]:.1%} over people)" if low_high else ""
        lines.append(
            f"Accuracy on people it was not trained on: {card.accuracy.value:.1%}{interval}."
        )
    return lines


def agreement(activities: Activities, truth: pd.DataFrame) -> float:
    """Return the share of windows whose middle lies in an activity of the truth of that label."""
    middle = (activities.starts + activities.ends) / 2
    place = np.searchsorted(truth["start"].to_numpy(), middle, side="right") - 1
    ends, labels = truth["end"].to_numpy(), truth["label"].to_numpy()
    inside = (place >= 0) & (middle < ends[place]) & (activities.codes != NO_LABEL)
    if not inside.any():
        return float("nan")
    names = np.array(activities.classes)[activities.codes[inside]]
    return float((names == labels[place[inside]]).mean())


def report_lines(
    activities: Activities, card: ModelCard, name: str, truth: pd.DataFrame | None
) -> list[str]:
    """Return the lines that are printed."""
    still = activities.codes == NO_LABEL
    minutes: Mapping[str, float] = activities.minutes()
    covered = float(activities.seconds.sum() / 60)
    lines = [
        f"{name}: {activities.recorded_s / 60:,.1f} min at {activities.recorded_hz:.4g} Hz, "
        f"{counted(activities.rows, 'row')}, {counted(len(activities.codes), 'window')}",
    ]
    if activities.gaps:
        lost = activities.recorded_s / 60 - covered
        pauses = counted(activities.gaps, "pause")
        lines.append(f"  {pauses} between samples; {lost:,.1f} min in no window")
    if activities.dropped:
        rows = counted(activities.dropped, "row")
        lines.append(f"  {rows} dropped: a value or time is no number")
    if still.any():
        stood = float(activities.seconds[still].sum() / 60)
        lines.append(
            f"  {stood:,.1f} min without a label: the sensor stood still to the last digit"
        )
    lines.append("   minutes  share  activity")
    for each, value in sorted(minutes.items(), key=lambda item: -item[1]):
        lines.append(f"{value:10,.1f}  {value / covered:5.1%}  {each}")
    if truth is not None:
        lines.append(f"agrees with the truth in {agreement(activities, truth):.1%} of the windows")
    return lines + caution(card)
