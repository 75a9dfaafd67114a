"""Classification of a recording in one pass over its samples.

Axes: N windows, T steps, D channels, C classes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harmodels.data.features.extract import features_of
from harmodels.data.features.mapping import apply_map
from harmodels.data.look import Finding, Look, touched
from harmodels.data.reading.recording import Recording
from harmodels.data.reading.single import naming
from harmodels.data.resampling import split_gaps
from harmodels.errors import DataError
from harmodels.estimators.base import NetworkClassifier
from harmodels.estimators.exports.card import normalise
from harmodels.messages import counted
from harmodels.recordings.activities import Activities, ScoredWindows
from harmodels.recordings.checks import card_of, stood_still
from harmodels.recordings.stream import GaplessSegment, Windows, check_rate

Array = NDArray[np.float64]

LARGEST_GAP_S = 0.2
LEAST_GAP = 1.5  # intervals between samples; less is no pause
LONGEST_LINE_S = 1.0  # of a bridged pause; a window with a longer one says nothing of a motion
SCORED_AT_ONCE = 1024  # windows; bounds their copies to some tens of megabytes
FASTEST_HZ = 1000.0  # of a phone or watch; faster are times in another unit
MOST_FINDINGS = 6  # that are listed one by one


class Classifier:
    """A model with a card, and how its windows are cut from a recording.

    `step` None takes the model's samples from one window to the next; pauses up to `largest_gap_s`
    are bridged by interpolation. Raises ModelError if the model does not say what it reads,
    DataError if `step` is not between 1 and the length of a window, or `largest_gap_s` is negative.
    """

    def __init__(
        self,
        model: NetworkClassifier,
        name: str = "the model",
        *,
        step: int | None = None,
        largest_gap_s: float = LARGEST_GAP_S,
    ) -> None:
        self.card = card_of(model, name)
        self.classes = tuple(str(label) for label in model.classes_)
        self._model = model
        self._steps = self.card.window_steps
        self._step = self.card.window_step if step is None else step
        if step is not None and not self._steps:
            raise DataError(f"--step {step}: {name} reads whole recordings; leave --step out")
        if self._step is not None and not 1 <= self._step <= (self._steps or 1):
            raise DataError(f"--step {step}: give 1 to {self._steps} samples, a whole window")
        if not 0 <= largest_gap_s < np.inf:
            raise DataError(f"--gap {largest_gap_s:g}: give seconds, 0 or more")
        self.largest_gap_s = largest_gap_s
        self.shortest_s = (self._steps or 2) / self.card.rate_hz

    def segment(self, recorded_hz: float) -> GaplessSegment:
        """Return what turns samples without a pause into windows."""
        return GaplessSegment(self.card, self._steps, self._step, recorded_hz)

    def score(self, windows: Windows) -> ScoredWindows:
        """Return the probabilities of some windows; NaN where nothing moves."""
        values, following, starts = windows
        moves = ~stood_still(values)
        probabilities = np.full((len(values), len(self.classes)), np.nan, np.float32)
        if moves.any():
            inputs = self._inputs(values[moves], following[moves])
            probabilities[moves] = self._model.predict_proba(inputs)
        return ScoredWindows(starts, starts + values.shape[1] / self.card.rate_hz, probabilities)

    def _inputs(self, windows: Array, following: Array) -> Array:
        if self.card.features is None:
            return normalise(windows, self.card)
        return apply_map(self.card.features, features_of(windows, following))


@dataclass
class _Seen:
    """What is noticed while a recording is read."""

    look: Look
    first: float = 0.0  # seconds of the first sample and of the last
    last: float = 0.0
    pauses: list[float] = field(default_factory=list)  # in s, between segments
    bridged: list[tuple[float, float]] = field(default_factory=list)  # start and end in s

    def bridge(self, times: Array) -> None:
        """Note pauses longer than usual between times that are in one segment."""
        places = np.flatnonzero(np.diff(times) > LARGEST_GAP_S)
        self.bridged += zip(times[places].tolist(), times[places + 1].tolist(), strict=True)


def classify_recording(
    classifier: Classifier,
    recording: Recording,
    progress: Callable[[int], None] = lambda done: None,
) -> Activities:
    """Return the windows of a recording with their labels.

    A window has none where the sensor stood still, where the look at the recording found something
    that cannot be right, and where a pause of more than a second was bridged. `progress` is called
    with what has been read, up to `recording.size`. Raises DataError where the recording as a whole
    cannot be right, is too short, or no window gets a label.
    """
    card = classifier.card
    meanings = recording.meanings.values()
    form = next((each.time_unit if each.time else "" for each in meanings), "s")
    with naming(Path(recording.name)):
        check_rate(recording.rate_hz, card.rate_hz, form)
    file_units = [recording.file_units[name] for name in card.channels]
    seen = _Seen(Look(card.channels, card.units, card.gravity, file_units))
    windows = _windows(classifier, recording, seen, progress)
    parts = [classifier.score(each) for each in _together(windows)]
    if reason := seen.look.refusal():
        raise DataError(f"{recording.name}: {reason}")
    paused_s = sum(seen.pauses)
    recorded_s = seen.last - seen.first - paused_s
    if not parts:
        short = any(pause <= LONGEST_LINE_S for pause in seen.pauses)
        raise DataError(
            f"{recording.name} holds {recorded_s:.3g} s at {recording.rate_hz:.4g} Hz with "
            f"{counted(len(seen.pauses), 'pause')}, no part as long as the "
            f"{classifier.shortest_s:g} s that the model reads at once; "
            + (f"bridge the pauses (--gap {LONGEST_LINE_S:g})" if short else "record longer")
            + ", or say the rate that is right (--rate)" * (recording.rate_hz > FASTEST_HZ)
        )
    starts, ends, probabilities = (np.concatenate(each) for each in zip(*parts, strict=True))
    still = np.isnan(probabilities[:, 0])
    findings = seen.look.findings()
    probabilities[touched(findings, starts, ends)] = np.nan
    for start, end in seen.bridged:
        if end - start > LONGEST_LINE_S:
            probabilities[(starts < end) & (ends > start)] = np.nan
    notes = [*recording.notes, *_pauses(seen.bridged), *_told(findings)]
    if still.all():
        raise DataError(
            f"{recording.name}: the sensor did not move in any window, to the last digit: no one "
            "wears it, or it is stuck"
        )
    if np.isnan(probabilities).all():
        raise DataError(f"{recording.name}: no window can get a label: {'; '.join(notes)}")
    activities = Activities(
        classifier.classes,
        starts,
        ends,
        probabilities,
        origin=recording.origin,
        recorded_s=recorded_s,
        paused_s=paused_s,
        rows=recording.rows,
        gaps=len(seen.pauses),
        recorded_hz=recording.rate_hz,
        notes=notes,
    )
    if still.any():
        stood = activities.seconds[still].sum() / 60
        notes.append(
            f"{stood:,.1f} min without a label: the sensor did not move, to the last digit"
        )
    return activities


def _windows(
    classifier: Classifier, recording: Recording, seen: _Seen, progress: Callable[[int], None]
) -> Iterator[Windows]:
    segment: GaplessSegment | None = None
    session = 0
    largest_gap_s = max(classifier.largest_gap_s, LEAST_GAP / recording.rate_hz)
    for part in recording.samples():
        seen.look.push(part.session, part.times, part.values)
        for rows in split_gaps(part.times, largest_gap_s):
            times = part.times[rows]
            pause = times[0] - seen.last
            if segment is None:
                seen.first = times[0]
            elif part.session != session or pause > largest_gap_s:
                yield from segment.finish()
                segment = None
                if part.session == session:
                    seen.pauses.append(pause)
            else:
                seen.bridge(np.array([seen.last, times[0]]))
            if segment is None:
                segment = classifier.segment(recording.rate_hz)
            seen.bridge(times)
            yield segment.push(times, part.values[rows])
            session, seen.last = part.session, times[-1]
        progress(part.done)
    if segment is None:
        raise DataError(f"{recording.name} holds no row of finite numbers")
    yield from segment.finish()


def _pauses(bridged: list[tuple[float, float]]) -> list[str]:
    """Return a line on the pauses across which lines were drawn."""
    if not bridged:
        return []
    seconds = sum(end - start for start, end in bridged)
    return [
        f"{counted(len(bridged), 'pause')} of {seconds:.1f} s together bridged by straight lines; "
        f"no label where one is longer than {LONGEST_LINE_S:g} s"
    ]


def _told(findings: Sequence[Finding]) -> list[str]:
    """Return a line on each of the first findings."""
    lines = [
        "; ".join(part for part in (f"{finding.line}: no label", finding.remedy) if part)
        for finding in findings[:MOST_FINDINGS]
    ]
    more = len(findings) - MOST_FINDINGS
    return [*lines, f"{counted(more, 'more such time')}: no label"] if more > 0 else lines


def _together(windows: Iterator[Windows]) -> Iterator[Windows]:
    """Yield about a thousand windows of one length at once."""
    waiting: list[Windows] = []
    for each in windows:
        if not len(each.starts):
            continue
        if waiting and waiting[0].values.shape[1:] != each.values.shape[1:]:
            yield _joined(waiting)
            waiting = []
        waiting.append(each)
        if sum(len(part.starts) for part in waiting) >= SCORED_AT_ONCE:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[Windows]) -> Windows:
    return Windows(*(np.concatenate(each) for each in zip(*parts, strict=True)))
