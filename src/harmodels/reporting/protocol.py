"""The protocol: the claims and how they are judged, settled before the run that decides them.

A ledger is of the protocol if its replicates, its base seed and its recordings are the protocol's.
Its primary claims are then judged as one family with those of the other reports, and all other
claims as a second one. Without a protocol, or with other replicates, all claims of a run are one.
"""

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from harmodels.config.base import Key, Matching, Number, Record, Text, key
from harmodels.config.yaml_files import read_yaml
from harmodels.reporting.claims.families import Families
from harmodels.reporting.reports import Report
from harmodels.runtime.commit import describe_commit

DIGITS = 16
PROTOCOL = "config/protocol.yaml"
RECORDINGS = "recordings.csv"
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
    """The protocol of the claims of the reports, `config/protocol.yaml`."""

    name: Text = key(..., "A changed protocol is a new one and takes a new name.")
    replicates: int = key(
        ..., "Replicates of each configuration, at which verdicts are given.", ge=2
    )
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


def read_protocol(path: Path) -> Protocol | None:
    """Read a protocol, if there is one. Raises ConfigurationError naming file, key and value."""
    if not path.exists():
        return None
    return Protocol.read(read_yaml(path), path.name)


def claim_digest(report: Report, name: str, dataset: str) -> str:
    """Return a digest of what decides a claim: its keys, its experiments' options, their draws.

    Its wording and its published numbers are left out.
    """
    spec = report.claims[name]
    experiments = {needed: report.experiments[needed] for needed in spec.needs}
    content = {
        "claim": {k: v for k, v in spec.given().items() if k not in ("statement", "published")},
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


def families_of(
    protocol: Protocol | None,
    commit: str,
    ledgers: Sequence[tuple[Report, str]],
    seed: int,
    place: tuple[str, str],
    transfer: bool,
) -> Families:
    """Return the families of one ledger.

    Parameters
    ----------
    protocol
        The protocol, if there is one.
    commit
        The commit that settled it, as far as it is known.
    ledgers
        Every report of the run on each of its data sets.
    seed
        The run's base seed.
    place
        Report and data set of the ledger.
    transfer
        Whether the report was written about other recordings.
    """
    primary = {
        (report.key, dataset): _primary(protocol, report, dataset, seed)
        for report, dataset in ledgers
    }
    claims = sum(len(report.buildable("claims")) for report, _ in ledgers)
    of_protocol = sum(len(names) for names, _ in primary.values())
    names, exploratory = primary[place]
    named = ""
    if protocol is not None and place[0] in protocol.reports:
        named = ", commit ".join(part for part in (protocol.name, commit) if part)
    return Families(
        protocol=named,
        exploratory=exploratory,
        primary=names,
        primary_tests=protocol.primary if protocol is not None and of_protocol else 0,
        other_tests=claims - of_protocol,
        transfer=transfer,
    )


def _primary(
    protocol: Protocol | None, report: Report, dataset: str, seed: int
) -> tuple[tuple[str, ...], str]:
    """Return the primary claims of a ledger, or why its run is not the protocol's."""
    entry = None if protocol is None else protocol.reports.get(report.key)
    if protocol is None or entry is None:
        return (), ""
    for ours, theirs, what in (
        (dataset, entry.dataset, "the recordings are {}, the protocol's {}"),
        (report.replicates, protocol.replicates, "it has {} replicates, the protocol {}"),
        (seed, protocol.seed, "its base seed is {}, the protocol's {}"),
    ):
        if ours != theirs:
            return (), what.format(ours, theirs)
    built = report.buildable("claims")
    for name, digest in entry.claims.items():
        if name not in built:
            return (), f"it does not build the claim {name}"
        if (found := claim_digest(report, name, dataset)) != digest:
            return (), f"what decides the claim {name} has the digest {found}, not the protocol's"
    return tuple(name for name in built if name in entry.claims), ""


def commit_of_protocol(folder: Path) -> str:
    """Return the commit that last changed `PROTOCOL` in a checkout; empty where it is unknown."""
    if describe_commit(folder)["commit"] is None:
        return ""
    command = ["git", "-C", str(folder), "log", "-1", "--format=%h", "--abbrev=10", "--", PROTOCOL]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    return finished.stdout.strip()


def written_about_others(report: str, dataset: str, folder: Path) -> bool:
    """Return whether a report's numbers were made from other recordings than a data set's.

    `folder` holds the published numbers, and `recordings.csv` says of which recordings.
    """
    table = pd.read_csv(folder / RECORDINGS)
    own = table.loc[table["report"] == report, "dataset"]
    return not own.empty and dataset not in set(own)


def _plain(value: Any) -> Any:
    """Return the value with texts as keys, which JSON can sort."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value
