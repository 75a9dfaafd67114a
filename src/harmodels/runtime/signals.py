"""Ctrl-C and SIGTERM, noted so that a job can save its state before it stops."""

import signal
import threading
from types import FrameType
from typing import Any

from harmodels.runtime.log import LOGGER


class StopRequest:
    """Whether Ctrl-C or a cluster's SIGTERM asked this process to stop.

    Used as a context manager, it notes the first signal in `asked`, so that a job can save its
    state and stop; the second signal ends the process as it would have without this.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "StopRequest":
        """Begin to note signals, which only the main thread of a process can."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the handlers that were there before."""
        while self._before:
            signal.signal(*self._before.popitem())

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        LOGGER.info("asked to stop by %s: after this step", signal.Signals(number).name)
        self.__exit__()
