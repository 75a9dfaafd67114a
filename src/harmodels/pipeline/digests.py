"""Digests of the code that a rule of this workflow runs, and of files."""

import hashlib
from functools import cache
from pathlib import Path

from harmodels.assets import PACKAGE, root
from harmodels.pipeline.imported_code import DIGITS, ImportedCode
from harmodels.plugins import CELLS

HARMODELS = ImportedCode(PACKAGE.name, PACKAGE, whole=(CELLS.package,))


@cache
def code_of(script: str, *loaded: str) -> str:
    """Return a digest of the files of the package that a script of `workflow/scripts` runs.

    `loaded` are modules that the script loads by name, which no import shows.
    """
    return HARMODELS.digest(root() / "workflow" / "scripts" / script, *loaded)


def digest_of(path: Path) -> str:
    """Return a digest of one file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]
