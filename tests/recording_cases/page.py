"""Files in which one reader stumbled while the other did not."""

from tests.recording_cases import Case, samples

TIMES, VALUES = samples()


def table(names, separator=",", quote=""):
    """Return a table as text with these names, all cells in quotes where they are given."""
    rows = [[f"{time:.2f}", *map(str, row)] for time, row in zip(TIMES, VALUES, strict=True)]
    quoted = [[f"{quote}{cell}{quote}" for cell in row] for row in [names, *rows]]
    return "".join(separator.join(row) + "\n" for row in quoted).encode()


CASES = {
    "letter_of_the_unit_in_the_name": Case(
        {"walk.csv": table(["elapsed (s)", "x", "y", "z"])}, TIMES, VALUES
    ),
    "blanks_before_quotes": Case(
        {"walk.csv": table(["t", "ax", "ay", "az"], ", ", '"')}, TIMES, VALUES
    ),
}
