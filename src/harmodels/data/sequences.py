"""The common form of every data set: labelled sequences of shape (T, D) in a parquet file.

Axes: N sequences, T time steps of one sequence, D channels.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from harmodels.data.facts import SequenceFacts
from harmodels.data.units import UNITS, convert_units
from harmodels.errors import DataError, ResultsError
from harmodels.files import read_table, write_table
from harmodels.runtime.log import LOGGER

PADDING = -99.0  # the value that the hand-action report pads with


def offsets_of(lengths: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (N + 1,) where each of N sequences begins in the values end to end, and their end."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


@dataclass(frozen=True)
class Sequences:
    """Labelled sequences, stored end to end."""

    facts: SequenceFacts
    ids: NDArray[np.str_]  # (N,) unique and stable, for example `train/00042`
    subjects: NDArray[np.str_]  # (N,) who was recorded
    official_split: NDArray[np.str_]  # (N,) `train`, `test` or, without one, empty
    labels: NDArray[np.int64]  # (N,) indices into `facts.classes`
    offsets: NDArray[np.int64]  # (N + 1,); n is `values[offsets[n]:offsets[n + 1]]`
    values: NDArray[np.float32]  # (sum of lengths, D)

    @classmethod
    def of_equal_length(
        cls,
        facts: SequenceFacts,
        windows: NDArray[np.float32],
        *,
        ids: Sequence[str],
        subjects: NDArray[np.str_],
        official_split: NDArray[np.str_],
        labels: NDArray[np.int64],
    ) -> "Sequences":
        """Return the sequences of an array of windows, shape (N, T, D)."""
        count, steps, channels = windows.shape
        return cls(
            facts=facts,
            ids=np.array(ids, dtype=np.str_),
            subjects=subjects,
            official_split=official_split,
            labels=labels,
            offsets=np.arange(count + 1, dtype=np.int64) * steps,
            values=windows.reshape(count * steps, channels),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        """Return sequence `index`, shape (T, D)."""
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(N,) time steps of each sequence."""
        return np.diff(self.offsets)

    def take(self, indices: NDArray[np.int64]) -> "Sequences":
        """Return the sequences at `indices`, in that order."""
        parts = [self[int(i)] for i in indices]
        return replace(
            self,
            ids=self.ids[indices],
            subjects=self.subjects[indices],
            official_split=self.official_split[indices],
            labels=self.labels[indices],
            offsets=offsets_of([len(part) for part in parts]),
            values=np.concatenate(parts) if parts else self.values[:0],
        )

    def select_channels(self, channels: Sequence[str]) -> "Sequences":
        """Return the same sequences with only `channels`, in the order given."""
        missing = [name for name in channels if name not in self.facts.channels]
        if missing:
            raise DataError(
                f"{self.facts.dataset} has no channel {missing[0]!r}; "
                f"it has {', '.join(self.facts.channels)}"
            )
        columns = [self.facts.channels.index(name) for name in channels]
        facts = replace(
            self.facts, channels=tuple(channels), units=tuple(self.facts.units[c] for c in columns)
        )
        return replace(self, facts=facts, values=np.ascontiguousarray(self.values[:, columns]))

    def in_unit(self, unit: str) -> "Sequences":
        """Return the same sequences with every channel in `unit` that measures what it measures.

        Other channels keep theirs, and so do channels whose unit is not known, with a warning. Of
        an accelerometer in g and a gyroscope, the first is converted:

        >>> facts = SequenceFacts("made up", ("sit",), ("acc_x", "gyro_x"), ("g", "rad/s"), 20.0)
        >>> recorded = Sequences.of_equal_length(
        ...     facts, np.ones((1, 1, 2), np.float32), ids=["a"], subjects=np.array(["1"]),
        ...     official_split=np.array([""]), labels=np.array([0]),
        ... )
        >>> converted = recorded.in_unit("m/s²")
        >>> converted.facts.units, converted.values.round(3).tolist()
        (('m/s²', 'rad/s'), [[9.807000160217285, 1.0]])
        """
        units, factors = convert_units(self.facts.units, unit)
        unknown = [own for own in self.facts.units if own not in UNITS]
        if unknown:
            LOGGER.warning(
                "%s: the unit of the recordings is not known (%s), so they are read as they are, "
                "not in %s",
                self.facts.dataset,
                unknown[0],
                unit,
            )
        if factors == [1.0] * len(factors):
            return self
        facts = replace(self.facts, units=units)
        return replace(self, facts=facts, values=self.values * np.array(factors, np.float32))

    def padded(self, fill: float = PADDING) -> NDArray[np.float32]:
        """Return (N, longest T, D), right-padded with `fill`."""
        lengths = self.lengths
        longest = int(lengths.max(initial=0))
        dense = np.full((len(self), longest, len(self.facts.channels)), fill, dtype=np.float32)
        dense[np.arange(longest) < lengths[:, None]] = self.values
        return dense

    def __post_init__(self) -> None:
        name, count = self.facts.dataset, len(self.ids)
        for column in ("subjects", "official_split", "labels"):
            if len(getattr(self, column)) != count:
                raise DataError(f"{name}: {count} ids but {len(getattr(self, column))} {column}")
        if (
            len(self.offsets) != count + 1
            or self.offsets[0] != 0
            or self.offsets[-1] != len(self.values)
        ):
            raise DataError(f"{name}: offsets do not cover the {len(self.values)} rows of values")
        if self.values.ndim != 2 or self.values.shape[1] != len(self.facts.channels):
            raise DataError(
                f"{name}: values have shape {self.values.shape}, "
                f"not (·, {len(self.facts.channels)})"
            )
        if len(np.unique(self.ids)) != count:
            raise DataError(f"{name}: sequence ids are not unique")
        if count == 0:
            return
        if self.lengths.min() < 1:
            raise DataError(f"{name}: sequence {self.ids[self.lengths.argmin()]} is empty")
        outside = np.flatnonzero((self.labels < 0) | (self.labels >= len(self.facts.classes)))
        if len(outside):
            raise DataError(
                f"{name}: sequence {self.ids[outside[0]]} has label {self.labels[outside[0]]}, "
                f"outside 0…{len(self.facts.classes) - 1}"
            )
        bad = np.flatnonzero(~np.isfinite(self.values).all(axis=1))
        if len(bad):
            sequence = int(np.searchsorted(self.offsets, bad[0], side="right")) - 1
            raise DataError(
                f"{name}: sequence {self.ids[sequence]} holds NaN or infinity at step "
                f"{bad[0] - self.offsets[sequence]}; mend or drop the recording"
            )


