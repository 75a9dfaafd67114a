"""A build step of hatchling: the workflow, from the top of the repository into the package."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PARTS = ("Snakefile", "config", "profiles", "rules", "workflow")
# `harmodels.assets.root` looks for them there.
PLACE = "harmodels/_workflow"


class WorkflowHook(BuildHookInterface):  # type: ignore[misc]
    """Map the parts of the workflow to their place in a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the parts, unless the installation is an editable one, which reads the checkout."""
        if version == "editable":
            return
        for part in PARTS:
            build_data["force_include"][str(Path(self.root) / part)] = f"{PLACE}/{part}"
