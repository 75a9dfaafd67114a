"""Write the record of everything that a project built."""

from pathlib import Path

from harmodels.assets import root
from harmodels.provenance.build import hashes_of, record_data, record_report
from harmodels.provenance.record import ProjectRecord, write_record
from harmodels.records.run import Program
from harmodels.reporting.runs.published import published_folder
from harmodels.runtime.commit import describe_commit, describe_lock
from harmodels.runtime.machine import describe_versions
from harmodels.runtime.script import script_job

with script_job(snakemake, "provenance"):
    repository = root()
    results = Path("results")
    folders = [Path(folder) for folder in snakemake.input.models]
    exported = [path for folder in folders for path in folder.iterdir() if path.name[0] != "."]
    pages = [*snakemake.input.recordings, *snakemake.input.live]
    others = [*exported, *map(Path, pages)]
    record = ProjectRecord(
        project=Path(snakemake.input.page).stem,
        written=Program(
            **describe_commit(repository),
            lock=describe_lock(repository),
            versions=describe_versions(),
        ),
        page=hashes_of(results, [Path(snakemake.input.page).relative_to(results).as_posix()]),
        data={
            name: record_data(results, name, **parts)
            for name, parts in snakemake.params.datasets.items()
        },
        reports=[
            record_report(results, section, published_folder(section["published_folder"]))
            for section in snakemake.params.sections
        ],
        others=hashes_of(results, sorted(p.relative_to(results).as_posix() for p in others)),
    )
    write_record(snakemake.output.record, record)
