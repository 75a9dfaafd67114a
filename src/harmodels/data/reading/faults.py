"""Rows of a table that cannot be read: counted, and the first of them named."""

from dataclasses import dataclass, field
from pathlib import Path

from harmodels.errors import DataError
from harmodels.messages import counted

UNREADABLE = 0.01  # share of the rows above which a file is refused
NAMED = 3  # rows of a kind that messages name


@dataclass
class Faults:
    """Rows that were left out, counted while a table is read; both kinds name the first three.

    A cell that is empty or says so (`NaN`, `NA`, `null`, `None`, …) is missing; one that is no
    number, or a row with another number of cells than the header, is unreadable.
    """

    rows: int = 0  # all, those left out included
    missing: int = 0
    unreadable: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)  # line of the file and why
    first_missing: list[tuple[int, str]] = field(default_factory=list)

    def check(self, path: Path) -> None:
        """Raise DataError where more than one per cent of the rows (but not one) is unreadable."""
        if self.unreadable <= max(1, UNREADABLE * self.rows):
            return
        raise DataError(
            f"{path}: {self.unreadable:,} of {counted(self.rows, 'row')} cannot be read: "
            f"{_named(self.first, self.unreadable)}; mend or remove these rows, or name "
            "another column"
        )

    def lines(self) -> list[str]:
        """Return what to tell a user: at most one line for each kind."""
        said = []
        for count, first, why in (
            (self.unreadable, self.first, "cannot be read"),
            (self.missing, self.first_missing, "lack a value"),
        ):
            if count:
                verb = why.replace("lack", "lacks") if count == 1 else why
                said.append(f"{counted(count, 'row')} that {verb} left out: {_named(first, count)}")
        return said


def _named(first: list[tuple[int, str]], count: int) -> str:
    named = "; ".join(f"line {line}: {why}" for line, why in first)
    return named + (f"; and {count - len(first):,} more" if count > len(first) else "")
