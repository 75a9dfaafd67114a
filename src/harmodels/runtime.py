"""How a job runs: one thread an operation, denormals flushed, a log, a description of itself."""

import errno
import logging
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

from harmodels.errors import HarmodelsError
from harmodels.files import MORE_SPACE, sha256

LOGGER = logging.getLogger("harmodels")
PACKAGES = ("harmodels", "numba", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "torch")

MORE_MEMORY = (
    "Give the job more (on a cluster the key mem_mb under resources), run fewer jobs at a time "
    "(--cores), or train fewer replicates or with a smaller batch_size. What is finished is kept; "
    "the same command goes on from here."
)


@contextmanager
def script_job(log: str | Path, label: str) -> Iterator[None]:
    """Run the body of a workflow script.

    What the body logs goes to the job's log file and, prefixed by `label`, to the terminal. An
    error that harmodels raises on purpose, and want of memory, end the process with a message and
    exit status 1; any other error keeps its traceback.
    """
    logging.raiseExceptions = False  # on a full disk the log's own traceback would hide the error
    try:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        to_file = logging.FileHandler(log, mode="w", encoding="utf-8")
    except OSError as error:
        sys.exit(f"[{label}] error: cannot write {log}: {error.strerror}. {MORE_SPACE}")
    to_file.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    to_terminal = logging.StreamHandler(sys.stderr)
    to_terminal.setFormatter(logging.Formatter(f"[{label}] %(message)s"))
    to_terminal.addFilter(lambda record: not getattr(record, "log_only", False))
    LOGGER.setLevel(logging.INFO)
    LOGGER.handlers = [to_file, to_terminal]
    try:
        yield
    except HarmodelsError as error:
        LOGGER.error("error: %s", error)
        sys.exit(1)
    except KeyboardInterrupt:
        LOGGER.error("interrupted; the same command goes on from here")
        sys.exit(130)
    except Exception as error:
        if is_out_of_memory(error):
            LOGGER.error("error: %s ran out of memory (%s). %s", label, error, MORE_MEMORY)
        else:
            LOGGER.exception("unexpected error")
        sys.exit(1)


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error says that memory is short; torch has no type for it on a CPU."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


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


def use_one_thread_an_operation() -> None:
    """Make torch compute serially inside an operation and flush denormal numbers to zero.

    Parallel reductions would make the bytes of a result depend on the number of threads;
    vanishing gradients are denormal numbers, on which processors are ten times slower.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # determinism on CUDA asks for it
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.use_deterministic_algorithms(True)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


class Progress:
    """Lines on how far a long job is: each epoch to the log, now and then to the terminal."""

    def __init__(self, epochs: int, every_s: float = 10.0) -> None:
        self.epochs = epochs
        self.every_s = every_s
        self.started = time.monotonic()
        self.shown = -every_s
        self.sequences = 0

    def __call__(self, epoch: int, sequences: int, figures: dict[str, float]) -> None:
        """Report an epoch that went through `sequences` sequences of all replicates."""
        elapsed = time.monotonic() - self.started
        self.sequences += sequences
        left = elapsed / epoch * (self.epochs - epoch)
        numbers = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
        due = elapsed - self.shown >= self.every_s or epoch == self.epochs
        if due:
            self.shown = elapsed
        LOGGER.info(
            "epoch %d of %d: %s; %.0f sequences/s, %d:%02d left",
            epoch,
            self.epochs,
            numbers,
            self.sequences / max(elapsed, 1e-9),
            *divmod(round(left), 60),
            extra={"log_only": not due},
        )


def describe_machine(device: str) -> dict[str, Any]:
    """Return processor and cores; on CUDA the GPU's name and memory and torch's CUDA version."""
    facts: dict[str, Any] = {
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
    }
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            return facts | {"gpu": None}
        properties = torch.cuda.get_device_properties()
        facts["gpu"] = properties.name
        facts["gpu_memory_mb"] = properties.total_memory // 2**20
        facts["cuda"] = torch.version.cuda
    return facts


def describe_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide a result."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def describe_commit(folder: Path) -> dict[str, Any]:
    """Return the commit of a checkout and whether files differ from it; None without git."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        dirty = bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}
    return {"commit": commit, "dirty": dirty}


def describe_lock(folder: Path) -> str | None:
    """Return the SHA-256 of a checkout's requirements.lock; None without one."""
    path = folder / "requirements.lock"
    return sha256(path) if path.exists() else None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
