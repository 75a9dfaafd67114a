"""The findings, notes and counts of one verification."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from harmodels.errors import HarmodelsError
from harmodels.files import sha256
from harmodels.messages import printable
from harmodels.provenance.verification.table_size import refuse_large_table

MOST_BYTES = 1 << 30  # of memory, for one parquet file of a folder that somebody sent


class Finding(NamedTuple):
    """An inconsistency: the file, its fault, and the products that depend on it."""

    file: str
    problem: str
    dependents: tuple[str, ...] = ()


@dataclass
class Checks:
    """The results folder under verification."""

    root: Path  # every other path is relative to it
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what could not be checked, and is not wrong
    hashes: int = 0  # files compared with a hash
    recomputed: int = 0  # files of tables and ledgers
    _reported: set[Finding] = field(default_factory=set)
    _digests: dict[str, str] = field(default_factory=dict)
    _fitting: dict[tuple[str, tuple[str, ...]], bool] = field(default_factory=dict)

    def report(self, file: str, problem: str, dependents: Sequence[str] = ()) -> None:
        """Add a finding, unless it was reported before."""
        finding = Finding(file, problem, tuple(dependents))
        if finding not in self._reported:
            self._reported.add(finding)
            self.findings.append(finding)

    def note(self, text: str) -> None:
        """Add a note, unless it was added before."""
        if text not in self.notes:
            self.notes.append(text)

    def exists(self, file: str) -> bool:
        """Return whether there is such a file."""
        return (self.root / file).is_file()

    def is_readable(self, file: str, dependents: Sequence[str] = ()) -> bool:
        """Return whether a file can be read; report it if not."""
        try:
            self.digest(file)
        except FileNotFoundError:
            self.report(file, "is missing", dependents)
        except OSError as error:
            self.report(file, f"cannot be read: {error.strerror or error}", dependents)
        return file in self._digests

    def fits_in_memory(
        self, file: str, columns: Sequence[str] = (), dependents: Sequence[str] = ()
    ) -> bool:
        """Return whether columns of a parquet file can be read within `MOST_BYTES` of memory.

        All its columns if none is named; report the file if they cannot.
        """
        key = (file, tuple(columns))
        if key not in self._fitting:
            self._fitting[key] = False
            if self.is_readable(file, dependents):
                with self.guarded(file, dependents):
                    refuse_large_table(self.root / file, MOST_BYTES, list(columns) or None)
                    self._fitting[key] = True
        return self._fitting[key]

    def digest(self, file: str) -> str:
        """Return the SHA-256 of a file, which is read once; raises OSError if it cannot be."""
        if file not in self._digests:
            self._digests[file] = sha256(self.root / file)
        return self._digests[file]

    def matches(self, file: str, recorded: str) -> bool:
        """Return whether a readable file has the recorded hash, and count the comparison."""
        self.hashes += 1
        return self.digest(file) == recorded

    def compare_record(
        self,
        file: str,
        recorded: str,
        dependents: Sequence[str] = (),
        since: str = "the record was written",
    ) -> None:
        """Compare a file with its recorded hash; report it unless it already is."""
        if not self.is_readable(file, dependents) or self.matches(file, recorded):
            return
        if all(finding.file != file for finding in self.findings):
            digest = f"its hash is {short(self.digest(file))}, recorded was {short(recorded)}"
            self.report(file, f"was changed after {since}: {digest}", dependents)

    @contextmanager
    def guarded(self, file: str, dependents: Sequence[str] = ()) -> Iterator[None]:
        """Turn whatever goes wrong in the block into a finding about `file`."""
        try:
            yield
        except HarmodelsError as error:
            self.report(file, f"cannot be used: {error}", dependents)
        except MemoryError:
            self.report(file, "needs more memory to be read than there is", dependents)
        except Exception as error:  # damage can break any line that reads a file
            self.report(file, f"is damaged: {type(error).__name__}: {error}", dependents)


def report_lines(checks: Checks) -> list[str]:
    """Return the findings and notes, a line each, and the counts."""
    lines: list[str] = []
    for index, (file, problem, dependents) in enumerate(checks.findings):
        lines.append(f"{printable(file)} {problem}")
        later = (finding.file == file for finding in checks.findings[index + 1 :])
        if dependents and not any(later):
            lines.append(f"    affects: {', '.join(dependents)}")
    lines += [f"not checked: {note}" for note in checks.notes]
    counts = f"{checks.recomputed} files of tables and ledgers recomputed, {checks.hashes} hashes"
    lines.append(f"{counts} checked" + ("" if checks.findings else ": all consistent"))
    return lines


def short(digest: object) -> str:
    """Return the first digits of a hash, enough to tell two apart."""
    return str(digest)[:12]
