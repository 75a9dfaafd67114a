"""Simulated hand recordings in the file layout of the First-Person Hand Action benchmark."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from harmodels.data.dataset import HandSimulation
from harmodels.data.formats.fpha import PREFIX, RECORDING, SPLIT
from harmodels.data.simulation.hand_motion import ACTIONS, draw_hand, move
from harmodels.errors import ConfigurationError
from harmodels.files import write_text
from harmodels.seeds import Purpose, generator

HEAVY = 3.0  # standard normal quantile at which the shortest and the longest recording stand


def write_fpha(
    folder: Path, classes: Sequence[str], plan: HandSimulation, *, rate_hz: float
) -> None:
    """Write one skeleton.txt a recording, and the split file beside the folder.

    The last `plan.test_subjects` people are the test data. The same plan gives the same bytes; a
    person's hand is the same in a larger group, the lengths are not. Raises ConfigurationError if a
    class is not one of the benchmark's actions.
    """
    strange = [name for name in classes if name not in ACTIONS]
    if strange:
        raise ConfigurationError(f"action {strange[0]!r} should be one of {', '.join(ACTIONS)}")
    known = list(ACTIONS)
    lengths = iter(draw_lengths(plan, plan.subjects * len(classes) * plan.repetitions).tolist())
    listed: dict[str, list[str]] = {"Training": [], "Test": []}
    for person in range(plan.subjects):
        hand = draw_hand(generator(plan.seed, Purpose.SIMULATION, person))
        split = "Training" if person < plan.subjects - plan.test_subjects else "Test"
        for label, action in enumerate(classes):
            for repetition in range(1, plan.repetitions + 1):
                epoch = known.index(action) * plan.repetitions + repetition
                joints = move(
                    action,
                    hand,
                    frames=next(lengths),
                    rate_hz=rate_hz,
                    random=generator(plan.seed, Purpose.SIMULATION, person, epoch),
                )
                name = f"{PREFIX}{person + 1}/{action}/{repetition}"
                write_text(folder / name / RECORDING, skeleton_text(joints))
                listed[split].append(f"{name} {label}")
    lines = [line for split, names in listed.items() for line in (f"{split} {len(names)}", *names)]
    write_text(folder.parent / SPLIT, "\n".join([*lines, ""]))


def skeleton_text(joints: NDArray[np.float64]) -> str:
    """Return the text of a recording: a line a frame, its number and x y z of every joint in mm."""
    rows = joints.reshape(len(joints), -1)
    line = " ".join(["%.4f"] * rows.shape[1])
    return "".join(f"{frame:04d} {line % tuple(row)}\n" for frame, row in enumerate(rows.tolist()))


def draw_lengths(plan: HandSimulation, count: int) -> NDArray[np.int64]:
    """Return (count,) frames of each recording in random order, both extremes among them.

    They are evenly spaced quantiles of a log-normal distribution, wider above the median than
    below: many short recordings and a few very long ones, as in the benchmark.
    """
    edge = norm.cdf(HEAVY)
    score = norm.ppf(np.linspace(1 - edge, edge, count)) / HEAVY  # -1 to 1
    reach = np.where(score > 0, plan.longest_frames, plan.shortest_frames)
    frames = plan.median_frames * (reach / plan.median_frames) ** np.abs(score)
    random = generator(plan.seed, Purpose.SIMULATION, plan.subjects)
    return random.permutation(np.round(frames).astype(np.int64))
