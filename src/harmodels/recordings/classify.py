"""Classification of a recording: windows with start, end, label and probabilities.

Axes: N windows, T steps, D channels, C classes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.data.features.checks import FILTERED_CHANNELS, FILTERED_UNITS
from harmodels.data.features.extract import extract_features
from harmodels.data.features.mapping import apply_map
from harmodels.data.resampling import split_gaps
from harmodels.errors import DataError
from harmodels.estimators.base import NetworkClassifier
from harmodels.estimators.card import ModelCard, normalise
from harmodels.files import atomic_path
from harmodels.recordings.checks import card_of, check_moves, check_units, stood_still
from harmodels.recordings.read import Chunk, Reader
from harmodels.recordings.stream import Part, Windows

Array = NDArray[np.float64]

NO_LABEL = -1  # a window in which the sensor stood still
LARGEST_GAP_S = 0.2
SCORED_AT_ONCE = 1024  # windows; bounds their copies to some tens of megabytes


@dataclass
class Activities:
    """The windows of a recording in their order.

    Attributes
    ----------
    classes
        (C,) names.
    starts, ends
        (N,) seconds since the first sample.
    codes
        (N,) indices into `classes`; -1 where the sensor stood still.
    probabilities
        (N, C) float32; NaN where the sensor stood still.
    origin
        Time of the first sample: a date or seconds.
    recorded_s
        Seconds from the first sample to the last.
    rows, dropped, gaps
        Rows of the file; those with a value that is no number; pauses between samples.
    recorded_hz
        Samples a second of the first part.
    """

    classes: tuple[str, ...]
    starts: Array
    ends: Array
    codes: NDArray[np.int16]
    probabilities: NDArray[np.float32]
    origin: Any
    recorded_s: float
    rows: int
    dropped: int
    gaps: int
    recorded_hz: float

    @property
    def seconds(self) -> Array:
        """(N,) seconds from the start of each window to that of the next, or to its end."""
        following = np.append(self.starts[1:], np.inf)
        return np.minimum(self.ends, np.maximum(following, self.starts)) - self.starts

    def minutes(self) -> dict[str, float]:
        """Return the minutes of each class; overlapping windows count once."""
        return {
            name: float(self.seconds[self.codes == code].sum() / 60)
            for code, name in enumerate(self.classes)
        }


@dataclass
class _Batch:
    """Windows that wait to be scored together, across parts and chunks."""

    values: list[Array] = field(default_factory=list)
    following: list[Array] = field(default_factory=list)
    starts: list[Array] = field(default_factory=list)
    count: int = 0


class Classifier:
    """A pass over the chunks of a recording.

    Parameters
    ----------
    model
        Loaded, with a card.
    name
        Of the model, for messages.
    step
        Samples from one window to the next; None takes the model's.
    largest_gap_s
        Longest pause that is bridged by interpolation.

    Raises
    ------
    ModelError
        If the model does not say what it reads.
    DataError
        If `step` is longer than a window.
    """

    def __init__(
        self,
        model: NetworkClassifier,
        name: str = "the model",
        *,
        step: int | None = None,
        largest_gap_s: float = LARGEST_GAP_S,
    ) -> None:
        self.card: ModelCard = card_of(model, name)
        self._model = model
        self._steps = self.card.window_steps
        self._step = step or self.card.window_step
        if self._steps and self._step and not 1 <= self._step <= self._steps:
            raise DataError(f"--step {step}: a window has {self._steps} samples; give 1 to that")
        self._largest_gap_s = largest_gap_s
        self._part: Part | None = None
        self._part_start = self._last = 0.0
        self._gaps = 0
        self._recorded_hz = 0.0
        self._first: float | None = None
        self._batch = _Batch()

    def batches(
        self, reader: Reader, progress: Callable[[int], None]
    ) -> Iterator[tuple[Array, Array, NDArray[np.float32]]]:
        """Yield starts (n,), ends (n,) and probabilities (n, C) of the windows of a recording.

        Raises
        ------
        DataError
            If the units or the rate are not those that were said, or a channel is constant.
        """
        low = np.full(len(self.card.channels), np.inf)
        high = -low
        for chunk in reader:
            if len(chunk.times):
                if self._first is None:
                    check_units(chunk.values, self.card.channels, self.card.units)
                    self._first = float(chunk.times[0])
                low = np.minimum(low, chunk.values.min(axis=0))
                high = np.maximum(high, chunk.values.max(axis=0))
                yield from self._scored(self._windows(chunk))
            progress(chunk.done)
        if self._first is None:
            raise DataError(f"{reader.source.path} holds no row of finite numbers")
        check_moves(low, high, reader.source.columns)
        yield from self._scored(self._finish())
        yield from self._flush()

    def _windows(self, chunk: Chunk) -> Iterator[tuple[float, Windows]]:
        for rows in split_gaps(chunk.times, self._largest_gap_s):
            times = chunk.times[rows]
            pause = times[0] - self._last
            if self._part is not None and not 0 < pause <= self._largest_gap_s:
                yield from self._finish()
                self._gaps += 1
            if self._part is None:
                self._part = Part(self.card, self._steps, self._step)
                self._part_start = times[0]
            yield self._part_start, self._part.push(times, chunk.values[rows])
            self._last = times[-1]

    def _finish(self) -> Iterator[tuple[float, Windows]]:
        part, self._part = self._part, None
        if part is not None:
            for windows in part.finish():
                yield self._part_start, windows
            self._recorded_hz = self._recorded_hz or part.found_hz

    def _scored(
        self, parts: Iterator[tuple[float, Windows]]
    ) -> Iterator[tuple[Array, Array, NDArray[np.float32]]]:
        for start, windows in parts:
            if not len(windows.starts):
                continue
            batch = self._batch
            if batch.values and batch.values[0].shape[1:] != windows.values.shape[1:]:
                yield from self._flush()
                batch = self._batch
            batch.values.append(windows.values)
            batch.following.append(windows.following)
            batch.starts.append(start + windows.starts / self.card.rate_hz)
            batch.count += len(windows.starts)
            if batch.count >= SCORED_AT_ONCE:
                yield from self._flush()

    def _flush(self) -> Iterator[tuple[Array, Array, NDArray[np.float32]]]:
        batch, self._batch = self._batch, _Batch()
        if batch.count:
            yield self._score(batch)

    def _score(self, batch: _Batch) -> tuple[Array, Array, NDArray[np.float32]]:
        values = np.concatenate(batch.values)
        starts = np.concatenate(batch.starts)
        ends = starts + values.shape[1] / self.card.rate_hz
        moves = ~stood_still(values)
        probabilities = np.full((len(values), len(self._model.classes_)), np.nan, np.float32)
        if moves.any():
            inputs = self._inputs(values[moves], np.concatenate(batch.following)[moves])
            probabilities[moves] = self._model.predict_proba(inputs)
        return starts, ends, probabilities

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

    def summary(self, reader: Reader, parts: list[tuple[Any, ...]]) -> Activities:
        """Return all windows.

        Raises
        ------
        DataError
            If there is no window, or the sensor stood still in all of them.
        """
        recorded = self._last - (self._first or 0.0)
        classes = tuple(str(name) for name in self._model.classes_)
        if not parts:
            needed = (self._steps or 2) / self.card.rate_hz
            raise DataError(
                f"{reader.source.path} holds {recorded:.3g} s in {self._gaps + 1} parts, none as "
                f"long as the {needed:g} s that the model reads at once; record longer, or bridge "
                "longer pauses (--gap)"
            )
        starts, ends, probabilities = (np.concatenate(each) for each in zip(*parts, strict=True))
        judged = ~np.isnan(probabilities[:, 0])
        if not judged.any():
            raise DataError(
                f"{reader.source.path}: the sensor stood still in every window, to the last digit: "
                "no one wears it, or it is stuck"
            )
        best = np.nan_to_num(probabilities).argmax(axis=1)
        return Activities(
            classes=classes,
            starts=starts,
            ends=ends,
            codes=np.where(judged, best, NO_LABEL).astype(np.int16),
            probabilities=probabilities,
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

    Parameters
    ----------
    classifier, reader
        New ones: both keep where they are.
    out
        Columns start, end, label, and the probability of each class; the file is there when all
        of it is written.
    progress
        Is told what has been read, up to `reader.size`.

    Raises
    ------
    DataError
        If the recording is not what the model covers.
    ResultsError
        If `out` cannot be written.
    """
    parts = []
    if out is None:
        parts = list(classifier.batches(reader, progress))
        return classifier.summary(reader, parts)
    classes = [str(name) for name in classifier._model.classes_]
    with atomic_path(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        stream.write(",".join(["start", "end", "label", *map(_quoted, classes)]) + "\n")
        for part in classifier.batches(reader, progress):
            parts.append(part)
            _frame(part, classes, reader.origin).to_csv(
                stream, header=False, index=False, float_format="%.4f", lineterminator="\n"
            )
        return classifier.summary(reader, parts)


def _frame(part: tuple[Array, Array, Any], classes: list[str], origin: Any) -> pd.DataFrame:
    starts, ends, probabilities = part
    names = np.array([*classes, ""], dtype=object)
    judged = ~np.isnan(probabilities[:, 0])
    codes = np.where(judged, np.nan_to_num(probabilities).argmax(axis=1), len(classes))
    frame = pd.DataFrame(
        {"start": clock(starts, origin), "end": clock(ends, origin), "label": names[codes]}
    )
    return frame.join(pd.DataFrame(probabilities, columns=[f"p{c}" for c in range(len(classes))]))


def clock(seconds: Array, origin: Any) -> Any:
    """Return times as in the file: dates, or seconds to the thousandth."""
    if isinstance(origin, pd.Timestamp):
        stamps = origin + pd.to_timedelta(seconds, unit="s")
        return stamps.round("ms").strftime("%Y-%m-%dT%H:%M:%S.%f").str[:-3]
    return pd.Series(seconds + (origin or 0.0)).map("{:.3f}".format)


def _quoted(name: str) -> str:
    return f'"{name}"' if "," in name else name
