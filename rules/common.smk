# The configuration, read and checked once; what the rules ask for is Python in harmodels.pipeline.
import os
import time
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from harmodels import assets
from harmodels.config.devices import DEVICE
from harmodels.config.yaml_files import check_config_files
from harmodels.errors import HarmodelsError
from harmodels.pipeline.digests import code_of
from harmodels.pipeline.folders import (
    check_folders,
    check_module,
    check_recordings,
)
from harmodels.pipeline.forks import fork_scripts
from harmodels.pipeline.inputs import Inputs
from harmodels.pipeline.models import ModelInputs
from harmodels.pipeline.labels import Labels
from harmodels.pipeline.pipeline import load_pipeline
from harmodels.pipeline.sections import (
    page_sections,
    recorded_datasets,
    recorded_sections,
)
from harmodels.pipeline.targets import Targets, pattern_of
from harmodels.reporting.page.timing import lines_of_times

try:
    # not workflow.basedir, which is the user's folder where this workflow is a module of another
    assets.refuse_foreign(str(workflow.current_basedir), "rules")
    ROOT = assets.root()
except HarmodelsError as error:
    raise WorkflowError(str(error)) from None

# A configuration file given on the command line is read alone, because merging it into the default
# one could only add reports, never take one away.
if not workflow.overwrite_configfiles:

    configfile: f"{ROOT}/config/config.yaml"


try:
    check_module(workflow.modifier.path_modifier)
    check_config_files(workflow.configfiles)
    PIPELINE = load_pipeline(config, ROOT)
    PROJECT = PIPELINE.project
    warning = check_folders(Path.cwd(), ["results", PROJECT.downloads])
    check_recordings(Path.cwd(), PIPELINE.datasets.values())
except HarmodelsError as error:
    raise WorkflowError(str(error)) from None
if warning:
    logger.warning(f"harmodels: {warning}")
if workflow.is_main_process:
    files = [os.path.relpath(path) for path in workflow.configfiles]
    for line in [
        *PIPELINE.left_out_counts((files or ["FILE"])[-1]),
        *PIPELINE.on_cuda(),
    ]:
        logger.info(line)
    fork_scripts(ROOT / "workflow" / "scripts")

# jobs take over the device that was decided here: a cluster's node would decide by its own hardware
os.environ[DEVICE] = PROJECT.device

STARTED = time.time()
INPUTS = Inputs(PIPELINE)
LABELS = Labels(PIPELINE)
TARGETS = Targets(PIPELINE)
MODELS = ModelInputs(PIPELINE)


wildcard_constraints:
    report=pattern_of(PROJECT.reports),
    dataset=pattern_of(PIPELINE.datasets),
    model=pattern_of(PROJECT.models),
    afternoon=pattern_of(PROJECT.afternoons),
    experiment="[a-z][a-z0-9_]*",
    configuration="[A-Za-z0-9_.+=-]+",
    draw="[a-z][A-Za-z0-9_.+=-]*",
    name="[a-z][a-z0-9_]*",
