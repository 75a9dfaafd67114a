"""Every random number comes from a generator named by what it is for.

A generator is keyed by the experiment's seed, the replicate, the purpose and, where there is
one, the epoch. Nothing depends on what was drawn before, so replicate 3 is the same network
alone or in company, and epoch 17 has the same order after a resume.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What the random numbers are used for; the numbers are part of the result, never reuse one."""

    WEIGHTS = 0
    ORDER = 1
    DROPOUT = 2
    VALIDATION = 3
    DRAW = 4
    SIMULATION = 5


def generator(
    seed: int, purpose: Purpose, replicate: int = 0, epoch: int = 0
) -> np.random.Generator:
    """Return the generator of one purpose, replicate and epoch; `seed` is the configuration's."""
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=(int(purpose), replicate, epoch))
    return np.random.Generator(np.random.PCG64(sequence))
