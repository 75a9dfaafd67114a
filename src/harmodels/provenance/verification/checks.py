"""What was found and what was counted while a results folder is verified."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from harmodels.errors import HarmodelsError
from harmodels.files import sha256


class Finding(NamedTuple):
    """Something that does not follow: the file, what is wrong with it, and what rests on it."""

    file: str
    problem: str
    rests: tuple[str, ...] = ()


@dataclass
class Checks:
    """The results folder under verification.

    Attributes
    ----------
    root
        The folder; every other path is relative to it.
    findings
        What does not follow.
    notes
        What could not be checked, without being wrong.
    hashes, recomputed
        How many files were hashed and compared, and how many files were computed anew.
    """

    root: Path
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    hashes: int = 0
    recomputed: int = 0
    _digests: dict[str, str] = field(default_factory=dict)

    def find(self, file: str, problem: str, rests: Sequence[str] = ()) -> None:
        """Add a finding; the same one twice is one."""
        finding = Finding(file, problem, tuple(rests))
        if finding not in self.findings:
            self.findings.append(finding)

    def note(self, text: str) -> None:
        """Add a note; the same one twice is one."""
        if text not in self.notes:
            self.notes.append(text)

    def here(self, file: str, rests: Sequence[str] = ()) -> bool:
        """Return whether a file can be read; if not, that is a finding."""
        if not (self.root / file).is_file():
            self.find(file, "is missing", rests)
            return False
        try:
            self.digest(file)
        except OSError as error:
            self.find(file, f"cannot be read: {error.strerror or error}", rests)
            return False
        return True

    def digest(self, file: str) -> str:
        """Return the SHA-256 of a file, which is read once.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        if file not in self._digests:
            self._digests[file] = sha256(self.root / file)
        return self._digests[file]

    def agrees(self, file: str, recorded: str) -> bool:
        """Return whether a file that is here has the recorded hash, and count the comparison."""
        self.hashes += 1
        return self.digest(file) == recorded

    def compare_record(self, file: str, recorded: str, rests: Sequence[str] = ()) -> None:
        """Compare a file with the hash in the record; more than one finding it does not get."""
        if not self.here(file, rests) or self.agrees(file, recorded):
            return
        if all(finding.file != file for finding in self.findings):
            digest = f"its hash is {short(self.digest(file))}, recorded was {short(recorded)}"
            self.find(file, f"was changed after the record was written: {digest}", rests)

    @contextmanager
    def guarded(self, file: str, rests: Sequence[str] = ()) -> Iterator[None]:
        """Turn whatever goes wrong in the block into a finding about `file`."""
        try:
            yield
        except HarmodelsError as error:
            self.find(file, f"cannot be used: {error}", rests)
        except MemoryError:
            self.find(file, "needs more memory to be read than there is", rests)
        except Exception as error:  # damage can break any line that reads a file
            self.find(file, f"is damaged: {type(error).__name__}: {error}", rests)


def report_lines(checks: Checks) -> list[str]:
    """Return what was found and what was not checked, a line each, and the counts."""
    lines: list[str] = []
    for index, (file, problem, rests) in enumerate(checks.findings):
        lines.append(f"{file} {problem}")
        later = (finding.file == file for finding in checks.findings[index + 1 :])
        if rests and not any(later):
            lines.append(f"    on it rest: {', '.join(rests)}")
    lines += [f"not checked: {note}" for note in checks.notes]
    counts = f"{checks.recomputed} files of tables and ledgers recomputed, {checks.hashes} hashes"
    lines.append(f"{counts} checked" + ("" if checks.findings else ": all follow"))
    return lines


def short(digest: object) -> str:
    """Return the first digits of a hash, enough to tell two apart."""
    return str(digest)[:12]


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return names as text, the first few of many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
