"""The call of Snakemake that builds the package's workflow in the working directory."""

import importlib
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from harmodels import assets
from harmodels.errors import ConfigurationError, ResultsError

# Files of config/ that are no configuration to be run.
_OTHER = {"datasets"}


def run_workflow(arguments: Sequence[str]) -> None:
    """Replace this process by Snakemake, so that signals and exit status are Snakemake's own."""
    importlib.import_module("snakemake")
    with suppress(ImportError, AttributeError):  # of another version
        folders = importlib.import_module("snakemake.common").get_appdirs()
        check_cache(Path(folders.user_cache_dir))
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
    _check_config(rest)
    # --configfile takes all values up to the next option, so another option follows it
    return [
        *(sys.executable, "-m", "snakemake"),
        *chosen,
        *("--snakefile", str(root / "Snakefile")),
        *rest,
    ]


def check_cache(folder: Path) -> None:
    """Raise ResultsError where Snakemake cannot make or write the folder of its cache."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ResultsError(
            f"Snakemake keeps a cache in {folder}, which cannot be written "
            f"({error.strerror or error}). Name another folder for it: "
            "export XDG_CACHE_HOME=FOLDER"
        ) from None


def _check_config(rest: Sequence[str]) -> None:
    """Refuse what Snakemake's own check of --config answers with a traceback."""
    within = False
    for word in rest:
        if word.startswith("-"):
            within = word in ("--config", "-C")
        elif within and re.match(r"[A-Za-z_]\w*=", word) is None:
            raise ConfigurationError(
                f"--config {word}: it takes keys of the first level, as in seed=2; write others "
                "into a file for --configfile"
            )


def configurations(root: Path) -> list[str]:
    """Return the names of the configurations that come with the package."""
    return sorted({path.stem for path in (root / "config").glob("*.yaml")} - _OTHER)
