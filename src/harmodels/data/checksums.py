"""Lists of checksums as `sha256sum` writes them."""

import re
from pathlib import Path

from harmodels.errors import ConfigurationError

CHECKSUM_LINE = re.compile(r"([0-9a-f]{64})[ \t][ *](.+)")


def read_checksums(path: Path) -> dict[str, str]:
    """Read a list as `sha256sum` writes it; return hash by member name.

    Raises ConfigurationError naming the line that is no hash and name, or repeats a name.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the checksums {path}: {error}") from error
    checksums: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        match = CHECKSUM_LINE.fullmatch(line)
        if match is None or match[2] in checksums:
            raise ConfigurationError(
                f"{path}, line {number}: {line!r} is not a new `<sha256>  <member>`"
            )
        checksums[match[2]] = match[1]
    return checksums
