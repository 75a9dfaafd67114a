"""A short job that imports another module of the package."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(snakemake.scriptdir).parent))
from model.summary import describe

Path(snakemake.output[0]).write_text(describe(Path(snakemake.input[0])))
