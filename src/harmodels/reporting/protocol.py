"""The protocol: what was settled about the claims before the run that decides them."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from harmodels.config.base import Key, Matching, Number, Record, Text, key
from harmodels.config.yaml_files import read_yaml
from harmodels.reporting.reports import Report

DIGITS = 16
Digest = Annotated[str, Matching(f"[0-9a-f]{{{DIGITS}}}", f"{DIGITS} digits from 0 to f")]


class PrimaryClaims(Record):
    """The claims of a report that the protocol's run decides."""

    dataset: Text = key(..., "The data set that they are tested on.")
    claims: dict[Key, Digest] = key(
        ...,
        "Each primary claim with the digest of what it measures, its margin or threshold, and how "
        "its networks are trained (`claim_digest`).",
        min_length=1,
    )


class Protocol(Record):
    """A protocol, as its file has it."""

    name: Text = key(..., "A changed protocol is a new one and takes a new name.")
    replicates: int = key(..., "Replicates of each configuration; verdicts are given at them.", ge=2)
    seed: int = key(..., "Base seed, which no run had used.", ge=0)
    false_decisions: Annotated[Number, Field(gt=0, lt=1)] = key(
        ..., "The chance of even one false decision among all primary claims is below it."
    )
    rules: Text = key(..., "How the claims are judged.")
    reports: dict[Key, PrimaryClaims] = key(..., "By report.", min_length=1)

    @property
    def primary(self) -> int:
        """The number of primary claims."""
        return sum(len(entry.claims) for entry in self.reports.values())


def read_protocol(path: Path) -> Protocol:
    """Read a protocol. Raises ConfigurationError naming file, key and value."""
    return Protocol.read(read_yaml(path), path.name)


def claim_digest(report: Report, name: str, dataset: str) -> str:
    """Return a digest of what decides a claim: its keys, its experiments' options, their draws.

    Its wording and what is published of it are left out.
    """
    spec = report.claims[name]
    experiments = {needed: report.experiments[needed] for needed in spec.needs}
    content = {
        "claim": {
            k: v for k, v in spec.given().items() if k not in ("statement", "published")
        },
        "trained": {
            needed: {
                "training": experiment.training,
                "reads": experiment.reads,
                "validation": experiment.validation,
                "unit": experiment.unit,
                "options": {c.name: c.options for c in experiment.configurations.values()},
                "draw": report.draws[experiment.dataset or dataset][experiment.draw],
            }
            for needed, experiment in experiments.items()
        },
    }
    text = json.dumps(_plain(content), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _plain(value: Any) -> Any:
    """Return the value with texts as keys, which JSON can sort."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value
