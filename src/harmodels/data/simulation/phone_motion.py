"""A model of what a phone on a moving person measures: posture, gait, and a sensor with faults.

The axes of the body are up, left and forward. A recording is a path of orientations R(t) and of
linear accelerations a(t); the accelerometer feels R(t)ᵀ (a(t) + up), in g, and the gyroscope the
rotation from one sample to the next, so both tell of the same motion.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.spatial.transform import Rotation
from scipy.special import ive

Array = NDArray[np.float64]

UNEXPLAINED = 0.05  # g
UP = np.array([1.0, 0.0, 0.0])


@dataclass(frozen=True)
class Activity:
    """How an activity looks in an average person; accelerations in g, angles in radians."""

    cadence: float = 0.0  # steps a second; 0 for a posture
    up: float = 0.0  # amplitudes of the periodic acceleration
    left: float = 0.0
    forward: float = 0.0
    impact: float = 0.0  # height of the heel strike
    sharpness: float = 1.0  # concentration of its von Mises bump
    lean: float = 0.0  # forward tilt of the waist from upright
    thigh: float = 0.0  # the thigh's
    spread: float = 0.06  # standard deviation of the tilt from person to person
    sway: float = 0.03  # standard deviation of the slow wandering of the tilt


ACTIVITIES = {
    "walking": Activity(1.9, 0.24, 0.10, 0.16, 0.22, 6.0, lean=0.00, thigh=0.00),
    "upstairs": Activity(1.6, 0.19, 0.15, 0.11, 0.12, 3.0, lean=0.16, thigh=0.30),
    "downstairs": Activity(2.0, 0.28, 0.15, 0.18, 0.75, 14.0, lean=-0.04, thigh=0.15),
    "jogging": Activity(2.6, 0.75, 0.22, 0.32, 0.70, 8.0, lean=0.08, thigh=0.10),
    "sitting": Activity(lean=-0.30, thigh=1.35, spread=0.12, sway=0.008),
    "standing": Activity(lean=0.02, thigh=0.02, spread=0.06, sway=0.012),
    "laying": Activity(lean=-1.50, thigh=-1.45, spread=0.15, sway=0.004),
}


@dataclass(frozen=True)
class Person:
    """What stays the same in all recordings of a person."""

    cadence: float  # factor on the steps a second
    vigour: float  # factor on the size of movements
    mounting: Array  # of the phone, as rotation vector in radians
    phases: Array  # (12,) where in the stride each harmonic has its maximum, in radians
    limp: float  # part of the acceleration that repeats with the stride and not with the step
    noise: float  # standard deviation of the accelerometer's, in g
    bias: Array  # (3,) of the gyroscope in rad/s


@dataclass(frozen=True)
class Recording:
    """What the sensors feel, each (T, 3): up, left, forward."""

    acceleration: Array  # in g, that which carries the body against gravity included
    rotation: Array  # in rad/s
    gravity: Array  # in g, the part of `acceleration` of a phone at rest


def draw_person(random: np.random.Generator) -> Person:
    """Return a person; all differ in gait, in how the phone sits, and in the phone."""
    return Person(
        cadence=random.normal(1.0, 0.06),
        vigour=random.lognormal(0.0, 0.14),
        mounting=random.normal(0.0, 0.07, 3),
        phases=random.normal(0.0, 0.6, 12),
        limp=random.uniform(0.05, 0.25),
        noise=random.uniform(0.006, 0.014),
        bias=random.normal(0.0, 0.015, 3),
    )


def record(
    activity: Activity,
    person: Person,
    *,
    samples: int,
    rate_hz: float,
    on_thigh: bool,
    random: np.random.Generator,
) -> Recording:
    """Return one recording of a person who does one thing all the time.

    `on_thigh` is a phone in a trouser pocket, where it swings with the leg; else it is at the
    waist. `random` draws what differs from one recording to the next.
    """
    vigour = person.vigour * random.lognormal(0.0, 0.1)
    strength = vigour * (1 + wander(samples, rate_hz, 2.0, 0.1, random))
    stride = _stride(activity, person, samples, rate_hz, random)
    linear = _linear(activity, person, stride) * strength[:, None]
    if activity.cadence > 0:  # soft tissue, clothes, uneven ground: what no harmonic explains
        shake = [wander(samples, rate_hz, 0.06, UNEXPLAINED, random) for _ in range(3)]
        linear += vigour * np.column_stack(shake)
    path = _orientation(activity, person, stride, strength, rate_hz, on_thigh, random)
    felt = path.inv().apply(linear + UP)
    felt += random.normal(0.0, person.noise, felt.shape)
    # the last sample has no successor and repeats the turn before it
    turns = (path[:-1].inv() * path[1:]).as_rotvec() * rate_hz
    rotation = np.concatenate([turns, turns[-1:]]) + person.bias
    rotation += random.normal(0.0, person.noise, rotation.shape)
    return Recording(felt, rotation, path.inv().apply(UP))


def wander(
    samples: int, rate_hz: float, seconds: float, deviation: float, random: np.random.Generator
) -> Array:
    """Return (samples,) of an Ornstein–Uhlenbeck process: slow drift that stays near zero.

    `seconds` is its time constant, `deviation` its stationary standard deviation.
    """
    decay = np.exp(-1.0 / (seconds * rate_hz))
    shocks = random.normal(0.0, deviation * np.sqrt(1 - decay**2), samples)
    shocks[0] = random.normal(0.0, deviation)
    return np.asarray(lfilter([1.0], [1.0, -decay], shocks))


def _stride(
    activity: Activity,
    person: Person,
    samples: int,
    rate_hz: float,
    random: np.random.Generator,
) -> Array:
    """Return the phase of the stride, two steps a turn, in radians."""
    pace = activity.cadence / 2 * person.cadence * random.normal(1.0, 0.04)
    unsteady = 1 + wander(samples, rate_hz, 1.5, 0.04, random)
    return random.uniform(0, 2 * np.pi) + 2 * np.pi * np.cumsum(pace * unsteady) / rate_hz


def _linear(activity: Activity, person: Person, stride: Array) -> Array:
    """Return (T, 3) acceleration of the body: harmonics of the stride and the heel strike."""
    p, limp = person.phases, person.limp
    step = 2 * stride  # both legs do the same, a step later
    up = np.cos(step) + 0.35 * np.cos(2 * step + p[0]) + 0.12 * np.cos(3 * step + p[1])
    up += limp * np.cos(stride + p[2])
    left = np.sin(stride + p[3]) + 0.4 * np.sin(3 * stride + p[4])
    forward = np.sin(step + p[5]) + 0.3 * np.sin(2 * step + p[6]) + limp * np.sin(stride + p[7])
    kappa = activity.sharpness
    # mean of the bump over a step: I₀(κ) e^−κ; without it the body would take off
    strike = np.exp(kappa * (np.cos(step - 0.8) - 1)) - ive(0, kappa)
    strike *= 1 + limp * np.sign(np.sin(stride))  # one heel falls harder than the other
    return np.column_stack(
        [
            activity.up * up + activity.impact * strike,
            activity.left * left,
            activity.forward * forward - 0.4 * activity.impact * strike,
        ]
    )


def _orientation(
    activity: Activity,
    person: Person,
    stride: Array,
    strength: Array,
    rate_hz: float,
    on_thigh: bool,
    random: np.random.Generator,
) -> Rotation:
    """Return (T,) orientations: posture, sway, breath, and what the pelvis or the leg swings."""
    samples, p = len(stride), person.phases
    moving = strength * (activity.cadence > 0)
    posture = activity.thigh if on_thigh else activity.lean
    tilt = random.normal(0.0, [activity.spread, activity.spread / 2])
    pitch = posture + tilt[0] + wander(samples, rate_hz, 4.0, activity.sway, random)
    pitch += 0.004 * np.sin(2 * np.pi * 0.27 * np.arange(samples) / rate_hz + p[8])
    swing = 0.38 if on_thigh else 0.04
    pitch += swing * moving * np.sin((1 if on_thigh else 2) * stride + p[9])
    roll = tilt[1] + wander(samples, rate_hz, 4.0, activity.sway, random)
    roll += 0.06 * moving * np.sin(stride + p[10])
    yaw = wander(samples, rate_hz, 6.0, 4 * activity.sway, random)
    yaw += 0.12 * moving * np.sin(stride + p[11])
    body = Rotation.from_euler("XYZ", np.column_stack([yaw, pitch, roll]))
    return body * Rotation.from_rotvec(person.mounting)
