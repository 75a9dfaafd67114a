"""What a kernel of truncated BPTT is compiled for, and whether it fits a GPU."""

from typing import NamedTuple

# Of a multiprocessor and of a block, on every NVIDIA GPU since Volta.
REGISTERS, MOST_A_THREAD, THREADS = 65536, 255, 1024
WARP, UNIT = 32, 8  # threads, and registers of a thread, are given out in these
SHARED_BYTES = 48 * 1024  # that a block has without asking for more
OTHER_REGISTERS = 40  # of a thread, beside weights and gradients: counters, addresses, sums


class Plan(NamedTuple):
    """Sizes and options of a network that are constants of its kernel."""

    hidden: int
    channels: int
    classes: int
    window: int
    transposed: bool
    first_step_bias: bool
    logged_every: int
    update: str
    parts: int  # threads that share a row and a column of the weights

    @property
    def threads(self) -> int:
        """Threads of a block."""
        return self.parts * self.hidden

    @property
    def units(self) -> int:
        """Hidden units in a part of a row or column of W_hh; the last part may have padding."""
        return -(-self.hidden // self.parts)

    @property
    def others(self) -> int:
        """Channels and biases in a part of a row."""
        return -(-(self.channels + 2) // self.parts)

    @property
    def row(self) -> int:
        """Weights in a part of a joined row."""
        return self.units + self.others

    @property
    def registers(self) -> int:
        """Registers that a thread may take, so that a block can start at all."""
        warps = -(-self.threads // WARP)
        return min(MOST_A_THREAD, REGISTERS // (warps * WARP) // UNIT * UNIT)

    @property
    def shared_bytes(self) -> int:
        """Shared memory of a block."""
        floats = self.parts * ((self.window + 1) * self.row + 2 * self.units) + self.threads
        floats += self.classes * (2 * self.hidden + 3)
        return 4 * floats + 8 * 3 * self.classes

    @property
    def fits(self) -> bool:
        """Whether weights and gradients have room in registers, and the window in memory."""
        kept = 2 * (self.row + self.units) + OTHER_REGISTERS
        return (
            self.threads <= THREADS
            and kept <= self.registers
            and self.shared_bytes <= SHARED_BYTES
        )  # fmt: skip


def plan_of(
    hidden: int, channels: int, classes: int, window: int, *, transposed: bool = True,
    first_step_bias: bool = True, logged_every: int = 0, update: str = "window",
) -> Plan | None:  # fmt: skip
    """Return the plan with the fewest threads that fits, or None.

    Examples
    --------
    >>> [plan_of(hidden, 3, 6, 30).parts for hidden in (50, 100)]
    [1, 2]
    >>> plan_of(256, 3, 6, 30) is None  # registers
    True
    >>> plan_of(100, 3, 6, 150) is None  # shared memory
    True
    """
    options = transposed, first_step_bias, logged_every, update
    plans = (Plan(hidden, channels, classes, window, *options, parts) for parts in range(1, 5))
    return next((plan for plan in plans if plan.fits), None)
