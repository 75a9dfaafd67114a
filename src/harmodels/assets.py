"""Files of the imported package: its Snakefile, rules, scripts, configuration; its version."""

import importlib.metadata
import shlex
import sys
import tomllib
from pathlib import Path

from harmodels.errors import InstallationError

PACKAGE = Path(__file__).resolve().parent
# Where a wheel puts the files that lie at the top of a checkout.
INSTALLED = "_workflow"


def root(package: Path = PACKAGE) -> Path:
    """Return the folder that holds Snakefile, rules/, workflow/ and config/ of the package.

    That is the checkout whose `src` the package is imported from (an editable installation), or the
    copy inside an installed wheel. Raises InstallationError where neither exists.
    """
    for folder in (*_checkout(package), package / INSTALLED):
        if (folder / "Snakefile").is_file():
            return folder
    raise InstallationError(
        f"harmodels in {package} was installed without its workflow. Install the checkout that "
        f"you want to run: `{sys.executable} -m pip install --editable CHECKOUT`"
    )


def version(package: Path = PACKAGE) -> str:
    """Return the version of the package.

    In a checkout or an unpacked archive of one it is read from pyproject.toml, since the metadata
    of an editable installation keep the version of the day on which it was made.
    """
    for folder in _checkout(package):
        path = folder / "pyproject.toml"
        if path.is_file():
            project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
            return str(project["version"])
    return importlib.metadata.version("harmodels")


def refuse_foreign(folder: str | Path, part: str, package: Path = PACKAGE) -> None:
    """Refuse a part of the workflow that lies in another checkout than the imported package.

    Digests and the recorded commit are those of the imported package; they would vouch for code
    that did not run. `part` is the place below `root(package)`. Raises InstallationError naming
    both folders and how to make them one.
    """
    folder = Path(folder).resolve()
    try:
        expected = root(package)
    except InstallationError:
        expected = None
    if expected is not None and folder == (expected / part).resolve():
        return
    depth = len(Path(part).parts)
    workflow = folder.parents[depth - 1]
    install = shlex.join([sys.executable, "-m", "pip", "install", "--editable", str(workflow)])
    instead = f", or run {expected / 'Snakefile'}" if expected else ""
    raise InstallationError(
        f"the workflow lies in {workflow}, but this Python imports harmodels from {package}: the "
        "recorded commit and digests would not be those of the code that runs. Install the "
        f"workflow's own package, `{install}`{instead}"
    )


def _checkout(package: Path) -> list[Path]:
    return [package.parent.parent] if package.parent.name == "src" else []
