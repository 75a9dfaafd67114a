"""Plans of simulated recordings: seed, people, and how much of each is made up."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Simulation:
    """How recordings are made up: seed, people, and seconds of each activity and person."""

    seed: int
    subjects: int
    seconds_per_class: float
    test_subjects: int = 1


@dataclass(frozen=True)
class HandSimulation:
    """How hand recordings are made up: seed, people, repetitions of each action, lengths.

    Lengths are spread from `shortest_frames` to `longest_frames`, both of which occur, half of
    them below `median_frames`.
    """

    seed: int
    subjects: int
    repetitions: int
    shortest_frames: int
    median_frames: int
    longest_frames: int
    test_subjects: int = 1
