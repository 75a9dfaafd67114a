"""The commit and the lock file of a checkout."""

import os
import subprocess
from pathlib import Path
from typing import Any

from harmodels.files import sha256

WORKFLOW = "Snakefile"


def describe_commit(folder: Path) -> dict[str, Any]:
    """Return the commit of a checkout and whether files differ from it.

    Both are None without git, and where `folder` is not the top of a checkout, or git does not
    know its Snakefile: a release unpacked inside, or over, another project's repository has no
    commit of its own.
    """
    nothing = {"commit": None, "dirty": None}
    try:
        if Path(_git(folder, "rev-parse", "--show-toplevel")).resolve() != folder.resolve():
            return nothing
        if (folder / WORKFLOW).exists() and not _git(folder, "ls-files", "--", WORKFLOW):
            return nothing
        commit = _git(folder, "rev-parse", "HEAD")
        dirty = bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return nothing
    return {"commit": commit, "dirty": dirty}


def describe_lock(folder: Path) -> str | None:
    """Return the SHA-256 of a checkout's requirements.lock; None without one."""
    path = folder / "requirements.lock"
    return sha256(path) if path.exists() else None


def _git(folder: Path, *arguments: str) -> str:
    # GIT_DIR and its like would make git answer for another repository
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-C", str(folder), *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return finished.stdout.strip()
