"""One address: download with retries, bounded in size and in time, and verified."""

import logging
import re
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pooch

from harmodels.data.archives.extract import verify
from harmodels.data.dataset import Archive
from harmodels.errors import DownloadError
from harmodels.files import atomic_path

LOGGER = logging.getLogger("harmodels")
CHUNK = 1 << 14
# user:password before a host; the second form is of a password that holds a slash
SECRET = re.compile(r"(?<=://)(?:[^/\s]*|[^/\s:@]*:(?!\d+(?:/|$))\S*)@")


@dataclass(frozen=True)
class RetryPolicy:
    """When an address is asked again, and when it is given up.

    Attributes
    ----------
    attempts
        Requests before an address is given up.
    timeout_s
        Longest wait for a connection and between two pieces of an answer.
    pause_s
        Wait before the second request; it doubles from one to the next.
    least_bytes, progress_s
        A server that sends fewer than `least_bytes` in `progress_s` seconds is given up, though
        each piece comes within `timeout_s`.
    """

    attempts: int = 3
    timeout_s: float = 30.0
    pause_s: float = 2.0
    least_bytes: int = 1 << 16
    progress_s: float = 60.0


def download(address: str, target: Path, archive: Archive, policy: RetryPolicy, bar: bool) -> None:
    """Download and verify, again after a pause if the connection or the server failed.

    Raises
    ------
    DownloadError
        If the address does not deliver.
    DataError
        If what it delivers is not the archive.
    """
    for attempt in range(1, policy.attempts + 1):
        LOGGER.info("asking %s", printable(address))
        try:
            with atomic_path(target) as temporary:
                with temporary.open("wb") as stream:
                    _receive(address, _Bounded(stream, archive), policy, bar)
                verify(temporary, archive)
            return
        except _NoAnswerError as error:
            if not error.may_pass:
                raise
            if attempt == policy.attempts:
                raise DownloadError(f"{error} ({attempt} attempts)") from error
            LOGGER.warning("%s; trying again", printable(f"{address}: {error}"))
        time.sleep(policy.pause_s * 2 ** (attempt - 1))


class _Bounded:
    """A file that takes no more bytes than an archive may unpack to: a server may never end."""

    def __init__(self, stream: IO[bytes], archive: Archive) -> None:
        self.stream = stream
        self.largest = archive.largest_bytes
        self.received = 0
        self.abandoned = False

    def write(self, chunk: bytes) -> int:
        if self.abandoned:
            raise _NoAnswerError("given up", may_pass=False)
        self.received += len(chunk)
        if self.received > self.largest:
            reason = f"sends more than {self.largest:,} bytes, which is not this archive"
            raise _NoAnswerError(reason, may_pass=False)
        return self.stream.write(chunk)

    def flush(self) -> None:
        self.stream.flush()


def _receive(address: str, stream: _Bounded, policy: RetryPolicy, bar: bool) -> None:
    """Request an address in a thread of its own, which is abandoned when too little comes.

    A byte now and then, of a header too, restarts the timeout of the socket for ever.
    """
    done: Future[None] = Future()

    def run() -> None:
        try:
            _request(address, stream, policy.timeout_s, bar)
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    threading.Thread(target=run, daemon=True).start()
    try:
        while True:
            before = stream.received
            try:
                return done.result(timeout=policy.progress_s)
            except TimeoutError:
                if stream.received - before < policy.least_bytes:
                    raise _NoAnswerError(
                        f"sent {stream.received - before:,} bytes in {policy.progress_s:g} s, "
                        f"fewer than {policy.least_bytes:,}",
                        may_pass=True,
                    ) from None
    finally:
        stream.abandoned = True


def _request(address: str, stream: _Bounded, timeout_s: float, bar: bool) -> None:
    downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK, timeout=timeout_s)
    try:
        downloader(address, stream, None)
    except OSError as error:  # the base of everything that requests raises
        if error.errno is not None:
            raise  # of this machine's disk, not of the network
        raise _explained(error, timeout_s) from None  # the error may quote a password
    except ValueError as error:  # an address that requests cannot read
        raise _NoAnswerError(str(error), may_pass=False) from None


class _NoAnswerError(DownloadError):
    """An address did not deliver; `may_pass` says whether asking again can help."""

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


def _explained(error: OSError, timeout_s: float) -> _NoAnswerError:
    response = getattr(error, "response", None)
    if response is not None:
        status = int(response.status_code)
        may_pass = status >= 500 or status in (408, 429)
        return _NoAnswerError(f"HTTP {status} {response.reason}", may_pass=may_pass)
    if "timed out" in str(error).lower():
        return _NoAnswerError(f"no answer within {timeout_s:g} s", may_pass=True)
    text = " ".join(str(error).split())
    return _NoAnswerError(f"{type(error).__name__}: {text[:200]}", may_pass=True)


def printable(text: str) -> str:
    r"""Return a line without passwords of addresses and without control characters.

    >>> printable("http://me:secret@host/a\x1b[31m")
    'http://***@host/a?[31m'
    """
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return SECRET.sub("***@", shown)