def write_sequences(path: str | Path, sequences: Sequences) -> None:
    """Write sequences.parquet, one row a sequence.

    Columns: id, subject, official_split, label, length, values.
    `values` is the sequence flattened step by step, T·D numbers; the facts are metadata.
    """
    facts = sequences.facts
    width = len(facts.channels)
    values = pa.LargeListArray.from_arrays(
        pa.array(sequences.offsets * width), pa.array(sequences.values.reshape(-1))
    )
    table = pa.table(
        {
            "id": pa.array(sequences.ids.tolist(), pa.string()),
            "subject": pa.array(sequences.subjects.tolist(), pa.string()),
            "official_split": pa.array(sequences.official_split.tolist(), pa.string()),
            "label": pa.array(sequences.labels, pa.int64()),
            "length": pa.array(sequences.lengths, pa.int64()),
            "values": values,
        }
    )
    write_table(path, table, asdict(facts))


def read_sequences(path: str | Path) -> Sequences:
    """Read what `write_sequences` wrote.

    Raises ResultsError if the file is missing, damaged, or holds something else, DataError if its
    content breaks a promise of `Sequences`.
    """
    table, metadata = read_table(path)
    try:
        return _from_table(table, metadata)
    except (AttributeError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise ResultsError(
            f"{path} holds no sequences ({error}). Delete it and run snakemake again."
        ) from error


def _from_table(table: pa.Table, metadata: dict[str, Any]) -> Sequences:
    facts = SequenceFacts(
        dataset=metadata["dataset"],
        classes=tuple(metadata["classes"]),
        channels=tuple(metadata["channels"]),
        units=tuple(metadata["units"]),
        rate_hz=float(metadata["rate_hz"]),
        simulated=bool(metadata["simulated"]),
    )
    flat = table["values"].combine_chunks().flatten().to_numpy()
    return Sequences(
        facts=facts,
        ids=np.array(table["id"].to_pylist(), dtype=np.str_),
        subjects=np.array(table["subject"].to_pylist(), dtype=np.str_),
        official_split=np.array(table["official_split"].to_pylist(), dtype=np.str_),
        labels=table["label"].to_numpy().astype(np.int64),
        offsets=offsets_of(table["length"].to_numpy()),
        values=np.array(flat, dtype=np.float32).reshape(-1, len(facts.channels)),
    )


def read_subjects(*paths: str | Path) -> pd.DataFrame:
    """Return who was recorded, without reading the values: columns `id`, `subject`, `dataset`.

    Each path is the sequences.parquet of a data set; ids are unique within one.
    """
    frames = []
    for path in paths:
        table, facts = read_table(path, columns=["id", "subject"])
        frames.append(table.to_pandas().assign(dataset=facts["dataset"]))
    return pd.concat(frames, ignore_index=True)
