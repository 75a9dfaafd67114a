"""Simulated recordings of invented people, written in the raw formats of the real data sets."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmodels.data.dataset import Dataset, HandSimulation, Simulation
from harmodels.data.features.signals import reduce_noise, split_gravity
from harmodels.data.formats.motionsense import ATTITUDE, CODES, GRAVITY, INDEX, TRIALS, TURN, USER
from harmodels.data.formats.uci_har import LABELS, STEPS, signal_file
from harmodels.data.simulation.hand_recordings import write_fpha
from harmodels.data.simulation.phone_motion import (
    ACTIVITIES,
    Person,
    Recording,
    draw_person,
    record,
)
from harmodels.data.simulation.placements import PLACEMENTS
from harmodels.data.units import STANDARD_GRAVITY
from harmodels.errors import ConfigurationError, DataError
from harmodels.files import write_text
from harmodels.seeds import Purpose, generator

PHONE_RANGE = 2 * STANDARD_GRAVITY  # where the accelerometer of the pocket phone saturates
MARGIN_S = 12.0  # recorded before and after, so that the filters have settled
AXES = ("x", "y", "z")


def simulate(dataset: Dataset, folder: Path) -> None:
    """Write the raw files of a simulated data set below `folder`; the same seed, the same bytes.

    Raises ConfigurationError if its format has no simulation, or an activity is unknown.
    """
    plan = dataset.simulation
    if plan is None:
        raise ConfigurationError(f"{dataset.name} is not simulated; it has no key simulation")
    phones = {"uci_har": write_uci_har, "wisdm": write_wisdm, "motionsense": write_motionsense}
    writers: dict[str, Any] = (
        {"fpha": write_fpha} if isinstance(plan, HandSimulation) else {**phones}
    )
    if dataset.format not in writers:
        raise ConfigurationError(f"{dataset.name}: the format {dataset.format} cannot be simulated")
    write = writers[dataset.format]
    rate_hz = dataset.recorded_hz or dataset.rate_hz
    write(folder / dataset.path, dataset.classes, plan, rate_hz=rate_hz)


def write_uci_har(
    folder: Path, classes: Sequence[str], plan: Simulation, *, rate_hz: float
) -> None:
    """Write labels, subjects and the nine inertial signals, a phone at the waist.

    Windows of 128 steps overlap by half. As in UCI HAR the accelerations are low-pass filtered
    (20 Hz), and body acceleration is what a 0.3 Hz low-pass leaves of the total one. The last
    `plan.test_subjects` people are the test data.
    """
    lines = [f"{number} {name.upper()}" for number, name in enumerate(classes, start=1)]
    write_text(folder / LABELS, "\r\n".join([*lines, ""]))
    first_test = plan.subjects - plan.test_subjects
    for split, people in (
        ("train", range(first_test)),
        ("test", range(first_test, plan.subjects)),
    ):
        windows, labels, subjects = [], [], []
        for person in people:
            for label, _, recording in _recordings(classes, plan, person, rate_hz, on_thigh=False):
                cut = _windows(_inertial(recording, rate_hz))
                windows.append(cut)
                labels += [label + 1] * len(cut)
                subjects += [person + 1] * len(cut)
        _write_split(folder, split, np.concatenate(windows), labels, subjects)


def write_wisdm(path: Path, classes: Sequence[str], plan: Simulation, *, rate_hz: float) -> None:
    """Write the raw text of WISDM, a phone in the trouser pocket, in m/s².

    The text has the faults of the original: two records on a line, a trailing comma, a missing
    number, a timestamp of zero. They stand where one activity follows another.
    """
    lines = []
    tick = round(1e9 / rate_hz)
    for person in range(plan.subjects):
        time = (person + 1) * 10**13
        for label, _, recording in _recordings(classes, plan, person, rate_hz, on_thigh=True):
            name = f"{person + 1},{classes[label].capitalize()}"
            felt = np.clip(recording.acceleration * STANDARD_GRAVITY, -PHONE_RANGE, PHONE_RANGE)
            for up, left, forward in felt:
                time += tick
                lines.append(f"{name},{time},{left:.7g},{up:.7g},{forward:.7g};")
            lines[-2:] = [lines[-2] + lines[-1]]
            lines += [f"{name},0,0,0,0;", f"{name},{time},0.5,9.8,;"]
            lines.append(f"{name},{time + tick},{left:.7g},{up:.7g},{forward:.7g},;")
            time += 10**11
    write_text(path, "\n".join([*lines, ""]))


def write_motionsense(
    folder: Path, classes: Sequence[str], plan: Simulation, *, rate_hz: float
) -> None:
    """Write the folders of MotionSense, an iPhone upside down in the trouser pocket.

    Each person has as many trials of an activity as in the original, and
    `plan.seconds_per_class` seconds of it altogether.
    """
    codes = {name: code for code, name in CODES.items()}
    header = ",".join([INDEX, *ATTITUDE, *GRAVITY, *TURN, *USER])
    row = "%d" + ",%.6f" * (header.count(","))
    for person in range(plan.subjects):
        trials = _recordings(classes, plan, person, rate_hz, on_thigh=True, trials=TRIALS)
        for label, number, recording in trials:
            motion = _device_motion(recording, rate_hz)
            lines = [row % (index, *values) for index, values in enumerate(motion.tolist())]
            name = f"{codes[classes[label]]}_{TRIALS[classes[label]][number]}"
            path = folder / name / f"sub_{person + 1}.csv"
            write_text(path, "\n".join([header, *lines, ""]))


def _device_motion(recording: Recording, rate_hz: float) -> NDArray[np.float64]:
    """Return (T, 12) attitude, gravity, angular velocity, user acceleration in an iPhone's axes.

    Its gravity points down where the sensor feels the push up, and accelerations follow in sign.
    """
    phone = PLACEMENTS["motionsense"]
    felt, steady = map(phone.acceleration, (recording.acceleration, recording.gravity))
    turn = phone.rotation(recording.rotation)
    roll = np.arctan2(steady[:, 0], -steady[:, 2])
    pitch = np.arcsin(np.clip(-steady[:, 1], -1, 1))
    yaw = np.cumsum(-(turn * steady).sum(axis=1)) / rate_hz
    return np.column_stack([roll, pitch, yaw, steady, turn, felt - steady])


def _recordings(
    classes: Sequence[str],
    plan: Simulation,
    index: int,
    rate_hz: float,
    *,
    on_thigh: bool,
    trials: Mapping[str, Sequence[int]] | None = None,
) -> Iterator[tuple[int, int, Recording]]:
    """Yield label, number of the trial and recording of all that one person does.

    Each has a generator of its own, so that a person is the same in a larger group.
    """
    person: Person = draw_person(generator(plan.seed, Purpose.SIMULATION, index))
    known = list(ACTIVITIES)
    margin = round(MARGIN_S * rate_hz)
    for label, name in enumerate(classes):
        activity = name.removeprefix("walking_")
        if activity not in ACTIVITIES:
            raise ConfigurationError(f"activity {name!r} should be one of {', '.join(known)}")
        count = len(trials[name]) if trials else 1
        samples = round(plan.seconds_per_class / count * rate_hz) + 2 * margin
        for trial in range(count):
            number = 1 + known.index(activity) + trial * len(known)
            whole = record(
                ACTIVITIES[activity],
                person,
                samples=samples,
                rate_hz=rate_hz,
                on_thigh=on_thigh,
                random=generator(plan.seed, Purpose.SIMULATION, index, number),
            )
            if on_thigh:  # written unfiltered, so that no margin is needed
                part = slice(margin, -margin)
                parts = (whole.acceleration, whole.rotation, whole.gravity)
                whole = Recording(*(values[part] for values in parts))
            yield label, trial, whole


def _inertial(recording: Recording, rate_hz: float) -> NDArray[np.float64]:
    """Return (T, 9) total acceleration, body acceleration and angular velocity, margins cut."""
    # the filters with which a recording of one's own is read: those of the features
    total, rotation = reduce_noise(recording.acceleration), reduce_noise(recording.rotation)
    gravity = split_gravity(total)
    margin = round(MARGIN_S * rate_hz)
    return np.hstack([total, total - gravity, rotation])[margin:-margin]


def _windows(signals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (windows, STEPS, 9), half overlapping."""
    if len(signals) < STEPS:
        raise DataError(f"{len(signals)} simulated samples fill no window of {STEPS} steps")
    view = np.lib.stride_tricks.sliding_window_view(signals, STEPS, axis=0)
    return view[:: STEPS // 2].swapaxes(1, 2)


def _write_split(
    folder: Path,
    split: str,
    windows: NDArray[np.float64],
    labels: list[int],
    subjects: list[int],
) -> None:
    names = [f"{s}_{axis}" for s in ("total_acc", "body_acc", "body_gyro") for axis in AXES]
    for index, name in enumerate(names):
        lines = [" ".join(f"{value: .7e}" for value in row) for row in windows[:, :, index]]
        write_text(signal_file(folder, split, name), "\r\n".join([*lines, ""]))
    write_text(folder / split / f"y_{split}.txt", "".join(f"{label}\r\n" for label in labels))
    write_text(folder / split / f"subject_{split}.txt", "".join(f"{s}\r\n" for s in subjects))
