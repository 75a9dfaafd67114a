"""Ctrl-C and SIGTERM, noted so that work can end where it leaves something behind."""

import signal
import threading
from types import FrameType
from typing import Any

from harmodels.runtime.log import LOGGER


class StopRequest:
    """Whether Ctrl-C or a cluster's SIGTERM asked this process to end.

    The first signal is noted, so that work can end where it leaves something behind; the second
    ends the process as it would have without this.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "StopRequest":
        """Begin to note signals; only the main thread of a process can."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave signals to whoever had them before."""
        while self._before:
            signal.signal(*self._before.popitem())

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        LOGGER.info("asked to end by %s: after this epoch", signal.Signals(number).name)
        self.__exit__()
