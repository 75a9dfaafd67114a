"""How invented hands move: a grasp, a motion of wrist and fingers, bones of fixed length."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]

# The hand's own axes, in mm: x from the wrist to the fingers, y towards the thumb, z to the back
# of the hand. One row a finger, thumb to pinky.
KNUCKLES = np.array([[28, 32, -8], [88, 26, 0], [90, 4, 2], [84, -16, 0], [75, -33, -4]], float)
PHALANGES = np.array([[38, 30, 24], [42, 25, 21], [46, 29, 22], [42, 27, 22], [33, 20, 19]], float)
SPREAD = np.array([0.75, 0.12, 0.0, -0.10, -0.22])  # rad, towards the thumb
BEND = np.array([1.1, 1.5, 1.0])  # rad of the three joints of a finger that is wholly curled
Five = tuple[float, float, float, float, float]
STEADY: Five = (0.0, 0.0, 0.0, 0.0, 0.0)

# How far each finger is curled, thumb to pinky: 0 is straight, 1 a fist.
GRASPS = {
    "flat": np.array([0.10, 0.05, 0.05, 0.05, 0.10]),
    "power": np.array([0.55, 0.70, 0.75, 0.75, 0.75]),
    "pinch": np.array([0.45, 0.55, 0.25, 0.20, 0.15]),
    "tripod": np.array([0.45, 0.50, 0.55, 0.80, 0.85]),
    "point": np.array([0.60, 0.05, 0.80, 0.85, 0.85]),
    "hook": np.array([0.15, 0.55, 0.60, 0.60, 0.55]),
}


@dataclass(frozen=True)
class Motion:
    """What a hand does while it holds a grasp."""

    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)  # largest, about the hand's x, y, z, rad
    path: tuple[float, float, float] = (0.0, 0.0, 0.0)  # largest, along the world's axes, mm
    curl: Five = STEADY  # largest change, of each finger
    cycles_hz: float = 0.0  # 0: one movement there, over the whole recording


MOTIONS = {
    "twist_out": Motion(turn=(1.0, 0, 0), cycles_hz=1.0),
    "twist_in": Motion(turn=(-1.0, 0, 0), curl=(0.15, 0.15, 0.15, 0.15, 0.15), cycles_hz=1.0),
    "tilt": Motion(turn=(1.5, 0, 0.3), path=(0, 60, 0)),
    "lift": Motion(turn=(0.2, -0.8, 0), path=(0, 180, -120)),
    "reach": Motion(turn=(0, 0.3, 0), path=(0, 40, 220)),
    "shake": Motion(turn=(0.1, 0.4, 0), path=(0, 70, 0), cycles_hz=2.5),
    "circle": Motion(turn=(0, 0.2, 0.2), path=(60, 0, 60), cycles_hz=1.2),
    "rub": Motion(path=(90, 0, 20), cycles_hz=1.6),
    "scribble": Motion(
        turn=(0, 0, 0.15), path=(15, 8, 0), curl=(0.06, 0.06, 0.06, 0.06, 0.06), cycles_hz=3.0
    ),
    "squeeze": Motion(curl=(0.35, 0.35, 0.35, 0.35, 0.35), cycles_hz=1.0),
    "open": Motion(path=(0, 30, 0), curl=(-0.45, -0.45, -0.45, -0.45, -0.45)),
    "flip": Motion(turn=(2.2, 0, 0.4), path=(100, 30, 0), cycles_hz=0.5),
    "tap": Motion(curl=(0, 0.3, 0, 0, 0), path=(0, 15, 0), cycles_hz=2.0),
    "pull": Motion(turn=(0, 0, 0.9), path=(120, 0, -60)),
    "meet": Motion(turn=(0, -0.2, 0), path=(0, 100, 160), cycles_hz=0.7),
}

# The benchmark's 45 actions; some differ as little as they do there.
ACTIONS = {
    "open_juice_bottle": ("power", "twist_out"),
    "close_juice_bottle": ("power", "twist_in"),
    "pour_juice_bottle": ("power", "tilt"),
    "open_peanut_butter": ("hook", "twist_out"),
    "close_peanut_butter": ("hook", "twist_in"),
    "prick": ("tripod", "tap"),
    "sprinkle": ("power", "shake"),
    "scoop_spoon": ("tripod", "lift"),
    "put_sugar": ("tripod", "tilt"),
    "stir": ("tripod", "circle"),
    "open_milk": ("pinch", "twist_out"),
    "close_milk": ("pinch", "twist_in"),
    "pour_milk": ("hook", "tilt"),
    "drink_mug": ("power", "lift"),
    "put_tea_bag": ("pinch", "lift"),
    "put_salt": ("pinch", "shake"),
    "open_liquid_soap": ("point", "twist_out"),
    "close_liquid_soap": ("point", "twist_in"),
    "pour_liquid_soap": ("flat", "tilt"),
    "wash_sponge": ("flat", "circle"),
    "flip_sponge": ("hook", "flip"),
    "scratch_sponge": ("hook", "rub"),
    "squeeze_sponge": ("hook", "squeeze"),
    "open_soda_can": ("point", "pull"),
    "use_flash": ("power", "reach"),
    "write": ("tripod", "scribble"),
    "tear_paper": ("pinch", "pull"),
    "squeeze_paper": ("flat", "squeeze"),
    "open_letter": ("tripod", "pull"),
    "take_letter_from_enveloppe": ("pinch", "reach"),
    "read_letter": ("pinch", "meet"),
    "flip_pages": ("pinch", "flip"),
    "use_calculator": ("point", "tap"),
    "light_candle": ("tripod", "reach"),
    "charge_cell_phone": ("hook", "reach"),
    "unfold_glasses": ("pinch", "open"),
    "clean_glasses": ("pinch", "rub"),
    "open_wallet": ("hook", "open"),
    "give_coin": ("tripod", "open"),
    "receive_coin": ("flat", "lift"),
    "give_card": ("point", "reach"),
    "pour_wine": ("power", "flip"),
    "toast_wine": ("power", "meet"),
    "handshake": ("hook", "shake"),
    "high_five": ("flat", "meet"),
}


@dataclass(frozen=True)
class Hand:
    """One person: size of the hand, how they hold and turn it, how fast and far they move."""

    size: float
    curl: Array
    pose: Array
    speed: float
    extent: float


def draw_hand(random: np.random.Generator) -> Hand:
    """Return an invented person."""
    return Hand(
        size=float(np.clip(random.normal(1.0, 0.08), 0.8, 1.2)),
        curl=random.normal(0, 0.06, 5),
        pose=random.normal(0, 0.25, 3),
        speed=float(np.exp(random.normal(0, 0.2))),
        extent=float(np.exp(random.normal(0, 0.2))),
    )


def move(
    action: str, hand: Hand, *, frames: int, rate_hz: float, random: np.random.Generator
) -> Array:
    """Return (T, 21, 3) joints of one recording in world coordinates, in mm.

    The order is that of the benchmark: wrist, five knuckles, then finger by finger the other
    three joints. Bones keep their lengths but for the noise of the sensors, 1.5 mm.
    """
    grasp, name = ACTIONS[action]
    motion = MOTIONS[name]
    first, second = _signals(motion, hand, frames, rate_hz, random)
    extent = hand.extent * np.exp(random.normal(0, 0.2))
    curl = GRASPS[grasp] + hand.curl + random.normal(0, 0.07, 5)
    curl = (
        curl
        + extent * first[:, None] * np.array(motion.curl)
        + _drift(frames, rate_hz, 0.05, 5, random)
    )
    turn = extent * first[:, None] * np.array(motion.turn)
    turn = turn + _drift(frames, rate_hz, 0.12, 3, random)
    phases = np.stack([first, first, second], axis=1)
    path = extent * phases * np.array(motion.path) + _drift(frames, rate_hz, 15.0, 3, random)
    wrist = np.array([0.0, 0.0, 420.0]) + random.normal(0, [80.0, 60.0, 60.0]) + path
    pose = Rotation.from_euler("xyz", hand.pose + random.normal(0, 0.3, 3))
    rotation = pose * Rotation.from_euler("xyz", turn)
    own = hand.size * _fingers(np.clip(curl, -0.1, 1.1)).reshape(frames, -1, 3)
    joints = np.stack([rotation.apply(own[:, joint]) for joint in range(own.shape[1])], axis=1)
    fingers = (wrist[:, None] + joints).reshape(frames, 5, 4, 3)
    others = fingers[:, :, 1:].reshape(frames, 15, 3)
    whole = np.concatenate([wrist[:, None], fingers[:, :, 0], others], axis=1)
    return whole + random.normal(0, 1.5, whole.shape)


def _signals(
    motion: Motion, hand: Hand, frames: int, rate_hz: float, random: np.random.Generator
) -> tuple[Array, Array]:
    """Return two (T,) courses: there, or there and back, the second a quarter period behind."""
    if motion.cycles_hz == 0:
        # a smooth step that begins and ends somewhere within the recording
        start, stop = random.uniform(-0.1, 0.25), random.uniform(0.75, 1.1)
        share = np.clip((np.linspace(0, 1, frames) - start) / (stop - start), 0, 1)
        step = share**2 * (3 - 2 * share)
        return step, step
    rate = motion.cycles_hz * hand.speed * np.exp(random.normal(0, 0.15))
    angle = random.uniform(0, 2 * np.pi) + 2 * np.pi * rate * np.arange(frames) / rate_hz
    return np.sin(angle), np.cos(angle)


def _drift(
    frames: int, rate_hz: float, size: float, channels: int, random: np.random.Generator
) -> Array:
    """Return (T, channels) slow wandering of standard deviation `size`."""
    margin = round(3 * rate_hz)
    noise = random.normal(0, 1, (frames + 2 * margin, channels))
    smooth = gaussian_filter1d(noise, rate_hz / 2, axis=0)[margin : margin + frames]
    # white noise of variance 1 keeps 1 / (2 σ √π) of it under a Gaussian of σ samples
    return np.asarray(size * smooth * np.sqrt(rate_hz * np.sqrt(np.pi)), dtype=np.float64)


def _fingers(curl: Array) -> Array:
    """Return (T, 5, 4, 3) knuckle and the other three joints of each finger in the hand's axes.

    With `curl` (T, 5) each joint bends by its share of `BEND`, and a bend carries on to the tip.
    """
    angle = np.cumsum(curl[:, :, None] * BEND, axis=2)  # (T, 5, 3)
    spread = SPREAD[:, None] * np.cos(angle)  # a curled finger lies beside its neighbours
    direction = np.stack(
        [np.cos(spread) * np.cos(angle), np.sin(spread) * np.cos(angle), -np.sin(angle)], axis=-1
    )
    bones = np.cumsum(PHALANGES[:, :, None] * direction, axis=2)
    knuckles = np.broadcast_to(KNUCKLES[:, None], (len(curl), 5, 1, 3))
    return np.concatenate([knuckles, knuckles + bones], axis=2)
