"""Classification of a recording, a chunk of rows at a time.

Axes: N windows, T steps, D channels, C classes.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harmodels.data.features.checks import FILTERED_CHANNELS, FILTERED_UNITS
from harmodels.data.features.extract import extract_features
from harmodels.data.features.mapping import apply_map
from harmodels.data.resampling import split_gaps
from harmodels.errors import DataError
from harmodels.estimators.base import NetworkClassifier
from harmodels.estimators.card import normalise
from harmodels.files import atomic_path
from harmodels.recordings.activities import Activities, ScoredWindows, write_rows
from harmodels.recordings.checks import card_of, check_moves, check_units, stood_still
from harmodels.recordings.read import Reader
from harmodels.recordings.stream import GaplessSegment, Windows

Array = NDArray[np.float64]

LARGEST_GAP_S = 0.2
SCORED_AT_ONCE = 1024  # windows; bounds their copies to some tens of megabytes


class Classifier:
    """A pass over the chunks of a recording, by a model with a card.

    `step` None takes the model's samples from one window to the next; pauses up to `largest_gap_s`
    are bridged by interpolation. Raises ModelError if the model does not say what it reads,
    DataError if `step` is not between 1 and the length of a window.
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
        self._largest_gap_s = largest_gap_s
        self._first = self._last = self._recorded_hz = 0.0
        self._gaps = 0

    def batches(self, reader: Reader, progress: Callable[[int], None]) -> Iterator[ScoredWindows]:
        """Yield the windows of a recording, about a thousand at once.

        Raises DataError if units or rate are not those given, or a channel is constant.
        """
        waiting: list[Windows] = []
        for windows in self._windows(reader, progress):
            if not len(windows.starts):
                continue
            if waiting and waiting[0].values.shape[1:] != windows.values.shape[1:]:
                yield self._score(waiting)
                waiting = []
            waiting.append(windows)
            if sum(len(each.starts) for each in waiting) >= SCORED_AT_ONCE:
                yield self._score(waiting)
                waiting = []
        if waiting:
            yield self._score(waiting)

    def _windows(self, reader: Reader, progress: Callable[[int], None]) -> Iterator[Windows]:
        segment: GaplessSegment | None = None
        low = np.full(len(self.card.channels), np.inf)
        high = -low
        for chunk in reader:
            for rows in split_gaps(chunk.times, self._largest_gap_s):
                times, values = chunk.times[rows], chunk.values[rows]
                if segment is None:
                    check_units(chunk.values, self.card.channels, self.card.units)
                    self._first = times[0]
                elif not 0 < times[0] - self._last <= self._largest_gap_s:
                    yield from self._finish(segment)
                    segment = None
                    self._gaps += 1
                if segment is None:
                    segment = GaplessSegment(self.card, self._steps, self._step)
                yield segment.push(times, values)
                self._last = times[-1]
            low = np.minimum(low, chunk.values.min(axis=0, initial=np.inf))
            high = np.maximum(high, chunk.values.max(axis=0, initial=-np.inf))
            progress(chunk.done)
        if segment is None:
            raise DataError(f"{reader.source.path} holds no row of finite numbers")
        check_moves(low, high, reader.source.columns)
        yield from self._finish(segment)

    def _finish(self, segment: GaplessSegment) -> Iterator[Windows]:
        yield from segment.finish()
        self._recorded_hz = self._recorded_hz or segment.found_hz

    def _score(self, parts: list[Windows]) -> ScoredWindows:
        values, following, starts = (np.concatenate(each) for each in zip(*parts, strict=True))
        moves = ~stood_still(values)
        probabilities = np.full((len(values), len(self.classes)), np.nan, np.float32)
        if moves.any():
            inputs = self._inputs(values[moves], following[moves])
            probabilities[moves] = self._model.predict_proba(inputs)
        return ScoredWindows(starts, starts + values.shape[1] / self.card.rate_hz, probabilities)

    def _inputs(self, windows: Array, following: Array) -> Array:
        if self.card.features is None:
            return normalise(windows, self.card)
        computed = extract_features(
            windows,
            FILTERED_CHANNELS,
            self.card.rate_hz,
            FILTERED_UNITS,
            filtered=True,
            following=following,
        )
        return apply_map(self.card.features, computed)

    def summary(self, reader: Reader, parts: list[ScoredWindows]) -> Activities:
        """Return all windows; raises DataError if none shows a sensor that moves."""
        recorded = self._last - self._first
        if not parts:
            needed = (self._steps or 2) / self.card.rate_hz
            raise DataError(
                f"{reader.source.path} holds {recorded:.3g} s in {self._gaps + 1} parts, none as "
                f"long as the {needed:g} s that the model reads at once; record longer, or bridge "
                "longer pauses (--gap)"
            )
        windows = ScoredWindows(*(np.concatenate(each) for each in zip(*parts, strict=True)))
        if np.isnan(windows.probabilities).all():
            raise DataError(
                f"{reader.source.path}: the sensor stood still in every window, to the last digit: "
                "no one wears it, or it is stuck"
            )
        return Activities(
            self.classes,
            windows.starts,
            windows.ends,
            windows.codes,
            windows.probabilities,
            origin=reader.origin,
            recorded_s=recorded,
            rows=reader.rows,
            dropped=reader.dropped,
            gaps=self._gaps,
            recorded_hz=self._recorded_hz,
        )


def classify_recording(
    classifier: Classifier,
    reader: Reader,
    out: Path | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Activities:
    """Classify a recording and write its windows as CSV while they come.

    Classifier and reader are new ones: both keep where they are. `progress` is called with what has
    been read, up to `reader.size`. The file `out` is there when all of it is written.
    """
    parts: list[ScoredWindows] = []
    if out is None:
        parts += classifier.batches(reader, progress)
        return classifier.summary(reader, parts)
    with atomic_path(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        for part in classifier.batches(reader, progress):
            write_rows(stream, part, classifier.classes, reader.origin, header=not parts)
            parts.append(part)
        return classifier.summary(reader, parts)
