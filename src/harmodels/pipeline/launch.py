"""The call of Snakemake that builds the package's workflow in the working directory."""

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from harmodels import assets
from harmodels.errors import ConfigurationError

# Files of config/ that are no configuration to be run.
_OTHER = {"datasets"}


def run_workflow(arguments: Sequence[str]) -> None:
    """Replace this process by Snakemake, so that signals and exit status are Snakemake's own."""
    importlib.import_module("snakemake")
    command = snakemake_command(arguments, assets.root())
    os.execv(command[0], command)


def snakemake_command(arguments: Sequence[str], root: Path) -> list[str]:
    """Return the command line that builds the workflow in `root`.

    `arguments` are the name of a configuration of the package, or nothing; then whatever
    Snakemake takes.
    """
    rest = list(arguments)
    chosen: list[str] = []
    if rest and rest[0] in configurations(root):
        name = rest.pop(0)
        if any(part.split("=")[0] in ("--configfile", "--configfiles") for part in rest):
            raise ConfigurationError(
                f"`{name}` names a configuration, --configfile another one; give only one of them"
            )
        chosen = ["--configfile", str(root / "config" / f"{name}.yaml")]
    # --configfile takes all values up to the next option, so another option follows it
    return [
        *(sys.executable, "-m", "snakemake"),
        *chosen,
        *("--snakefile", str(root / "Snakefile")),
        *rest,
    ]


def configurations(root: Path) -> list[str]:
    """Return the names of the configurations that come with the package."""
    return sorted({path.stem for path in (root / "config").glob("*.yaml")} - _OTHER)
