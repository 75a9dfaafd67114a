"""Digests of the claims of a project, as `config/protocol.yaml` lists them.

`python -m harmodels.pipeline.claim_digests config/config.yaml` prints all claims of its reports;
those that are to be primary go into a new protocol.
"""

import sys
from pathlib import Path

import yaml

from harmodels.assets import root
from harmodels.config.yaml_files import read_yaml
from harmodels.pipeline.project import parse_project
from harmodels.reporting.protocol import claim_digest


def claim_digests(config: Path) -> str:
    """Return the digest of every claim, by report and data set, in YAML."""
    reports = {}
    for report in parse_project(read_yaml(config), root()).reports.values():
        for dataset in report.datasets:
            found = {
                name: claim_digest(report, name, dataset) for name in report.buildable("claims")
            }
            if found:
                reports[report.key] = {"dataset": dataset, "claims": found}
    return yaml.safe_dump({"reports": reports}, sort_keys=False)


if __name__ == "__main__":
    sys.stdout.write(claim_digests(Path(sys.argv[1])))
