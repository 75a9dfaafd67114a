"""An RO-Crate of a results folder: its record, told in the words of schema.org.

The crate follows the Process Run Crate profile: each training job, table, figure and ledger of
claims is an action with the files that it read and wrote and the program that ran.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from harmodels.errors import ResultsError
from harmodels.files import sha256, write_text
from harmodels.messages import shown
from harmodels.provenance.record import (
    ENDING,
    Product,
    ProjectRecord,
    RecordedRun,
    read_record,
)
from harmodels.records.card import DatasetCard
from harmodels.records.run import Program, RunRecord

FILE = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
NO_LICENCE = "None was named for these results. Each data set names its own."
# of http(s), without blanks, quotes and brackets (RFC 3986), which a page could be led astray by
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?([/?#][A-Za-z0-9._~:/?#@!$&()*+,;=%-]*)?")
VERSION = "1.1"  # of RO-Crate, on which version 0.5 of the profile is built
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".safetensors": "application/octet-stream",
    ".svg": "image/svg+xml",
    ".tex": "application/x-tex",
}


def write_crate(results: Path, licence: str | None = None) -> Path:
    """Write `ro-crate-metadata.json` into a results folder and return its path.

    It describes the files that the folder's records vouch for and that are present. Authors, an
    address and, where none is given, a licence are left to whoever publishes the folder.
    Raises ResultsError if there is no record, a file differs from its record, or the licence is no
    address.
    """
    if licence is not None and (licence == PROFILE or not ADDRESS.fullmatch(licence)):
        raise ResultsError(
            f"--licence {shown(licence)} is no address of a licence; "
            "give one, such as https://creativecommons.org/licenses/by/4.0/"
        )
    paths = sorted(results.glob(f"*{ENDING}"))
    if not paths:
        raise ResultsError(
            f"{results} holds no record (*{ENDING}); build one: `harmodels run demo`"
        )
    records = {path.name: read_record(path) for path in paths}
    contents = _Contents(results)
    for name, record in records.items():
        contents.add_record(name, record)
    root = contents.crate.root_dataset
    root["name"] = f"Results of harmodels: {', '.join(r.project for r in records.values())}"
    root["description"] = (
        "Trained networks, tables, figures and verdicts on the claims of reports on human-activity "
        "recognition, with the splits, seeds, versions and hashes that they follow from."
    )
    root["datePublished"] = datetime.now(UTC).date().isoformat()  # noqa: TID251 - a date
    named = {"@type": "CreativeWork", "name": f"Licence of these results: {licence}"}
    root["license"] = NO_LICENCE if licence is None else contents.add_context(licence, named)
    profile = {"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    root["conformsTo"] = contents.add_context(PROFILE, profile)
    root["mentions"] = list(contents.actions.values())
    text = json.dumps(contents.crate.metadata.generate(), indent=1, ensure_ascii=False)
    write_text(results / FILE, text + "\n")
    return results / FILE


class _Contents:
    """The entities of a crate; what two records have in common is added once."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.crate = ROCrate(version=VERSION)
        self.files: dict[str, Entity] = {}
        self.actions: dict[str, Entity] = {}

    def add_record(self, name: str, record: ProjectRecord) -> None:
        """Add everything that a record names, and the record itself."""
        for dataset, data in record.data.items():
            self._add_dataset(dataset, data.tables | data.files)
        for part in record.reports:
            self._add_files(part.splits)
            for folder, run in part.runs.items():
                self._add_run(folder, run)
            for product in part.products:
                self._add_product(part.place, product, self._program(record.written))
        self._add_files(record.page | record.others)
        # no record holds a hash of these
        self._add_files(dict.fromkeys((name, "provenance.md")))

    def add_context(self, identifier: str, properties: Mapping[str, Any]) -> Entity:
        """Add an entity that is no file; return the one that is there already if there is one."""
        known = self.crate.dereference(identifier)
        return known or self.crate.add(ContextEntity(self.crate, identifier, dict(properties)))

    def _add_dataset(self, name: str, hashes: Mapping[str, str]) -> None:
        card = DatasetCard.read_file(self.results / "datasets" / name / "card.json")
        about = {
            "name": name,
            "description": f"{card.sequences} labelled recordings in {len(card.classes)} "
            f"classes. Licence: {card.licence}",
            "creditText": card.citation,
            "hasPart": self._add_files(hashes),
        }
        if self.crate.dereference(f"datasets/{name}/") is None:
            self.crate.add_dataset(dest_path=f"datasets/{name}", properties=about)

    def _add_run(self, folder: str, run: RecordedRun) -> None:
        hashes = {f"{folder}/{name}": digest for name, digest in run.files.items()}
        made = self._add_files({f"{folder}/run.json": run.sha256} | hashes)
        training = RunRecord.read_file(self.results / folder / "run.json")
        settings = ", ".join(f"{key} {value}" for key, value in training.options.items())
        self._add_action(
            folder,
            f"Training: {training.report} on {training.dataset}, {training.experiment}, "
            f"{training.name}",
            f"{len(training.replicates)} networks from seed {training.seed}; {settings}",
            self._program(training),
            self._present([run.reads, run.splits]),
            made,
        )

    def _add_product(self, place: str, product: Product, program: Entity) -> None:
        title = product.spec.get("title") or f"{len(product.spec)} claims with their verdicts"
        read = [
            f"{folder}/{name}"
            for folder in product.runs
            for name in ("run.json", "history.parquet", "predictions.parquet")
        ]
        self._add_action(
            f"{place}/{product.kind}/{product.name}",
            f"{product.kind.capitalize()}: {place}, {product.name}",
            str(title),
            program,
            self._present(read),
            self._add_files(product.files),
        )

    def _add_action(
        self,
        name: str,
        title: str,
        description: str,
        program: Entity,
        read: list[Entity],
        made: list[Entity],
    ) -> None:
        if name not in self.actions:
            about = {"name": title, "description": description}
            self.actions[name] = self.crate.add_action(program, f"#{name}", read, made, about)

    def _program(self, program: Program) -> Entity:
        """Return harmodels as it ran: an entity for each version, commit and set of libraries."""
        versions = program.versions
        edits = " with edits" if program.dirty else ""
        commit = f"commit {program.commit}{edits}" if program.commit else "no commit recorded"
        libraries = ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
        digest = hashlib.sha256(f"{commit} {libraries}".encode()).hexdigest()[:8]
        about = {
            "@type": "SoftwareApplication",
            "name": "harmodels",
            "softwareVersion": versions.get("harmodels", "unknown"),
            "description": f"{commit}; {libraries}",
        }
        return self.add_context(f"#harmodels-{digest}", about)

    def _add_files(self, hashes: Mapping[str, str | None]) -> list[Entity]:
        """Add the files that are present; compare each with its hash where the record has one."""
        for name, recorded in hashes.items():
            path = self.results / name
            if name in self.files or not path.is_file():
                continue
            found = sha256(path)
            if recorded not in (None, found):
                raise ResultsError(
                    f"{path} differs from its record: `harmodels verify {self.results}` says how"
                )
            about = {"name": name, "contentSize": str(path.stat().st_size), "sha256": found}
            if path.suffix in MEDIA_TYPES:
                about["encodingFormat"] = MEDIA_TYPES[path.suffix]
            self.files[name] = self.crate.add_file(dest_path=name, properties=about)
        return self._present(hashes)

    def _present(self, names: Iterable[str]) -> list[Entity]:
        return [self.files[name] for name in names if name in self.files]
