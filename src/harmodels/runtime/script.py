"""Frame of a workflow script: a log file, and errors as messages."""

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from harmodels.assets import refuse_foreign
from harmodels.errors import HarmodelsError
from harmodels.files import MORE_SPACE
from harmodels.runtime.log import LOGGER
from harmodels.runtime.memory import MORE_MEMORY, is_out_of_memory


class ScriptJob(Protocol):
    """What Snakemake gives to a script under the name `snakemake`, as far as it is used here."""

    @property
    def log(self) -> Sequence[str]:
        """The job's log files; the first one is written."""

    @property
    def scriptdir(self) -> str:
        """The folder that the script lies in."""


@contextmanager
def script_job(job: ScriptJob, label: str) -> Iterator[None]:
    """Run the body of a workflow script, if the script belongs to the imported package.

    What the body logs goes to the job's log file and, prefixed by `label`, to the terminal. An
    error that harmodels raises on purpose, and want of memory, end the process with a message and
    exit status 1; any other error keeps its traceback.
    """
    log = job.log[0]
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
        refuse_foreign(job.scriptdir, "workflow/scripts")
        yield
        LOGGER.info("%.2f s of processor time", sum(os.times()[:4]), extra={"log_only": True})
    except HarmodelsError as error:
        LOGGER.error("error: %s", error)
        sys.exit(1)
    except KeyboardInterrupt:
        LOGGER.error("interrupted; the same command resumes from here")
        sys.exit(130)
    except Exception as error:
        if is_out_of_memory(error):
            LOGGER.error("error: %s ran out of memory (%s). %s", label, error, MORE_MEMORY)
        else:
            LOGGER.exception("unexpected error")
        sys.exit(1)
