"""A week of a phone at 50 Hz through `harmodels classify`: speed and peak memory.

An hour of a simulated person is written over and over, with its pauses, as CSV or Parquet into a
temporary folder. Two models classify it, a GRU on acceleration and a perceptron on the 561
features, each in a process of its own, start included. Printed is how much faster than recorded
that was, and the process's peak memory (ru_maxrss).
"""

import argparse
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from sklearn.exceptions import ConvergenceWarning

from harmodels import GRUClassifier, HarFeatures, MLPClassifier, ModelCard, TrainingData
from harmodels.data.features.checks import RAW_CHANNELS, UNIT
from harmodels.data.features.signals import LENGTH, STEP
from harmodels.data.simulation.afternoon import simulate_afternoon
from harmodels.data.units import STANDARD_GRAVITY
from harmodels.recordings.stream import UCI_HAR

CLASSES = ("walking", "walking_upstairs", "walking_downstairs", "sitting", "standing", "laying")
RATE_HZ = 50.0
HOUR_S = 3600.0
COMMAND = "import sys; from harmodels.cli import main; sys.exit(main())"
COLUMNS = "time=t," + ",".join(f"acc_{axis}=a{axis}" for axis in "xyz")
GYRO = "," + ",".join(f"gyro_{axis}=g{axis}" for axis in "xyz")


def write_recording(path: Path, hours: int) -> int:
    """Write a recording of `hours` hours, one at a time, and return its number of rows."""
    hour = simulate_afternoon(CLASSES, minutes=60, rate_hz=RATE_HZ, seed=1).samples.round(5)
    hour = hour[hour["t"] < HOUR_S]
    schema = pa.Table.from_pandas(hour, preserve_index=False).schema
    kind = pq.ParquetWriter if path.suffix == ".parquet" else pa.csv.CSVWriter
    with kind(str(path), schema) as writer:
        for number in range(hours):
            shifted = hour.assign(t=hour["t"] + number * HOUR_S)
            writer.write_table(pa.Table.from_pandas(shifted, schema, preserve_index=False))
    return hours * len(hour)


def write_models(folder: Path) -> dict[str, tuple[Path, str]]:
    """Train both models for an epoch, since only their size matters; return folder and columns."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    samples = simulate_afternoon(CLASSES, minutes=10, rate_hz=RATE_HZ, seed=2).samples.to_numpy()
    values = samples[: len(samples) // LENGTH * LENGTH, 1:].reshape(-1, LENGTH, 6)
    values = values / np.array([STANDARD_GRAVITY] * 3 + [1.0] * 3)
    labels = np.resize(CLASSES, len(values))
    data = TrainingData("simulated", simulated=True)
    gru = GRUClassifier(64, epochs=1, random_state=1).fit(values[..., :3], labels)
    card = ModelCard(RAW_CHANNELS[:3], ("g",) * 3, RATE_HZ, data, LENGTH, STEP, UCI_HAR)
    gru.save(folder / "gru", card)
    features = HarFeatures()
    perceptron = MLPClassifier((300, 100), epochs=1, random_state=1)
    perceptron.fit(features.fit_transform(values), labels)
    units = tuple(UNIT[channel] for channel in RAW_CHANNELS)
    card = ModelCard(RAW_CHANNELS, units, RATE_HZ, data, LENGTH, STEP, features=features.map_)
    perceptron.save(folder / "perceptron", card)
    return {
        "GRU, 64 units": (folder / "gru", COLUMNS),
        "perceptron, 561 features": (folder / "perceptron", COLUMNS + GYRO),
    }


def classify(recording: Path, model: Path, columns: str) -> tuple[float, float, float]:
    """Return a process's seconds, its seconds of a processor, and its peak memory in MB."""
    arguments = [str(recording), "--model", str(model), "--columns", columns, "--unit", "acc=m/s2"]
    arguments += ["--out", str(recording.with_name("activities.csv"))]
    started = time.perf_counter()
    process = os.posix_spawn(
        sys.executable, [sys.executable, "-c", COMMAND, "classify", *arguments], os.environ
    )
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"harmodels classify ended with {os.waitstatus_to_exitcode(status)}")
    seconds = time.perf_counter() - started
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recordings", description=__doc__)
    parser.add_argument("--hours", type=int, default=7 * 24, help="length of the recording (168)")
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        recording = folder / f"week.{arguments.format}"
        samples = write_recording(recording, arguments.hours)
        for name, (model, columns) in write_models(folder).items():
            seconds, processor, megabytes = classify(recording, model, columns)
            faster = arguments.hours * HOUR_S / seconds
            numbers = (seconds, processor, faster, megabytes)
            rows.append(" | ".join([f"| {name}", *(f"{number:,.0f}" for number in numbers)]) + " |")
    print(f"\n{arguments.hours} h, {samples:,} rows, {arguments.format}, {os.cpu_count()} cores\n")
    print("| model | seconds | of a processor | times faster than recorded | peak memory, MB |")
    print("| --- | ---: | ---: | ---: | ---: |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
